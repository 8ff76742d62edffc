"""The whole loop with a real homeserver and a real client: what people type, what they see, and a bot that dies."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from nio import AsyncClient, AsyncClientConfig, RoomCreateResponse, RoomSendResponse

from tests.channels.matrix.synapse import BOT, SERVER, Synapse, running
from tests.channels.peers import until
from tests.twin import ROOT, Twin, free_port
from tests.twin import running as twin_running

PARCEL = "75400000004002"
OTHER = "75400000004003"


pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Bot:
    """The bot as a process of its own, so that it can be killed."""

    folder: Path
    port: int
    twin: Twin
    process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "BOT_DATA": str(self.folder),
            "PORT": str(self.port),
            "SANDBOX_URL": self.twin.url,
            "BOT_LOG_FORMAT": "json",
        }

    async def start(self) -> None:
        self._begin()
        await until(self._ready, 60)

    def _begin(self) -> None:
        with (self.folder / "bot.out").open("ab") as out:
            command = [sys.executable, "-m", "bot.cli", "serve", "--demo"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=out, stderr=out)

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def code(self) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "bot.cli", "person", "code", "agent"],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def cases(self, tracking_number: str) -> list[tuple[str, str]]:
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/intercept.db?mode=ro", uri=True)) as database:
            wanted = "select state, phase from cases where tracking_number = ?"
            return database.execute(wanted, (tracking_number,)).fetchall()

    async def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "bot.out").read_text()
        with contextlib.suppress(aiohttp.ClientError, OSError):
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{self.port}/readyz") as response,
            ):
                return response.status == 200
        return False


@dataclass
class Person:
    """Somebody in a room with the bot, with a real client. `shown`: the bot's messages as they stand now."""

    client: AsyncClient
    room: str
    shown: dict[str, str] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    since: str = ""

    async def say(self, text: str, answers: str = "") -> None:
        content: dict[str, Any] = {"msgtype": "m.text", "body": text}
        if answers:
            content["m.relates_to"] = {"m.in_reply_to": {"event_id": answers}}
        sent = await self.client.room_send(self.room, "m.room.message", content)
        assert isinstance(sent, RoomSendResponse), sent

    async def react(self, event_id: str, key: str) -> None:
        relates = {"rel_type": "m.annotation", "event_id": event_id, "key": key}
        sent = await self.client.room_send(self.room, "m.reaction", {"m.relates_to": relates})
        assert isinstance(sent, RoomSendResponse), sent

    async def card(self, words: str, within_s: float = 20.0) -> str:
        """Waits for a message of the bot's that says this; returns its event's id."""

        async def found() -> str | None:
            await self.look()
            return next((ref for ref, text in self.shown.items() if words in text), None)

        ref: str = await until(found, within_s)
        return ref

    async def look(self) -> None:
        """What has happened in the room since the last look."""
        answer = await self.client.sync(timeout=200, since=self.since or None, full_state=not self.since)
        self.since = answer.next_batch
        joined = answer.rooms.join.get(self.room)
        for event in [] if joined is None else [*joined.state, *joined.timeline.events]:
            source = event.source
            if source["type"] == "m.room.member" and source["content"]["membership"] == "join":
                self.members.add(source["state_key"])
            if source["sender"] == BOT and source["type"] == "m.room.message":
                relates = source["content"].get("m.relates_to", {})
                if relates.get("rel_type") == "m.replace":
                    self.shown[relates["event_id"]] = source["content"]["m.new_content"]["body"]
                else:
                    self.shown[source["event_id"]] = source["content"]["body"]


@dataclass
class Loop:
    """Everything that is there."""

    synapse: Synapse
    bot: Bot
    person: Person


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def loop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Loop]:
    """Homeserver, sandbox, bot, and somebody who has invited the bot into a room and is bound."""
    folder = tmp_path_factory.mktemp("matrix")
    data = tmp_path_factory.mktemp("data")
    port = free_port()
    with twin_running(folder) as twin:
        async with running(folder / "hs", f"http://127.0.0.1:{port}") as synapse:
            file = data / "channels.toml"
            file.write_text(synapse.section())
            file.chmod(0o600)
            bot = Bot(data, port, twin)
            password = await synapse.person("li")
            client = AsyncClient(synapse.url, f"@li:{SERVER}", config=AsyncClientConfig(request_timeout=20))
            try:
                await bot.start()
                await client.login(password)
                made = await client.room_create(invite=[BOT])
                assert isinstance(made, RoomCreateResponse), made
                person = Person(client, made.room_id)
                await _bind(person, bot)
                yield Loop(synapse, bot, person)
            finally:
                await client.close()
                if bot.process is not None:
                    bot.kill()


async def _bind(person: Person, bot: Bot) -> None:
    """Invited, the bot comes; a stranger hears how to bind, and the code of the command line binds."""

    async def joined() -> bool:
        await person.look()
        return BOT in person.members

    await until(joined, 20)
    await person.say(f"!intercept {PARCEL}")
    await person.card("先绑定这个聊天账号")
    await person.say(f"!bind {bot.code()}")
    await person.card("周琳")


async def test_from_a_command_to_a_result(loop: Loop) -> None:
    """A command brings a card, a tick confirms it, and the same message becomes the result."""
    person = loop.person
    loop.bot.twin.arm(OTHER, "success")
    await person.say(f"!intercept {OTHER}")
    card = await person.card(OTHER)
    assert "3.00 元 成功才收" in person.shown[card]
    await person.react(card, "✅")
    await person.card("拦截成功")
    assert "拦截成功" in person.shown[card]
    assert [state for state, _ in loop.bot.cases(OTHER)] == ["succeeded"]
    latest = (await _event(loop, card))["unsigned"]["m.relations"]["m.replace"]
    assert "拦截成功" in latest["content"]["m.new_content"]["body"]
    await person.say("9", answers=card)
    await person.say("[9]", answers=card)
    await asyncio.sleep(0.5)
    assert len(loop.bot.cases(OTHER)) == 1


async def _event(loop: Loop, event_id: str) -> dict[str, Any]:
    """The message as the server gives it to somebody who comes later."""
    address = f"{loop.synapse.url}/_matrix/client/v3/rooms/{loop.person.room}/event/{event_id}"
    headers = {"Authorization": f"Bearer {loop.person.client.access_token}"}
    async with aiohttp.ClientSession() as session, session.get(address, headers=headers) as response:
        found: dict[str, Any] = await response.json()
        return found


async def test_killed_between_command_and_result(loop: Loop) -> None:
    """Killed after the confirmation and before the result, and once more at a command: one interception, one order at
    the carrier, one card that ends with the result.
    """
    person = loop.person
    loop.bot.twin.arm(PARCEL, "success", delay_s=0.6)
    await person.say(f"!intercept {PARCEL}")
    card = await person.card(PARCEL)
    await person.say("1", answers=card)
    await until(lambda: loop.bot.cases(PARCEL), 10)
    loop.bot.kill()
    await person.say("!help")
    await loop.bot.start()
    await person.card("拦截助手能做什么", 40)

    async def settled() -> bool:
        await person.look()
        return "拦截成功" in person.shown[card]

    await until(settled, 40)
    assert sum(PARCEL in text for text in person.shown.values()) == 1
    assert [state for state, _ in loop.bot.cases(PARCEL)] == ["succeeded"]
    assert loop.bot.twin.orders(PARCEL) == 1
