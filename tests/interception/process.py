"""One process of the bot as the model has it: a runner without a loop, and coroutines that sleep, die and go on."""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.domain.answer import Answer, Said
from bot.interception.due import CALLS, Looks
from bot.interception.errors import NotTaken
from bot.interception.service import Interceptions
from bot.store.database import NotStored
from tests.interception.carrier import OneRoute
from tests.interception.fates import DIES, PACE, TIMEOUT_S
from tests.interception.shop import RULES
from tests.interception.steps import Committed, Exchange, Meeting, Task, pause

if TYPE_CHECKING:
    from tests.interception.world import World

LEASE = timedelta(seconds=60)
COOL_S = 5.0


class Defect(Exception):
    """An exception out of a route: a defect of ours, by the contract of routes."""


class Meetings:
    """Stands in for `Settled`, in our time."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def __call__(self, case_id: str) -> None:
        self.heard.append(case_id)

    async def any_of(self, case_ids: list[str], seconds: float) -> None:
        await pause(Meeting(tuple(case_ids), seconds))


class Process:
    """One process of the bot. It runs no case twice at once, as both runners do."""

    def __init__(self, world: "World", name: str) -> None:
        self.world = world
        self.name = name
        self.alive = True
        self.tasks: dict[str, Task] = {}
        self.cooling: dict[str, float] = {}
        setup, routes, meetings = world.setup, OneRoute(world.route), Meetings()
        self.advance = setup.advance(world.database, routes, PACE, meetings)
        self.heart = Interceptions(world.database, routes, lambda: RULES, PACE, self, self.advance, meetings)  # type: ignore[arg-type]

    # --- the runner --------------------------------------------------------------------------------------------------

    def take_slots(self, wanted: int) -> int:
        return min(wanted, self.world.setup.slots)

    def free(self, slots: int) -> None:
        """They are never short."""

    def begin(self, case_id: str, work: Coroutine[Any, Any, None]) -> None:
        self.run(f"case:{case_id}", work)

    def nudge(self) -> None:
        """Due rows are found at their time anyway."""

    def tick(self) -> None:
        """Finds due rows and moves them."""
        resting = {key.removeprefix("case:") for key in (*self.tasks, *self.cooling)}
        looks = Looks([self.world.route.facts.name], 64)
        database, world = self.world.database, self.world
        if database.shared:
            until = world.clock.now() + LEASE
            found = database.at_once(lambda c: CALLS.claim(c, until, 64) + looks.claim(c, until, 64))
        else:
            found = database.at_once(lambda c: CALLS.due(c, resting, 64) + looks.due(c, resting, 64))
        world.tell(f"{self.name} looks at {found}")
        for case_id in found:
            self.run(f"case:{case_id}", self.advance(case_id))

    def resting(self) -> set[str]:
        """Cases that this process leaves alone at this moment."""
        self.cooling = {key: until for key, until in self.cooling.items() if until > self.world.clock.t}
        return {key.removeprefix("case:") for key in (*self.tasks, *self.cooling)}

    # --- coroutines --------------------------------------------------------------------------------------------------

    def run(self, key: str, work: Coroutine[Any, Any, Any], done: Callable[[Any], None] = lambda _value: None) -> None:
        """Starts it, unless one of that key runs."""
        if key in self.tasks or not self.alive:
            work.close()
            return
        task = self.tasks[key] = Task(key, work, done)
        self.go_on(task, None)

    def go_on(self, task: Task, value: object, problem: Exception | None = None) -> None:
        """Moves a coroutine to its next pause."""
        if not self.alive:
            return
        task.waiting = None
        try:
            wanted = task.work.send(value) if problem is None else task.work.throw(problem)
        except StopIteration as end:
            if self.tasks.pop(task.key, None) is not None:
                task.done(end.value)
        except NotTaken as ended:
            self.world.tell(f"{self.name} {task.key}: {ended!r}")
            self.tasks.pop(task.key, None)
        except (NotStored, Defect) as ended:
            self.world.tell(f"{self.name} {task.key} ended by {ended!r}")
            self.tasks.pop(task.key, None)
            self.cooling[task.key] = self.world.clock.t + COOL_S
        else:
            task.waiting = wanted
            if self.alive:
                self._wait(task, wanted)

    def _wait(self, task: Task, wanted: object) -> None:
        world = self.world
        if isinstance(wanted, Committed):
            seconds = world.fates.after_a_commit()
            if seconds == DIES:
                self.die()
            else:
                world.after(seconds, self, task)
        elif isinstance(wanted, Meeting):
            world.after(wanted.seconds, self, task)
        elif isinstance(wanted, Exchange):
            self._send(task, wanted)

    def _send(self, task: Task, wanted: Exchange) -> None:
        world = self.world
        fate = world.fates.of_a(wanted.verb)
        world.tell(f"{self.name} sends {wanted.verb} {wanted.ask.interception_id} ({fate.name})")
        if not fate.left:
            world.after(0.0, self, task, Answer(Said.NEVER_LEFT))
            return
        if wanted.verb == "create":
            world.sent(wanted.ask, turned_away=fate.name == "turned_away")
        if fate.travels is not None:
            world.at(world.clock.t + fate.travels, lambda: self._arrive(task, wanted, fate))
        if fate.defect:
            world.after(0.1, self, task, problem=Defect("a defect in a route"))
        else:
            world.after(TIMEOUT_S, self, task, Answer(Said.NO_ANSWER, got="time limit"))
        if fate.down:
            world.fates.down = True
            world.at(world.clock.t + fate.down, world.up_again)
        if fate.kills:
            self.die()

    def _arrive(self, task: Task, wanted: Exchange, fate: Any) -> None:
        world = self.world
        world.carrier.t = world.clock.t
        answer = wanted.handle(wanted.verb, wanted.ask, fate.name)
        world.tell(f"carrier: {wanted.verb} {wanted.ask.interception_id} -> {answer.said}")
        if fate.answers is None or task.waiting is not wanted or not self.alive:
            return
        if fate.sleeps:
            task.waiting = answer  # it is in this machine, only not read yet: no time limit strikes any more
            world.after(fate.sleeps, self, task, answer)
        else:
            world.after(fate.answers, self, task, answer)

    def die(self) -> None:
        """The end of `kill -9`."""
        self.world.tell(f"{self.name} dies")
        self.alive = False
        for task in self.tasks.values():
            with suppress(ValueError):  # what runs just now cannot be closed; it goes no further than its next pause
                task.work.close()
        self.tasks.clear()
        self.world.restart(self)
