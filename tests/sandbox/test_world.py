"""The rules that all twins share."""

import pytest

from bot.sandbox import world as world_file
from bot.sandbox.world import Ask, Guard, Met, Settings, World, WorldFullError

NUMBERS = [f"754{n:011d}" for n in range(400)]
WEIGHTS = {"success": 0.5, "refuse": 0.25, "late_success": 0.25, "slow": 0.0}


def drawn(seed: int, numbers: list[str]) -> list[str]:
    """What a weighted world does to parcels that are asked for in this order."""
    world = World(seed)
    world.arm_all(Settings(0, weights=WEIGHTS))
    return [world.plan(world.named(number)).outcome for number in numbers]


def test_weights_are_reproducible_with_a_seed() -> None:
    """The same seed draws the same outcome for each parcel, in whatever order they come; another seed does not."""
    forwards, backwards = drawn(1, NUMBERS), drawn(1, NUMBERS[::-1])
    assert forwards == backwards[::-1]
    assert forwards != drawn(2, NUMBERS)


def test_weights_are_shares() -> None:
    """About the shares that were asked for, and never an outcome with the share 0."""
    seen = drawn(3, NUMBERS)
    assert 160 < seen.count("success") < 240
    assert 60 < seen.count("refuse") < 140
    assert seen.count("slow") == 0


def test_new_defaults_start_afresh() -> None:
    """What the defaults did to a parcel is over with the next defaults."""
    world = World(0)
    ask = Ask("doudian", "1", Guard.NONE)
    world.arm_all(Settings(0, "http_500"))
    assert [world.place(ask).met for _ in range(2)] == [Met.ERROR, Met.MADE]
    world.arm_all(Settings(0, "http_500"))
    assert world.place(ask).met is Met.ERROR


def test_settings_of_a_parcel_beat_the_defaults() -> None:
    """Defaults that come later do not touch an armed parcel, but give it the times that it left out."""
    world = World(0)
    world.arm("1", Settings(0, "refuse", later_s=9))
    world.arm_all(Settings(0, "success", delay_s=1, later_s=2))
    plan = world.plan(world.named("1"))
    assert (plan.outcome, plan.delay_s, plan.later_s) == ("refuse", 1, 9)


def test_outcome_waits_while_an_order_stands_in_the_way() -> None:
    """An outcome that met only the guard against a second order is not used up."""
    world = World(0)
    ask = Ask("yto", "1", Guard.WAYBILL)
    made = world.place(ask)
    world.arm("1", Settings(0, "http_500"))
    assert world.place(ask).met is Met.BLOCKED
    assert made.order is not None
    world.cancel(made.order)
    assert [world.place(ask).met for _ in range(2)] == [Met.ERROR, Met.MADE]


def test_full_world_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded: one parcel too many is refused, the known ones go on."""
    monkeypatch.setattr(world_file, "MAX_PARCELS", 1)
    world = World(0)
    world.named("1")
    with pytest.raises(WorldFullError):
        world.named("2")
    assert world.named("1").tracking_number == "1"
