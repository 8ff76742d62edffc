"""Answers to questions, and the short menu for a doubtful one (Q)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.cards.buttons import Actions, press, row
from bot.cards.card import Card, Choice, Fact
from bot.cards.texts import text
from bot.cards.views import Draw


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One topic answered: `words` are whole, `own` the shop's own addition, `rules` what it rests on."""

    topic: str
    words: str
    rules: tuple[str, ...] = ()
    own: str = ""


def answer_card(
    card_id: str,
    version: int,
    answers: Sequence[AnswerView],
    draw: Draw,
    actions: Actions,
    *,
    about: Sequence[str] = (),
    rated: str = "",
) -> Card:
    """All questions of a message in one reply: what is known of the named parcel first. Verbs: `open`, `useful`,
    `useless`; `rated` says what somebody thought of it.
    """
    lang = draw.lang
    facts = [Fact("", text=line) for line in about]
    facts += [Fact("", text=" ".join(filter(None, (a.words, a.own))), rules=a.rules[:4]) for a in answers]
    return Card(
        id=card_id,
        version=version,
        kind="answer",
        state="info",
        title=text(f"answer.{answers[0].topic}.label", lang) if answers else text("answer.records.label", lang),
        lang=lang,
        at=draw.now,
        facts=tuple(facts[:6]),
        buttons=row(
            press(actions, "open", "answer.button.open", lang, kind="primary"),
            press(actions, "useful", "answer.button.useful", lang),
            press(actions, "useless", "answer.button.useless", lang),
        ),
        foot=rated or (text("answer.about.next_open", lang) if "open" in actions else ""),
    )


def menu_card(card_id: str, topics: Sequence[str], draw: Draw, actions: Actions) -> Card:
    """A question that was not clear: up to four topics to choose from, in the team's own chat only."""
    lang = draw.lang
    return Card(
        id=card_id,
        version=1,
        kind="choice",
        state="info",
        title=text("answer.about.menu", lang),
        lang=lang,
        at=draw.now,
        choices=tuple(Choice(actions[topic], text(f"answer.{topic}.label", lang)) for topic in topics[:4]),
    )
