"""Wrong bots: each leaves out one thing that the rule of the call needs, and the property must catch it (ruling 5)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, update

from bot.carriers.contract import Ask, Route
from bot.domain.answer import Answer
from bot.domain.case import Phase, State
from bot.interception import moves
from bot.interception.advance import Act, Advance, Asked, Looked, ask_of
from bot.store.cases import cases, row_of
from bot.store.database import now
from tests.interception.carrier import FakeRoute


class NoQuietTime(Advance):
    """Read: an early «nothing» counts like a late one."""

    def _read_answered(self, connection: Connection, row: Row[Any], route: Route, answer: Answer, asked: Asked) -> int:
        late = Asked(asked.at + timedelta(days=400), timedelta(0))
        return super()._read_answered(connection, row, route, answer, late)


class WallClockAlone(Advance):
    """Read: the quiet time is told by a clock that can be set."""

    def _still_quiet(self, case_id: str) -> timedelta:
        return timedelta(0)


class OneReading(Advance):
    """Read: a single reading that shows nothing permits a further call."""

    readings_needed = 1


class NoMarker(Advance):
    """Any route: the call first, its commit afterwards."""

    async def __call__(self, case_id: str) -> None:
        row = await self._database.read(lambda c: row_of(c, case_id))
        if row is None or row.phase != Phase.QUEUED.value:
            await super().__call__(case_id)
            return
        route = self._routes.find(row.shop_id, row.carrier)
        assert route is not None
        answer = await route.intercept(ask_of(row))

        def late(connection: Connection) -> None:
            if moves.mark(connection, case_id, row.call_no, self._pace):
                marked = row_of(connection, case_id)
                assert marked is not None
                self._answered(connection, marked, route, answer)

        await self._database.write(late)


class NoCheckAfterTheCommit(Advance):
    """Any route: calls however long ago the commit was that permitted it."""

    async def call(self, route: Route, row: Row[Any], began: float) -> None:
        await super().call(route, row, self._database.clock.steady())


class RepeatsByHand(Advance):
    """Person: repeats what nobody can know anything about."""

    def _look(self, connection: Connection, case_id: str) -> Looked:
        row = row_of(connection, case_id)
        if row is not None and row.phase == Phase.UNCLEAR.value and row.watch_until > now(connection):
            again = update(cases).where(cases.c.id == case_id)
            connection.execute(again.values(phase=Phase.CALLING.value, state=State.UNKNOWN.value))
            return Looked(Act.REPEAT, row_of(connection, case_id))
        return super()._look(connection, case_id)


class FreshRequestId(FakeRoute):
    """中通: a repeat goes out under a request id of its own."""

    async def intercept(self, ask: Ask) -> Answer:
        if ask.in_doubt:
            again = len(self.carrier.boxes[ask.tracking_number].creates)
            ask = replace(ask, interception_id=f"{ask.interception_id}#{again}")
        return await super().intercept(ask)


class AdoptsWithoutADoubt(FakeRoute):
    """圆通: every "already intercepted" is taken for ours."""

    async def intercept(self, ask: Ask) -> Answer:
        return await super().intercept(replace(ask, in_doubt=True))
