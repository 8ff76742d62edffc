"""Every answer is filled from the rules that hold now: another rule, another answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.cards.texts import text
from bot.faq.answers import RULES, wanted
from bot.handlers.question import facts
from bot.rules.rulebook import RuleBook, RuleSet

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SPEAKS_OF = {
    "fees": {"fee", "fee_on_fail"},
    "limit": {"eligibility", "value_limit"},
    "compensation": {"claim"},
    "categories": {"category_limit"},
    "carriers": {"carriers", "eligibility"},
    "windows": {"when_possible"},
}
"""Which topics speak of which rule."""


def answers(rules: RuleSet, lang: str) -> dict[str, str]:
    """Every topic's general answer."""
    return {
        one.topic: text(f"answer.{one.topic}.{one.variant}", lang, **facts(rules, lang, one.carrier))
        for one in wanted(tuple(RULES), (), tuple(rules.carriers))
    }


def changed(tmp_path: Path) -> dict[str, RuleSet]:
    """The shipped rules, each with one thing changed in an operator's file."""
    base = RuleBook.load().at(NOW)
    yto = base.carriers["yto"]
    zto = base.carriers["zto"]
    categories = {**base.categories, "toys": replace(next(iter(base.categories.values())), zh="玩具", en="toys")}
    return {
        "fees": replace(base, carriers={**base.carriers, "yto": replace(yto, fee_fen=550)}),
        "limit": replace(base, value_limit_fen=50_000),
        "compensation": replace(base, compensation_limit_fen=80_000),
        "categories": replace(base, categories=categories),
        "carriers": replace(base, carriers={"zto": zto}),
        "windows": replace(base, carriers={**base.carriers, "yto": replace(yto, last_stage_open=zto.last_stage_open)}),
    }


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("rule", sorted(SPEAKS_OF))
def test_a_changed_rule_changes_every_answer_that_speaks_of_it(tmp_path: Path, rule: str, lang: str) -> None:
    """Over all topics, in both languages."""
    before, after = answers(RuleBook.load().at(NOW), lang), answers(changed(tmp_path)[rule], lang)
    differing = {topic for topic in RULES if before[topic] != after[topic]}
    assert SPEAKS_OF[rule] <= differing


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_topic_has_words(lang: str) -> None:
    """None is empty, and none leaves a gap unfilled."""
    for topic, told in answers(RuleBook.load().at(NOW), lang).items():
        assert len(told) > 10, topic
        assert "{" not in told


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_named_carrier_gets_its_own_answer(lang: str) -> None:
    """圆通 costs 4.00; 顺丰 is not supported."""
    rules = RuleBook.load().at(NOW)
    [yto] = wanted(("fee",), ("yto",), tuple(rules.carriers))
    assert "4.00" in text(f"answer.fee.{yto.variant}", lang, **facts(rules, lang, yto.carrier))
    [sf] = wanted(("carriers",), ("sf",), tuple(rules.carriers))
    told = text(f"answer.carriers.{sf.variant}", lang, **facts(rules, lang, sf.carrier))
    assert ("还不支持" if lang == "zh" else "not supported") in told
