"""`channels.toml` read again while the bot runs: what is right takes effect, what is wrong changes nothing."""

from __future__ import annotations

import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.app import RELOAD
from bot.channels.configuration import ChannelsError, parse
from bot.channels.console.channel import ConsoleChannel
from bot.channels.registry import build
from bot.channels.table import ChannelTable
from bot.outbound import Outbound
from tests.channels.matrix.peer import MatrixPeer
from tests.channels.peers import Heard, Peer, Sent, send, until
from tests.channels.receptions import nobody
from tests.channels.slack.gateway import SlackSocketPeer
from tests.channels.slack.peer import SlackPeer
from tests.channels.wecom.gateway import WecomLinePeer
from tests.console.served import Demo, demo
from tests.started import serving

SLACK = '[slack]\nsigning_secret = "0123456789abcdef"\nbot_token = "xoxb-123456"\nteam_id = "T1"\n'
WECOM = f'[wecom]\ncorp_id = "ww01"\ntoken = "wecomToken01"\naes_key = "{"A" * 43}"\n'


def _table() -> ChannelTable:
    return ChannelTable(ConsoleChannel(), lambda sections: build(sections, nobody(), Outbound()))


def test_what_says_the_same_stays_the_same() -> None:
    """A section that is as it was keeps its channel; others are made, made anew or forgotten, in every mapping."""
    table = _table()
    channels, titles = table.channels, table.titles
    assert table.read(parse(SLACK)) == ["slack"]
    kept = channels["slack"]
    assert table.read(parse(SLACK + WECOM)) == ["wecom"]
    assert channels["slack"] is kept
    assert titles == {"console": titles["console"], "slack": "Slack", "wecom": "企业微信"}
    assert table.read(parse(SLACK.replace("T1", "T2"))) == ["slack", "wecom"]
    assert channels["slack"] is not kept
    assert set(channels) == set(table.deliver) == {"console", "slack"}
    assert table.read(parse(SLACK.replace("T1", "T2"))) == []
    assert table.read({}) == ["slack"]
    assert set(channels) == {"console"}


def test_a_mistake_changes_nothing() -> None:
    """One wrong section, and no other is taken either."""
    table = _table()
    table.read(parse(SLACK))
    kept = dict(table.channels)
    with pytest.raises(ChannelsError):
        table.read(parse(SLACK.replace("T1", "T2") + "[icq]\n"))
    assert table.channels == kept
    assert list(table.sections) == ["slack"]


# --- the running bot -------------------------------------------------------------------------------------------------


class House:
    """A bot whose `channels.toml` is edited while it runs, and platforms beside it."""

    def __init__(self, bot: Demo, folder: Path) -> None:
        self.bot = bot
        self._file = folder / "channels.toml"

    def edit(self, *sections: str) -> list[Any]:
        """Writes the file and has it read again; what was logged of that."""
        self._file.write_text("\n".join(sections), "utf-8")
        self._file.chmod(0o600)
        with capture_logs() as logs:
            self.bot.server.app[RELOAD]()
        return [line for line in logs if line["event"].startswith("channels.")]

    async def get(self, sent: Sent, name: str) -> Heard:
        """A request at that channel's door."""
        return await send(self.bot.base, name, sent)


@pytest.fixture
async def peers() -> AsyncIterator[Any]:
    """Makes platforms that answer."""
    async with AsyncExitStack() as stack:

        async def make(peer: Peer) -> Peer:
            await peer.start()
            stack.push_async_callback(peer.close)
            return peer

        yield make


async def test_a_platform_is_added_and_taken_away(tmp_path: Path, sqlite_url: str, peers: Any) -> None:
    """Read again, a new section is served at once, another one's connection is not touched, a section that is gone has
    its connection ended and its address forgotten; a wrong file says why and leaves all as it is.
    """
    slack, socket, wecom = await peers(SlackPeer()), await peers(SlackSocketPeer()), await peers(WecomLinePeer())
    second = socket.section().replace("[slack]", '[slack-2]\nplatform = "slack"')
    async with demo(tmp_path, sqlite_url) as bot:
        house = House(bot, tmp_path)
        slash = slack.slash("/help", slack.stranger)
        assert (await house.get(slash, "slack")).status == 404
        assert house.edit(slack.section(), second)[0]["changed"] == ["slack", "slack-2"]
        assert (await house.get(slash, "slack")).status == 200
        await until(lambda: socket.sockets)
        house.edit(slack.section(), second, wecom.section())
        await until(lambda: wecom.sockets)
        assert socket.opened == 1
        (told,) = house.edit(second, wecom.section(), "[slack]\n")
        assert (told["event"], "bot_token" in told["problem"]) == ("channels.not_taken", True)
        assert (await house.get(slack.slash("/help", slack.stranger), "slack")).status == 200
        house.edit(slack.section())
        await until(lambda: not socket.sockets and not wecom.sockets)
        house.edit()
        assert (await house.get(slack.slash("/help", slack.stranger), "slack")).status == 404
        assert "slack" not in (await bot.visitor().get("/readyz")).text


async def test_two_edits_in_a_row(tmp_path: Path, sqlite_url: str, peers: Any) -> None:
    """The later one holds, though the first is still ending its connections."""
    wecom = await peers(WecomLinePeer())
    async with demo(tmp_path, sqlite_url) as bot:
        house = House(bot, tmp_path)
        house.edit(wecom.section())
        house.edit()
        house.edit(wecom.section().replace("拦截 助手", "助手"))
        await until(lambda: wecom.sockets)
        house.edit()
        await until(lambda: not wecom.sockets)


async def test_paths_and_methods(tmp_path: Path, sqlite_url: str, peers: Any) -> None:
    """Only a channel's own addresses lead to it; a part that stands for anything may hold an escaped slash."""
    matrix = await peers(MatrixPeer())
    async with demo(tmp_path, sqlite_url) as bot:
        house = House(bot, tmp_path)
        house.edit(matrix.section())
        wanted = {
            ("PUT", "/_matrix/app/v1/transactions/1"): 401,
            ("GET", "/_matrix/app/v1/rooms/%23a%2Fb:shop.example"): 401,
            ("GET", "/_matrix/app/v1/rooms/"): 404,
            ("GET", "/_matrix/app/v1/rooms/a/b"): 404,
            ("POST", "/_matrix/app/v1/transactions/1"): 405,
            ("POST", "/nowhere"): 404,
        }
        heard = {one: (await house.get(Sent(one[1], b"", method=one[0]), "matrix")).status for one in wanted}
        assert heard == wanted
        assert (await house.get(Sent("/messages", b""), "console")).status == 404


def _wait(happened: Callable[[], Any]) -> None:
    ends = time.monotonic() + 15
    while not happened():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_a_process_is_told_by_a_signal(tmp_path: Path) -> None:
    """SIGHUP: the file that was not there is taken, a wrong one is reported and the bot goes on."""
    with serving(tmp_path, "serve") as bot:
        file = bot.data / "channels.toml"
        file.write_text(SLACK)
        file.chmod(0o600)
        bot.process.send_signal(signal.SIGHUP)
        _wait(lambda: bot.events("channels.taken"))
        file.write_text(SLACK.replace("bot_token", "bot_tokne"))
        bot.process.send_signal(signal.SIGHUP)
        _wait(lambda: bot.events("channels.not_taken"))
        assert "bot_tokne" in bot.events("channels.not_taken")[0]["problem"]
        assert "0123456789abcdef" not in bot.logged()
        assert bot.stop()[0] == 0
