"""The statements of the moves that run in every interception, made once: building one costs as much as running it."""

from __future__ import annotations

from enum import Enum, auto
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, case, func, literal, or_, select, update

from bot.domain.case import Phase, State
from bot.interception.states import sources
from bot.store.batches import batch_rows, batches
from bot.store.cards import outbox
from bot.store.cases import cases
from bot.store.prepared import Prepared
from bot.store.schema import Moment

OPEN = (State.PENDING.value, State.UNKNOWN.value)


class Only(Enum):
    """What must still hold for an end to be written, beside that the case is open.

    `LATEST`: a refusal of call k says something only while k is the latest call and not given up: another process's
    repeat may have made an order before it arrived. `SAME_CALL`: no further call was marked since it was asked about.
    `UNSENT`: nothing has left. `WATCHED_OUT`: the watch is over.
    """

    LATEST = auto()
    SAME_CALL = auto()
    UNSENT = auto()
    WATCHED_OUT = auto()


_NARROWED: dict[Only, ColumnElement[bool]] = {
    Only.LATEST: (cases.c.call_no == bindparam("call")) & (cases.c.doubted_call < bindparam("call")),
    Only.SAME_CALL: cases.c.call_no == bindparam("call"),
    Only.UNSENT: cases.c.phase == Phase.QUEUED.value,
    Only.WATCHED_OUT: cases.c.watch_until <= bindparam("at"),
}

_THIS = cases.c.id == bindparam("id_")

MARK = Prepared(
    update(cases)
    .where(
        _THIS,
        cases.c.call_no == bindparam("before"),
        cases.c.phase.in_([literal(Phase.QUEUED.value), literal(Phase.CALLING.value)]),
        or_(
            cases.c.phase == Phase.QUEUED.value,
            (cases.c.doubted_call == bindparam("before")) & (cases.c.readings >= bindparam("needed")),
        ),
    )
    .values({name: bindparam(name) for name in ("phase", "call_no", "called_at", "readings", "next_at")})
)

HELD = Prepared(select(cases).where(_THIS).with_for_update())


def held(connection: Connection, case_id: str) -> Row[Any] | None:
    """The row of a case, which nobody else changes before this transaction ends."""
    return HELD.first(connection, {"id_": case_id})


LOOK_LATER = Prepared(
    update(cases)
    .where(
        _THIS,
        cases.c.ver == bindparam("seen"),
        cases.c.phase == bindparam("seen_phase"),
        cases.c.next_at.is_not(None),
    )
    .values(next_at=bindparam("later"), polls=cases.c.polls + 1)
)

_DUE = bindparam("at", type_=Moment)
CARDS_DUE = Prepared(
    update(outbox)
    .where(outbox.c.target == bindparam("card"))
    .values(due_at=case((outbox.c.not_before > _DUE, outbox.c.not_before), else_=_DUE))
)
"""None of them before it may be shown again."""

BATCH_RAISED = Prepared(
    update(batches)
    .where(batches.c.id.in_(select(batch_rows.c.batch_id).where(batch_rows.c.case_id == bindparam("case"))))
    .values(ver=batches.c.ver + 1)
    .returning(batches.c.id, batches.c.ver)
)


@cache
def changed(names: tuple[str, ...]) -> Prepared:
    """Sets these columns of a held row and raises its version, returning the row."""
    given: dict[str, Any] = {name: bindparam(name) for name in names}
    return Prepared(update(cases).where(_THIS).values({**given, "ver": cases.c.ver + 1}).returning(cases))


@cache
def settle(to: State, only: Only | None) -> Prepared:
    """T3b for that end: from the states that may become it, returning the row where it did."""
    plain = ("state", "phase", "settled_at", "next_at", "adopted", "alarm", "ground")
    names = (*plain, "reasons", "carrier_code", "carrier_text")
    given: dict[str, Any] = {name: bindparam(name) for name in names} | {
        "ver": cases.c.ver + 1,
        "carrier_reference": func.coalesce(bindparam("reference"), cases.c.carrier_reference),
        "looks_since": func.coalesce(bindparam("looks_since", type_=Moment), cases.c.looks_since),
        "watch_until": func.coalesce(bindparam("watch_until", type_=Moment), cases.c.watch_until),
    }
    if to is State.SUCCEEDED:
        given["fee_fen"] = func.coalesce(bindparam("fee"), cases.c.quoted_fen)
        given["settled_by"] = func.coalesce(bindparam("by_whom"), cases.c.settled_by)
    else:
        given["settled_by"] = None
    narrowed = [] if only is None else [_NARROWED[only]]
    before = [literal(state.value) for state in sources(to)]
    return Prepared(update(cases).where(_THIS, cases.c.state.in_(before), *narrowed).values(given).returning(cases))
