"""What holds for every card (console README 7 and 8)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import pytest

from bot.cards.card import Card
from tests.cards.samples import EN, ZH, everything

CARDS = [pytest.param(card, id=f"{name}-{card.lang}") for draw in (ZH, EN) for name, card in everything(draw).items()]
MONEY_KINDS = {"confirm", "result", "stale", "unsigned", "signed", "denied", "usage", "not_found", "batch", "fees"}
MONEY_KINDS |= {"too_old", "no_person"}
FORBIDDEN = re.compile(r"出错了|操作失败|系统繁忙|稍后重试|抱歉|您|[!！]|Something went wrong|Sorry|\{|\}")


def texts(value: object) -> Iterator[str]:
    """Every text anywhere in a card."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for inner in value:
            yield from texts(inner)
    elif is_dataclass(value):
        for field in fields(value):
            yield from texts(getattr(value, field.name))


def width(words: str) -> int:
    """Columns: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in words)


@pytest.mark.parametrize("card", CARDS)
def test_a_card_fits_everywhere(card: Card) -> None:
    """Title of 26 characters, six facts, three buttons of which one is primary, labels of eight."""
    assert 0 < width(card.title) <= 52
    assert len(card.facts) <= 6
    assert len(card.buttons) <= 3
    assert sum(button.kind == "primary" for button in card.buttons) <= 1
    for label in [b.label for b in card.buttons] + [c.label for c in card.choices]:
        assert 0 < width(label) <= (16 if card.lang == "zh" else 22), label


@pytest.mark.parametrize("card", CARDS)
def test_a_card_says_what_it_must(card: Card) -> None:
    """A next step, except on a used card; and a fee line, wherever money could have moved."""
    assert card.next_step or card.kind == "folded"
    assert card.kind not in MONEY_KINDS or card.facts[0].label in ("费用", "Fee")


@pytest.mark.parametrize("card", CARDS)
def test_no_card_says_what_none_may(card: Card) -> None:
    """No empty apology, no exclamation, no emoji, no unfilled fact, and no shop's or buyer's name in words to copy."""
    for words in texts(card):
        assert not FORBIDDEN.search(words), words
        assert not any(unicodedata.category(letter) == "So" for letter in words), words
    for button in card.buttons:
        if button.kind == "copy":
            assert "栗木" not in button.value
            assert "王**" not in button.value


@pytest.mark.parametrize("card", CARDS)
def test_money_has_two_decimals(card: Card) -> None:
    """Every amount is written with two decimals, except the fixed 「失败 0 元」."""
    for words in texts(card):
        for amount in re.findall(r"([\d.,]+) 元|¥([\d.,]+)", words):
            number = (amount[0] or amount[1]).rstrip(".,")
            assert number == "0" or re.fullmatch(r"[\d,]+\.\d\d", number), words


@pytest.mark.parametrize("card", CARDS)
def test_buttons_carry_nothing_but_an_opaque_id(card: Card) -> None:
    """A pressable button has the caller's id; words to copy and links ask nobody."""
    for button in card.buttons:
        if button.kind in ("copy", "link"):
            assert (button.action, bool(button.value)) == ("", True)
        else:
            assert (button.action[:2], button.value) == ("a-", "")


@pytest.mark.parametrize("card", [c.values[0] for c in CARDS if c.values[0].lang == "en"], ids=lambda card: card.title)
def test_english_cards_have_no_chinese_labels(card: Card) -> None:
    """Labels, titles and tags of an English card are English."""
    for label in (card.title, card.next_label, *(f.label for f in card.facts), *(p.tag for p in card.parcels)):
        for shown in (label, *(b.label for b in card.buttons)):
            assert not re.search(r"[\u4e00-\u9fff]", shown.replace("吴岚", "")), shown
