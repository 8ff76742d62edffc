"""Questions that people asked, what was answered, what they thought of it, and what the operator added (Q)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Connection, Index, Integer, Row, String, Table, Text, func, select

from bot.store.events import publish
from bot.store.schema import Moment, Serial, metadata
from bot.store.sql import insert_new, insert_returned

questions = Table(
    "questions",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("shop_id", String(64), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("chat", String(200), nullable=False),
    Column("asked_by", String(100), nullable=False),
    Column("at", Moment, nullable=False),
    Column("text", Text, nullable=False),
    Column("lang", String(8), nullable=False),
    Column("topics", JSON, nullable=False),
    Column("guesses", JSON, nullable=False),
    Column("subject", String(64)),
    Column("rating", Integer),
    Column("rated_by", String(100)),
    Column("settled", Boolean, nullable=False, default=False),
    Column("message_id", String(200)),
    Index(None, "shop_id", "seq"),
    Index(None, "channel", "chat", "seq"),
    Index(None, "channel", "message_id", unique=True),
)
"""`message_id`: the message of the inbox that asked it; unknown of old ones. `topics`: what was answered; empty: it
passed the gate and nothing was sure enough, `guesses` are the best ones. `subject`: the after-sale it was about.
`rating`: above 0 有用, below 没用; its size says how many opinions there were. `settled`: the operator has dealt with
it."""

phrases = Table(
    "faq_phrases",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("shop_id", String(64), nullable=False),
    Column("topic", String(32), nullable=False),
    Column("phrase", String(200), nullable=False),
    Column("by_name", String(100), nullable=False),
    Column("at", Moment, nullable=False),
    Column("withdrawn_by", String(100)),
    Column("withdrawn_at", Moment),
    Index(None, "shop_id", "topic"),
)
"""Wordings that a shop's owner added to a topic, for that shop; withdrawn ones stay as history."""

own_answers = Table(
    "faq_answers",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("shop_id", String(64), nullable=False),
    Column("topic", String(32), nullable=False),
    Column("text_zh", Text, nullable=False),
    Column("text_en", Text, nullable=False),
    Column("by_name", String(100), nullable=False),
    Column("at", Moment, nullable=False),
    Column("withdrawn_by", String(100)),
    Column("withdrawn_at", Moment),
    Index(None, "shop_id", "topic"),
)
"""A shop's own words after the answer of a topic; the newest that is not withdrawn holds."""

chat_manners = Table(
    "faq_chats",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("chat", String(200), primary_key=True),
    Column("mode", String(16), nullable=False),
    Column("by_name", String(100), nullable=False),
    Column("at", Moment, nullable=False),
)
"""`mode`: `on`, `suggest` or `off`. `chat` is the shop's id and the chat's, or `*` for the whole channel."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question as it was dealt with."""

    seq: int
    at: datetime
    asked_by: str
    text: str
    lang: str
    topics: tuple[str, ...]
    guesses: tuple[str, ...]
    subject: str | None
    rating: int | None
    rated_by: str | None

    @property
    def version(self) -> int:
        """Rises with whatever changes its card: a choice from the menu, and each opinion."""
        return 1 + bool(self.topics and self.guesses) + abs(self.rating or 0)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A wording that the operator added."""

    seq: int
    topic: str
    phrase: str
    by: str
    at: datetime
    withdrawn_by: str | None = None


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """A shop's own words for a topic, as they were put in."""

    topic: str
    zh: str
    en: str
    by: str
    at: datetime
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None


def keep(connection: Connection, row: dict[str, Any]) -> int:
    """Keeps a question; returns its number. A message asks once: kept already, it keeps its number."""
    kept = insert_returned(connection, questions, row)
    if kept is not None:
        return int(kept.seq)
    this = (questions.c.channel == row["channel"]) & (questions.c.message_id == row["message_id"])
    return int(connection.execute(select(questions.c.seq).where(this)).scalar_one())


def asked_by_message(connection: Connection, shop_id: str, channel: str, message_id: str) -> int | None:
    """The question that this very message asked of the shop's bot before: a message is no repeat of itself."""
    this = (questions.c.channel == channel) & (questions.c.message_id == message_id)
    return connection.execute(select(questions.c.seq).where(this, questions.c.shop_id == shop_id)).scalar()


def get(connection: Connection, shop_id: str, seq: int) -> Question | None:
    """The shop's question of that number."""
    row = connection.execute(select(questions).where(questions.c.seq == seq, questions.c.shop_id == shop_id)).first()
    return None if row is None else _question(row)


def lately(connection: Connection, shop_id: str, channel: str, chat: str, since: datetime) -> list[Question]:
    """What was asked in that chat of the shop since then, newest first, at most the last hundred."""
    wanted = select(questions).where(
        questions.c.shop_id == shop_id,
        questions.c.channel == channel,
        questions.c.chat == chat,
        questions.c.at >= since,
    )
    return [_question(row) for row in connection.execute(wanted.order_by(questions.c.seq.desc()).limit(100))]


def rate(connection: Connection, shop_id: str, seq: int, rating: int, by: str, at: datetime) -> None:
    """有用 (1) or 没用 (-1); the latest press holds, and live pages hear of it. Said again by the same person it is no
    news. A bad one waits for the operator, also where the question had been put aside.
    """
    before = get(connection, shop_id, seq)
    if before is None or ((before.rating or 0) * rating > 0 and before.rated_by == by):
        return
    values: dict[str, Any] = {"rating": rating * (abs(before.rating or 0) + 1), "rated_by": by}
    _change(connection, shop_id, seq, values | ({"settled": False} if rating < 0 else {}), at)


def answer_with(connection: Connection, shop_id: str, seq: int, topics: list[str], at: datetime) -> None:
    """Somebody chose what was meant: the question counts as answered."""
    _change(connection, shop_id, seq, {"topics": topics}, at)


def _change(connection: Connection, shop_id: str, seq: int, values: dict[str, Any], at: datetime) -> None:
    this = (questions.c.seq == seq) & (questions.c.shop_id == shop_id)
    connection.execute(questions.update().where(this).values(**values))
    after = get(connection, shop_id, seq)
    if after is not None:
        publish(connection, shop_id, f"answer:{seq}", after.version, at)


def texts(connection: Connection, shop_id: str, limit: int = 500) -> list[str]:
    """The shop's latest questions, word by word: what a new phrase is tried on."""
    wanted = select(questions.c.text).where(questions.c.shop_id == shop_id).order_by(questions.c.seq.desc())
    return list(dict.fromkeys(connection.execute(wanted.limit(limit)).scalars()))


def to_review(connection: Connection, shop_id: str, limit: int = 100) -> list[Question]:
    """What waits for the operator: unanswered and badly rated questions, newest first."""
    unanswered = func.json_array_length(questions.c.topics) == 0
    wanted = select(questions).where(
        questions.c.shop_id == shop_id, questions.c.settled.is_(False), (unanswered) | (questions.c.rating < 0)
    )
    return [_question(row) for row in connection.execute(wanted.order_by(questions.c.seq.desc()).limit(limit))]


def counts(connection: Connection, shop_id: str) -> dict[str, int]:
    """How many questions there are: asked, unanswered, useful, useless."""
    rows = connection.execute(
        select(questions.c.topics, questions.c.rating).where(questions.c.shop_id == shop_id)
    ).all()
    return {
        "asked": len(rows),
        "unanswered": sum(not row.topics for row in rows),
        "useful": sum((row.rating or 0) > 0 for row in rows),
        "useless": sum((row.rating or 0) < 0 for row in rows),
    }


def settle(connection: Connection, shop_id: str, seq: int) -> None:
    """The operator has dealt with it."""
    this = (questions.c.seq == seq) & (questions.c.shop_id == shop_id)
    connection.execute(questions.update().where(this).values(settled=True))


def add_phrase(connection: Connection, shop_id: str, topic: str, phrase: str, by: str, at: datetime) -> None:
    """A wording for a topic, at once."""
    connection.execute(
        phrases.insert(), {"shop_id": shop_id, "topic": topic, "phrase": phrase, "by_name": by, "at": at}
    )


def withdraw_phrase(connection: Connection, shop_id: str, seq: int, by: str, at: datetime) -> bool:
    """The way back; the row stays as history."""
    this = (phrases.c.seq == seq) & (phrases.c.shop_id == shop_id) & phrases.c.withdrawn_at.is_(None)
    return connection.execute(phrases.update().where(this).values(withdrawn_by=by, withdrawn_at=at)).rowcount == 1


def all_phrases(connection: Connection, shop_id: str) -> list[Phrase]:
    """The shop's phrases, newest first, withdrawn ones too."""
    rows = connection.execute(select(phrases).where(phrases.c.shop_id == shop_id).order_by(phrases.c.seq.desc()))
    return [Phrase(r.seq, r.topic, r.phrase, r.by_name, r.at, r.withdrawn_by) for r in rows]


def live_phrases(connection: Connection, shop_id: str) -> dict[str, tuple[str, ...]]:
    """Topic → its added wordings that hold now."""
    found: dict[str, tuple[str, ...]] = {}
    wanted = select(phrases.c.topic, phrases.c.phrase).where(
        phrases.c.shop_id == shop_id, phrases.c.withdrawn_at.is_(None)
    )
    for topic, phrase in connection.execute(wanted.order_by(phrases.c.seq)):
        found[topic] = (*found.get(topic, ()), phrase)
    return found


def own_answer(connection: Connection, shop_id: str, topic: str) -> tuple[str, str] | None:
    """The shop's own words for a topic, Chinese and English, where it has some."""
    wanted = select(own_answers.c.text_zh, own_answers.c.text_en).where(
        own_answers.c.shop_id == shop_id, own_answers.c.topic == topic, own_answers.c.withdrawn_at.is_(None)
    )
    row = connection.execute(wanted.order_by(own_answers.c.seq.desc())).first()
    return None if row is None else (row.text_zh, row.text_en)


def set_own_answer(
    connection: Connection, shop_id: str, topic: str, texts: tuple[str, str] | None, by: str, at: datetime
) -> None:
    """Puts the shop's own words in place of those before; None takes them back."""
    this = (own_answers.c.shop_id == shop_id) & (own_answers.c.topic == topic) & own_answers.c.withdrawn_at.is_(None)
    connection.execute(own_answers.update().where(this).values(withdrawn_by=by, withdrawn_at=at))
    if texts is not None:
        row = {"shop_id": shop_id, "topic": topic, "text_zh": texts[0], "text_en": texts[1], "by_name": by, "at": at}
        connection.execute(own_answers.insert(), row)


def all_own_answers(connection: Connection, shop_id: str, limit: int = 50) -> list[OwnAnswer]:
    """The shop's own words, those that hold first, then those before, newest first."""
    wanted = select(own_answers).where(own_answers.c.shop_id == shop_id)
    order = own_answers.c.withdrawn_at.is_not(None), own_answers.c.seq.desc()
    return [
        OwnAnswer(r.topic, r.text_zh, r.text_en, r.by_name, r.at, r.withdrawn_by, r.withdrawn_at)
        for r in connection.execute(wanted.order_by(*order).limit(limit))
    ]


def texts_of(connection: Connection, shop_id: str, topic: str, limit: int = 10) -> list[str]:
    """The latest questions that were answered with a topic: where own words for it would be read."""
    wanted = select(questions.c.text, questions.c.topics).where(questions.c.shop_id == shop_id)
    rows = connection.execute(wanted.order_by(questions.c.seq.desc()).limit(500))
    return list(dict.fromkeys(row.text for row in rows if topic in row.topics))[:limit]


MODES = ("on", "suggest", "off")
"""`on`: a sure answer is given. `suggest`: topics are offered, and somebody chooses. `off`: nothing is said."""

EVERYWHERE = "*"


def mode(connection: Connection, shop_id: str, channel: str, chat: str) -> str:
    """How the bot answers questions in that chat of the shop: as said for the chat, else for the channel, else `on`."""
    names = [f"{shop_id}:{chat}", f"{shop_id}:{EVERYWHERE}"]
    rows = connection.execute(
        select(chat_manners.c.chat, chat_manners.c.mode).where(
            chat_manners.c.channel == channel, chat_manners.c.chat.in_(names)
        )
    )
    said = {row.chat: str(row.mode) for row in rows}
    return next((said[name] for name in names if name in said), MODES[0])


def chats(connection: Connection, shop_id: str, limit: int = 20) -> dict[tuple[str, str], str | None]:
    """Channel and chat → the manner that was said for that chat: those that have one, and where was asked lately."""
    said = select(chat_manners).where(
        chat_manners.c.chat.startswith(f"{shop_id}:", autoescape=True), chat_manners.c.chat != f"{shop_id}:{EVERYWHERE}"
    )
    found: dict[tuple[str, str], str | None] = {
        (row.channel, row.chat.removeprefix(f"{shop_id}:")): row.mode for row in connection.execute(said)
    }
    newest = func.max(questions.c.seq)
    asked = select(questions.c.channel, questions.c.chat).where(questions.c.shop_id == shop_id, questions.c.chat != "")
    grouped = asked.group_by(questions.c.channel, questions.c.chat).order_by(newest.desc()).limit(limit)
    for channel, chat in connection.execute(grouped):
        found.setdefault((channel, chat), None)
    return found


def unset_mode(connection: Connection, shop_id: str, channel: str, chat: str) -> None:
    """From now on that chat is as its channel."""
    this = (chat_manners.c.channel == channel) & (chat_manners.c.chat == f"{shop_id}:{chat}")
    connection.execute(chat_manners.delete().where(this))


def set_mode(
    connection: Connection, shop_id: str, channel: str, wanted: str, by: str, at: datetime, chat: str = EVERYWHERE
) -> None:
    """Says how the bot answers there from now on. Raises `ValueError` for a mode that is none."""
    if wanted not in MODES:
        raise ValueError(f"{wanted} is none of {', '.join(MODES)}")
    row = {"channel": channel, "chat": f"{shop_id}:{chat}", "mode": wanted, "by_name": by, "at": at}
    if not insert_new(connection, chat_manners, row):
        this = (chat_manners.c.channel == channel) & (chat_manners.c.chat == row["chat"])
        connection.execute(chat_manners.update().where(this).values(mode=wanted, by_name=by, at=at))


def _question(row: Row[Any]) -> Question:
    return Question(
        row.seq,
        row.at,
        row.asked_by,
        row.text,
        row.lang,
        tuple(row.topics),
        tuple(row.guesses),
        row.subject,
        row.rating,
        row.rated_by,
    )
