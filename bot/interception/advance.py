"""One move of one case, and the rule for the carrier call (`engine.md` 2; rulings 3–7).

The rule: a call may start only straight after a commit that moved `call_no` from k to k+1, and not later than half the
quiet time after it. For k ≥ 1: on *repeat* routes nothing more; on *read* routes two readings that show nothing, both
asked at least the quiet time after the latest call that may have left; on *person* routes never. The quiet time is told
by the database's clock, and where this machine is that clock, by one that does not jump as well (trap 14).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

import structlog
from sqlalchemy import Connection, Row

from bot.carriers.contract import Ask, Doubt, Route, Routes
from bot.domain.answer import Answer, Said
from bot.domain.case import FINAL, Phase, SettledBy, State
from bot.domain.parcel import TraceEvent
from bot.domain.people import Origin
from bot.domain.reason import Reason, ReasonCode
from bot.interception import moves, traces
from bot.interception.pace import Pace
from bot.interception.statements import Only
from bot.store.cases import row_of
from bot.store.database import Database, now

log = structlog.get_logger(__name__)

READINGS_NEEDED = 2


class Act(Enum):
    """What a look at a row calls for."""

    NOTHING = auto()
    CALL = auto()
    REPEAT = auto()
    READ = auto()
    WATCH = auto()


_SETTLING = {Doubt.REPEAT: Act.REPEAT, Doubt.READ: Act.READ, Doubt.PERSON: Act.WATCH}


@dataclass(frozen=True, slots=True)
class Looked:
    """A row as it was when its look was committed, and what is to be done."""

    act: Act
    row: Row[Any] | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """When a reading was asked, and how much of the quiet time was left then by the clock that does not jump."""

    at: datetime
    still_quiet: timedelta


class Advance:
    """Moves cases on. Handed to the runner; `on_moved` hears of every case whose call or look has been committed."""

    readings_needed = READINGS_NEEDED

    def __init__(
        self, database: Database, routes: Routes, pace: Pace, on_moved: Callable[[str], None] = lambda _case: None
    ) -> None:
        self._database = database
        self._routes = routes
        self._pace = pace
        self._on_moved = on_moved
        self._born = database.clock.steady()
        self._sent: dict[str, float] = {}

    async def __call__(self, case_id: str) -> None:
        """One move. Any defect leaves the row as its last commit left it: it comes due again."""
        began = self._database.clock.steady()
        looked = await self._database.write(lambda c: self._look(c, case_id))
        if looked.ended:
            self._on_moved(case_id)
        row = looked.row
        if row is None:
            return
        route = self._route(row)
        if route is None:
            log.warning("case.route_gone", case=case_id, route=row.route)
            await self._database.write(lambda c: moves.look_later(c, case_id))
            return
        if looked.act is Act.CALL:
            await self.call(route, row, began)
        elif looked.act is Act.REPEAT:
            await self._further_call(route, row)
        elif looked.act is Act.READ:
            await self._read(route, row)
        elif looked.act is Act.WATCH:
            await self._watch(route, row)

    def _route(self, row: Row[Any]) -> Route | None:
        """The route that the case was asked on; None when the configuration has it no more."""
        route = self._routes.find(row.shop_id, row.carrier)
        return route if route is not None and route.facts.name == row.route else None

    def _look(self, connection: Connection, case_id: str) -> Looked:
        row = row_of(connection, case_id)
        if row is None or (row.state in {state.value for state in FINAL} and row.next_at is None):
            return Looked(Act.NOTHING)
        at = now(connection)
        if row.state == State.SUCCEEDED.value:
            if row.watch_until is not None and row.watch_until <= at:
                moves.stop_watching(connection, case_id)
                return Looked(Act.NOTHING)
            return Looked(Act.WATCH, row)
        if row.state not in moves.OPEN:
            return Looked(Act.NOTHING)
        if row.phase == Phase.QUEUED.value:
            return self._look_queued(connection, row, at)
        if row.watch_until is not None and row.watch_until <= at and moves.give_up(connection, case_id, self._pace):
            return Looked(Act.NOTHING, ended=True)
        if row.phase == Phase.CALLING.value:
            return self._look_calling(connection, row, at)
        return Looked(Act.WATCH, row)

    def _look_queued(self, connection: Connection, row: Row[Any], at: datetime) -> Looked:
        gone = self._route(row) is None
        if (row.call_no > 0 or gone) and at - row.created_at >= self._pace.unavailable:
            reason = Reason(ReasonCode.CARRIER_UNAVAILABLE, {"why": "nothing_sent"})
            moves.settle(connection, row.id, State.FAILED, Answer(Said.NEVER_LEFT, reason=reason), self._pace)
            return Looked(Act.NOTHING, ended=True)
        if gone:
            return Looked(Act.NOTHING, row)
        if not moves.mark(connection, row.id, row.call_no, self._pace):
            return Looked(Act.NOTHING)
        return Looked(Act.CALL, row_of(connection, row.id))

    def _look_calling(self, connection: Connection, row: Row[Any], at: datetime) -> Looked:
        route = self._route(row)
        settles_by = route.facts.doubt if route is not None else Doubt(row.doubt_by or Doubt.PERSON)
        if row.doubted_call < row.call_no:
            # Marked, and no answer. Where others may be calling it is lost only once its time has passed (ruling 4).
            if self._database.shared and row.called_at + self._pace.lost_after > at:
                return Looked(Act.NOTHING)
            moves.doubt(connection, row.id, row.call_no, person=settles_by is Doubt.PERSON)
            doubted = row_of(connection, row.id)
            return Looked(Act.NOTHING) if doubted is None else Looked(_SETTLING[settles_by], doubted)
        return Looked(_SETTLING[settles_by], row)

    async def first_call(self, row: Row[Any], began: float) -> None:
        """The call of a case that was submitted and marked in one commit."""
        route = self._route(row)
        if route is not None:
            await self.call(route, row, began)

    async def call(self, route: Route, row: Row[Any], began: float) -> None:
        """The call that the commit just before has allowed. `began` was read before that commit."""
        if self._database.clock.steady() - began > self._pace.quiet.total_seconds() / 2:
            log.warning("case.slept_before_call", case=row.id, call=row.call_no)
            return
        if route.facts.doubt is Doubt.READ:
            self._notes_call(row.id)
        answer = await route.intercept(ask_of(row))
        await self._database.write(lambda c: self._answered(c, row, route, answer))
        self._on_moved(row.id)
        if answer.said is Said.PROCESSING:
            await self(row.id)  # "at once" of ruling 7: a carrier often knows by now, and somebody waits

    def _answered(self, connection: Connection, row: Row[Any], route: Route, answer: Answer) -> None:
        case_id, call_no = row.id, row.call_no
        if answer.said is Said.SUCCEEDED:
            moves.settle(connection, case_id, State.SUCCEEDED, answer, self._pace, ground=ground_of(route, answer))
        elif answer.said is Said.PROCESSING:
            moves.wait(connection, case_id, answer)
        elif answer.said is Said.NEVER_LEFT:
            moves.never_left(connection, case_id, call_no, answer, self._pace)
        elif answer.said is Said.REFUSED:
            moves.settle(connection, case_id, State.FAILED, answer, self._pace, only=Only.LATEST, call_no=call_no)
        else:
            person = route.facts.doubt is Doubt.PERSON
            moves.doubt(connection, case_id, call_no, person=person, answer=answer)

    async def _further_call(self, route: Route, row: Row[Any], *, readings: int = 0) -> None:
        began = self._database.clock.steady()

        def again(connection: Connection) -> Row[Any] | None:
            marked = moves.mark(connection, row.id, row.call_no, self._pace, readings=readings)
            return row_of(connection, row.id) if marked else None

        marked = await self._database.write(again)
        if marked is not None:
            await self.call(route, marked, began)

    async def _read(self, route: Route, row: Row[Any]) -> None:
        still_quiet = self._still_quiet(row.id)
        asked_at = await self._database.read(now) if self._database.shared else self._database.clock.now()
        answer = await route.query(ask_of(row))
        asked = Asked(asked_at, still_quiet)
        shown = await self._database.write(lambda c: self._read_answered(c, row, route, answer, asked))
        self._on_moved(row.id)
        if shown >= self.readings_needed:
            if await self._database.write(lambda c: traces.against_us(c, row.id, self._pace)):
                self._on_moved(row.id)
                return
            await self._further_call(route, row, readings=self.readings_needed)

    def _notes_call(self, case_id: str) -> None:
        now_s, quiet = self._database.clock.steady(), self._pace.quiet.total_seconds()
        self._sent = {case: at for case, at in self._sent.items() if now_s - at < quiet} | {case_id: now_s}

    def _still_quiet(self, case_id: str) -> timedelta:
        """How much of the quiet time this process has still to see pass itself, since its own call or since its start.

        Where several processes share a database its clock alone counts: another's call is known by its stamp only.
        """
        if self._database.shared:
            return timedelta(0)
        seen = self._database.clock.steady() - self._sent.get(case_id, self._born)
        return max(self._pace.quiet - timedelta(seconds=seen), timedelta(0))

    def _read_answered(self, connection: Connection, row: Row[Any], route: Route, answer: Answer, asked: Asked) -> int:
        if answer.said is Said.SUCCEEDED:
            moves.settle(connection, row.id, State.SUCCEEDED, answer, self._pace, ground=ground_of(route, answer))
        elif answer.said is Said.PROCESSING:
            moves.wait(connection, row.id, answer)
        elif answer.said is Said.REFUSED:
            same = Only.SAME_CALL
            moves.settle(connection, row.id, State.FAILED, answer, self._pace, only=same, call_no=row.call_no)
        elif answer.said is Said.NOTHING:
            return moves.reading(connection, row.id, row.call_no, asked.at, self._pace, asked.still_quiet)
        else:
            moves.look_later(connection, row.id)
        return 0

    async def _watch(self, route: Route, row: Row[Any]) -> None:
        ask = ask_of(row)
        # The trace first: what the carrier says of its order then is the newer of the two.
        events = await route.trace(ask) if route.facts.has_trace else None
        status: Answer | None = None
        if row.state != State.SUCCEEDED.value and route.facts.has_status:
            status = await route.query(ask)
        if not await self._database.write(lambda c: self._watched(c, row, route, status, events or [])):
            return
        self._on_moved(row.id)

    def _watched(
        self, connection: Connection, row: Row[Any], route: Route, status: Answer | None, events: list[TraceEvent]
    ) -> bool:
        told, answered = False, True
        if status is not None:
            told = self._status(connection, row, route, status)
            answered = status.said is not Said.NO_ANSWER
        told = traces.looked(connection, row, events, self._pace, answered=answered) or told
        if not told:
            moves.look_later(connection, row.id, row)
        return told

    def _status(self, connection: Connection, row: Row[Any], route: Route, status: Answer) -> bool:
        if status.said is Said.SUCCEEDED:
            ground = ground_of(route, status)
            return moves.settle(connection, row.id, State.SUCCEEDED, status, self._pace, ground=ground)
        if status.said is Said.REFUSED:
            return moves.settle(connection, row.id, State.FAILED, status, self._pace)
        if status.said is Said.CANCELLED:
            return moves.settle(connection, row.id, State.CANCELLED, status, self._pace)
        return False


def ground_of(route: Route, answer: Answer) -> str:
    """Why a success that this route told counts as one: the words on its card differ (console README 7)."""
    return "platform" if answer.settled_by is SettledBy.PLATFORM else route.facts.success_on.value


def ask_of(row: Row[Any]) -> Ask:
    """A row as its route needs to know it."""
    return Ask(
        interception_id=row.id,
        tracking_number=row.tracking_number,
        carrier=row.carrier,
        after_sale_id=row.after_sale_id,
        origin=Origin(row.origin),
        reference=row.carrier_reference,
        in_doubt=row.doubted_call > 0,
    )
