"""What is no command may be a question: answered from the live rules, about the parcel named, or not at all (Q).

Silence is the default. The same words in the same chat get no second answer within minutes; where customers read
nothing is said of the merchant's money; what was not clear is kept for the operator, and in the team's own chat becomes
a short menu.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.cards.answer import AnswerView, answer_card, menu_card
from bot.cards.card import Card
from bot.cards.forms import listed, money
from bot.cards.info import fees_line
from bot.cards.texts import text
from bot.cards.views import Draw
from bot.domain.people import Asker
from bot.faq.answers import CUSTOMERS, MONEY, RULES, Wanted, for_customers, wanted
from bot.faq.recognise import Reading, read
from bot.handlers import views
from bot.handlers.about import MOST_NAMED, About, Abouts, best
from bot.handlers.actions import action
from bot.handlers.contract import SILENCE, Incoming, Reply
from bot.handlers.grammar import ids_of
from bot.handlers.outgoing import Outgoing
from bot.handlers.rooms import Rooms
from bot.rules.rulebook import RuleSet
from bot.store import questions
from bot.store.database import now
from bot.store.questions import Question

QUIET = timedelta(minutes=3)
"""The same words in the same chat within this time are not answered again."""

THIS_ONE = re.compile(
    r"[这這那本此][一]?(?:[单單个個件票]|包裹|快[递遞])|\b(?:this|that) (?:one|parcel|order|package)\b", re.IGNORECASE
)
OF_ONE = frozenset({"when_possible"})
"""Asked beside an after-sale, and of no other carrier, it means that one (还能拦吗)."""

LONGEST = 2000
"""So much of a question is kept."""

_MARKS = re.compile(r"[\W_]+")


class Questions:
    """Recognises, keeps and answers."""

    def __init__(self, rooms: Rooms, outgoing: Outgoing) -> None:
        self._rooms = rooms
        self._outgoing = outgoing
        self._abouts = Abouts(rooms)

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
        guesses = [topic for topic in reading.guesses if topic in RULES]
        subject = await self._subject(incoming, words, reading)
        if reading.asks_state and subject is not None and not topics:
            return await self._outgoing.reply([_record_of(words, subject)], incoming.asker, incoming.chat.lang)
        if mode == "suggest" or not (incoming.private or reading.sure):  # where customers read, only what is certain
            topics, guesses = [], [*topics, *guesses]
        if not topics and not guesses and not reading.unanswered:
            return SILENCE
        seq = await self._rooms.database.write(lambda c: _keep(c, incoming, reading, topics, guesses, subject))
        if seq is None or not (topics or (guesses and incoming.private)):
            return SILENCE
        target = f"answer:{seq}" if incoming.private else f"answer:{seq}:{CUSTOMERS}"
        return await self._outgoing.reply([target], incoming.asker, incoming.chat.lang)

    async def _subject(self, incoming: Incoming, words: str, reading: Reading) -> str | None:
        """The after-sale that the message is about: of a number in it, or the one beside which it is asked, for
        「这单」 and for what can only be asked of one. None where customers read: a number proves nobody to be the
        parcel's buyer.
        """
        if not incoming.private:
            return None
        numbers = ids_of(words)[:MOST_NAMED]
        if numbers:
            found = await self._rooms.interceptions.find(incoming.asker.shop_id, numbers)
            named = (best(found[number], incoming.conversation) for number in numbers)
            return next((one for one in named if one is not None), None)
        of_one = reading.asks_state or (set(reading.topics) & OF_ONE and not reading.carriers)
        return incoming.conversation if of_one or THIS_ONE.search(words) else None

    async def draw(self, rest: str, asker: Asker, draw: Draw) -> Card | None:
        """The card of a kept question, from the rules and the parcels of this moment; for customers without a word of
        money, and without what the shop adds for its own people.
        """
        number, _, readers = rest.partition(":")
        if not number.isdecimal() or readers not in {"", CUSTOMERS}:
            return None
        question = await self._rooms.database.read(lambda c: questions.get(c, asker.shop_id, int(number)))
        if question is None:
            return None
        card_id, draw = f"answer:{question.seq}", Draw(question.lang, draw.now)
        if not question.topics:
            verbs = {topic: action("topic", f"{question.seq}:{topic}") for topic in question.guesses}
            return menu_card(card_id, question.guesses, draw, verbs) if verbs else None
        live = self._rooms.rules()
        rules = self._abouts.rules(asker.shop_id, live)
        named = wanted(question.topics, read(question.text).carriers, tuple(rules.carriers), tuple(live.carriers))
        if readers:
            told = [_answer(for_customers(one), rules, draw.lang) for one in named if one.topic not in MONEY]
            return answer_card(f"{card_id}:{readers}", question.version, told, draw, {}) if told else None
        about = await self._abouts.of(question, asker, live, draw)
        answers = [await self._added(asker, _answer(one, rules, draw.lang), draw.lang) for one in named]
        return _card(question, answers, about, live, draw)

    async def _added(self, asker: Asker, answer: AnswerView, lang: str) -> AnswerView:
        own = await self._rooms.database.read(lambda c: questions.own_answer(c, asker.shop_id, answer.topic))
        return answer if own is None else replace(answer, own=own[lang == "en"])

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
        "fees": fees_line(views.fee_views(rules, lang), lang) if rules.carriers else _listed((), lang),
        "carriers": _listed(names, lang),
        "limit": money(rules.value_limit_fen, lang),
        "compensation": money(rules.compensation_limit_fen, lang),
        "categories": _listed([name.of(lang) for name in rules.categories.values()], lang),
        "windows": _listed(windows, lang),
        "carrier": "" if carrier is None else rules.carrier_name(carrier).of(lang),
        "fee": "" if rule is None else money(rule.fee_fen, lang),
        "window": "" if rule is None else _window(rule.last_stage_open, lang),
    }


def _record_of(words: str, subject: str) -> str:
    """The target that tells how it stands: of the one number that was typed, else of the after-sale."""
    numbers = ids_of(words)
    return f"records:{numbers[0] if len(numbers) == 1 else subject}"


def _window(last_stage_open: object, lang: str) -> str:
    return text(f"window.{last_stage_open}", lang)


def _listed(words: Sequence[str], lang: str) -> str:
    return listed(words, lang) or text("answer.window.none", lang)


def _answer(one: Wanted, rules: RuleSet, lang: str) -> AnswerView:
    words = text(f"answer.{one.topic}.{one.variant}", lang, **facts(rules, lang, one.carrier))
    return AnswerView(one.topic, words, RULES[one.topic])


def _card(question: Question, answers: Sequence[AnswerView], about: About, rules: RuleSet, draw: Draw) -> Card:
    verbs = {verb: action(verb, str(question.seq)) for verb in ("useful", "useless")}
    rated = ""
    if question.rating:
        what = text("answer.button.useful" if question.rating > 0 else "answer.button.useless", draw.lang)
        rated = text("answer.button.thanks", draw.lang, what=what)
    return answer_card(
        f"answer:{question.seq}",
        question.version,
        answers,
        draw,
        {**verbs, **about.verbs},
        about=about.lines,
        rated=rated,
        since=rules.version,
        records="/records" if "records" in question.topics else "",
    )


def _keep(
    connection: Connection,
    incoming: Incoming,
    reading: Reading,
    topics: Sequence[str],
    guesses: Sequence[str],
    subject: str | None,
) -> int | None:
    """Keeps the question; None when another message said the same in that chat a moment ago and got the same answer;
    where customers read, also when other words got it.

    This very message may have been kept by a process that died before it answered: it is answered now (ruling 1).
    """
    chat, at, words = incoming.chat, now(connection), incoming.text or ""
    shop_id = incoming.asker.shop_id
    own = questions.asked_by_message(connection, shop_id, chat.channel, incoming.message_id)
    if own is not None:
        return own
    before = questions.lately(connection, shop_id, chat.channel, chat.id, since(at))
    answer = (tuple(topics), tuple(guesses), subject)
    if any(_repeats(words, answer, one) for one in before):
        return None
    if not incoming.private and topics and any(_told(reading, topics, one) for one in before):
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
            "text": words[:LONGEST],
            "lang": reading.lang,
            "topics": list(topics),
            "guesses": list(guesses),
            "subject": subject,
            "settled": False,
        },
    )


def _repeats(words: str, answer: tuple[tuple[str, ...], tuple[str, ...], str | None], before: Question) -> bool:
    """The same words, marks apart, and nothing else to be said: a phrase that the owner has added since is news."""
    topics, guesses, subject = answer
    same = _MARKS.sub("", words[:LONGEST]).casefold() == _MARKS.sub("", before.text).casefold()
    menu = bool(guesses) and before.guesses == guesses  # it stays one, whatever was chosen from it
    return same and before.subject == subject and (menu or (before.topics, before.guesses) == (topics, guesses))


def _told(reading: Reading, topics: Sequence[str], before: Question) -> bool:
    """The same answer, to whatever words."""
    return before.topics == tuple(topics) and read(before.text).carriers == reading.carriers


def since(at: datetime) -> datetime:
    """From when on the same words count as a repeat."""
    return at - QUIET
