"""Slack on loopback: signs with Slack's own SDK, checks each card with the SDK's validators, changes messages."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from slack_sdk.models.blocks import Block
from slack_sdk.signature import SignatureVerifier

from bot.cards.card import Card
from bot.channels.slack import render
from tests.channels.peers import Heard, Seen, Sent, send
from tests.loopback import TestServer

SECRET = "slack-signing-secret-01"
TOKEN = "xoxb-1-token"
TEAM = "T1"
FORM = "application/x-www-form-urlencoded"


@dataclass
class Kept:
    """A message in the channel."""

    channel: str
    ts: str
    message: dict[str, Any]
    edits: int = 0


@dataclass
class SlackPeer:
    """A workspace with one channel."""

    name: str = "slack"
    tenant: str = TEAM
    person: str = "U1"
    stranger: str = "U9"
    commands: Sequence[str] = ("<!channel>", "<https://evil", "<at ")
    channel: str = "C1"
    refuses: dict[str, str] = field(default_factory=dict)
    kept: list[Kept] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    ephemeral: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = count(100)
        self._base = ""

    async def start(self) -> None:
        app = web.Application()
        self.routes(app)
        self._server = TestServer(app, host="127.0.0.1")
        await self._server.start_server()

    def routes(self, app: web.Application) -> None:
        """What Slack answers to."""
        app.router.add_post("/api/{method}", self._api)
        app.router.add_post("/hooks/{rest:.*}", self._hook)

    async def close(self) -> None:
        await self._server.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    def section(self) -> str:
        return (
            f'[slack]\nsigning_secret = "{SECRET}"\nbot_token = "{TOKEN}"\nteam_id = "{TEAM}"\n'
            f'api_url = "{self.url}/api"\nhooks_url = "{self.url}/hooks"\n'
        )

    async def meet(self, base: str) -> None:
        self._base = base

    async def say(self, text: str, user: str = "") -> Heard:
        heard = await self.send(self.slash(text, user or self.person))
        if heard.body:
            self.ephemeral.append(words(json.loads(heard.body)))
        return heard

    async def press(self, seen: Seen, words: str, picked: Sequence[str] = (), user: str = "") -> Heard:
        return await self.send(self.click(seen.ref, seen.button(words), user or self.person, picked=picked))

    async def send(self, sent: Sent) -> Heard:
        return await send(self._base, self.name, sent)

    def seen(self) -> list[Seen]:
        return [
            Seen(f"{one.channel}:{one.ts}", words(one.message), buttons(one.message), boxes(one.message), one.edits)
            for one in self.kept
        ]

    def told(self) -> list[str]:
        return [*self.ephemeral, *(one.text for one in self.seen())]

    def drawn(self, card: Card, pages: str) -> Seen:
        message = render.message(card, pages)
        check(message)
        return Seen("", words(message), buttons(message), boxes(message))

    def slash(self, text: str, user: str, **more: str) -> Sent:
        """A slash command: what stands before the first blank is its name."""
        command, _, rest = text.partition(" ")
        fields = {
            "team_id": TEAM,
            "team_domain": "shop",
            "channel_id": self.channel,
            "channel_name": "cs",
            "user_id": user,
            "user_name": "li",
            "command": command,
            "text": rest,
            "api_app_id": "A1",
            "is_enterprise_install": "false",
            "response_url": f"{self.url}/hooks/commands/{next(self._numbers)}",
            "trigger_id": f"{next(self._numbers)}.2.3",
            **more,
        }
        return signed("/commands", urlencode(fields).encode(), FORM)

    def click(
        self, ref: str, value: str, user: str, *, picked: Sequence[str] = (), home: str = TEAM, **more: Any
    ) -> Sent:
        """A press of a button in that message."""
        channel, _, ts = ref.rpartition(":")
        payload: dict[str, Any] = {
            "type": "block_actions",
            "user": {"id": user, "username": "li", "team_id": home},
            "api_app_id": "A1",
            "container": {"type": "message", "message_ts": ts, "channel_id": channel},
            "trigger_id": f"{next(self._numbers)}.2.4",
            "team": {"id": TEAM, "domain": "shop"},
            "channel": {"id": channel, "name": "cs"},
            "response_url": f"{self.url}/hooks/actions/{next(self._numbers)}",
            "actions": [
                {
                    "action_id": "press:0",
                    "block_id": "buttons",
                    "type": "button",
                    "value": value,
                    "action_ts": f"{time.time():.4f}{next(self._numbers)}",
                }
            ],
            **more,
        }
        if picked:
            chosen = [{"text": {"type": "plain_text", "text": one}, "value": one} for one in picked]
            state = {"parcels:0": {"boxes": {"type": "checkboxes", "selected_options": chosen}}}
            payload["state"] = {"values": state}
        return signed("/interactive", urlencode({"payload": json.dumps(payload)}).encode(), FORM)

    def event(self, event: Mapping[str, Any], *, event_id: str = "", **more: Any) -> Sent:
        """A message by the Events API."""
        body = {
            "type": "event_callback",
            "team_id": TEAM,
            "api_app_id": "A1",
            "event_id": event_id or f"Ev{next(self._numbers)}",
            "event": {"channel": self.channel, "ts": f"{time.time():.6f}", "team": TEAM, **event},
            **more,
        }
        return signed("/events", json.dumps(body).encode(), "application/json")

    def hostile(self, value: str) -> Iterable[tuple[str, Sent]]:
        good = self.slash("/intercept 7312045566778894001", self.person)
        click = self.click("C1:1.0", value, self.person)
        yield "unsigned", Sent(good.path, good.body, {"Content-Type": FORM})
        yield "wrong signature", Sent(good.path, good.body + b"&x=1", good.headers)
        yield "another secret", signed(good.path, good.body, FORM, secret="another-secret")
        yield "stale", signed(good.path, good.body, FORM, at=time.time() - 301)
        yield "from the future", signed(good.path, good.body, FORM, at=time.time() + 302)
        yield "no timestamp", Sent(good.path, good.body, {k: v for k, v in good.headers.items() if "Time" not in k})
        yield "truncated", Sent(good.path, good.body[:-20], good.headers)
        yield "another workspace", self.slash("/intercept 1", self.person, team_id="T2")
        yield "a guest's workspace", self.click("C1:1.0", value, self.person, home="T2")
        yield "no user", signed("/commands", urlencode({"team_id": TEAM, "command": "/intercept"}).encode(), FORM)
        yield "no payload", signed("/interactive", b"payload=", FORM)
        yield "no JSON", signed("/events", b"{", "application/json")
        yield "oversized", signed("/events", b"x" * (300 * 1024), "application/json")
        yield "signed for another body", Sent(click.path, click.body, good.headers)

    async def _api(self, request: web.Request) -> web.Response:
        method, raw = request.match_info["method"], await request.read()
        if method == "auth.test":  # asked by Slack's own framework, and when Slack is set up
            if request.headers["Authorization"] != f"Bearer {TOKEN}":
                return web.json_response({"ok": False, "error": "invalid_auth"})
            return web.json_response({"ok": True, "team_id": TEAM, "user_id": "UBOT", "bot_id": "BBOT"})
        body = json.loads(raw)
        self.calls.append((method, body))
        if request.headers["Authorization"] != f"Bearer {TOKEN}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        if method in self.refuses:
            return web.json_response({"ok": False, "error": self.refuses[method]})
        check(body)
        if method == "chat.postMessage":
            self.kept.append(Kept(body["channel"], f"{next(self._numbers)}.000100", body))
            return web.json_response({"ok": True, "channel": body["channel"], "ts": self.kept[-1].ts})
        if method == "chat.postEphemeral":
            self.ephemeral.append(words(body))
            return web.json_response({"ok": True, "message_ts": "1.0"})
        found = [one for one in self.kept if (one.channel, one.ts) == (body["channel"], body["ts"])]
        if not found:
            return web.json_response({"ok": False, "error": "message_not_found"})
        found[0].message = body
        found[0].edits += 1
        return web.json_response({"ok": True, "channel": body["channel"], "ts": body["ts"]})

    async def _hook(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        self.calls.append((f"hook:{request.match_info['rest']}", body))
        check(body)
        if not body.get("replace_original"):
            self.kept.append(Kept(self.channel, f"{next(self._numbers)}.000100", body))
        return web.Response(text="ok")


def signed(path: str, body: bytes, content_type: str, *, secret: str = SECRET, at: float | None = None) -> Sent:
    """As Slack's own SDK signs it."""
    timestamp = str(int(time.time() if at is None else at))
    signature = SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body)
    assert signature is not None
    headers = {"Content-Type": content_type, "X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}
    return Sent(path, body, headers)


def check(message: Mapping[str, Any]) -> None:
    """Raises where the SDK's validators find a block that Slack would refuse."""
    blocks = message["blocks"]
    assert len(blocks) <= 50
    for block in Block.parse_all(blocks):
        block.validate_json()
    assert len(message["text"]) <= 40_000


def words(message: Mapping[str, Any]) -> str:
    """Everything that a message says."""
    return "\n".join(_texts(message.get("blocks", [])))


def buttons(message: Mapping[str, Any]) -> dict[str, str]:
    """Buttons by label."""
    return {
        one["text"]["text"]: one["value"] for one in _elements(message) if one["type"] == "button" if "value" in one
    }


def boxes(message: Mapping[str, Any]) -> dict[str, str]:
    """Check boxes by label."""
    found = [option for one in _elements(message) if one["type"] == "checkboxes" for option in one["options"]]
    return {option["text"]["text"]: option["value"] for option in found}


def _elements(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [one for block in message["blocks"] if block["type"] == "actions" for one in block["elements"]]


def _texts(part: Any) -> Iterable[str]:
    if isinstance(part, list):
        for one in part:
            yield from _texts(one)
    elif isinstance(part, dict):
        if isinstance(part.get("text"), str):
            yield part["text"]
        for value in part.values():
            if isinstance(value, dict | list):
                yield from _texts(value)
