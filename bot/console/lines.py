"""One record as a line: of the list, of an export. Result, parcel, fee, reason or whereabouts, who, from where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.console.bench import shown_state
from bot.console.drawing import Speech
from bot.console.house import House
from bot.console.shelf import latest_lines
from bot.domain.case import Phase, State
from bot.domain.interception import Interception

LONGEST = 60


@dataclass(frozen=True, slots=True)
class Line:
    """A record in words. `fee_fen` is None while nothing is settled: a dash, never 0.00."""

    id: str
    number: int
    version: int
    at: datetime
    state: str
    word: str
    carrier: str
    tracking_number: str
    after_sale_id: str
    fee_fen: int | None
    told: str
    rule: str
    who: str
    origin: str


async def lines(house: House, shop_id: str, speech: Speech, items: Sequence[Interception]) -> list[Line]:
    """Those records in the viewer's language, in their order."""
    numbers = {item.tracking_number for item in items if item.state is State.SUCCEEDED}
    traces = await house.database.read(lambda c: latest_lines(c, shop_id, numbers))
    return [line(house, speech, item, traces) for item in items]


def line(house: House, speech: Speech, item: Interception, traces: Mapping[str, str]) -> Line:
    """One record."""
    state = shown_state(item)
    told, rule = _told(house, speech, item, traces.get(item.tracking_number, ""))
    return Line(
        id=item.id,
        number=item.number,
        version=item.version,
        at=item.created_at,
        state=state,
        word=speech(f"state.{state}"),
        carrier=house.rules().carrier_name(item.carrier).of(speech.lang),
        tracking_number=item.tracking_number,
        after_sale_id=item.after_sale_id,
        fee_fen=None if item.state in {State.PENDING, State.UNKNOWN} else item.fee_fen,
        told=told,
        rule=rule,
        who=item.asked_by,
        origin=speech.page(f"origin.{item.origin.value}"),
    )


def _told(house: House, speech: Speech, item: Interception, trace: str) -> tuple[str, str]:
    """The reason, or where it is now; and the rule that the reason belongs to."""
    carrier = house.rules().carrier_name(item.carrier).of(speech.lang)
    if item.state in {State.REFUSED, State.FAILED} and item.reasons:
        reason = item.reasons[-1]
        return house.words.short(reason.code, speech.lang), reason.rule or ""
    if item.state is State.SUCCEEDED:
        if item.way_home is None:
            return speech.page("line.awaited"), ""
        return " ".join(trace.split())[:LONGEST] or speech(f"state.{item.way_home.value}"), ""
    key = {
        State.UNKNOWN: "line.unknown",
        State.CANCELLED: "line.cancelled",
        State.FAILED: "line.failed",
        State.REFUSED: "line.refused",
    }.get(item.state, f"line.{item.phase.value if item.phase in _WAITING else 'calling'}")
    return speech.page(key, carrier=carrier), ""


_WAITING = frozenset({Phase.QUEUED, Phase.CALLING, Phase.WATCHING})
