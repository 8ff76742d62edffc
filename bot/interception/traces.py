"""What a parcel's trace means for its interception (contract, "States"; R9; ruling 7)."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from bot.domain.answer import Answer, Said
from bot.domain.case import Phase, State, WayHome
from bot.domain.parcel import Stage, TraceEvent
from bot.domain.reason import Reason, ReasonCode
from bot.interception import moves, way_home
from bot.interception.pace import Pace
from bot.interception.states import TURNED_BACK
from bot.rules.stage import stage_of_trace
from bot.store.after_sales import add_trace, after_sale_ids_of, touch, trace_of
from bot.store.cases import cases, row_of
from bot.store.database import now

_LAST_LEG = frozenset({Stage.OUT_FOR_DELIVERY, Stage.AT_PICKUP_POINT})
_BRACKETS = re.compile(r"【([^】]{2,20})】")
_PROVINCE = re.compile(
    "^(?:河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾"
    "|内蒙古|广西|西藏|宁夏|新疆)(?:省|自治区|壮族自治区|回族自治区|维吾尔自治区)?(?=.{2})"
)
_FOLLOWED = (State.PENDING.value, State.UNKNOWN.value, State.SUCCEEDED.value)


def take(connection: Connection, shop_id: str, tracking_number: str, events: Sequence[TraceEvent], pace: Pace) -> bool:
    """Keeps the new events and moves the parcel's interception as they demand; True when a case changed.

    The same events again change nothing.
    """
    row = _followed(connection, shop_id, tracking_number)
    if not add_trace(connection, shop_id, tracking_number, events, now(connection)):
        return False
    return _heard(connection, shop_id, tracking_number, row, pace)


def heard(connection: Connection, shop_id: str, tracking_number: str, pace: Pace) -> bool:
    """New events of this parcel have just been stored: moves its interception, brings its next look forward."""
    return _heard(connection, shop_id, tracking_number, _followed(connection, shop_id, tracking_number), pace)


def hold(connection: Connection, shop_id: str, numbers: Collection[str]) -> None:
    """For whoever moves several parcels in one transaction: their cases are held first, in one order.

    Every move holds its case before it writes traces or after-sales. Whoever did it the other way round would wait for
    somebody who waits for him.
    """
    wanted = select(cases.c.id).where(cases.c.shop_id == shop_id, cases.c.tracking_number.in_(numbers))
    connection.execute(wanted.where(cases.c.state.in_(_FOLLOWED)).order_by(cases.c.id).with_for_update()).all()


def _followed(connection: Connection, shop_id: str, tracking_number: str) -> Row[Any] | None:
    """The parcel's case that a trace can move, held."""
    wanted = select(cases).where(
        cases.c.shop_id == shop_id, cases.c.tracking_number == tracking_number, cases.c.state.in_(_FOLLOWED)
    )
    return connection.execute(wanted.with_for_update()).first()


def _heard(connection: Connection, shop_id: str, tracking_number: str, row: Row[Any] | None, pace: Pace) -> bool:
    moved = row is not None and _moved_by(connection, row, stage_now(connection, row), pace)
    at = now(connection)
    for after_sale_id in sorted(after_sale_ids_of(connection, shop_id, tracking_number)):
        touch(connection, shop_id, after_sale_id, at)
    return moved


def _moved_by(connection: Connection, row: Row[Any], stage: Stage, pace: Pace) -> bool:
    if row.state == State.SUCCEEDED.value:
        if row.way_home == WayHome.RETURNING.value and stage in _LAST_LEG and _at_home(connection, row):
            return False
        return way_home.go_home(connection, row.id, stage, pace, _newest(connection, row))
    # A carrier that works on an order is asked first: it may have caught the parcel, and delivered it all the same.
    asked_first = stage is Stage.DELIVERED and row.phase == Phase.WATCHING.value
    if not asked_first and _settled_by(connection, row, stage, pace):
        return True
    moves.look_now(connection, row.id)
    return False


def looked(
    connection: Connection, row: Row[Any], events: Sequence[TraceEvent], pace: Pace, *, answered: bool = True
) -> bool:
    """What a look at this case's trace brought; True when the case changed.

    Stored events speak again: they may have come while the case could not listen, since its call was in flight, its
    carrier had still to be asked, or it had not ended yet. `answered`: the carrier can say nothing more about it just
    now; without, a delivery waits for the next look.
    """
    stored = trace_of(connection, row.shop_id, row.tracking_number)
    new = [event for event in events if event not in stored]
    if new:
        if take(connection, row.shop_id, row.tracking_number, new, pace):
            return True
        stored = trace_of(connection, row.shop_id, row.tracking_number)
    stage = stage_of_trace(stored, row.carrier)
    if stage not in TURNED_BACK and not (stage is Stage.DELIVERED and answered):
        return False
    present = row_of(connection, row.id)
    if present is None:
        return False
    if present.state == State.SUCCEEDED.value:
        return present.way_home is None and way_home.go_home(connection, row.id, stage, pace, _newest(connection, row))
    return _settled_by(connection, present, stage, pace)


def _settled_by(connection: Connection, row: Row[Any], stage: Stage, pace: Pace) -> bool:
    """An open case whose trace tells the end. What has not left was not turned round by us, whatever the trace says."""
    if stage in TURNED_BACK and row.phase != Phase.QUEUED.value:
        home = WayHome.RETURNED if stage is Stage.RETURNED else WayHome.RETURNING
        answer = Answer(Said.SUCCEEDED, way_home=home)
        return moves.settle(connection, row.id, State.SUCCEEDED, answer, pace, ground="trace")
    return against_us(connection, row.id, pace)


def against_us(connection: Connection, case_id: str, pace: Pace) -> bool:
    """Settles as failed a case whose parcel the buyer has, where the trace may say so by itself (ruling 7).

    While a call of ours is in flight or in doubt, the route's own answer comes first; `advance` asks here again after
    two readings that showed nothing.
    """
    row = row_of(connection, case_id)
    if row is None or row.state not in moves.OPEN or stage_now(connection, row) is not Stage.DELIVERED:
        return False
    answered = row.phase in {Phase.WATCHING.value, Phase.UNCLEAR.value}
    read_twice = row.phase == Phase.CALLING.value and row.doubted_call == row.call_no and row.readings >= 2
    if not answered and not read_twice:
        return False
    reason = Reason(ReasonCode.ALREADY_DELIVERED, {"by": "trace"})
    return moves.settle(connection, case_id, State.FAILED, Answer(Said.REFUSED, reason=reason), pace)


def stage_now(connection: Connection, row: Row[Any]) -> Stage:
    """The stage that the stored trace shows."""
    return stage_of_trace(trace_of(connection, row.shop_id, row.tracking_number), row.carrier)


def _at_home(connection: Connection, row: Row[Any]) -> bool:
    """Whether the newest event speaks of the town in which the parcel was picked up.

    A courier also takes a parcel out on its last leg home: that is no contradiction. Where no event names a town it is
    taken for one, since a false alarm costs a look and a missed one the goods.
    """
    trace = trace_of(connection, row.shop_id, row.tracking_number)
    towns = [_town(event) for event in trace]
    start = next((town for town in towns if town), "")
    return bool(start) and (start in (trace[-1].place or "") or start in trace[-1].text)


def _town(event: TraceEvent) -> str:
    """The first two characters of the place that an event names: 杭州 of 「杭州市」 and 「【杭州转运中心】已发出」."""
    named = event.place or (found[1] if (found := _BRACKETS.search(event.text)) else "")
    return _PROVINCE.sub("", named.strip())[:2]


def _newest(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    trace = trace_of(connection, row.shop_id, row.tracking_number)
    if not trace:
        return {}
    return {"text": trace[-1].text, "place": trace[-1].place, "event_at": trace[-1].at.isoformat()}
