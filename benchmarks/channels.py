"""A slow carrier behind every chat tool: `python -m benchmarks.channels --clicks 50 --carrier 8` prints JSON.

The whole bot, its chat tools as the stand-ins of the tests play them, and the carriers' sandbox, on loopback and in one
process: what the other ends cost is part of every figure. In each chat tool as many people's cards wait, each in a chat
of its own, as clicks are measured; then all are pressed at once. A click is acknowledged when the platform has its
answer, and must be within what that platform waits for; each card has to end in its result.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Self

import aiohttp
import uvloop
from aiohttp.test_utils import TestServer
from sqlalchemy import Connection

from benchmarks import rooms
from benchmarks.goals import Figure, Report, percentile
from benchmarks.places import worker
from bot import logs
from bot.app import build
from bot.background import Background
from bot.channels import configuration, registry
from bot.channels.reception import Reception
from bot.handlers.contract import Desk
from bot.merchants import people
from bot.outbound import Outbound
from bot.sandbox import app as sandbox
from bot.settings import Settings
from bot.store import after_sales, chats
from bot.store.cases import of_after_sale
from bot.store.database import Database, now, open_database
from tests.channels.peers import Heard, Peer, Seen
from tests.channels.platforms import PEERS

House = tuple[Database, Mapping[str, float]]
LIMIT_S = 40.0
CHATS = ("chat", "channel", "room", "conversation")
"""What the stand-ins call the place where people talk."""

RESULT = "已从货款账户扣除"
"""The fee's line of every success, also when the parcel is on its way home by then."""


TYPED = ("chatwoot", "dingtalk")
"""Where the number before a button is typed."""


class Room(str):
    """One of many chats; for a stand-in that knows a single one it is that one."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and _plain(self) == _plain(other)

    __hash__ = str.__hash__


class Numbered(int):
    """The same for a stand-in that numbers its conversations: thousands and the number of the one that it knows."""

    def __str__(self) -> str:
        return Many(int(self))


class Many(str):
    """A number that equals those which differ in the thousands."""

    __slots__ = ()

    def __new__(cls, value: int) -> Self:
        """Its digits."""
        return super().__new__(cls, repr(value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and int(self) % 1000 == int(other) % 1000

    __hash__ = str.__hash__


def _plain(name: str) -> str:
    return re.sub(r"~\d+", "", str.__str__(name))


class Tool:
    """One chat tool under clicks. `offset`: where its parcels begin."""

    def __init__(self, peer: Peer, offset: int) -> None:
        self.peer = peer
        self.offset = offset
        self._attribute = next(name for name in CHATS if hasattr(peer, name))
        self._first = getattr(peer, self._attribute)
        self.taken: list[float] = []

    def _in(self, place: int) -> None:
        """The next request comes from that chat: what is sent is made before anything is waited for."""
        if isinstance(self._first, int):
            chat: object = Numbered(self._first + 1000 * (place + 1))
        elif ":" in self._first:
            chat = Room(self._first.replace(":", f"~{place}:", 1))
        else:
            chat = Room(f"{self._first}~{place}")
        setattr(self.peer, self._attribute, chat)

    async def ask(self, place: int) -> Heard:
        """`/intercept` and a number."""
        self._in(place)
        return await self.peer.say(f"/intercept {rooms.number(self.offset + place)}")

    async def press(self, place: int, card: Seen) -> None:
        """「确认拦截」, or where buttons are numbers that are typed, the number; and how long the answer took."""
        began = time.perf_counter()
        self._in(place)
        typed = self.peer.name in TYPED
        heard = await (self.peer.say(card.button("确认")) if typed else self.peer.press(card, "确认"))
        self.taken.append(time.perf_counter() - began)
        if heard.status != 200:
            raise RuntimeError(f"{self.peer.name} heard {heard.status}")

    def cards(self, count: int, words: str = "") -> dict[int, Seen]:
        """The newest message about each parcel that says these words; without words: that has buttons."""
        found: dict[int, Seen] = {}
        for one in self.peer.seen():
            number = re.search(r"YT\d{13}", one.text.replace(" ", ""))
            place = int(number[0][2:]) - self.offset if number else -1
            if 0 <= place < count and (words in one.text if words else one.buttons):
                found[place] = one
        return found


async def _until(ready: Callable[[], bool], what: str, limit_s: float = LIMIT_S) -> None:
    ends = time.monotonic() + limit_s
    while not ready():
        if time.monotonic() > ends:
            raise TimeoutError(what)
        await asyncio.sleep(0.05)


async def _measure(tool: Tool, database: Database, clicks: int, carrier_s: float) -> dict[str, float]:
    """One chat tool: the cards, all the clicks at once, and what became of them."""
    for place in range(clicks):
        await tool.ask(place)
    await _until(lambda: len(tool.cards(clicks)) == clicks, f"{tool.peer.name}: cards")
    await asyncio.sleep(0.5)  # a card's row is closed a moment after the platform has it
    cards = tool.cards(clicks)
    began = time.monotonic()
    await asyncio.gather(*(tool.press(place, cards[place]) for place in range(clicks)))
    taken = sorted(tool.taken)
    await _until(lambda: len(tool.cards(clicks, RESULT)) == clicks, f"{tool.peer.name}: results", carrier_s + LIMIT_S)
    ended = time.monotonic() - began

    def sent(connection: Connection) -> int:
        claims = [rooms.claim_id(tool.offset + place) for place in range(clicks)]
        return sum(len(of_after_sale(connection, rooms.SHOP, claim)) for claim in claims)

    if await database.read(sent) != clicks:
        raise RuntimeError(f"{tool.peer.name}: not one interception for each click")
    return {"p99_ms": percentile(taken, 0.99) * 1000, "worst_ms": taken[-1] * 1000, "ended_s": ended}


def _no_desk() -> Desk:
    """These channels are only asked what they are."""
    raise LookupError("no desk")


@asynccontextmanager
async def _house(folder: Path, url: str, peers: Mapping[str, Peer], carrier_s: float) -> AsyncIterator[House]:
    """The bot with all chat tools and carriers that take so long: its database, and how long each platform waits."""
    twin = TestServer(sandbox.build(folder / "sandbox.jsonl", 7), host="127.0.0.1")
    async with AsyncExitStack() as stack:
        await twin.start_server(shutdown_timeout=0.2)
        stack.push_async_callback(twin.close)
        base = f"http://127.0.0.1:{twin.port}"
        for peer in peers.values():
            await peer.start()
            stack.push_async_callback(peer.close)
        file = folder / "channels.toml"
        file.write_text("\n".join(peer.section() for peer in peers.values()), encoding="utf-8")
        file.chmod(0o600)
        settings = Settings(
            demo=True,
            data=folder,
            database_url=url,
            sandbox_url=base,
            call_timeout_s=carrier_s * 2 + 1,
            doubt_quiet_s=carrier_s * 5 + 10,
        )
        server = TestServer(await build(settings), host="127.0.0.1")
        await server.start_server(shutdown_timeout=0.2)
        stack.push_async_callback(server.close)
        for peer in peers.values():
            await peer.meet(f"http://127.0.0.1:{server.port}")
        async with (
            aiohttp.ClientSession() as session,
            session.put(f"{base}/_sandbox/defaults", json={"delay_s": carrier_s, "later_s": carrier_s}) as response,
        ):
            response.raise_for_status()
        database = open_database(url)
        stack.push_async_callback(database.close)
        nobody = Reception(database, _no_desk, lambda _: False, Background())
        made = registry.build(configuration.load(file), nobody, Outbound())
        yield database, {one.facts.name: one.facts.ack_within_s for one in made}


def _enter(connection: Connection, peers: Mapping[str, Peer], count: int) -> None:
    """The after-sales, and each stand-in's person is the sample's agent."""
    at = now(connection)
    for place in range(count):
        after_sales.save(connection, rooms.SHOP, rooms.claim(place, at), at)
    person = people.by_login(connection, "agent")
    if person is None:
        raise LookupError("the sample shop has no agent")
    for peer in peers.values():
        chats.bind(connection, peer.name, peer.tenant, peer.person, chats.new_code(connection, person.id, at), at)


async def _run(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    names = options.only.split(",") if options.only else list(PEERS)
    peers = {name: PEERS[name]() for name in names}
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        folder = Path(made)
        url = f"sqlite:///{folder / 'intercept.db'}"
        async with _house(folder, url, peers, options.carrier) as (database, within):
            await database.write(lambda c: _enter(c, peers, options.clicks * len(peers)))
            found = {}
            for place, (name, peer) in enumerate(peers.items()):
                tool = Tool(peer, place * options.clicks)
                measured = await _measure(tool, database, options.clicks, options.carrier)
                found[name] = {**measured, "within_s": within[name]}
            await asyncio.sleep(0.3)  # Chatwoot tells us of our own last notes
    return found


def run(report: Report, *, quick: bool) -> None:
    """Every chat tool in turn: p99 of the acknowledgements, and until the last card had its result."""
    clicks, carrier_s = (10, 2.0) if quick else (50, 8.0)
    found = worker("benchmarks.channels", "--clicks", str(clicks), "--carrier", str(carrier_s))
    for name, figures in found.items():
        what = f"{name}: {clicks} clicks at once, carrier takes {carrier_s:.0f} s"
        note = f"worst {figures['worst_ms']:.0f} ms, last result after {figures['ended_s']:.1f} s"
        within_ms = figures["within_s"] * 1000
        report.add(Figure("chat", f"{what}, p99", [figures["p99_ms"]], " ms", within_ms, 1500, note=note))


def main() -> None:
    """One run, its figures as the last line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.channels")
    parser.add_argument("--clicks", type=int, default=50)
    parser.add_argument("--carrier", type=float, default=8.0, help="seconds that the carrier takes")
    parser.add_argument("--only", default="", help="names of chat tools, with commas between")
    options = parser.parse_args()
    logs.configure("json", "error")
    print(json.dumps(uvloop.run(_run(options))))


if __name__ == "__main__":
    main()
