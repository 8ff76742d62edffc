"""What the carriers' pages say alike: their clocks, and JSON as it is signed and sent."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from bot.domain.moment import BEIJING, EARLIEST, LATEST, read_moment


def local_time(text: str | None) -> datetime | None:
    """`2025-01-16 12:00:00` → that moment in Beijing; None for what is no time.

    All times are Beijing time without an offset, unless a field is epoch (`protocols/README.md`, 10).
    """
    try:
        return read_moment(text or "")
    except (ValueError, OverflowError):
        return None


def epoch_ms(value: str | None) -> datetime | None:
    """Milliseconds since 1970 as digits → that moment in Beijing; None for what is no time."""
    try:
        moment = datetime.fromtimestamp(int(value or "") / 1000, BEIJING)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if EARLIEST <= moment <= LATEST else None


def compact(value: Any) -> bytes:
    """JSON without blanks, Chinese unescaped: the bytes that are signed are the bytes that are sent."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
