"""The property of ruling 5: whatever happens in whatever order, one order and one fee; and everything ends."""

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from bot.domain.parcel import Stage
from tests.interception import checks
from tests.interception.carrier import Kind, Violation
from tests.interception.fates import QUIET_S, Fates
from tests.interception.shop import AGENT
from tests.interception.world import NUMBERS, Setup, World

STEPS_OF_THE_CALM_S = (70.0, 700.0, 3700.0, 7300.0, 7300.0, 7300.0)
DAYS_UNTIL_GIVEN_UP = 16

STEPS = 14

Act = Callable[[World, Callable[[Sequence[Any]], Any]], None]


def _click(world: World, draw: Callable[[Sequence[Any]], Any]) -> None:
    number, click, index = draw(NUMBERS[:1] * 4 + NUMBERS[1:]), draw("aaab"), draw((0, 1))
    world.click(index, number, click, stranger=draw((False,) * 6 + (True,)))
    world.run(draw((0.0, 0.05, 3.5)))


def _run(world: World, draw: Callable[[Sequence[Any]], Any]) -> None:
    world.run(draw((0.05, 0.15, 1.0, 3.5, 8.0, QUIET_S + 1, QUIET_S + 1, 3 * QUIET_S, 700.0)))


def _kill(world: World, draw: Callable[[Sequence[Any]], Any]) -> None:
    process = world.process(draw((0, 1)))
    if process is not None:
        process.die()


def _step_the_clock(world: World, draw: Callable[[Sequence[Any]], Any]) -> None:
    """Forward or back, where the machine's clock is what counts."""
    if not world.setup.shared:
        world.clock.offset += draw((QUIET_S, 3600.0, -5.0, -QUIET_S, -3600.0))
        world.tell(f"the clock is wrong by {world.clock.offset}")


def _scan(world: World, draw: Callable[[Sequence[Any]], Any]) -> None:
    number = draw(NUMBERS[:1] * 4 + NUMBERS[1:])
    stages = (
        Stage.IN_TRANSIT,
        Stage.OUT_FOR_DELIVERY,
        Stage.DELIVERED,
        Stage.DELIVERED,
        Stage.RETURNING,
        Stage.RETURNED,
    )
    event = world.carrier.scan(world.carrier.boxes[number], draw(stages))
    process = world.process(draw((0, 1)))
    if event is not None:
        world.tell(f"scan of {number}: {event.stage}")
        if process is not None and draw((True, True, False)):
            process.run(f"push:{len(world.log)}", process.heart.traced("demo", {number: [event]}))


def _refuse(world: World, draw: Callable[[Sequence[Any]], Any]) -> None:
    world.carrier.boxes[draw(NUMBERS)].refuses = True


def _finish(world: World, draw: Callable[[Sequence[Any]], Any]) -> None:
    world.carrier.finish(world.carrier.boxes[draw(NUMBERS)], well=draw((True, False)))


def _somebody_else(world: World, draw: Callable[[Sequence[Any]], Any]) -> None:
    world.carrier.somebody_else(world.carrier.boxes[draw(NUMBERS)])


def _down(world: World, draw: Callable[[Sequence[Any]], Any]) -> None:
    world.fates.down = not world.fates.down
    world.tell(f"the carrier is {'down' if world.fates.down else 'up'}")


def _away(world: World, draw: Callable[[Sequence[Any]], Any]) -> None:
    """The carrier cannot be reached for longer than the quiet time."""
    before, world.fates.down = world.fates.down, True
    world.run(draw((QUIET_S + 1, 2 * QUIET_S)))
    world.fates.down = before
    world.tell("the carrier can be reached again")


def _look_again(world: World, draw: Callable[[Sequence[Any]], Any]) -> None:
    _person(world, draw, "look_again")


def _cancel(world: World, draw: Callable[[Sequence[Any]], Any]) -> None:
    _person(world, draw, "cancel")


def _person(world: World, draw: Callable[[Sequence[Any]], Any], verb: str) -> None:
    process = world.process(draw((0, 1)))
    mine = [case_id for (shop_id, _, _), case_id in world.acknowledged.items() if shop_id == AGENT.shop_id]
    if process is not None and mine:
        process.run(f"{verb}:{len(world.log)}", getattr(process.heart, verb)(AGENT, draw(mine)))


ACTS: tuple[Act, ...] = (
    *(_run,) * 8,
    *(_click,) * 3,
    _kill,
    _step_the_clock,
    _scan,
    _refuse,
    _finish,
    _somebody_else,
    _down,
    _away,
    _away,
    _look_again,
    _cancel,
)

FEW_ACTS: tuple[Act, ...] = (_run, _run, _away, _click, _kill, _somebody_else, _step_the_clock)
"""Enough for what a mutant is weak to, and found sooner."""


def holds(setup: Setup, data: st.DataObject, acts: Sequence[Act] = ACTS) -> None:
    """One example: a wild time, then a calm one. Raises `Violation` with the whole story."""

    def draw(values: Sequence[Any], label: str | None = None) -> Any:
        return data.draw(st.sampled_from(values), label)

    world = World(setup, Fates(draw), checks.always)
    try:
        _click(world, draw)
        for act in data.draw(st.lists(st.sampled_from(acts), max_size=STEPS), "acts"):
            act(world, draw)
            world.check()
        calm_down(world)
        checks.calm(world)
    except Violation as violation:
        raise Violation(f"{violation}{checks.story(world)}") from None


def calm_down(world: World) -> None:
    """Nothing goes wrong any more. What has an answer ends soon; what nobody can know ends after fifteen days."""
    world.tell("it calms down")
    world.fates.wild = world.fates.down = False
    world.clock.offset = 0.0
    for box in world.carrier.boxes.values():
        world.carrier.finish(box, well=True)
    still_open = []
    for seconds in STEPS_OF_THE_CALM_S:
        world.run(seconds)
        for box in world.carrier.boxes.values():
            world.carrier.finish(box, well=True)
        still_open = world.database.ask("SELECT id FROM cases WHERE state IN ('pending', 'unknown')")
        if not still_open or world.setup.kind is Kind.BY_HAND:
            break
    else:
        raise Violation(f"everything answers, and this does not end: {[row['id'] for row in still_open]}")
    world.clock.t += DAYS_UNTIL_GIVEN_UP * 86400
    world.run(7200)
