"""Who starts and stops the connections, and who has one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from sqlalchemy import select

from bot.channels.contract import Channel, ChannelFacts, Listening
from bot.channels.line import Line
from bot.channels.listeners import Listeners
from bot.store.cards import inbox
from tests.channels.conftest import Team
from tests.channels.feishu.gateway import FeishuLinePeer
from tests.channels.peers import until
from tests.console.served import demo


@dataclass
class Phone:
    """A channel that listens."""

    name: str
    line: Line | None
    ended: bool = False
    fails: bool = False
    facts: ChannelFacts = field(default_factory=lambda: ChannelFacts("x", "x"))

    def __post_init__(self) -> None:
        self.facts = ChannelFacts(self.name, self.name)

    async def listen(self) -> None:
        assert self.line is not None
        if self.fails:
            raise ValueError
        self.line.is_up()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended = True
            self.line.up = False


@dataclass
class Letterbox:
    """A channel that does not."""

    facts: ChannelFacts = field(default_factory=lambda: ChannelFacts("post", "post"))


async def test_those_that_listen_are_started_and_stopped() -> None:
    """Each has one connection from the beginning to the end; one that fails keeps no other from listening; the platform
    that bears only one waits for its turn.
    """
    phones = [Phone("a", Line("a")), Phone("b", Line("b", alone=True)), Phone("c", Line("c"), fails=True)]
    silent = Phone("d", None)
    waited: list[str] = []
    ups: dict[str, Callable[[], bool]] = {}

    async def alone(name: str, work: Callable[[], Awaitable[None]]) -> None:
        waited.append(name)
        await work()

    channels = cast("list[Channel]", [*phones, silent, Letterbox()])
    listeners = Listeners(channels, alone, ups.__setitem__)
    assert isinstance(phones[0], Listening)
    assert set(listeners.lines) == set(ups) == {"a", "b", "c"}
    assert listeners.told() == {"a": "down", "b": "down", "c": "down"}
    async with listeners:
        await until(lambda: listeners.told() == {"a": "up", "b": "up", "c": "down"})
        assert {name: up() for name, up in ups.items()} == {"a": True, "b": True, "c": False}
        assert waited == ["b"]
    assert [phone.ended for phone in phones] == [True, True, False]


async def test_nobody_listens() -> None:
    """A house without such channels has nothing to start."""
    listeners = Listeners([], cast("Any", None))
    async with listeners:
        assert listeners.told() == {}


async def test_two_processes_and_one_platform(tmp_path: Path, shared_url: str) -> None:
    """Two processes of one installation each hold a connection. One takes an event and loses its acknowledgement; the
    platform sends it to the other: it is one event, answered once.
    """
    async with AsyncExitStack() as stack:
        peer = FeishuLinePeer()
        await peer.start()
        stack.push_async_callback(peer.close)
        teams = []
        for name in ("one", "two"):
            folder = tmp_path / name
            folder.mkdir()
            (folder / "channels.toml").write_text(peer.section(), encoding="utf-8")
            (folder / "channels.toml").chmod(0o600)
            teams.append(Team(await stack.enter_async_context(demo(folder, shared_url)), peer))
        await until(lambda: len(peer.sockets) == 2)
        await teams[0].bind()
        peer.loses = 1
        assert (await peer.say("/help")).status == 200
        rows = select(inbox.c.seq).where(inbox.c.channel == "feishu")
        for team in teams:
            assert len(await team.bot.database.read(lambda c: c.execute(rows).all())) == 1
        await until(peer.seen)
        await until(lambda: peer.opened == 3)
        assert len(peer.seen()) == 1
