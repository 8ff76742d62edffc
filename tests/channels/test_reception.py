"""The way in that every channel shares: in time, committed, and by whom."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.background import Background
from bot.channels import reception as room
from bot.channels.contract import NotKept
from bot.channels.reception import Message, Reception, Sender, Taken
from bot.domain.people import Role
from bot.handlers.contract import Chat, Incoming
from bot.merchants import passwords, people, shops
from bot.store import chats
from bot.store.cards import inbox, receive
from bot.store.chats import chat_people
from bot.store.database import Database, now
from tests.channels.receptions import SlowDesk

CHAT = Chat("matrix", "!room")
WHO = Sender("matrix", "t", "@li")


@pytest.fixture
async def bound(database: Database) -> str:
    """A person with a bound account; returns the person's id."""

    def make(connection):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
        at = now(connection)
        shops.create(connection, "s1", "栗木", at)
        hashed = passwords.hash_password("x" * 12, passwords.Cost(passes=1))
        person = people.create(connection, "s1", "li", "周琳", Role.AGENT, password=hashed, at=at)
        assert chats.bind(connection, "matrix", "t", "@li", chats.new_code(connection, person, at), at) == person
        return person

    person: str = await database.write(make)
    return person


def _reception(database: Database, seconds: float = 0.0, *, keeps: bool = True) -> tuple[Reception, SlowDesk]:
    async def keep(incoming: Incoming) -> None:
        if keeps:
            await database.write(
                lambda c: receive(c, incoming.chat.channel, incoming.message_id, {}, now(c), timedelta(10))
            )

    desk = SlowDesk(keep, seconds)
    return Reception(database, lambda: desk, lambda words: words.startswith("/"), Background()), desk


def _message(text: str = "/help", sender: Sender = WHO, **more: object) -> Message:
    return Message(sender, CHAT, "m1", text=text, **more)  # type: ignore[arg-type]


async def test_a_quick_desk_answers(database: Database, bound: str) -> None:
    """What the desk says is what became of it."""
    reception, desk = _reception(database)
    taken = await reception.take(_message())
    assert taken.reply is not None
    assert desk.done == 1


async def test_a_slow_desk_is_not_waited_for(database: Database, bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept but not answered in time: the platform hears so in time, and the desk is let finish."""
    monkeypatch.setattr(room, "ANSWER_WITHIN_S", 0.2)
    reception, desk = _reception(database, 0.6)
    began = time.monotonic()
    assert await reception.take(_message()) == Taken(late=True)
    assert time.monotonic() - began < 0.6
    await asyncio.sleep(0.7)
    assert desk.done == 1


async def test_what_is_not_kept_is_not_acknowledged(
    database: Database, bound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Late and nowhere in the inbox: the platform must send it again."""
    monkeypatch.setattr(room, "ANSWER_WITHIN_S", 0.1)
    reception, _ = _reception(database, 0.4, keeps=False)
    with pytest.raises(NotKept):
        await reception.take(_message())


@pytest.mark.parametrize(
    "sender",
    [Sender("matrix", "", "@li"), Sender("matrix", "t", ""), Sender("matrix", "t", "x" * 129), Sender("", "t", "@li")],
)
async def test_nobody_named_is_nobody(database: Database, bound: str, sender: Sender) -> None:
    """Where a part of the identity is missing nothing is done and nothing is said."""
    reception, desk = _reception(database)
    assert await reception.take(_message(sender=sender)) == Taken()
    assert desk.done == 0


@pytest.mark.parametrize(
    "sender", [Sender("matrix", "t2", "@li"), Sender("slack", "t", "@li"), Sender("matrix", "t", "@LI")]
)
async def test_a_binding_holds_for_one_account(database: Database, bound: str, sender: Sender) -> None:
    """The same name on another server, on another platform or spelt otherwise is a stranger."""
    reception, desk = _reception(database)
    taken = await reception.take(_message(sender=sender))
    assert taken.told is not None
    assert taken.told.id == "bind:unknown"
    assert desk.done == 0


async def test_who_has_left_is_a_stranger(database: Database, bound: str) -> None:
    """An account of somebody who was deactivated asks for nothing any more."""
    reception, desk = _reception(database)
    await database.write(lambda c: people.deactivate(c, bound))
    taken = await reception.take(_message())
    assert taken.told is not None
    assert desk.done == 0


async def test_talk_among_strangers_is_left_alone(database: Database) -> None:
    """In a room where the bot was not spoken to only a command is answered."""
    reception, _ = _reception(database)
    assert await reception.take(_message("到饭点了", spoken_to=False)) == Taken()
    assert (await reception.take(_message("/help", spoken_to=False))).told is not None


@pytest.mark.parametrize("typed", ["/bind {}", "绑定 {}", "／ｂｉｎｄ　{}", "/绑定：{}", "!bind {}", "BIND {}"])
async def test_a_code_binds(database: Database, bound: str, typed: str) -> None:
    """However it is typed, the code of somebody makes the account that person's."""
    reception, _ = _reception(database)
    code = await database.write(lambda c: chats.new_code(c, bound, now(c)))
    other = Sender("matrix", "t", "@new")
    taken = await reception.take(_message(typed.format(code), sender=other))
    assert taken.told is not None
    assert taken.told.id == "bind:bound"
    rows = await database.read(lambda c: c.execute(select(chat_people.c.user_id)).scalars().all())
    assert set(rows) == {"@li", "@new"}


async def test_a_code_delivered_twice_has_bound(database: Database, bound: str) -> None:
    """The same message once more says the same; after unbinding the code is as good as any other wrong one."""
    reception, _ = _reception(database)
    code = await database.write(lambda c: chats.new_code(c, bound, now(c)))
    new = _message(f"/bind {code}", sender=Sender("matrix", "t", "@new"))
    said = [await reception.take(new), await reception.take(new)]
    await database.write(lambda c: chats.unbind(c, bound, "matrix", "t", "@new"))
    said.append(await reception.take(new))
    assert [taken.told and taken.told.id for taken in said] == ["bind:bound", "bind:bound", "bind:wrong"]


async def test_a_code_works_once(database: Database, bound: str) -> None:
    """Used, made up or too old, it binds nobody; after five tries it is not even looked at."""
    reception, _ = _reception(database)
    code = await database.write(lambda c: chats.new_code(c, bound, now(c)))
    old = await database.write(lambda c: chats.new_code(c, bound, now(c) - timedelta(minutes=11)))
    mallory = Sender("matrix", "t", "@mallory")
    await reception.take(_message(f"/bind {code}", sender=Sender("matrix", "t", "@new")))
    ids = []
    for one in (code, old, "00000000", "1234567", "99999999", "88888888", "77777777"):
        taken = await reception.take(_message(f"/bind {one}", sender=mallory))
        ids.append("" if taken.told is None else taken.told.id)
    assert ids == ["bind:wrong"] * 3 + ["bind:unknown"] + ["bind:wrong"] * 2 + ["bind:too_often"]
    rows = await database.read(lambda c: c.execute(select(chat_people.c.user_id)).scalars().all())
    assert "@mallory" not in rows


@pytest.mark.parametrize("login", ["li", "nobody"])
async def test_a_login_asks_the_owner(database: Database, bound: str, login: str) -> None:
    """`/bind LOGIN` of a stranger binds nobody; it says the same whether or not the login exists, five times."""
    reception, desk = _reception(database)
    stranger = Sender("matrix", "t", "@new")
    taken = [await reception.take(_message(f"/bind {login}", sender=stranger, spoken_to=False)) for _ in range(6)]
    ids = ["" if one.told is None else one.told.id for one in taken]
    assert ids == ["bind:asked"] * 5 + ["bind:too_often"]
    rows = await database.read(lambda c: c.execute(select(chat_people.c.user_id)).scalars().all())
    assert (rows, desk.done) == (["@li"], 0)


async def test_a_long_id_is_kept_short(database: Database, bound: str) -> None:
    """What a platform calls a message may be longer than a column; the same name stays the same."""
    reception, _ = _reception(database)
    for _ in range(2):
        await reception.take(Message(WHO, CHAT, "x" * 400, action="open.1"))
    rows = await database.read(lambda c: c.execute(select(inbox.c.message_id)).scalars().all())
    assert [len(row) for row in rows] == [64]
