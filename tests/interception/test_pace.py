"""The waiting steps of rulings 5 and 7, at every moment and for clocks that jump."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.interception.pace import Pace, next_look, retry_unsent
from tests.interception.shop import START

SECONDS = st.floats(min_value=-100_000, max_value=20 * 86400)


def s(seconds: float) -> timedelta:
    """So many seconds."""
    return timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "elapsed, wait", [(0, 1), (1, 1), (2, 3), (5, 10), (15, 45), (60, 600), (3599, 600), (3600, 3600), (86400, 3600)]
)
def test_the_steps(elapsed: float, wait: float) -> None:
    """1, 2, 5, 15, 60 s after the beginning, every ten minutes up to an hour, then hourly; each within ten per cent."""
    seen = next_look(START, START + s(elapsed), random.Random(1)) - START - s(elapsed)
    assert s(0.9 * wait) <= seen <= s(1.1 * wait)


@given(SECONDS, st.randoms(use_true_random=False))
def test_a_look_is_never_now_and_never_far(elapsed: float, chance: random.Random) -> None:
    """At least 0.2 s later, at most an hour and a tenth, also when the clock has gone back."""
    at = START + s(elapsed)
    assert s(0.2) <= next_look(START, at, chance) - at <= s(3960)


@given(SECONDS)
def test_an_ask_that_never_left_is_tried_again_soon(elapsed: float) -> None:
    """Between half a second and five seconds later, also when the clock has gone back."""
    at = START + s(elapsed)
    assert s(0.5) <= retry_unsent(START, at) - at <= s(5)


def test_the_quiet_time_is_longer_than_two_calls() -> None:
    """Ruling 6: other times are refused in words that name both settings."""
    with pytest.raises(ValueError, match=r"BOT_CALL_TIMEOUT_S.*BOT_DOUBT_QUIET_S"):
        Pace(call_timeout=s(8), quiet=s(16))
    assert Pace(call_timeout=s(8), quiet=s(16.1)).lost_after == s(9)
