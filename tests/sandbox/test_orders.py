"""One order, and what it does to the trace as time goes on."""

import pytest

from bot.sandbox.orders import Order, Scene, State


def order(outcome: str, *, caught_later: bool) -> Order:
    """An order made at second 100 that takes 10 seconds for what comes later."""
    return Order("1", "zto", "A", "A", outcome, 100.0, 10.0, caught_later)


@pytest.mark.parametrize(
    "outcome,caught_later,states",
    [
        ("success", True, [State.SUCCEEDED, State.SUCCEEDED]),
        ("late_success", True, [State.PENDING, State.SUCCEEDED]),
        ("late_failure", True, [State.PENDING, State.FAILED]),
        ("late_success", False, [State.SUCCEEDED, State.SUCCEEDED]),
        ("late_failure", False, [State.SUCCEEDED, State.SUCCEEDED]),
        ("contradict", True, [State.SUCCEEDED, State.SUCCEEDED]),
    ],
)
def test_state(outcome: str, caught_later: bool, states: list[State]) -> None:  # noqa: FBT001 - a row of the table
    """Late outcomes are pending only where a system tells later; elsewhere accepted is the end."""
    one = order(outcome, caught_later=caught_later)
    assert [one.state(109.9), one.state(110.0)] == states


@pytest.mark.parametrize(
    "outcome,caught_later,first_at,scenes",
    [
        ("success", True, 110, [Scene.RETURNING, Scene.RETURNED]),
        ("late_success", True, 120, [Scene.RETURNING, Scene.RETURNED]),
        ("late_success", False, 110, [Scene.RETURNING, Scene.RETURNED]),
        ("late_failure", False, 110, [Scene.OUT_FOR_DELIVERY, Scene.DELIVERED]),
        ("contradict", True, 110, [Scene.OUT_FOR_DELIVERY, Scene.DELIVERED]),
    ],
)
def test_events(outcome: str, caught_later: bool, first_at: float, scenes: list[Scene]) -> None:  # noqa: FBT001 - a row
    """The first event comes `later_s` after the success, the second one after twice that."""
    one = order(outcome, caught_later=caught_later)
    assert one.events(first_at - 0.1) == []
    assert [event.scene for event in one.events(first_at)] == scenes[:1]
    assert one.events(first_at + 9.9) == one.events(first_at)
    assert [event.scene for event in one.events(first_at + 10)] == scenes


def test_a_failure_leaves_no_trace() -> None:
    """中通's failure says nothing about where the parcel goes."""
    assert order("late_failure", caught_later=True).events(1000) == []


def test_nothing_happens_after_the_end_of_an_order() -> None:
    """What came before the end stays, what would have come does not come."""
    one = order("success", caught_later=False)
    one.until = 115.0
    assert [event.scene for event in one.events(1000)] == [Scene.RETURNING]
