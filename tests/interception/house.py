"""The heart with its real runner on a real database, and a carrier that says what the test tells it to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.carriers.contract import Ask, RouteFacts
from bot.domain.answer import Answer, Said
from bot.domain.case import State
from bot.domain.interception import Interception
from bot.domain.parcel import TraceEvent
from bot.interception.advance import Advance
from bot.interception.batch import Batches
from bot.interception.due import CALLS, Looks, recover
from bot.interception.pace import Pace
from bot.interception.service import Interceptions
from bot.interception.settled import Settled
from bot.runners.contract import CASE, Work
from bot.runners.local import LocalRunner
from bot.store.batches import BATCHES_DUE
from bot.store.cases import get
from bot.store.database import Database
from tests.interception.carrier import FACTS, Kind
from tests.interception.shop import RULES

QUICK = Pace(
    call_timeout=timedelta(seconds=0.3),
    quiet=timedelta(seconds=0.8),
    unavailable=timedelta(seconds=120),
    watch=timedelta(days=15),
)
CAUGHT = Answer(Said.SUCCEEDED, "R1")
WORKED_ON = Answer(Said.PROCESSING, "R1")
NO_ANSWER = Answer(Said.NO_ANSWER)

Told = Answer | Exception | Callable[[Ask], Awaitable[Answer]]


@dataclass
class ToldRoute:
    """Meets `Route`. Answers of a verb are used in turn; the last one is said for ever."""

    facts: RouteFacts
    create: list[Told] = field(default_factory=lambda: [CAUGHT])
    status: list[Told] = field(default_factory=lambda: [WORKED_ON])
    back: list[Told] = field(default_factory=lambda: [Answer(Said.CANCELLED, "R1")])
    events: list[TraceEvent] | None = None
    creates: list[Ask] = field(default_factory=list)
    queries: list[Ask] = field(default_factory=list)

    def accepts(self, after_sale_id: str) -> bool:
        return True

    async def intercept(self, ask: Ask) -> Answer:
        self.creates.append(ask)
        return await _say(self.create, ask)

    async def query(self, ask: Ask) -> Answer:
        self.queries.append(ask)
        return await _say(self.status, ask)

    async def cancel(self, ask: Ask) -> Answer:
        return await _say(self.back, ask)

    async def trace(self, ask: Ask) -> list[TraceEvent] | None:
        return self.events


async def _say(told: list[Told], ask: Ask) -> Answer:
    say = told.pop(0) if len(told) > 1 else told[0]
    if isinstance(say, Answer):
        return say
    if isinstance(say, Exception):
        raise say
    return await say(ask)


class ToldRoutes:
    """Meets `Routes`: one route for all, of the carrier that it says."""

    def __init__(self, route: ToldRoute) -> None:
        self.route: ToldRoute | None = route

    def find(self, shop_id: str, carrier: str) -> ToldRoute | None:
        return self.route if self.route is not None and carrier == self.route.facts.carrier else None


@dataclass
class House:
    """Everything of the heart, started."""

    database: Database
    route: ToldRoute
    routes: ToldRoutes
    runner: LocalRunner
    advance: Advance
    heart: Interceptions
    batches: Batches
    settled: Settled

    async def until(self, case_id: str, *states: State, seconds: float = 10.0) -> Interception:
        """Waits until the case is in one of these states."""
        async with asyncio.timeout(seconds):
            while True:
                found = await self.database.read(lambda c: get(c, case_id))
                assert found is not None
                if found.state in states:
                    return found
                await asyncio.sleep(0.01)


def facts(kind: Kind = Kind.ZTO, *, has_trace: bool = True) -> RouteFacts:
    """What a route of that kind is."""
    return replace(FACTS[kind], has_trace=has_trace)


@asynccontextmanager
async def house(
    database: Database, route: ToldRoute | None = None, *, slots: int = 64, pace: Pace = QUICK, started: bool = True
) -> AsyncIterator[House]:
    """The heart over that database; its runner works off due rows unless `started` is false."""
    route = route or ToldRoute(facts())
    routes, settled = ToldRoutes(route), Settled()
    advance = Advance(database, routes, pace, settled)
    works: list[Work] = []
    runner = LocalRunner(database, works, slots=slots, period_s=0.02, cool_s=0.05)
    heart = Interceptions(database, routes, lambda: RULES, pace, runner, advance, settled)
    batches = Batches(database, heart)
    looks = Looks([route.facts.name], 64)
    runner._works = (
        Work("call", CASE, CALLS, advance),
        Work("look", CASE, looks, advance),
        Work("batch", "batch", BATCHES_DUE, batches.advance),
    )
    if not database.shared:
        await database.write(recover)
    if started:
        await runner.start()
    try:
        yield House(database, route, routes, runner, advance, heart, batches, settled)
    finally:
        await runner.stop(1.0)


async def at_once(*asks: Awaitable[Sequence[Interception]]) -> list[Interception]:
    """All of them together; the first interception of each."""
    return [items[0] for items in await asyncio.gather(*asks)]
