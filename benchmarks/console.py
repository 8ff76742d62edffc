"""A server under posts: `python -m benchmarks.console bot|bare` prints its port and serves until its input ends.

`bot` is the console's chat post as it is (session check, form token, rate, parse, rules, card) with everything that is
kept handed in as fakes: the tables are one SQLite database in memory, in the thread of the loop, without a disk. No
carrier is asked. `bare` is aiohttp alone, which reads the same form and compares the same digests.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import uvloop
from aiohttp import web
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool

from benchmarks import rooms
from bot import logs
from bot.app import _parcel_card
from bot.cards import words
from bot.channels.console.channel import ConsoleChannel
from bot.channels.console.inbound import ConsoleChat
from bot.console.house import House
from bot.console.mount import mount
from bot.domain.people import Permission, Role
from bot.handlers.rooms import Rooms
from bot.handlers.router import Router
from bot.interception.advance import Advance
from bot.interception.batch import Batches
from bot.interception.pace import Pace
from bot.interception.service import Interceptions
from bot.interception.settled import Settled
from bot.merchants import people, permissions
from bot.merchants.passwords import Cost, hash_password
from bot.merchants.sessions import Sessions
from bot.outbound import Outbound
from bot.runners.local import LocalRunner
from bot.store import migrate  # noqa: F401 - brings all tables
from bot.store.clock import MACHINE
from bot.store.schema import metadata

T = TypeVar("T")
PEOPLE = 320
"""So many are signed in: a person may post ten times a second, no more."""

PARCELS = 64
SECRET = b"bench"


class Memory:
    """Meets `Database`: a connection in memory, each transaction at once."""

    shared = False
    clock = MACHINE

    def __init__(self) -> None:
        engine = create_engine("sqlite://", poolclass=StaticPool, execution_options={"clock": MACHINE})
        metadata.create_all(engine)
        self._connection = engine.connect()

    async def write(self, work: Callable[[Connection], T]) -> T:
        """At once."""
        value = work(self._connection)
        self._connection.commit()
        return value

    async def read(self, work: Callable[[Connection], T]) -> T:
        """At once."""
        return work(self._connection)

    def waiting(self) -> int:
        """Nobody waits."""
        return 0

    async def close(self) -> None:
        """Forgets everything."""
        self._connection.close()


def _people(connection: Connection) -> list[str]:
    """Agents who may intercept; their ids."""
    at, hashed = datetime.now(UTC), hash_password("bench", Cost(passes=1))
    owner_id = people.create(connection, rooms.SHOP, "owner", "陈老板", Role.OWNER, password=hashed, at=at)
    owner = people.get(connection, owner_id)
    assert owner is not None
    by = permissions.asker(connection, owner)
    ids = []
    for place in range(PEOPLE):
        login = f"agent{place}"
        ids.append(people.create(connection, rooms.SHOP, login, login, Role.AGENT, password=hashed, at=at))
        permissions.grant(connection, by, ids[-1], Permission.LOGISTICS_TOOLS, at)
    return ids


async def bot() -> tuple[web.Application, list[bytes]]:
    """The console, and the posts of all people."""
    database, ruleset = Memory(), rooms.rules()
    await database.write(lambda c: rooms.enter(c, PARCELS, ruleset))
    sessions = Sessions(database)
    visitors = [await sessions.begin(person) for person in await database.write(_people)]
    outbound = Outbound()
    table = rooms.routes("http://127.0.0.1:9", outbound, has_trace=False)
    pace, settled = Pace(), Settled()
    advance = Advance(database, table, pace, settled)
    interceptions = Interceptions(database, table, lambda: ruleset, pace, LocalRunner(database, []), advance, settled)
    batches = Batches(database, interceptions)
    chats = Rooms(database, interceptions, batches, lambda: ruleset, 8.0)
    desk = Router(chats, {"console": ConsoleChannel().deliver})
    app = web.Application()
    mount(
        app,
        House(
            database=database,
            desk=desk,
            chat=ConsoleChat(desk),
            interceptions=interceptions,
            batches=batches,
            sessions=sessions,
            rules=lambda: ruleset,
            words=words,
            parcel_card=lambda candidate, number, lang, now: _parcel_card(candidate, number, lang, now, ruleset),
            faq=None,  # type: ignore[arg-type] - no page asks
        ),
    )
    posts = [
        _post(f"/conversations/{rooms.claim_id(place % PARCELS)}/messages", place, each.token, each.csrf)
        for place, each in enumerate(visitors)
        if each is not None
    ]
    return app, posts


async def bare() -> tuple[web.Application, list[bytes]]:
    """Aiohttp with the same form and the same digests; it knows nobody and draws nothing."""
    digests = {hashlib.sha256(f"token{place}".encode()).digest(): f"csrf{place}" for place in range(PEOPLE)}

    async def say(request: web.Request) -> web.Response:
        csrf = digests.get(hashlib.sha256(request.cookies.get("intercept_session", "").encode()).digest())
        form = await request.post()
        given = str(form.get("csrf", ""))
        signed = hmac.new(SECRET, given.encode(), hashlib.sha256).hexdigest()
        if csrf is None or not hmac.compare_digest(signed, hmac.new(SECRET, csrf.encode(), hashlib.sha256).hexdigest()):
            return web.json_response({"done": False}, status=403)
        return web.json_response({"done": True})

    app = web.Application()
    app.router.add_post("/conversations/{id}/messages", say)
    posts = [
        _post(f"/conversations/{rooms.claim_id(place % PARCELS)}/messages", place, f"token{place}", f"csrf{place}")
        for place in range(PEOPLE)
    ]
    return app, posts


def _post(path: str, place: int, token: str, csrf: str) -> bytes:
    """One form as a browser sends it: the command for one parcel."""
    body = f"csrf={csrf}&text=%2Fintercept+{rooms.number(place % PARCELS)}"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Console: 1\r\nCookie: intercept_session={token}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()


async def _serve(make: Any) -> None:
    app, posts = await make()
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    print(json.dumps({"port": runner.addresses[0][1], "posts": [post.decode() for post in posts]}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


def main() -> None:
    """Serves."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["bot", "bare", "bare-uvloop"])
    what = parser.parse_args().what
    logs.configure("json", "warning")
    if what == "bare":
        asyncio.run(_serve(bare))
    else:
        uvloop.run(_serve(bot if what == "bot" else bare))


if __name__ == "__main__":
    main()
