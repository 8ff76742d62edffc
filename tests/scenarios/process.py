"""The bot as a process of its own, as an operator runs it: to be killed, frozen, ended and started again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from bot.domain.people import Scope
from bot.merchants import keys
from bot.store.database import now, open_database
from tests.scenarios.wire import Api
from tests.twin import Twin, free_port

TIMES = {"BOT_CALL_TIMEOUT_S": "0.8", "BOT_DOUBT_QUIET_S": "2", "BOT_HEARTBEAT_S": "0.5", "BOT_STALLED_S": "2"}
"""A call, the quiet time, and after how long a replica is dead: an operator's settings, short."""

START_S = 60.0


@dataclass(slots=True)
class Served:
    """One `serve --demo`, and how it is hurt."""

    folder: Path
    url: str
    twin: Twin
    name: str = "bot"
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        """Where it is spoken to."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self, session: aiohttp.ClientSession) -> None:
        """Starts it, on the same port each time, and waits until it is ready."""
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        own = {"PORT": str(self.port), "BOT_DATA": str(self.folder), "DATABASE_URL": self.url}
        env = {**inherited, **TIMES, **own, "SANDBOX_URL": self.twin.url}
        command = [sys.executable, "-m", "bot.cli", "serve", "--demo"]
        self._spawn(command, env)
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            assert self.process is not None
            assert self.process.poll() is None, self.said()
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with session.get(f"{self.base}/readyz", timeout=aiohttp.ClientTimeout(total=2)) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.05)
        raise AssertionError(f"not ready within {START_S} s: {self.said()}")

    def _spawn(self, command: list[str], env: dict[str, str]) -> None:
        with (self.folder / f"{self.name}.log").open("ab") as out:
            self.process = subprocess.Popen(
                command, env=env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )

    def kill(self) -> None:
        """SIGKILL, in whatever it is doing."""
        self._send(signal.SIGKILL)
        assert self.process is not None
        self.process.wait(10)

    async def end(self) -> int:
        """SIGTERM, as a restart does it; ten seconds are allowed (contract)."""
        self._send(signal.SIGTERM)
        assert self.process is not None
        return await asyncio.to_thread(self.process.wait, 10)

    def freeze(self) -> None:
        """The machine stands still for this process."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """And goes on, as if nothing had been."""
        self._send(signal.SIGCONT)

    def most_bytes(self, limit: int) -> None:
        """No file of this process grows beyond that: a full disk, for it alone. -1 lifts it."""
        assert self.process is not None
        _, hard = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (limit, hard))

    def said(self) -> str:
        """The end of its log."""
        return (self.folder / f"{self.name}.log").read_text("utf-8", "replace")[-3000:]

    def _send(self, number: signal.Signals) -> None:
        assert self.process is not None
        assert self.process.poll() is None, self.said()
        os.kill(self.process.pid, number)


@contextlib.asynccontextmanager
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Connections that are not kept: a server that was killed leaves none half open."""
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=10)) as opened:
        yield opened


@contextlib.asynccontextmanager
async def replicas(
    folder: Path, url: str, twin: Twin, names: tuple[str, ...] = ("bot",)
) -> AsyncIterator[list[Served]]:
    """Running bots on one database; whatever is left of them at the end is ended."""
    served = [Served(folder, url, twin, name) for name in names]
    async with session() as opened:
        try:
            for one in served:
                await one.start(opened)
            yield served
        finally:
            for one in served:
                if one.process is not None and one.process.poll() is None:
                    os.kill(one.process.pid, signal.SIGCONT)
                    one.process.kill()
                    one.process.wait(10)


async def key_of(url: str, shop_id: str = "demo") -> str:
    """A key with every scope, made beside the running bot as `apikey create` does."""
    database = open_database(url)
    try:
        return (await database.write(lambda c: keys.create(c, shop_id, list(Scope), "ERP", now(c))))[1]
    finally:
        await database.close()


async def stubborn(apis: list[Api], body: object, key: str) -> list[str]:
    """Asks as a client does that does not give up: the same key until somebody answers; the ids."""
    for attempt in range(400):
        try:
            answer = await apis[attempt % len(apis)].ask(body, key=key)
        except (aiohttp.ClientError, TimeoutError, ValueError):
            await asyncio.sleep(0.15)
            continue
        if answer.status in (429, 503):
            await asyncio.sleep(0.15)
            continue
        assert answer.status in (200, 202), answer
        return [item["id"] for item in answer.body["items"]]
    raise AssertionError(f"nobody answered {key}")
