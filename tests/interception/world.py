"""The bot in a world of our own: one or two processes on one database, a carrier, and time that passes on demand.

Everything runs in one thread and in the order of its time, so an example is the same each time.
"""

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.domain.interception import Interception
from bot.domain.people import Asker
from bot.interception import pace
from bot.interception.advance import Advance
from bot.interception.asking import Target
from bot.interception.due import recover
from bot.store.schema import from_micros
from tests.interception.carrier import FACTS, Carrier, FakeRoute, Kind, Violation
from tests.interception.fates import Fates
from tests.interception.memory import MemoryDatabase, VirtualClock
from tests.interception.process import Process
from tests.interception.shop import AGENT, START, STRANGER, after_sale, enter, parcel
from tests.interception.steps import Task

NUMBERS = ["75400000000001", "75400000000002"]


SPINS = 200
"""So many looks at one moment are a loop."""


@dataclass(frozen=True)
class Setup:
    """What is tried: the way to the carrier, one process or two, and who moves cases (a mutant, perhaps)."""

    kind: Kind
    shared: bool = False
    advance: type[Advance] = Advance
    route: type[FakeRoute] = FakeRoute
    slots: int = 8


@dataclass(order=True)
class Event:
    """Something that happens at its time."""

    at: float
    seq: int
    act: Callable[[], None] = field(compare=False)


class World:
    """All of it. `check` is called after each step."""

    def __init__(self, setup: Setup, fates: Fates, check: Callable[["World"], None]) -> None:
        pace.CHANCE.seed(0)  # the same example spreads its looks the same way
        self.setup = setup
        self.fates = fates
        self.clock = VirtualClock()
        self.database = MemoryDatabase(self.clock, shared=setup.shared, refuses=fates.refused_by_database)
        self.carrier = Carrier(setup.kind, NUMBERS, START)
        self.carrier.overlooks = fates.overlooks
        self.route = setup.route(self.carrier)
        self.acknowledged: dict[tuple[str, str, str], str] = {}
        self.log: list[str] = []
        self._check = check
        self._events: list[Event] = []
        self._seq = itertools.count()
        self._looks = (0.0, 0)
        self._turn = 0
        self._checked = -1
        self.seen = 0
        """How much of the history was checked."""
        claims = [
            after_sale(f"730000000000000000{i}", parcel(n, FACTS[setup.kind].carrier)) for i, n in enumerate(NUMBERS)
        ]
        for shop_id in ("demo", "other"):
            self.database.at_once(lambda c, s=shop_id: enter(c, claims, s))  # type: ignore[misc]
        self.processes = [Process(self, f"p{i}") for i in range(2 if setup.shared else 1)]

    def tell(self, line: str) -> None:
        """Keeps what happened, for whoever reads a counter-example."""
        self.log.append(f"{self.clock.t:9.1f}  {line}")

    # --- time --------------------------------------------------------------------------------------------------------

    def at(self, when: float, act: Callable[[], None]) -> None:
        """Puts something into the future."""
        heapq.heappush(self._events, Event(when, next(self._seq), act))

    def after(
        self, seconds: float, process: Process, task: Task, value: object = None, problem: Exception | None = None
    ) -> None:
        """Lets a coroutine go on then, unless it has gone on before."""
        waiting = task.waiting

        def act() -> None:
            if task.waiting is waiting and waiting is not None:
                process.go_on(task, value, problem)

        self.at(self.clock.t + seconds, act)

    def run(self, seconds: float) -> None:
        """Lets so much time pass."""
        self.run_until(self.clock.t + seconds)

    def run_until(self, end: float) -> None:
        """Does everything that falls due up to that time, in its order."""
        while True:
            event_at = self._events[0].at if self._events else float("inf")
            due_at = self._next_due()
            if min(event_at, due_at) > end:
                break
            if event_at <= due_at:
                event = heapq.heappop(self._events)
                self.clock.t = max(self.clock.t, event.at)
                event.act()
            else:
                self.clock.t = max(self.clock.t, due_at)
                self._tick()
            self.check()
        self.clock.t = end

    def check(self) -> None:
        """Looks at everything that was committed since the last look."""
        if self.database.commits != self._checked:
            self._check(self)
            self._checked = self.database.commits

    def _tick(self) -> None:
        at, looks = self._looks
        self._looks = (self.clock.t, looks + 1 if at == self.clock.t else 0)
        if self._looks[1] > SPINS:
            raise Violation("a row stays due although it was looked at: the runner would spin")
        self._turn += 1
        alive = [process for process in self.processes if process.alive]
        alive[self._turn % len(alive)].tick()

    def _next_due(self) -> float:
        alive = [process for process in self.processes if process.alive]
        if not alive:
            return float("inf")
        resting = set() if self.setup.shared else alive[0].resting()
        rows = self.database.ask("SELECT id, next_at FROM cases WHERE next_at IS NOT NULL ORDER BY next_at")
        found = next((row["next_at"] for row in rows if row["id"] not in resting), None)
        return float("inf") if found is None else (from_micros(found) - START).total_seconds() - self.clock.offset

    # --- processes ---------------------------------------------------------------------------------------------------

    def restart(self, dead: Process) -> None:
        """Another process takes its place after a while."""

        def act() -> None:
            self.processes[self.processes.index(dead)] = Process(self, f"{dead.name}'")
            if not self.setup.shared:
                self.database.at_once(recover)

        self.at(self.clock.t + self.fates.restarts_after(), act)

    def up_again(self) -> None:
        """The carrier can be reached."""
        self.fates.down = False
        self.tell("the carrier is up")

    def process(self, index: int) -> Process | None:
        """A living one."""
        alive = [process for process in self.processes if process.alive]
        return alive[index % len(alive)] if alive else None

    # --- what people do ----------------------------------------------------------------------------------------------

    def click(self, index: int, number: str, click: str, *, stranger: bool = False) -> None:
        """Somebody asks; the same click again is the same ask."""
        process, asker = self.process(index), STRANGER if stranger else AGENT
        if process is None:
            return
        work = process.heart.ask(asker, [Target(None, number)], click=f"{asker.shop_id}:{click}")
        process.run(f"click:{next(self._seq)}", work, lambda items: self._told(asker, number, click, items))
        self.check()

    def _told(self, asker: Asker, number: str, click: str, items: list[Interception]) -> None:
        key = (asker.shop_id, number, click)
        self.tell(f"{key} is {items[0].id} {items[0].state}")
        if self.acknowledged.setdefault(key, items[0].id) != items[0].id:
            raise Violation(f"one click, two interceptions: {self.acknowledged[key]} and {items[0].id}")

    def sent(self, ask: Any, *, turned_away: bool) -> None:
        """A create has left. What is arranged by hand may be sent once, whatever came of it."""
        box = self.carrier.boxes[ask.tracking_number]
        if self.setup.kind is Kind.BY_HAND and ask.interception_id in box.creates:
            raise Violation(f"{ask.interception_id} was sent again although nobody can know what the first call did")
        if not turned_away:
            box.creates.append(ask.interception_id)
