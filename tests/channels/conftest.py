"""The running bot with a chat tool at its door: the platform on loopback, the sample shop, the carriers' sandbox."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from bot.merchants import people
from bot.store import chats
from bot.store.cards import inbox, outbox
from bot.store.cases import cases
from bot.store.chats import chat_people
from bot.store.database import now
from bot.store.fees import fees
from tests.channels.peers import Peer
from tests.console.served import Demo, demo


@dataclass
class Team:
    """The bot and a platform that know each other."""

    bot: Demo
    peer: Peer

    async def code(self, login: str = "agent") -> str:
        """A binding code of a sample person's, as the console gives it."""

        def make(connection: Connection) -> str:
            person = people.by_login(connection, login)
            assert person is not None
            return chats.new_code(connection, person.id, now(connection))

        return await self.bot.database.write(make)

    async def bind(self, login: str = "agent", user: str = "") -> None:
        """The platform's person is that sample person from now on."""
        code = await self.code(login)

        def enter(connection: Connection) -> None:
            whose = chats.bind(
                connection, self.peer.name, self.peer.tenant, user or self.peer.person, code, now(connection)
            )
            assert whose

        await self.bot.database.write(enter)

    async def charged(self, after_sale_id: str) -> int:
        """What the interceptions of that after-sale have cost, in fen."""
        ids = [case.id for case in await self.bot.cases(after_sale_id)]
        total = select(func.coalesce(func.sum(fees.c.amount_fen), 0)).where(fees.c.interception_id.in_(ids))
        return int(await self.bot.database.read(lambda c: c.execute(total).scalar_one()))

    async def left(self) -> tuple[int, ...]:
        """How many rows there are of everything that a message may leave behind."""

        def counts(connection: Connection) -> tuple[int, ...]:
            channel = self.peer.name
            kept = [
                select(func.count()).select_from(inbox).where(inbox.c.channel == channel),
                select(func.count()).select_from(outbox).where(outbox.c.channel == channel),
                select(func.count()).select_from(chat_people),
                select(func.count()).select_from(cases).where(cases.c.asked_by == "nobody"),
            ]
            return tuple(connection.execute(one).scalar_one() for one in kept)

        return await self.bot.database.read(counts)


Open = Callable[[Peer], Awaitable[Team]]


@pytest.fixture
async def meeting(tmp_path: Path, sqlite_url: str) -> AsyncIterator[Open]:
    """Makes a running bot and a platform known to each other."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(peer: Peer) -> Team:
            await peer.start()
            stack.push_async_callback(peer.close)
            file = tmp_path / "channels.toml"
            file.write_text(peer.section(), encoding="utf-8")
            file.chmod(0o600)
            bot = await stack.enter_async_context(demo(tmp_path, sqlite_url))
            await peer.meet(bot.base)
            return Team(bot, peer)

        yield make
