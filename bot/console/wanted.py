"""Which records a page or an export is about: the filter as it stands in the URL, and as the store takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from bot.console.drawing import BEIJING
from bot.domain.case import State, WayHome
from bot.domain.people import Asker, Origin
from bot.merchants.permissions import own_only
from bot.store.cases import Filter

SPANS = ("today", "7", "30", "custom")
RESULTS: Mapping[str, tuple[tuple[State, ...], WayHome | None]] = {
    "succeeded": ((State.SUCCEEDED,), None),
    "failed": ((State.FAILED,), None),
    "pending": ((State.PENDING,), None),
    "unknown": ((State.UNKNOWN,), None),
    "contradicted": ((State.SUCCEEDED,), WayHome.CONTRADICTED),
    "returning": ((State.SUCCEEDED,), WayHome.RETURNING),
    "returned": ((State.SUCCEEDED,), WayHome.RETURNED),
    "lost": ((State.SUCCEEDED,), WayHome.LOST),
    "damaged": ((State.SUCCEEDED,), WayHome.DAMAGED),
    "refused": ((State.REFUSED,), None),
    "cancelled": ((State.CANCELLED,), None),
}
SIZES = (20, 50, 100)
NARROWING = ("q", "who", "result", "carrier", "origin", "span")
"""The fields of the filter, the narrowest first."""

_FREE = frozenset({"carrier", "who", "q", "trail"})
"""They may be anything: the page says what it found, or that it found nothing."""
_CHECKED = frozenset({"span", "since", "until", "result", "origin", "size"})
LONGEST_TOLD = 60
MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filter of the page. An empty field does not narrow; nonsense in the URL is as if it were empty, and
    the page says so (`not_understood`).
    """

    span: str = "30"
    since: str = ""
    until: str = ""
    carrier: str = ""
    result: str = ""
    who: str = ""
    origin: str = ""
    q: str = ""
    size: int = 20

    def without(self, name: str) -> Wanted:
        """The same, but one field wider."""
        if name == "span":
            return replace(self, span="all", since="", until="")
        gone: dict[str, Any] = {name: ""}
        return replace(self, **gone)

    @property
    def active(self) -> tuple[str, ...]:
        """The fields that narrow."""
        return tuple(name for name in NARROWING if getattr(self, name) and not (name == "span" and self.span == "all"))

    def query(self, **changes: str) -> str:
        """The filter as a query string, with changes."""
        fields = {
            "span": self.span,
            "since": self.since,
            "until": self.until,
            "carrier": self.carrier,
            "result": self.result,
            "who": self.who,
            "origin": self.origin,
            "q": self.q,
            "size": "" if self.size == SIZES[0] else str(self.size),
            **changes,
        }
        return urlencode({name: value for name, value in fields.items() if value})


def read(query: Mapping[str, str]) -> Wanted:
    """The filter that a URL tells."""
    size = query.get("size", "")
    since, until = _date(query.get("since", "")), _date(query.get("until", ""))
    span = query.get("span", "custom" if since or until else "30")
    return Wanted(
        span=span if span in {*SPANS, "all"} else "30",
        since=since,
        until=until,
        carrier=query.get("carrier", "")[:32],
        result=query.get("result", "") if query.get("result", "") in RESULTS else "",
        who=query.get("who", "")[:40],
        origin=query.get("origin", "") if query.get("origin", "") in set(Origin) else "",
        q="".join(query.get("q", "").split())[:64],
        size=int(size) if size in map(str, SIZES) else SIZES[0],
    )


def not_understood(query: Mapping[str, str]) -> tuple[str, ...]:
    """What of a URL narrows nothing, since no filter has that name or value: `name=value`, shortened, the first few."""
    taken = read(query)
    strange = [
        f"{name}={value}"[:LONGEST_TOLD]
        for name, value in query.items()
        if value and not (name in _FREE or (name in _CHECKED and _says(taken, name, value)))
    ]
    return tuple(strange[:MOST_TOLD])


def _says(taken: Wanted, name: str, value: str) -> bool:
    """Whether that field was taken as it stands; a date may be written in another way."""
    found = str(getattr(taken, name))
    return bool(found) if name in {"since", "until"} else found == value


def filter_of(wanted: Wanted, asker: Asker, now: datetime) -> Filter:
    """The same for the store; whoever may not intercept sees only what they asked for themselves."""
    since, until = _moments(wanted, now)
    states, way_home = RESULTS.get(wanted.result, ((), None))
    return Filter(
        states=states,
        way_home=way_home,
        carrier=wanted.carrier or None,
        asker_id=asker.person_id if own_only(asker) else wanted.who or None,
        origin=Origin(wanted.origin) if wanted.origin else None,
        tail=wanted.q or None,
        since=since,
        until=until,
        newest_first=True,
    )


def _moments(wanted: Wanted, now: datetime) -> tuple[datetime | None, datetime | None]:
    midnight = now.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    if wanted.span == "all":
        return None, None
    if wanted.span == "custom":
        return _begin(wanted.since), _end(wanted.until)
    days = {"today": 0, "7": 6, "30": 29}[wanted.span]
    return midnight - timedelta(days=days), None


def _begin(day: str) -> datetime | None:
    return datetime.combine(date.fromisoformat(day), time(), BEIJING) if day else None


def _end(day: str) -> datetime | None:
    return datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), BEIJING) if day else None


def _date(text: str) -> str:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return ""
    return found.isoformat() if 2000 <= found.year <= 2200 else ""
