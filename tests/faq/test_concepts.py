"""What people say for one thing is one concept."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.faq import concepts as room
from bot.faq.concepts import concepts


def named(text: str) -> list[str]:
    """The concepts of a text, in order."""
    return [one.concept for one in concepts().mentions(text)]


@pytest.mark.parametrize("text", ["拦截", "截件", "截下来", "intercept", "interception"])
def test_the_act_has_many_names(text: str) -> None:
    """Standard, trade and English words for the act are one concept."""
    assert named(text) == ["stop"]


@pytest.mark.parametrize("text", ["叫回来", "喊回来", "掉头", "pull back", "recalled"])
def test_turning_round_has_many_names(text: str) -> None:
    """Whoever avoids the usual word is understood as turning a parcel round."""
    assert named(text) == ["turnback"]


def test_the_longest_word_counts() -> None:
    """A longer word hides the shorter ones in it."""
    assert named("多少钱") == ["howmuch"]
    assert named("失败原因") == ["records"]


def test_latin_words_count_whole() -> None:
    """A Latin word inside a longer one is not that word."""
    assert named("stopwatch") == []
    assert named("stop") == ["turnback"]


def test_some_words_count_only_where_a_clause_ends() -> None:
    """A particle asks at the end of a clause and nowhere else."""
    assert named("拦不") == ["stop", "ask_end"]
    assert named("拦不 好") == ["stop", "ask_end"]
    assert "ask_end" not in named("不知")


def test_each_word_stands_in_one_class() -> None:
    """The file gives each word to one concept."""
    table = tomllib.loads((Path(room.__file__).parent / "concepts.toml").read_text("utf-8"))
    for language, mark in (("zh", None), ("en", ",")):
        words = [" ".join(word.split()) for entry in table.values() for word in entry.get(language, "").split(mark)]
        assert sorted(word for word in words if word) == sorted({word for word in words if word})


@given(st.text(max_size=200))
def test_mentions_follow_one_another(text: str) -> None:
    """Any text is read to its end, and no mention overlaps another."""
    ends = 0
    for one in concepts().mentions(text):
        assert ends <= one.start < one.end <= len(text)
        ends = one.end
