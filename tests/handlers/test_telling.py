"""What is understood as quiet hours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.handlers.grammar import parse
from bot.handlers.telling import Hours, hours
from bot.store.telling import Quiet

NIGHT = Hours(named=True, quiet=Quiet(22 * 60, 8 * 60))


@pytest.mark.parametrize(
    "words",
    ["22:00-08:00", "22:00～8:00", "22-8", "免打扰 22:00-08:00", "22点到8点", "22:00 至 08:00", "quiet 22:00 to 08:00"],
)
def test_two_times(words: str) -> None:
    """However they are written, typed behind the command."""
    parsed = parse(f"/subscribe {words}")
    assert parsed is not None
    assert hours(parsed.argument) == NIGHT


@pytest.mark.parametrize("words", ["全天", "always", "NONE", "0:00-24:00", "8:00-8:00"])
def test_none_at_all(words: str) -> None:
    """Said so, or of no length."""
    assert hours(words) == Hours(named=True)


def test_nothing_said() -> None:
    """What holds goes on."""
    assert hours("  ") == Hours()


@pytest.mark.parametrize("words", ["晚上", "22:00", "25-8", "22:60-8:00", "22-8 7312045566778891", "-", "22-8-9"])
def test_not_understood(words: str) -> None:
    """Anything else names no two times: nothing is guessed."""
    assert hours(words) is None


@given(st.text(max_size=60))
def test_any_words(words: str) -> None:
    """Whatever is written, it is hours of a day or none."""
    found = hours(words)
    if found is not None and found.quiet is not None:
        assert 0 <= found.quiet.begin < 1440
        assert 0 <= found.quiet.end < 1440
