"""What is no command may be a question: answered from the live rules, about the parcel named, or not at all (Q).

Silence is the default. The same words in the same chat get no second answer within minutes; where customers read
nothing is said of the merchant's money; what was not clear is kept for the operator, and in the team's own chat becomes
a short menu.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.cards.answer import AnswerView, answer_card, menu_card
from bot.cards.card import Card
from bot.cards.forms import listed, money
from bot.cards.info import fees_line
from bot.cards.texts import text
from bot.cards.views import Draw
from bot.cards.words import reason
from bot.domain.people import Asker
from bot.faq.answers import ABOUT_A_PARCEL, MONEY, RULES, Wanted, wanted
from bot.faq.recognise import Reading, read
from bot.handlers import views
from bot.handlers.actions import action
from bot.handlers.contract import SILENCE, Incoming, Reply
from bot.handlers.outgoing import Outgoing
from bot.handlers.rooms import Rooms
from bot.handlers.typed_ids import ids_in
from bot.interception.facts import Candidate
from bot.rules.rulebook import RuleSet
from bot.store import questions
from bot.store.database import now
from bot.store.questions import Question

QUIET = timedelta(minutes=3)
"""The same words in the same chat within this time are not answered again."""

THIS_ONE = re.compile(r"[这這本此][一]?[单單个個件票]|\bthis (?:one|parcel|order|package)\b", re.IGNORECASE)
MOST_PARCELS = 3


class Questions:
    """Recognises, keeps and answers."""

    def __init__(self, rooms: Rooms, outgoing: Outgoing) -> None:
        self._rooms = rooms
        self._outgoing = outgoing

    async def ask(self, incoming: Incoming) -> Reply:
        """The answer, a menu, the record of a named parcel, or silence."""
        words = incoming.text or ""
        shop_id, chat = incoming.asker.shop_id, incoming.chat
        mode = await self._rooms.database.read(lambda c: questions.mode(c, shop_id, chat.channel, chat.id))
        if mode == "off" or not words.strip():
            return SILENCE
        extra = await self._rooms.database.read(lambda c: questions.live_phrases(c, incoming.asker.shop_id))
        reading = read(words, extra)
        topics = [topic for topic in reading.topics if topic in RULES and (incoming.private or topic not in MONEY)]
        if not (incoming.private or reading.sure):
            topics = []  # where customers read, only what is certain is said
        subject = await self._subject(incoming, words)
        if reading.asks_state and subject is not None and not topics:
            return await self._outgoing.reply([f"records:{subject}"], incoming.asker, incoming.chat.lang)
        guesses = [topic for topic in reading.guesses if topic in RULES]
        if mode == "suggest":
            topics, guesses = [], [*topics, *guesses]
        if not topics and not guesses:
            return SILENCE
        seq = await self._rooms.database.write(lambda c: _keep(c, incoming, reading, topics, guesses, subject))
        if seq is None or (not topics and not incoming.private):
            return SILENCE
        return await self._outgoing.reply([f"answer:{seq}"], incoming.asker, incoming.chat.lang)

    async def _subject(self, incoming: Incoming, words: str) -> str | None:
        """The after-sale that the message is about: a number in it, or 「这单」 in an after-sale's own talk. None where
        customers read: a number proves nobody to be the parcel's buyer.
        """
        if not incoming.private:
            return None
        numbers = ids_in(words)
        if numbers:
            found = await self._rooms.interceptions.find(incoming.asker.shop_id, numbers[:1])
            return next((one.after_sale_id for one in found[numbers[0]]), None)
        return incoming.conversation if THIS_ONE.search(words) else None

    async def draw(self, rest: str, asker: Asker, draw: Draw) -> Card | None:
        """The card of a kept question, from the rules and the parcels of this moment."""
        if not rest.isdecimal():
            return None
        question = await self._rooms.database.read(lambda c: questions.get(c, asker.shop_id, int(rest)))
        if question is None:
            return None
        card_id, draw = f"answer:{question.seq}", Draw(question.lang, draw.now)
        if not question.topics:
            verbs = {topic: action("topic", f"{question.seq}:{topic}") for topic in question.guesses}
            return menu_card(card_id, question.guesses, draw, verbs) if verbs else None
        rules = self._rooms.rules()
        about, eligible = await self._about(question, asker, rules, draw)
        answers = [await self._answer(asker, one, rules, draw.lang) for one in self._wanted(question, rules)]
        verbs = {verb: action(verb, str(question.seq)) for verb in ("useful", "useless")}
        if eligible and question.subject:
            verbs["open"] = action("open", question.subject)
        rated = ""
        if question.rating:
            what = text("answer.button.useful" if question.rating > 0 else "answer.button.useless", draw.lang)
            rated = text("answer.button.thanks", draw.lang, what=what)
        version = 1 + (question.rating is not None)
        return answer_card(card_id, version, answers, draw, verbs, about=about, rated=rated)

    def _wanted(self, question: Question, rules: RuleSet) -> list[Wanted]:
        return wanted(question.topics, read(question.text).carriers, tuple(rules.carriers))

    async def _answer(self, asker: Asker, one: Wanted, rules: RuleSet, lang: str) -> AnswerView:
        own = await self._rooms.database.read(lambda c: questions.own_answer(c, asker.shop_id, one.topic))
        words = text(f"answer.{one.topic}.{one.variant}", lang, **facts(rules, lang, one.carrier))
        added = "" if own is None else own[lang == "en"]
        return AnswerView(one.topic, words, RULES[one.topic], added)

    async def _about(self, question: Question, asker: Asker, rules: RuleSet, draw: Draw) -> tuple[list[str], bool]:
        if question.subject is None or not set(question.topics) & ABOUT_A_PARCEL:
            return [], False
        found = await self._rooms.interceptions.candidates(asker, question.subject)
        lines = [_about(candidate, rules, draw) for candidate in found[:MOST_PARCELS]]
        return lines, any(candidate.verdict.eligible for candidate in found)

    async def choose(self, incoming: Incoming, subject: str) -> Reply:
        """A topic of the menu was pressed: it is answered, and the question counts as answered."""
        number, _, topic = subject.partition(":")
        asker = incoming.asker
        if not number.isdecimal() or topic not in RULES:
            return SILENCE
        await self._rooms.database.write(
            lambda c: questions.answer_with(c, asker.shop_id, int(number), [topic], now(c))
        )
        return await self._outgoing.reply([f"answer:{number}"], asker, incoming.chat.lang)

    async def useful(self, incoming: Incoming, number: str) -> Reply:
        """「有用」."""
        return await self._rate(incoming, number, 1)

    async def useless(self, incoming: Incoming, number: str) -> Reply:
        """「没用」: the operator sees it."""
        return await self._rate(incoming, number, -1)

    async def _rate(self, incoming: Incoming, number: str, rating: int) -> Reply:
        asker = incoming.asker
        if number.isdecimal():
            await self._rooms.database.write(
                lambda c: questions.rate(c, asker.shop_id, int(number), rating, asker.name, now(c))
            )
        return await self._outgoing.reply([f"answer:{number}"], asker, incoming.chat.lang)


def facts(rules: RuleSet, lang: str, carrier: str | None = None) -> dict[str, str]:
    """Everything that the words of an answer may be filled with, from those rules."""
    rule = None if carrier is None else rules.carriers.get(carrier)
    names = [one.name.of(lang) for one in rules.carriers.values()]
    windows = [
        text("answer.window.one", lang, carrier=one.name.of(lang), window=_window(one.last_stage_open, lang))
        for one in rules.carriers.values()
    ]
    return {
        "fees": fees_line(views.fee_views(rules, lang), lang),
        "carriers": listed(names, lang),
        "limit": money(rules.value_limit_fen, lang),
        "compensation": money(rules.compensation_limit_fen, lang),
        "categories": listed([name.of(lang) for name in rules.categories.values()], lang),
        "windows": listed(windows, lang),
        "carrier": "" if carrier is None else rules.carrier_name(carrier).of(lang),
        "fee": "" if rule is None else money(rule.fee_fen, lang),
        "window": "" if rule is None else _window(rule.last_stage_open, lang),
    }


def _window(last_stage_open: object, lang: str) -> str:
    return text(f"window.{last_stage_open}", lang)


def _about(candidate: Candidate, rules: RuleSet, draw: Draw) -> str:
    lang, parcel = draw.lang, candidate.parcel
    name = rules.carrier_name(parcel.carrier).of(lang)
    who = {"carrier": name, "number": parcel.tracking_number}
    if candidate.blocking is not None:
        case = candidate.blocking
        state = text(f"state.{case.way_home or case.state}", lang)
        return text("answer.about.this_case", lang, **who, state=state, fee=money(case.fee_fen, lang))
    if candidate.verdict.eligible:
        stage = text(f"stage.{candidate.reading.stage}", lang)
        fee = money(candidate.verdict.fee_fen, lang)
        return text("answer.about.this_open", lang, **who, fee=fee, stage=stage)
    told = [reason(one, lang, carrier=name, now=draw.now) for one in candidate.verdict.reasons]
    reasons = "；".join(f"{one.rule or ''} {one.text}".strip() for one in told)
    return text("answer.about.this_refused", lang, **who, reasons=reasons)


def _keep(
    connection: Connection,
    incoming: Incoming,
    reading: Reading,
    topics: Sequence[str],
    guesses: Sequence[str],
    subject: str | None,
) -> int | None:
    """Keeps the question; None when another message said these very words in that chat a moment ago.

    This very message may have been kept by a process that died before it answered: it is answered now (ruling 1).
    """
    chat, at, words = incoming.chat, now(connection), incoming.text or ""
    shop_id = incoming.asker.shop_id
    own = questions.asked_by_message(connection, shop_id, chat.channel, incoming.message_id)
    if own is not None:
        return own
    if questions.asked_lately(connection, shop_id, chat.channel, chat.id, words, since(at)):
        return None
    return questions.keep(
        connection,
        {
            "shop_id": shop_id,
            "channel": chat.channel,
            "chat": chat.id,
            "message_id": incoming.message_id,
            "asked_by": incoming.asker.name,
            "at": at,
            "text": words[:2000],
            "lang": reading.lang,
            "topics": list(topics),
            "guesses": list(guesses),
            "subject": subject,
            "settled": False,
        },
    )


def since(at: datetime) -> datetime:
    """From when on the same words count as a repeat."""
    return at - QUIET
