"""The one card, drawn for the console: every kind that the desk can show, in both languages."""

import re
from dataclasses import replace
from html import unescape
from types import SimpleNamespace

import pytest

from bot.cards import words
from bot.cards.card import Button, Card, CardReason
from bot.console.drawing import ICONS, Drawing
from bot.console.talk import Shown
from tests.cards.samples import EN, NOW, ZH, everything

DRAWING = Drawing(words)
CARDS = [(draw.lang, name, card) for draw in (ZH, EN) for name, card in everything(draw).items()]


def drawn(card: Card) -> str:
    """The card as a message of the talk."""
    shown = Shown(7, 1, "bot", NOW, card=card, follows="case:1", from_bot=True, conversation="7001")
    facts = {"m": shown, "page": SimpleNamespace(csrf="token")}
    return DRAWING.draw("parts/message.html", DRAWING.speech(card.lang, NOW), facts)


def plain(html: str) -> str:
    """What a reader sees, without gaps."""
    return re.sub(r"\s+", "", unescape(re.sub(r"<[^>]+>", "", html)))


@pytest.mark.parametrize("lang, name, card", CARDS, ids=[f"{lang}-{name}" for lang, name, _ in CARDS])
def test_every_card_is_drawn_whole(lang: str, name: str, card: Card) -> None:
    """Title, numbers, fee, reasons with their rule and fix, next step and buttons are there; the state has a shape, a
    word and a mark for the style sheet.
    """
    html = drawn(card)
    text = plain(html)
    for part in (card.title, card.tracking_number, card.foot, *(fact.strong for fact in card.facts[1:])):
        assert re.sub(r"\s+", "", part) in text or card.kind in {"confirm", "signup"}, (lang, name, part)
    for parcel in card.parcels:
        for reason in parcel.reasons:
            assert re.sub(r"\s+", "", reason.text + reason.fix) in text
            assert reason.rule is None or f'href="/rules#{reason.rule}"' in html
    for button in card.buttons:
        assert re.sub(r"\s+", "", button.label) in text
        assert button.action in html
    if card.state in ICONS:
        assert f'data-s="{card.state}"' in html
        assert 'aria-hidden="true"><use href="#i-' in html
    assert "style=" not in html
    assert html.count("btn-p") <= 1


def test_nothing_in_a_card_becomes_markup() -> None:
    """Carriers' and buyers' words are text wherever they stand."""
    nasty = "<script>alert(1)</script>"
    reason = CardReason("CARRIER_RULE", None, nasty, nasty)
    for _, _, card in CARDS[:14]:
        parcels = tuple(replace(p, reasons=(reason,), tag=nasty, title=nasty) for p in card.parcels)
        facts = tuple(replace(f, strong=nasty, text=nasty) for f in card.facts)
        html = drawn(replace(card, title=nasty, foot=nasty, next_step=nasty, facts=facts, parcels=parcels))
        assert "<script" not in html


def test_a_locked_button_says_why_and_sends_nothing() -> None:
    """It is described by its reason, and no form can post it."""
    card = next(card for _, name, card in CARDS if name == "help")
    html = drawn(replace(card, buttons=(Button("a-open", "同意退款", why_not="还有 1 个包裹没有结果"),)))
    found = re.search(r'<button class="btn" type="button" aria-disabled="true" aria-describedby="([^"]+)"', html)
    assert found is not None
    assert f'id="{found[1]}">还有 1 个包裹没有结果' in html
    assert "a-open" not in html
