"""Every answer is filled from the rules that hold now: another rule, another answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.cards.texts import keys, text
from bot.faq.answers import BY_CARRIER, RULES, wanted
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
@pytest.mark.parametrize("rule", sorted(SPEAKS_OF))
def test_every_variant_follows_the_rules(tmp_path: Path, rule: str, lang: str) -> None:
    """For one carrier, for one that cannot be used, for customers: whatever names the thing says how it is now."""
    named = {"fees": ("{fees}", "{fee}"), "windows": ("{windows}", "{window}"), "limit": ("{limit}",)}
    marks = named.get(rule, ("{" + rule + "}",))
    speaking = [key for key in sorted(keys()) if key.startswith("answer.") and any(m in text(key, lang) for m in marks)]
    speaking = [key for key in speaking if key.split(".")[1] in RULES]
    assert speaking
    before, after = (facts(one, lang, "yto") for one in (RuleBook.load().at(NOW), changed(tmp_path)[rule]))
    for key in speaking:
        assert text(key, lang, **before) != text(key, lang, **after), key


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_rules_without_a_category_or_a_carrier_leave_no_gap(lang: str) -> None:
    """What an operator has emptied is said to be empty."""
    empty = replace(RuleBook.load().at(NOW), categories={}, carriers={})
    told = answers(empty, lang)
    for topic in ("category_limit", "carriers", "fee", "when_possible"):
        assert ("目前没有" if lang == "zh" else "none at present") in told[topic]


@pytest.mark.parametrize("variant", ["unsupported", "unrouted"])
@pytest.mark.parametrize("topic", sorted(BY_CARRIER))
def test_a_carrier_that_cannot_be_used_is_named(topic: str, variant: str) -> None:
    """Whatever was asked about it, in both languages: never the answer for the others alone."""
    rules = RuleBook.load().at(NOW)
    unrouted = ("sf",) if variant == "unrouted" else ()
    [one] = wanted((topic,), ("sf",), tuple(rules.carriers), unrouted)
    for lang, name in (("zh", "顺丰"), ("en", "SF")):
        assert name in text(f"answer.{topic}.{one.variant}", lang, **facts(rules, lang, one.carrier))


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
