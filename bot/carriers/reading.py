"""What the carriers' pages say alike: their clocks, and a last look at text before it is kept."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

BEIJING = ZoneInfo("Asia/Shanghai")
"""All times are Beijing time without an offset, unless a field is epoch (`protocols/README.md`, 10)."""


def local_time(text: str | None) -> datetime | None:
    """`2025-01-16 12:00:00` → that moment in Beijing; None for what is no time."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment.replace(tzinfo=BEIJING) if moment.tzinfo is None else moment


def epoch_ms(value: str | int | None) -> datetime | None:
    """Milliseconds since 1970, as a number or its digits → that moment in Beijing; None for what is no time."""
    try:
        return datetime.fromtimestamp(int(value or "") / 1000, BEIJING)
    except (ValueError, OverflowError, OSError):
        return None


def compact(value: Any) -> bytes:
    """JSON without blanks, Chinese unescaped: the bytes that are signed are the bytes that are sent."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
