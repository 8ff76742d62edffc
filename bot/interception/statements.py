"""The statements of the moves that run in every interception, made once: building one costs as much as running it."""

from __future__ import annotations

from enum import Enum, auto
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Update, bindparam, func, or_, select, update

from bot.domain.case import Phase, State
from bot.interception.states import sources
from bot.store.batches import batch_rows, batches
from bot.store.cards import outbox
from bot.store.cases import cases
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

MARK = (
    update(cases)
    .where(
        cases.c.id == bindparam("id_"),
        cases.c.call_no == bindparam("before"),
        cases.c.phase.in_([Phase.QUEUED.value, Phase.CALLING.value]),
        or_(
            cases.c.phase == Phase.QUEUED.value,
            (cases.c.doubted_call == bindparam("before")) & (cases.c.readings >= bindparam("needed")),
        ),
    )
    .values({name: bindparam(name) for name in ("phase", "call_no", "called_at", "readings", "next_at")})
)

HELD = select(cases).where(cases.c.id == bindparam("id_")).with_for_update()

CARDS_DUE = update(outbox).where(outbox.c.target == bindparam("card")).values(due_at=bindparam("at"))

BATCH_RAISED = (
    update(batches)
    .where(batches.c.id.in_(select(batch_rows.c.batch_id).where(batch_rows.c.case_id == bindparam("case"))))
    .values(ver=batches.c.ver + 1)
    .returning(batches.c.id, batches.c.ver)
)


@cache
def settle(to: State, only: Only | None) -> Update:
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
    return (
        update(cases)
        .where(cases.c.id == bindparam("id_"), cases.c.state.in_([state.value for state in sources(to)]), *narrowed)
        .values(given)
        .returning(cases)
    )
