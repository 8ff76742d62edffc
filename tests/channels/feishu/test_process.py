"""The bot as a process of its own, connected to 飞书's gateway: killed at the worst moment, and told to end."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.store.cases import of_after_sale
from bot.store.database import open_database
from bot.store.fees import fees
from tests import twin
from tests.channels.feishu.gateway import FeishuLinePeer
from tests.channels.peers import until
from tests.started import Served, serving, well
from tests.twin import Twin

ZHOU, FIRST = "7312045566778894001", "75400000004001"


@pytest.fixture
def carriers(tmp_path: Path) -> Iterator[Twin]:
    """A running sandbox."""
    with twin.running(tmp_path) as running:
        yield running


@asynccontextmanager
async def _served(folder: Path, carriers: Twin) -> AsyncIterator[Served]:
    """A bot in a process of its own; starting it blocks nobody."""
    started = serving(folder, "serve", "--demo", SANDBOX_URL=carriers.url)
    bot = await asyncio.to_thread(started.__enter__)
    try:
        yield bot
    finally:
        await asyncio.to_thread(started.__exit__, None, None, None)


async def test_killed_between_frame_and_acknowledgement(tmp_path: Path, carriers: Twin) -> None:
    """The confirming click is committed, and the bot dies before 飞书 hears so; the next bot gets the click again: one
    order at the carrier, one fee, one card that tells the result. Told to end, it says goodbye.
    """
    async with AsyncExitStack() as stack:
        peer = FeishuLinePeer()
        await peer.start()
        stack.push_async_callback(peer.close)
        (tmp_path / "data").mkdir()
        settings = tmp_path / "data" / "channels.toml"
        settings.write_text(peer.section(), encoding="utf-8")
        settings.chmod(0o600)
        first = await stack.enter_async_context(_served(tmp_path, carriers))
        await peer.meet(first.url)
        code = re.findall(r"\d{8}", await asyncio.to_thread(well, first.data, "person", "code", "agent"))[0]
        await peer.say(f"/bind {code}")
        await peer.say(f"/intercept {ZHOU}")
        card = await until(lambda: next((one for one in peer.seen() if one.boxes), None))

        peer.loses, peer.on_loss = 1, first.process.kill
        pressing = asyncio.create_task(peer.press(card, "确认", picked=[FIRST]))
        await until(lambda: first.process.poll() is not None)
        second = await stack.enter_async_context(_served(tmp_path, carriers))
        assert (await pressing).status == 200
        await until(lambda: any("拦截成功" in one.text for one in peer.seen()))
        assert sum("拦截成功" in one.text for one in peer.seen()) == 1
        assert carriers.orders(FIRST) == 1

        ended, _ = await asyncio.to_thread(second.stop, signal.SIGTERM)
        assert ended == 0
        assert not peer.sockets
        assert second.events("channel.line_closed")
        [file] = first.data.glob("*.db")
        database = open_database(f"sqlite:///{file}")
        stack.push_async_callback(database.close)
        [case] = await database.read(lambda c: of_after_sale(c, "demo", ZHOU))
        total = select(func.sum(fees.c.amount_fen)).where(fees.c.interception_id == case.id)
        assert await database.read(lambda c: c.execute(total).scalar_one()) == 300
