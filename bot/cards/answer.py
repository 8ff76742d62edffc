"""Answers to questions, and the short menu for a doubtful one (Q)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.cards.buttons import Actions, link, press, row
from bot.cards.card import Button, Card, Choice, Fact
from bot.cards.texts import text
from bot.cards.views import Draw

MOST_FACTS = 6


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One topic answered: `words` are whole, `own` the shop's own addition, `rules` what it rests on."""

    topic: str
    words: str
    rules: tuple[str, ...] = ()
    own: str = ""


def answer_card(  # noqa: PLR0913 - each fact comes from another room
    card_id: str,
    version: int,
    answers: Sequence[AnswerView],
    draw: Draw,
    actions: Actions,
    *,
    about: Sequence[str] = (),
    rated: str = "",
    since: str = "",
    records: str = "",
) -> Card:
    """All questions of a message in one reply: what is known of the named parcel or of the shop first. Verbs: `open`,
    `sign`, `ask_grant`, `useful`, `useless`; `rated` says what somebody thought of it, `since` from when the rules
    hold that it rests on, `records` is the path of the page of records.
    """
    lang = draw.lang
    facts = [Fact("", text=line) for line in about]
    facts += [Fact("", text=" ".join(filter(None, (a.words, a.own))), rules=a.rules) for a in answers]
    foot = [text("answer.about.next_open", lang)] if "open" in actions else []
    foot += [text("answer.about.rules", lang, since=since)] if since and any(a.rules for a in answers) else []
    return Card(
        id=card_id,
        version=version,
        kind="answer",
        state="info",
        title=text(f"answer.{answers[0].topic}.label", lang) if answers else text("answer.records.label", lang),
        lang=lang,
        at=draw.now,
        facts=_fitting(facts),
        buttons=row(
            _next(actions, lang, records),
            press(actions, "useful", "answer.button.useful", lang),
            press(actions, "useless", "answer.button.useless", lang),
        ),
        foot=rated or " ".join(foot),
    )


def _next(actions: Actions, lang: str, records: str) -> Button | None:
    """The one button that leads on: to the interception, to what must happen before it, or to the records."""
    for verb in ("open", "sign", "remind", "ask_grant"):
        if verb in actions:
            return press(actions, verb, f"answer.button.{verb}", lang, kind="primary")
    return link({}, "answer.button.records", lang, records) if records else None


def _fitting(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """At most so many lines as every platform shows; what is left over goes into the last, none is dropped."""
    kept, rest = facts[: MOST_FACTS - 1], facts[MOST_FACTS - 1 :]
    if len(rest) < 2:
        return tuple(facts)
    rules = tuple(dict.fromkeys(rule for fact in rest for rule in fact.rules))
    return (*kept, Fact("", text=" ".join(fact.text for fact in rest), rules=rules))


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
