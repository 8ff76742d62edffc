"""What the owner typed to add to the answers: tried, refused with its reason, or put live (Q)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from bot.console.visit import Visit
from bot.store import questions
from bot.store.database import now
from bot.store.shops import shops

SHORTEST, LONGEST = 2, 60
LONGEST_ANSWER = 300


@dataclass(frozen=True, slots=True)
class Typed:
    """A form that was filled in and is not live: a phrase for a topic, or own words."""

    topic: str
    phrase: str = ""
    zh: str = ""
    en: str = ""
    problem: str = ""


async def phrase_of(visit: Visit) -> Typed:
    """What was typed as a phrase, and what is wrong with it."""
    faq, shop = visit.house.faq, visit.asker.shop_id
    tried = Typed(visit.field("topic", 40), _line(visit.field("phrase", 400)))
    if tried.topic not in faq.topics:
        return replace(tried, topic="", problem=visit.word("questions.no_topic"))
    if not SHORTEST <= len(tried.phrase) <= LONGEST:
        return replace(tried, problem=visit.word("questions.length", least=SHORTEST, most=LONGEST))
    if not faq.usable(tried.phrase):
        return replace(tried, problem=visit.word("questions.unusable"))
    extra = await visit.house.database.read(lambda c: questions.live_phrases(c, shop))
    taken = faq.taken(tried.phrase, extra)
    if taken is not None:
        label = visit.speech(f"answer.{taken}.label")
        return replace(tried, problem=visit.word("questions.taken", phrase=tried.phrase, topic=label))
    return tried


def add_once(connection: Connection, visit: Visit, tried: Typed) -> bool:
    """False when somebody was a moment faster with the same wording; owners who add at once wait for each other."""
    shop, who = visit.asker.shop_id, visit.asker.name
    connection.execute(select(shops.c.id).where(shops.c.id == shop).with_for_update())
    if visit.house.faq.taken(tried.phrase, questions.live_phrases(connection, shop)) is not None:
        return False
    questions.add_phrase(connection, shop, tried.topic, tried.phrase, who, now(connection))
    return True


async def settle_answered(visit: Visit, topic: str) -> None:
    """What waited and would be answered now waits no longer."""
    faq, shop, database = visit.house.faq, visit.asker.shop_id, visit.house.database
    extra = await database.read(lambda c: questions.live_phrases(c, shop))
    waiting = [one for one in await database.read(lambda c: questions.to_review(c, shop)) if topic not in one.topics]

    def answered() -> list[int]:
        return [one.seq for one in waiting if topic in faq.topics_of(one.text, extra)]

    done = await asyncio.to_thread(answered)

    def settle(connection: Connection) -> None:
        for seq in done:
            questions.settle(connection, shop, seq)

    await database.write(settle)


def own_of(visit: Visit) -> Typed:
    """What was typed as own words, and what is wrong with them."""
    zh, en = _line(visit.field("zh")), _line(visit.field("en"))
    tried = Typed(visit.field("topic", 40), zh=zh, en=en)
    if tried.topic not in visit.house.faq.topics:
        return replace(tried, topic="", problem=visit.word("questions.no_topic"))
    if not zh:
        return replace(tried, problem=visit.word("questions.own_empty"))
    if max(len(zh), len(en)) > LONGEST_ANSWER:
        return replace(tried, problem=visit.word("questions.own_length", most=LONGEST_ANSWER))
    return tried


def _line(typed: str) -> str:
    """One line of what was typed: no breaks, nothing that cannot be seen, and nothing that a database cannot keep."""
    return " ".join("".join(char if char.isprintable() else " " for char in typed).split())
