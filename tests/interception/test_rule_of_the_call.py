"""The rule for the carrier call (engine.md 2, rulings 3 to 8), proved over a model of the world.

`HYPOTHESIS_PROFILE=deep` looks at two thousand examples of each world.
"""

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.interception import mutants
from tests.interception.carrier import Kind, Violation
from tests.interception.property import FEW_ACTS, holds
from tests.interception.world import Setup


@pytest.mark.parametrize("shared", [False, True], ids=["one process", "two processes"])
@pytest.mark.parametrize("kind", Kind)
@given(data=st.data())
def test_one_order_and_one_fee(kind: Kind, shared: bool, data: st.DataObject) -> None:  # noqa: FBT001 - pytest's own
    """Clicks, kills, sleep, lost, late and reordered answers, traces and clock steps make one order and one fee."""
    holds(Setup(kind, shared=shared), data)


MUTANTS = {
    "read: no quiet time": Setup(Kind.PLATFORM, advance=mutants.NoQuietTime),
    "read: the wall clock alone": Setup(Kind.PLATFORM, advance=mutants.WallClockAlone),
    "read: one reading": Setup(Kind.PLATFORM, advance=mutants.OneReading),
    "read: no marker": Setup(Kind.PLATFORM, advance=mutants.NoMarker, slots=0),
    "read: no check after the commit": Setup(Kind.PLATFORM, shared=True, advance=mutants.NoCheckAfterTheCommit),
    "repeat: a fresh request id": Setup(Kind.ZTO, route=mutants.FreshRequestId),
    "repeat: adoption without a doubt": Setup(Kind.YTO, route=mutants.AdoptsWithoutADoubt),
    "person: any repeat": Setup(Kind.BY_HAND, advance=mutants.RepeatsByHand),
}


@pytest.mark.parametrize("setup", MUTANTS.values(), ids=MUTANTS.keys())
def test_a_bot_without_it_is_caught(setup: Setup) -> None:
    """Each part of the rule is needed: without it the property finds a second order, a false end or a wrong fee."""

    @settings(max_examples=1500, derandomize=True, database=None, phases=[Phase.generate])
    @given(data=st.data())
    def search(data: st.DataObject) -> None:
        holds(setup, data, FEW_ACTS)

    with pytest.raises(Violation):
        search()
