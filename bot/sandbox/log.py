"""The log that checks count: one JSON line per call, in the file before the answer leaves."""

import json
import os
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Final, NamedTuple

SHANGHAI: Final = timezone(timedelta(hours=8))
"""All wire times of these systems are Asia/Shanghai, which has known no summer time since 1991."""

_encode = json.JSONEncoder(ensure_ascii=False).encode


class Line(NamedTuple):
    """One call, or one parcel of a call for several."""

    system: str
    operation: str
    tracking_number: str | None
    request_id: str | None
    result: str
    code: str | None = None
    new_order: bool = False


class CallLog:
    """An append-only file. Written without a buffer of ours: after `write` a reader of the file sees the lines."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def write(self, lines: Iterable[Line]) -> None:
        """Append the lines in one piece, all with the present time; `OSError` when the disk takes them not."""
        at = datetime.now(SHANGHAI).isoformat(timespec="milliseconds")
        text = "".join(_encode({"at": at, **line._asdict()}) + "\n" for line in lines)
        left = memoryview(text.encode("utf-8", "backslashreplace"))
        while left:
            left = left[os.write(self._file, left) :]

    def close(self) -> None:
        """Close the file; what was written is already in it."""
        os.close(self._file)
