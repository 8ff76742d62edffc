"""The bot as a process of its own, killed while a chat is being told of an after-sale: the chat has one card of it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from sqlalchemy import update

from bot.store.cards import outbox
from bot.store.database import now, open_database
from tests import twin
from tests.channels.feishu.peer import FeishuPeer
from tests.channels.peers import Seen, until
from tests.channels.test_telling import document
from tests.started import Served, serving, well


@dataclass
class Witness(FeishuPeer):
    """飞书, where something happens once a card of after-sales has arrived and before the bot hears so."""

    on_card: Callable[[], object] | None = field(default=None)

    async def _send(self, request: web.Request) -> web.Response:
        answer = await super()._send(request)
        happens, self.on_card = self.on_card, None
        if happens is not None:
            happens()
        return answer


@asynccontextmanager
async def _served(folder: Path, sandbox: str) -> AsyncIterator[Served]:
    """A bot in a process of its own; starting it blocks nobody."""
    started = serving(folder, "serve", "--demo", SANDBOX_URL=sandbox)
    bot = await asyncio.to_thread(started.__enter__)
    try:
        yield bot
    finally:
        await asyncio.to_thread(started.__exit__, None, None, None)


def _address(data: Path) -> str:
    [file] = data.glob("*.db")
    return f"sqlite:///{file}"


async def _hurry(data: Path) -> None:
    """What a dead process had in hand is due now, and so is what gathers."""
    database = open_database(_address(data))
    this = outbox.c.due_at.is_not(None)
    await database.write(lambda c: c.execute(update(outbox).where(this).values(due_at=now(c), not_before=None)))
    await database.close()


async def test_killed_while_telling(tmp_path: Path) -> None:
    """Imported by a process of its own, told by a bot that dies as the card arrives, told on by the next one, and
    imported once more: one message, which says what there is.
    """
    async with AsyncExitStack() as stack:
        carriers = stack.enter_context(twin.running(tmp_path))
        peer = Witness()
        await peer.start()
        stack.push_async_callback(peer.close)
        (tmp_path / "data").mkdir()
        settings = tmp_path / "data" / "channels.toml"
        settings.write_text(peer.section(), encoding="utf-8")
        settings.chmod(0o600)
        first = await stack.enter_async_context(_served(tmp_path, carriers.url))
        await peer.meet(first.url)
        code = re.findall(r"\d{8}", await asyncio.to_thread(well, first.data, "person", "code", "agent"))[0]
        await peer.say(f"/bind {code}")
        await peer.say("/subscribe")
        await until(lambda: any("会收到新售后" in one.text for one in peer.seen()))

        file, parcel = tmp_path / "new.jsonl", f"YT{77:013}"
        file.write_text(json.dumps(document(77)), encoding="utf-8")

        def telling() -> list[Seen]:
            return [one for one in peer.seen() if parcel in one.text]

        peer.on_card = first.process.kill
        await asyncio.to_thread(well, first.data, "import", str(file), "--shop", "demo")
        await until(lambda: first.process.poll() is not None)
        assert len(telling()) == 1
        await _hurry(first.data)
        second = await stack.enter_async_context(_served(tmp_path, carriers.url))
        await peer.meet(second.url)
        await until(lambda: telling()[0].edits)
        file.write_text(json.dumps({**document(77), "status": "closed"}), encoding="utf-8")
        await asyncio.to_thread(well, first.data, "import", str(file), "--shop", "demo")
        await until(lambda: "售后单已结束" in telling()[0].text)
        assert len(telling()) == 1
