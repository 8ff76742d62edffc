"""Times as machines and people write them: ISO 8601, and Asia/Shanghai where no offset is given (`contract.md`)."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

BEIJING = ZoneInfo("Asia/Shanghai")

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9998, 12, 31, tzinfo=UTC)
"""What lies outside can't be a parcel's time, and could not be turned into every time zone."""

_DATE_LENGTH = len("2026-11-24")


def read_moment(text: str, *, clamp: bool = False) -> datetime:
    """An aware moment; `ValueError` for anything that is no ISO 8601 time.

    One outside `EARLIEST` … `LATEST` is an error as well; with `clamp`, for the ends of a search, it is the nearest of
    the two instead.
    """
    moment = datetime.fromisoformat(text.strip().upper())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=BEIJING)
    nearest = min(max(moment, EARLIEST), LATEST)
    if nearest != moment and not clamp:
        raise ValueError(f"{text} is no time of a parcel")
    return nearest


def read_query_moment(text: str) -> datetime:
    """The same from a query string, where an unescaped `+` has arrived as a blank: it is read as `+`."""
    text = text.strip()
    if text[_DATE_LENGTH : _DATE_LENGTH + 1] == " ":
        text = f"{text[:_DATE_LENGTH]}T{text[_DATE_LENGTH + 1 :]}"
    return read_moment(text.replace(" ", "+"), clamp=True)


def show_moment(moment: datetime) -> str:
    """ISO 8601 with the offset of Asia/Shanghai."""
    return moment.astimezone(BEIJING).isoformat()
