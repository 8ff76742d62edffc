"""The legal moves as the contract has them, and what a trace or a person may make of the way home."""

import itertools

import pytest

from bot.domain.case import FINAL, State, WayHome
from bot.domain.parcel import Stage
from bot.interception.states import LEGAL, WAYS_HOME, sources, steps_home, way_to
from tests.interception.checks import LEGAL_MOVES, LEGAL_WAYS_HOME

WAYS = (None, *WayHome)


def test_the_table_is_the_contract() -> None:
    """The moves are those of contract.md, no more and no fewer."""
    assert {(before and before.value, after.value) for before, after in LEGAL} == LEGAL_MOVES
    assert {(before and before.value, after.value) for before, after in WAYS_HOME} == LEGAL_WAYS_HOME


def test_no_move_leaves_a_final_state() -> None:
    """Refused, succeeded, failed and cancelled never change."""
    assert not {before for before, _ in LEGAL} & FINAL
    assert all(not set(sources(to)) & FINAL for to in State)


@pytest.mark.parametrize("present", WAYS)
@pytest.mark.parametrize("stage", Stage)
def test_a_trace_makes_legal_steps_only(present: WayHome | None, stage: Stage) -> None:
    """Whatever the newest event says, each step is in the table, and saying it again changes nothing."""
    steps = steps_home(present, stage)
    assert all(step in WAYS_HOME for step in itertools.pairwise([present, *steps]))
    if steps:
        assert steps_home(steps[-1], stage) == []


@pytest.mark.parametrize("present", WAYS)
@pytest.mark.parametrize("to", WayHome)
def test_a_person_makes_legal_steps_only(present: WayHome | None, to: WayHome) -> None:
    """What a person says leads there by legal steps, or is not taken."""
    steps = way_to(present, to)
    assert all(step in WAYS_HOME for step in itertools.pairwise([present, *steps]))
    assert not steps or steps[-1] is to


@pytest.mark.parametrize(
    "present, to, steps",
    [
        (None, WayHome.LOST, [WayHome.RETURNING, WayHome.LOST]),
        (WayHome.RETURNING, WayHome.DAMAGED, [WayHome.DAMAGED]),
        (WayHome.CONTRADICTED, WayHome.RETURNING, [WayHome.RETURNING]),
        (WayHome.RETURNED, WayHome.LOST, []),
        (WayHome.LOST, WayHome.RETURNED, []),
        (WayHome.RETURNING, WayHome.RETURNING, []),
    ],
)
def test_a_person_tells_the_end(present: WayHome | None, to: WayHome, steps: list[WayHome]) -> None:
    """Lost or damaged parcels were on their way; what has arrived has arrived."""
    assert way_to(present, to) == steps
