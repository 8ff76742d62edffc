"""`/questions`: what was asked and not answered well, and what the owner adds so that it is (Q). Nothing needs code.

A phrase is tried before it goes live: the page shows which of the known messages and of this shop's own questions would
be answered differently. Everything has who and when, and a way back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from bot.console.bench import Lister
from bot.console.frame import page_facts
from bot.console.visit import Visit
from bot.domain.people import Role
from bot.store import questions
from bot.store.database import now
from bot.store.events import latest
from bot.store.questions import Phrase, Question

SHORTEST, LONGEST = 2, 60
LONGEST_ANSWER = 300


@dataclass(frozen=True, slots=True)
class Own:
    """The shop's own words after the answer of a topic."""

    topic: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class _Read:
    waiting: Sequence[Question]
    counts: Mapping[str, int]
    phrases: Sequence[Phrase]
    own: Sequence[Own]
    modes: Sequence[tuple[str, str, str]]


class QuestionsPage:
    """The page and what its forms do."""

    def __init__(self, lister: Lister) -> None:
        self._lister = lister

    async def page(self, visit: Visit) -> web.Response:
        """The owner's page; for anybody else it does not exist."""
        return await self._drawn(visit, {})

    async def try_phrase(self, visit: Visit) -> web.Response:
        """What a phrase would change, before it goes live."""
        _owner_only(visit)
        topic, phrase = visit.field("topic", 40), visit.field("phrase", 400).strip()
        problem = self._problem(visit, topic, phrase)
        if problem:
            return await self._drawn(visit, {"problem": problem, "phrase": phrase, "topic": topic}, status=400)
        extra = await visit.house.database.read(lambda c: questions.live_phrases(c, visit.asker.shop_id))
        asked = await visit.house.database.read(lambda c: questions.texts(c, visit.asker.shop_id))
        changes = visit.house.faq.trial(topic, phrase, extra, asked)
        return await self._drawn(visit, {"tried": True, "phrase": phrase, "topic": topic, "changes": changes})

    async def change(self, visit: Visit) -> web.Response:
        """Adds or takes back a phrase or an own answer, or puts a question aside."""
        _owner_only(visit)
        what, topic = visit.field("what", 20), visit.field("topic", 40)
        number = visit.field("number", 18)
        seq = int(number) if number.isdecimal() else 0
        shop, who = visit.asker.shop_id, visit.asker.name
        if what == "add":
            phrase = visit.field("phrase", 400).strip()
            problem = self._problem(visit, topic, phrase)
            if problem:
                return await self._drawn(visit, {"problem": problem, "phrase": phrase, "topic": topic}, status=400)
            await visit.house.database.write(lambda c: questions.add_phrase(c, shop, topic, phrase, who, now(c)))
        elif what == "withdraw":
            await visit.house.database.write(lambda c: questions.withdraw_phrase(c, shop, seq, who, now(c)))
        elif what == "aside":
            await visit.house.database.write(lambda c: questions.settle(c, shop, seq))
        elif what == "mode" and visit.field("channel", 32) in visit.house.channel_names:
            channel, mode = visit.field("channel", 32), visit.field("mode", 16)
            if mode in questions.MODES:
                await visit.house.database.write(lambda c: questions.set_mode(c, shop, channel, mode, who, now(c)))
        elif what == "own" and topic in visit.house.faq.topics:
            zh, en = visit.field("zh", LONGEST_ANSWER).strip(), visit.field("en", LONGEST_ANSWER).strip()
            texts = (zh, en or zh) if zh else None
            await visit.house.database.write(lambda c: questions.set_own_answer(c, shop, topic, texts, who, now(c)))
        else:
            raise web.HTTPNotFound(text=visit.word("error.no_page"))
        return visit.go("/questions")

    def _problem(self, visit: Visit, topic: str, phrase: str) -> str:
        if topic not in visit.house.faq.topics:
            return visit.word("questions.no_topic")
        if not SHORTEST <= len(phrase) <= LONGEST:
            return visit.word("questions.length", least=SHORTEST, most=LONGEST)
        return ""

    async def _drawn(self, visit: Visit, more: Mapping[str, Any], status: int = 200) -> web.Response:
        _owner_only(visit)
        house, shop = visit.house, visit.asker.shop_id
        after = await house.database.read(lambda c: latest(c, shop))
        found = await house.database.read(lambda c: _read(c, shop, house.faq.topics, house.channel_names))
        counts = await self._lister.counts(visit.asker, visit.speech)
        facts = {
            "page": page_facts(visit, "questions", waiting=counts["yours"], after=after),
            "waiting": found.waiting,
            "counts": found.counts,
            "phrases": found.phrases,
            "own": found.own,
            "channels": found.modes,
            "modes": questions.MODES,
            "topics": [(topic, visit.speech(f"answer.{topic}.label")) for topic in house.faq.topics],
            "labels": {topic: visit.speech(f"answer.{topic}.label") for topic in house.faq.topics},
            "problem": "",
            "tried": False,
            "phrase": "",
            "topic": "",
            "changes": [],
            **more,
        }
        html = visit.drawing.draw("questions.html", visit.speech, facts)
        return web.Response(text=html, content_type="text/html", status=status)


def _owner_only(visit: Visit) -> None:
    if visit.asker.role is not Role.OWNER:
        raise web.HTTPNotFound(text=visit.word("error.no_page"))


def _read(connection: Connection, shop_id: str, topics: Sequence[str], channels: Mapping[str, str]) -> _Read:
    own = [(topic, questions.own_answer(connection, shop_id, topic)) for topic in topics]
    return _Read(
        questions.to_review(connection, shop_id),
        questions.counts(connection, shop_id),
        questions.all_phrases(connection, shop_id)[:50],
        [Own(topic, *texts) for topic, texts in own if texts is not None],
        [(name, title, questions.mode(connection, shop_id, name, "")) for name, title in channels.items()],
    )
