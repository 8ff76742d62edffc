"""Cards for somebody whom we do not know yet: how an account is bound, and what became of a code."""

from __future__ import annotations

from bot.cards.card import Card, Fact
from bot.cards.texts import text
from bot.domain.money import yuan


def unknown(lang: str) -> Card:
    """Whoever wrote is not bound: nothing was done, and how to bind."""
    return _card("unknown", "refused", "bind.next", lang, _nothing(lang), _reason("bind.unknown", lang))


def wrong(lang: str) -> Card:
    """The code is none that holds: made up, too old, or used."""
    return _card("wrong", "refused", "bind.next", lang, _reason("bind.wrong", lang))


def too_often(lang: str, tries: int) -> Card:
    """Codes are not to be guessed."""
    told = Fact(text("label.reason", lang), text=text("bind.too_often", lang, tries=tries))
    return _card("too_often", "refused", "bind.next_wait", lang, told)


def asked(lang: str, check: str) -> Card:
    """The owner may approve; the digits are compared. The same words whether or not the login exists."""
    return _card(
        "asked", "info", "bind.next_asked", lang, Fact(text("bind.check", lang), check), _reason("bind.asked", lang)
    )


def bound(lang: str, name: str, shop: str) -> Card:
    """Whose account it is from now on."""
    return _card("bound", "info", "bind.next_bound", lang, Fact(text("bind.who", lang), name, shop))


def _card(kind: str, state: str, next_step: str, lang: str, *facts: Fact) -> Card:
    return Card(
        id=f"bind:{kind}",
        version=1,
        kind="bind",
        state=state,
        title=text(f"bind.title_{kind}", lang),
        lang=lang,
        facts=facts,
        next_step=text(next_step, lang),
        next_label=text("label.next", lang),
    )


def _nothing(lang: str) -> Fact:
    return Fact(text("label.fee", lang), text("form.money", lang, amount=yuan(0)), text("bind.fee", lang))


def _reason(key: str, lang: str) -> Fact:
    return Fact(text("label.reason", lang), text=text(key, lang))
