"""Buttons from verbs: what a verb does is looked up when it is pressed, so a card only carries the opaque id."""

from __future__ import annotations

from collections.abc import Mapping

from bot.cards.card import Button
from bot.cards.texts import text

Actions = Mapping[str, str]
"""Verb → opaque action id. A verb that is not there has no button."""

MOST = 3

ICONS: Mapping[str, str] = {
    "open": "back",
    "confirm": "back",
    "cancel": "x",
    "look_again": "redo",
    "refresh": "redo",
    "sign": "doc",
    "remind": "send",
    "ask_grant": "send",
}


def press(actions: Actions, verb: str, key: str, lang: str, *, kind: str = "plain", why_not: str = "") -> Button | None:
    """The button of a verb, or None when the caller made no action for it."""
    action = actions.get(verb)
    if action is None:
        return None
    return Button(action, text(key, lang), kind, why_not=why_not, icon=ICONS.get(verb, ""))


def copy(key: str, lang: str, value: str) -> Button:
    """Copies words; asks nobody."""
    return Button("", text(key, lang), "copy", value, icon="copy")


def link(actions: Actions, key: str, lang: str, path: str) -> Button | None:
    """Leads to a page of ours; where there is no page, to the card that the verb `records` shows."""
    if path:
        return Button("", text(key, lang), "link", path)
    return press(actions, "records", key, lang)


def row(*buttons: Button | None) -> tuple[Button, ...]:
    """At most three, in this order of importance."""
    return tuple([button for button in buttons if button is not None][:MOST])
