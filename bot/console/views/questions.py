"""`/questions`: what was asked and not answered well, and what the owner adds so that it is (Q). Nothing needs code.

A phrase is tried before it goes live: the page shows which of the known messages and of this shop's own questions would
be answered differently. Everything has who and when, and a way back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from bot.console.bench import Lister
from bot.console.frame import page_facts
from bot.console.visit import Visit
from bot.console.wording import LONGEST_ANSWER, Typed, add_once, own_of, phrase_of, settle_answered
from bot.domain.people import Role
from bot.store import questions
from bot.store.database import now
from bot.store.events import latest
from bot.store.questions import OwnAnswer, Phrase, Question

MOST_SHOWN = 50
"""So many changed messages does a trial list."""
MOST_WITHDRAWN = 20
CONSOLE = "console"
"""Its chats are the talks of after-sales: too many to list, unless one has a manner of its own."""
AS_CHANNEL = "as_channel"


@dataclass(frozen=True, slots=True)
class _Chat:
    """Where it answers: a channel, or one chat of it, which may have a manner of its own."""

    channel: str
    title: str
    mode: str
    chat: str = ""


@dataclass(frozen=True, slots=True)
class _Read:
    waiting: Sequence[Question]
    counts: Mapping[str, int]
    phrases: Sequence[Phrase]
    own: Sequence[OwnAnswer]
    places: Sequence[_Chat]


class QuestionsPage:
    """The page and what its forms do."""

    def __init__(self, lister: Lister) -> None:
        self._lister = lister

    async def page(self, visit: Visit) -> web.Response:
        """The owner's page; for anybody else it does not exist."""
        return await self._drawn(visit, {})

    async def try_phrase(self, visit: Visit) -> web.Response:
        """What a phrase, or own words, would change, before they go live."""
        _owner_only(visit)
        if visit.field("what", 20) == "own":
            return await self._try_own(visit)
        tried = await phrase_of(visit)
        if tried.problem:
            return await self._refused(visit, tried)
        shop, faq = visit.asker.shop_id, visit.house.faq
        extra = await visit.house.database.read(lambda c: questions.live_phrases(c, shop))
        asked = await visit.house.database.read(lambda c: questions.texts(c, shop))
        # In a thread: hundreds of messages may be read, and everybody else's clicks must not wait for it.
        changes = await asyncio.to_thread(faq.trial, tried.topic, tried.phrase, extra, [tried.phrase, *asked])
        added = {**extra, tried.topic: (*extra.get(tried.topic, ()), tried.phrase)}
        facts = {
            "tried": tried,
            "changes": changes,
            "more": len(changes) >= MOST_SHOWN,
            "answered": tried.topic in faq.topics_of(tried.phrase, added),
            "known": not any(change.text == tried.phrase for change in changes),
        }
        return await self._drawn(visit, facts)

    async def _try_own(self, visit: Visit) -> web.Response:
        tried = own_of(visit)
        if tried.problem:
            return await self._refused(visit, tried)
        shop = visit.asker.shop_id
        before = await visit.house.database.read(lambda c: questions.own_answer(c, shop, tried.topic))
        asked = await visit.house.database.read(lambda c: questions.texts_of(c, shop, tried.topic))
        return await self._drawn(visit, {"own_tried": tried, "own_before": before, "own_asked": asked})

    async def change(self, visit: Visit) -> web.Response:
        """Adds or takes back a phrase or an own answer, says how a chat is answered, or puts a question aside."""
        _owner_only(visit)
        does = {
            "add": self._add,
            "own": self._set_own,
            "own_off": self._drop_own,
            "withdraw": self._withdraw,
            "aside": self._aside,
            "mode": self._mode,
        }.get(visit.field("what", 20))
        if does is None:
            raise _no_page(visit)
        return await does(visit)

    async def _add(self, visit: Visit) -> web.Response:
        tried = await phrase_of(visit)
        if tried.problem:
            return await self._refused(visit, tried)
        if not await visit.house.database.write(lambda c: add_once(c, visit, tried)):
            return await self._refused(visit, await phrase_of(visit))
        await settle_answered(visit, tried.topic)
        return visit.go("/questions")

    async def _set_own(self, visit: Visit) -> web.Response:
        tried = own_of(visit)
        if tried.problem:
            return await self._refused(visit, tried)
        shop, who, texts = visit.asker.shop_id, visit.asker.name, (tried.zh, tried.en or tried.zh)
        await visit.house.database.write(lambda c: questions.set_own_answer(c, shop, tried.topic, texts, who, now(c)))
        return visit.go("/questions")

    async def _drop_own(self, visit: Visit) -> web.Response:
        shop, who, topic = visit.asker.shop_id, visit.asker.name, visit.field("topic", 40)
        if topic not in visit.house.faq.topics:
            raise _no_page(visit)
        await visit.house.database.write(lambda c: questions.set_own_answer(c, shop, topic, None, who, now(c)))
        return visit.go("/questions")

    async def _withdraw(self, visit: Visit) -> web.Response:
        shop, who, seq = visit.asker.shop_id, visit.asker.name, _number(visit)
        await visit.house.database.write(lambda c: questions.withdraw_phrase(c, shop, seq, who, now(c)))
        return visit.go("/questions")

    async def _aside(self, visit: Visit) -> web.Response:
        shop, seq = visit.asker.shop_id, _number(visit)
        await visit.house.database.write(lambda c: questions.settle(c, shop, seq))
        return visit.go("/questions")

    async def _mode(self, visit: Visit) -> web.Response:
        shop, who = visit.asker.shop_id, visit.asker.name
        channel, chat, mode = visit.field("channel", 32), visit.field("chat", 200), visit.field("mode", 16)
        known = await visit.house.database.read(lambda c: questions.chats(c, shop))
        if channel not in visit.house.channel_names or (chat and (channel, chat) not in known):
            raise _no_page(visit)
        if chat and mode == AS_CHANNEL:
            await visit.house.database.write(lambda c: questions.unset_mode(c, shop, channel, chat))
        elif mode in questions.MODES:
            where = chat or questions.EVERYWHERE
            await visit.house.database.write(lambda c: questions.set_mode(c, shop, channel, mode, who, now(c), where))
        return visit.go("/questions")

    async def _refused(self, visit: Visit, tried: Typed) -> web.Response:
        """Nothing is changed, and what was typed stays in its form."""
        which = "own_form" if visit.field("what", 20) == "own" else "form"
        return await self._drawn(visit, {"problem": tried.problem, which: tried}, status=400)

    async def _drawn(self, visit: Visit, more: Mapping[str, Any], status: int = 200) -> web.Response:
        _owner_only(visit)
        house, shop = visit.house, visit.asker.shop_id
        after = await house.database.read(lambda c: latest(c, shop))
        found = await house.database.read(lambda c: _read(c, shop, house.channel_names))
        counts = await self._lister.counts(visit.asker, visit.speech)
        labels = {topic: visit.speech(f"answer.{topic}.label") for topic in house.faq.topics}
        facts = {
            "page": page_facts(visit, "questions", waiting=counts["yours"], after=after),
            "waiting": found.waiting,
            "counts": found.counts,
            "phrases": found.phrases,
            "own": found.own,
            "places": found.places,
            "modes": questions.MODES,
            "topics": list(labels.items()),
            "labels": labels,
            "problem": "",
            "tried": None,
            "own_tried": None,
            "form": more.get("tried", Typed("")),
            "own_form": more.get("own_tried", Typed("")),
            "longest_answer": LONGEST_ANSWER,
            **more,
        }
        html = visit.drawing.draw("questions.html", visit.speech, facts)
        return web.Response(text=html, content_type="text/html", status=status)


def _number(visit: Visit) -> int:
    number = visit.field("number", 18)
    return int(number) if number.isdecimal() else 0


def _no_page(visit: Visit) -> web.HTTPNotFound:
    return web.HTTPNotFound(text=visit.word("error.no_page"))


def _owner_only(visit: Visit) -> None:
    if visit.asker.role is not Role.OWNER:
        raise _no_page(visit)


def _read(connection: Connection, shop_id: str, channels: Mapping[str, str]) -> _Read:
    phrases = questions.all_phrases(connection, shop_id)
    gone = [phrase for phrase in phrases if phrase.withdrawn_by is not None]
    return _Read(
        questions.to_review(connection, shop_id),
        questions.counts(connection, shop_id),
        [*(phrase for phrase in phrases if phrase.withdrawn_by is None), *gone[:MOST_WITHDRAWN]],
        questions.all_own_answers(connection, shop_id),
        [*_channels(connection, shop_id, channels), *_chats(connection, shop_id, channels)],
    )


def _channels(connection: Connection, shop_id: str, channels: Mapping[str, str]) -> list[_Chat]:
    return [_Chat(name, title, questions.mode(connection, shop_id, name, "")) for name, title in channels.items()]


def _chats(connection: Connection, shop_id: str, channels: Mapping[str, str]) -> list[_Chat]:
    return [
        _Chat(channel, channels[channel], mode or AS_CHANNEL, chat)
        for (channel, chat), mode in questions.chats(connection, shop_id).items()
        if channel in channels and (mode is not None or channel != CONSOLE)
    ]
