"""The log that checks count."""

import json
from datetime import datetime, timedelta
from pathlib import Path

from bot.sandbox.log import CallLog, Line


def test_line_is_in_the_file_when_write_returns(tmp_path: Path) -> None:
    """Each line has the fields of the contract, its time has an offset, and it can be read at once."""
    path = tmp_path / "new" / "calls.jsonl"
    log = CallLog(path)
    log.write([Line("yto", "intercept.create", "YT1", None, "refused", "快件已派件", new_order=False)])
    line = json.loads(path.read_text(encoding="utf-8"))
    log.close()
    fields = ["at", "system", "operation", "tracking_number", "request_id", "result", "code", "new_order"]
    assert list(line) == fields
    assert (line["code"], line["new_order"], line["request_id"]) == ("快件已派件", False, None)
    assert datetime.fromisoformat(line["at"]).utcoffset() == timedelta(hours=8)


def test_log_is_only_appended_to(tmp_path: Path) -> None:
    """A restarted sandbox goes on behind what is there."""
    path = tmp_path / "calls.jsonl"
    for number in ("1", "2"):
        log = CallLog(path)
        log.write([Line("zto", "trace.query", number, None, "ok"), Line("zto", "trace.query", number, None, "ok")])
        log.close()
    assert [json.loads(x)["tracking_number"] for x in path.read_text().splitlines()] == ["1", "1", "2", "2"]


def test_what_is_no_unicode_does_not_stop_the_log(tmp_path: Path) -> None:
    """Half a surrogate pair out of somebody's JSON is written as an escape and read back the same."""
    path = tmp_path / "calls.jsonl"
    log = CallLog(path)
    log.write([Line("zto", "trace.query", "\ud800", None, "ok")])
    log.close()
    assert json.loads(path.read_text(encoding="utf-8"))["tracking_number"] == "\ud800"
