from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.case import SettledBy, State
from bot.rules.fees import charge_for, compensation, debited_here, fee_for
from tests.rules.asks import RULES

fen = st.integers(0, 10_000_000)


@pytest.mark.parametrize("carrier, fee", [("zto", 300), ("yunda", 300), ("yto", 400), ("sf", 0), ("", 0)])
def test_f1_the_fee_of_each_carrier(carrier: str, fee: int) -> None:
    """中通 3.00, 韵达 3.00, 圆通 4.00, and nothing for a carrier that is not supported."""
    assert fee_for(carrier, RULES) == fee


@pytest.mark.parametrize("state", list(State))
def test_f2_only_a_success_is_charged(state: State) -> None:
    """Every state but success costs nothing."""
    assert charge_for(state, 300) == (300 if state is State.SUCCEEDED else 0)


def test_the_cost_that_the_other_side_names_goes_first() -> None:
    """Where the platform names another cost than our rules, the ledger has the platform's, also when it is nothing."""
    assert charge_for(State.SUCCEEDED, 300, 350) == 350
    assert charge_for(State.SUCCEEDED, 300, 0) == 0
    assert charge_for(State.FAILED, 300, 350) == 0


def test_f3_what_the_platform_settles_is_not_debited_here() -> None:
    """Only the carriers' own fees are debited by us."""
    assert debited_here(SettledBy.CARRIER)
    assert not debited_here(SettledBy.PLATFORM)


@pytest.mark.parametrize(
    "loss, value, paid", [(5000, 8000, 5000), (9000, 8000, 8000), (150_000, 120_000, 100_000), (-1, 8000, 0)]
)
def test_a_claim_pays_the_least_of_three(loss: int, value: int, paid: int) -> None:
    """Actual loss, the parcel's value and 1000.00 yuan: the least of them."""
    assert compensation(loss, value, RULES) == paid


@given(fen, fen)
def test_a_claim_never_exceeds_its_bounds(loss: int, value: int) -> None:
    """No claim pays more than was lost, than the parcel was worth, or than 1000.00 yuan."""
    paid = compensation(loss, value, RULES)
    assert 0 <= paid <= min(loss, value, 100_000)
