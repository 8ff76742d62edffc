"""Chatwoot on loopback: signs its webhook, keeps private notes, and tells the bot of the bot's own notes as well."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed
from itertools import count
from typing import Any

from aiohttp import web

from bot.cards.card import Card
from bot.channels.chatwoot import render
from tests.channels.peers import Heard, Seen, Sent, send
from tests.loopback import TestServer

SECRET, ACCESS = "chatwoot-secret-01", "chatwoot-access-01"
OWN = 7
BUTTON = re.compile(r"^\\\[(\d+)\\\] (.+)$", re.MULTILINE)


@dataclass
class Kept:
    """A note."""

    id: int
    content: str


@dataclass
class ChatwootPeer:
    """An account with one conversation."""

    name: str = "chatwoot"
    tenant: str = "1"
    person: str = "3"
    stranger: str = "9"
    commands: Sequence[str] = ("[a](http", " <at ", "<!channel>")
    conversation: int = 88
    kept: list[Kept] = field(default_factory=list)
    replies: list[Kept] = field(default_factory=list)
    """What the customer read."""
    more: str = ""
    echoes: list[int] = field(default_factory=list)
    fails: list[int] = field(default_factory=list)
    is_bot: bool = False

    def __post_init__(self) -> None:
        self._numbers = count(500)
        self._base = ""
        self._echoing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/api/v1/accounts/1/conversations/{conversation}/messages", self._note)
        app.router.add_get("/api/v1/profile", self._profile)
        self._server = TestServer(app, host="127.0.0.1")
        await self._server.start_server()

    async def close(self) -> None:
        for task in self._echoing:
            task.cancel()
        await self._server.close()

    def section(self) -> str:
        return (
            f'[chatwoot]\nurl = "http://127.0.0.1:{self._server.port}"\naccount_id = 1\nsecret = "{SECRET}"\n'
            f'access_token = "{ACCESS}"\nown_id = {OWN}\n{self.more}'
        )

    async def meet(self, base: str) -> None:
        self._base = base

    async def send(self, sent: Sent) -> Heard:
        return await send(self._base, self.name, sent)

    async def say(self, text: str, user: str = "") -> Heard:
        return await self.send(self.message(text, user or self.person))

    async def press(self, seen: Seen, words: str, picked: Sequence[str] = (), user: str = "") -> Heard:
        await asyncio.sleep(0.2)
        return await self.say(seen.button(words), user)

    def seen(self) -> list[Seen]:
        return [
            Seen(str(one.id), _plain(one.content), {_plain(w): n for n, w in BUTTON.findall(one.content)})
            for one in self.kept
        ]

    def told(self) -> list[str]:
        return [one.text for one in self.seen()]

    def drawn(self, card: Card, pages: str) -> Seen:
        words = render.note(card, pages)
        assert len(words) < 150_000
        presses = render.presses(card, pages)
        assert [n for n, _ in BUTTON.findall(words)] == [str(press.number) for press in presses]
        return Seen("", _plain(words), {one.label: one.value for one in presses}, raw=words)

    def message(self, text: str | None, user: str, *, kind: str = "user", account: int = 1, **more: Any) -> Sent:
        """Somebody writes a private note."""
        body = {
            "event": "message_created",
            "id": next(self._numbers),
            "content": text,
            "message_type": "outgoing",
            "private": True,
            "content_type": "text",
            "sender": {"id": int(user), "name": "Li", "email": "li@shop.example", "type": kind},
            "conversation": {"id": self.conversation, "status": "open", "messages": [{"content": "hello"}]},
            "account": {"id": account, "name": "Shop"},
            "inbox": {"id": 2, "name": "Douyin"},
            **more,
        }
        return signed(body)

    def asked(self, text: str, *, inbox: int = 2, status: str = "open") -> Sent:
        """The customer writes."""
        more = {"private": False, "message_type": "incoming", "inbox": {"id": inbox, "name": "Douyin"}}
        return self.message(
            text, "41", kind="contact", **more, conversation={"id": self.conversation, "status": status}
        )

    def hostile(self, value: str) -> Iterable[tuple[str, Sent]]:
        good = self.message("/intercept 7312045566778894001", self.person)
        yield "unsigned", changed(good, headers={})
        yield "wrong signature", changed(good, headers={**good.headers, "X-Chatwoot-Signature": "sha256=" + "0" * 64})
        yield (
            "without its kind",
            changed(good, headers={**good.headers, "X-Chatwoot-Signature": good.headers["X-Chatwoot-Signature"][7:]}),
        )
        yield "another body", changed(good, body=good.body + b" ")
        yield "truncated", changed(good, body=good.body[:-9])
        yield "stale", signed(json.loads(good.body), at=time.time() - 301)
        yield "from the future", signed(json.loads(good.body), at=time.time() + 302)
        yield "another secret", signed(json.loads(good.body), secret="another-secret")
        yield "another account", self.message("/intercept 1", self.person, account=2)
        yield "no account", signed({"event": "message_created", "account": None})
        yield "no JSON", signed(b"{")
        yield "no event", signed({"id": 1})
        yield "oversized", signed(b"x" * (1024 * 1024 + 1))
        silent = {
            "a customer": {"message_type": "incoming"},
            "a customer's command": {"message_type": "incoming", "kind": "contact", "private": False},
            "a bot": {"kind": "agent_bot"},
            "a rule": {"kind": "automation_rule"},
            "what we wrote": {"content_attributes": {"intercept_bot": True}},
            "no conversation": {"conversation": None},
            "no sender": {"sender": None},
            "no id": {"id": None},
            "an edit": {"event": "message_updated"},
        }
        for what, more in silent.items():
            yield what, changed(self.message("/intercept 7312045566778894001", self.person, **more), silent=True)
        yield "ourselves", changed(self.message("/intercept 7312045566778894001", str(OWN)), silent=True)

    async def _profile(self, request: web.Request) -> web.Response:
        """A user's token tells whose it is, an agent bot's does not."""
        if request.headers["api_access_token"] != ACCESS:
            return web.json_response({"error": "Invalid Access Token"}, status=401)
        if self.is_bot:
            return web.json_response({"error": "Access to this endpoint is not authorized for bots"}, status=401)
        return web.json_response({"id": OWN, "name": "bot", "accounts": [{"id": 1, "name": "Shop"}]})

    async def _note(self, request: web.Request) -> web.Response:
        if self.fails:
            return web.json_response({"error": "no"}, status=self.fails.pop(0))
        if request.headers["api_access_token"] != ACCESS:
            return web.json_response({"error": "no"}, status=401)
        body = await request.json()
        if request.match_info["conversation"] == "0":
            return web.json_response({"error": "Resource could not be found"}, status=404)
        assert body["message_type"] == "outgoing"
        assert request.match_info["conversation"] == str(self.conversation)
        made = Kept(next(self._numbers), body["content"])
        (self.kept if body["private"] else self.replies).append(made)
        task = asyncio.get_running_loop().create_task(self._echo(made, body["content_attributes"]))
        self._echoing.add(task)
        task.add_done_callback(self._echoing.discard)
        return web.json_response({"id": made.id, "content": made.content})

    async def _echo(self, made: Kept, attributes: dict[str, Any]) -> None:
        """The webhook tells of this note too."""
        heard = await self.send(
            self.message(made.content, str(OWN), kind="agent_bot", id=made.id, content_attributes=attributes)
        )
        self.echoes.append(heard.status)


def signed(body: Any, *, at: float | None = None, secret: str = SECRET) -> Sent:
    """As Chatwoot signs."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    timestamp = str(int(time.time() if at is None else at))
    value = hmac.new(secret.encode(), timestamp.encode() + b"." + raw, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-Chatwoot-Timestamp": timestamp,
        "X-Chatwoot-Signature": f"sha256={value}",
        "X-Chatwoot-Delivery": str(uuid.uuid4()),
    }
    return Sent("/webhook", raw, headers)


def _plain(words: str) -> str:
    """What an agent reads: Markdown's own signs are not shown."""
    return re.sub(r"\\([\\`*_\[\]<>#|~])", r"\1", words.replace("**", ""))
