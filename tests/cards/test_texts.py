from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from bot.cards.texts import keys, language, reason_table, text
from bot.domain.case import State, WayHome
from bot.domain.parcel import Stage
from bot.domain.reason import ReasonCode
from bot.resources import templates

FORBIDDEN = re.compile(r"出错了|操作失败|系统繁忙|稍后重试|抱歉|您|[!！]|Something went wrong|Sorry")


def pairs() -> Iterator[tuple[str, dict[str, str]]]:
    """Every text of every file of texts, in both languages."""

    def walk(table: dict[str, Any], prefix: str) -> Iterator[tuple[str, dict[str, str]]]:
        for name, value in table.items():
            if set(value) <= {"zh", "en"}:
                yield f"{prefix}{name}", value
            else:
                yield from walk(value, f"{prefix}{name}.")

    for path in [templates() / "words.toml", templates() / "reasons.toml", *(templates() / "cards").glob("*.toml")]:
        yield from walk(tomllib.loads(path.read_text(encoding="utf-8")), f"{path.name}:")


def facts(words: str) -> set[str]:
    """The facts that a text asks for."""
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


@pytest.mark.parametrize("by_lang", [pytest.param(value, id=key) for key, value in pairs()])
def test_both_languages_with_the_same_facts(by_lang: dict[str, str]) -> None:
    """Each key has both languages; English asks for no fact that Chinese has not, and neither says what none may."""
    assert set(by_lang) == {"zh", "en"}
    assert facts(by_lang["en"]) <= facts(by_lang["zh"]) | {"carrier"}
    for words in by_lang.values():
        assert words.strip() == words
        assert not FORBIDDEN.search(words)


@pytest.mark.parametrize("code", list(ReasonCode))
def test_every_reason_has_words_and_a_remedy(code: ReasonCode) -> None:
    """No reason without its words, a short form and what to do, in both languages."""
    entry = reason_table()[code]
    for part in ("short", "text", "fix"):
        assert all(entry[part][lang] for lang in ("zh", "en"))
    assert not facts(entry["short"]["zh"])


def test_no_words_for_reasons_that_do_not_exist() -> None:
    """What stands in the file is a reason of ours."""
    assert set(reason_table()) == {code.value for code in ReasonCode}


def test_every_state_and_stage_is_worded() -> None:
    """Each state, way home and stage has its word, and each state its title, next step and fee line."""
    for state in [*State, *WayHome, "queued"]:
        assert {f"state.{state}", f"result.title.{state}", f"result.next.{state}"} <= keys()
    assert {f"result.fee.{state}" for state in State if state is not State.SUCCEEDED} <= keys()
    assert {f"stage.{stage}" for stage in Stage} <= keys()
    assert {f"check.R{n}.{end}" for n in range(1, 12) for end in ("passed", "failed")} <= keys()


def test_an_unknown_key_or_a_missing_fact_is_a_defect() -> None:
    """A card never shows a hole: what is missing is raised, where the tests see it."""
    with pytest.raises(KeyError):
        text("no.such", "zh")
    with pytest.raises(KeyError):
        text("time.since", "zh", other="x")


@pytest.mark.parametrize("wanted,ours", [("zh-CN", "zh"), ("en-GB", "en"), ("EN", "en"), ("fr", "zh"), ("", "zh")])
def test_the_nearest_language(wanted: str, ours: str) -> None:
    """English for English, Chinese for all else."""
    assert language(wanted) == ours
