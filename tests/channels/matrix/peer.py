"""A homeserver on loopback: hands transactions over, knows each of the bot's by its id, applies edits."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed
from itertools import count
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from bot.cards.card import Card
from bot.channels.matrix import render
from tests.channels.peers import Heard, Seen, Sent, send
from tests.loopback import TestServer

HS_TOKEN, AS_TOKEN = "hs-token-01", "as-token-01"
SERVER = "shop.example"
BOT = f"@intercept:{SERVER}"
BUTTON = re.compile(r"^\[(\d+)\] (.+)$", re.MULTILINE)


@dataclass
class Kept:
    """An event in the room."""

    event_id: str
    content: dict[str, Any]
    edits: int = 0


@dataclass
class MatrixPeer:
    """One room."""

    name: str = "matrix"
    tenant: str = SERVER
    person: str = f"@li:{SERVER}"
    stranger: str = f"@somebody:{SERVER}"
    commands: Sequence[str] = ("<script", "@room\x00")
    room: str = f"!room:{SERVER}"
    kept: list[Kept] = field(default_factory=list)
    joined: list[str] = field(default_factory=list)
    fails: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = count(1)
        self._seen: dict[str, str] = {}
        self._base = ""

    async def start(self) -> None:
        app = web.Application()
        app.router.add_put("/_matrix/client/v3/rooms/{room}/send/{type}/{txn}", self._send)
        app.router.add_post("/_matrix/client/v3/rooms/{room}/join", self._join)
        app.router.add_get("/_matrix/client/versions", self._versions)
        app.router.add_get("/_matrix/client/v3/account/whoami", self._whoami)
        self._server = TestServer(app, host="127.0.0.1")
        await self._server.start_server()

    async def close(self) -> None:
        await self._server.close()

    def section(self) -> str:
        return (
            f'[matrix]\nhomeserver_url = "http://127.0.0.1:{self._server.port}"\nserver_name = "{SERVER}"\n'
            f'user = "{BOT}"\nas_token = "{AS_TOKEN}"\nhs_token = "{HS_TOKEN}"\n'
        )

    async def meet(self, base: str) -> None:
        self._base = base

    async def send(self, sent: Sent) -> Heard:
        return await send(self._base, self.name, sent)

    async def say(self, text: str, user: str = "") -> Heard:
        return await self.send(self.transaction(self.message(text, user or self.person)))

    async def press(self, seen: Seen, words: str, picked: Sequence[str] = (), user: str = "") -> Heard:
        return await self.answer(seen.ref, seen.button(words), user)

    async def answer(self, ref: str, text: str, user: str = "") -> Heard:
        """Answers a message."""
        event = self.message(f"> <{BOT}> card\n> more\n\n{text}", user or self.person)
        event["content"]["m.relates_to"] = {"m.in_reply_to": {"event_id": ref}}
        return await self.send(self.transaction(event))

    async def react(self, ref: str, key: str, user: str = "") -> Heard:
        """Reacts to a message."""
        relates = {"rel_type": "m.annotation", "event_id": ref, "key": key}
        return await self.send(
            self.transaction(self.event("m.reaction", {"m.relates_to": relates}, user or self.person))
        )

    def seen(self) -> list[Seen]:
        found = []
        for one in self.kept:
            body = one.content["body"]
            found.append(Seen(one.event_id, body, {label: n for n, label in BUTTON.findall(body)}, {}, one.edits))
        return found

    def told(self) -> list[str]:
        return [one.text for one in self.seen()]

    def drawn(self, card: Card, pages: str) -> Seen:
        drawn = render.content(card, pages)
        assert len(json.dumps(render.edit("$e", drawn), ensure_ascii=False).encode()) < 65_000
        assert drawn["m.mentions"] == {}
        presses = render.presses(card, pages)
        assert [label for _, label in BUTTON.findall(drawn["body"])] == [press.label for press in presses]
        values = {press.label: press.value for press in presses}
        return Seen("", drawn["body"] + drawn["formatted_body"], values)

    def event(self, kind: str, content: dict[str, Any], user: str, **more: Any) -> dict[str, Any]:
        """An event of the room."""
        return {
            "type": kind,
            "event_id": f"$ev{next(self._numbers)}",
            "room_id": self.room,
            "sender": user,
            "origin_server_ts": int(time.time() * 1000),
            "content": content,
            **more,
        }

    def message(self, text: str, user: str, **more: Any) -> dict[str, Any]:
        """A text."""
        return self.event("m.room.message", {"msgtype": "m.text", "body": text}, user, **more)

    def transaction(self, *events: dict[str, Any], txn: str = "", token: str = HS_TOKEN) -> Sent:
        """What the homeserver hands over."""
        body = json.dumps({"events": list(events)}).encode()
        path = f"/_matrix/app/v1/transactions/{txn or next(self._numbers)}"
        return Sent(path, body, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}, "PUT")

    def hostile(self, value: str) -> Iterable[tuple[str, Sent]]:
        good = self.transaction(self.message("/intercept 7312045566778894001", self.person))
        yield "without a token", changed(good, headers={})
        yield "another token", changed(good, headers={"Authorization": "Bearer hs-token-02"})
        yield "an empty token", changed(good, headers={"Authorization": "Bearer "})
        yield "our own token", changed(good, headers={"Authorization": f"Bearer {AS_TOKEN}"})
        yield "the token in the address", changed(good, headers={}, query={"access_token": HS_TOKEN})
        yield "truncated", changed(good, body=good.body[:-3])
        yield "no events", changed(good, body=b"{}")
        yield "oversized", changed(good, body=b"x" * (8 * 1024 * 1024 + 1))
        far = self.message("/intercept 7312045566778894001", "@li:evil.example")
        yield "somebody of another server", changed(self.transaction(far), silent=True)
        near = self.message("/intercept 7312045566778894001", f"@li:evil.example:{SERVER}x")
        yield "a name that looks alike", changed(self.transaction(near), silent=True)
        yield "the bot itself", changed(self.transaction(self.message("/help", BOT)), silent=True)
        for gone in ("event_id", "sender", "room_id", "origin_server_ts", "type"):
            part = self.message("/intercept 7312045566778894001", self.person)
            del part[gone]
            yield f"without {gone}", changed(self.transaction(part), silent=True)
        yield "nonsense", changed(self.transaction({"content": []}, {}), silent=True)
        reaction = {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$none", "key": value}}
        yield (
            "a reaction to nothing",
            changed(self.transaction(self.event("m.reaction", reaction, self.person)), silent=True),
        )

    async def _versions(self, request: web.Request) -> web.Response:
        return web.json_response({"versions": ["v1.11"]})

    async def _whoami(self, request: web.Request) -> web.Response:
        if request.headers["Authorization"] != f"Bearer {AS_TOKEN}":
            return web.json_response({"errcode": "M_UNKNOWN_TOKEN"}, status=401)
        if request.query["user_id"] != BOT:
            return web.json_response({"errcode": "M_FORBIDDEN"}, status=403)
        return web.json_response({"user_id": BOT})

    async def _send(self, request: web.Request) -> web.Response:
        if request.headers["Authorization"] != f"Bearer {AS_TOKEN}" or request.query["user_id"] != BOT:
            return web.json_response({"errcode": "M_FORBIDDEN"}, status=403)
        if self.fails:
            status, code = self.fails.pop(0)
            return web.json_response({"errcode": code}, status=status)
        txn = request.match_info["txn"]
        if txn not in self._seen:
            content = await request.json()
            self._seen[txn] = f"$bot{next(self._numbers)}"
            relates = content.get("m.relates_to", {})
            if relates.get("rel_type") == "m.replace":
                [old] = [one for one in self.kept if one.event_id == relates["event_id"]]
                old.content = content["m.new_content"]
                old.edits += 1
            else:
                self.kept.append(Kept(self._seen[txn], content))
        return web.json_response({"event_id": self._seen[txn]})

    async def _join(self, request: web.Request) -> web.Response:
        if self.fails:
            status, code = self.fails.pop(0)
            return web.json_response({"errcode": code}, status=status)
        self.joined.append(unquote(request.match_info["room"]))
        return web.json_response({"room_id": self.joined[-1]})
