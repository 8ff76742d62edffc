"""飞书 on loopback: encrypts and signs as 飞书 does, gives out tokens, keeps cards and changes them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from bot.cards.card import Card
from bot.channels.feishu import render
from tests.channels.peers import Heard, Seen, Sent, send
from tests.loopback import TestServer

KEY, TOKEN, APP, SECRET = "feishu-encrypt-key-01", "feishu-token-01", "cli_a1", "feishu-app-secret-01"
TENANT = "tk-1"
JSON = {"Content-Type": "application/json"}


@dataclass
class Kept:
    """A message in the chat."""

    message_id: str
    card: dict[str, Any]
    edits: int = 0


@dataclass
class FeishuPeer:
    """A company with one group."""

    name: str = "feishu"
    tenant: str = TENANT
    person: str = "ou_1"
    stranger: str = "ou_9"
    commands: Sequence[str] = ()
    chat: str = "oc_1"
    kept: list[Kept] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    toasts: list[str] = field(default_factory=list)
    fails: list[tuple[int, int]] = field(default_factory=list)
    has_bot: bool = True
    tells_company: bool = True

    def __post_init__(self) -> None:
        self._numbers = count(1)
        self._seen: dict[str, str] = {}
        self._base = ""
        self.token = "t-1"

    async def start(self) -> None:
        app = web.Application()
        self.routes(app)
        self._server = TestServer(app, host="127.0.0.1")
        await self._server.start_server()

    def routes(self, app: web.Application) -> None:
        """What 飞书 answers to."""
        app.router.add_post("/open-apis/auth/v3/tenant_access_token/internal", self._give)
        app.router.add_get("/open-apis/bot/v3/info", self._bot)
        app.router.add_get("/open-apis/tenant/v2/tenant/query", self._company)
        app.router.add_post("/open-apis/im/v1/messages", self._send)
        app.router.add_patch("/open-apis/im/v1/messages/{message}", self._patch)

    async def close(self) -> None:
        await self._server.close()

    def section(self) -> str:
        return (
            f'[feishu]\napp_id = "{APP}"\napp_secret = "{SECRET}"\nencrypt_key = "{KEY}"\n'
            f'verification_token = "{TOKEN}"\ntenant_key = "{TENANT}"\n'
            f'api_url = "http://127.0.0.1:{self._server.port}"\n'
        )

    async def meet(self, base: str) -> None:
        self._base = base

    async def send(self, sent: Sent) -> Heard:
        return await send(self._base, self.name, sent)

    async def say(self, text: str, user: str = "") -> Heard:
        return await self.send(self.message(text, user or self.person))

    async def press(self, seen: Seen, words: str, picked: Sequence[str] = (), user: str = "") -> Heard:
        form = {f"parcel_{number}": number in picked for number in seen.boxes.values()}
        heard = await self.send(self.click(seen.ref, seen.button(words), user or self.person, form=form))
        if heard.status == 200 and heard.body != b"{}":
            self.toasts.append(json.loads(heard.body)["toast"]["content"])
        return heard

    def seen(self) -> list[Seen]:
        return [
            Seen(one.message_id, words(one.card), buttons(one.card), boxes(one.card), one.edits) for one in self.kept
        ]

    def told(self) -> list[str]:
        return [*self.toasts, *(one.text for one in self.seen())]

    def drawn(self, card: Card, pages: str) -> Seen:
        drawn = render.card_json(card, pages)
        check(drawn)
        return Seen("", words(drawn), buttons(drawn), boxes(drawn))

    def header(self, kind: str, **more: Any) -> dict[str, Any]:
        """What stands before every event."""
        scale = 10**6 if kind.startswith("card") else 10**3
        return {
            "event_id": f"ev-{next(self._numbers)}",
            "token": TOKEN,
            "create_time": str(int(time.time() * scale)),
            "event_type": kind,
            "tenant_key": TENANT,
            "app_id": APP,
            **more,
        }

    def message(self, text: str, user: str, *, company: str = TENANT, kind: str = "user", **more: Any) -> Sent:
        """Somebody writes in the group and mentions the bot."""
        at = str(int(time.time() * 1000))
        event = {
            "sender": {"sender_id": {"open_id": user}, "sender_type": kind, "tenant_key": company},
            "message": {
                "message_id": f"om_in_{next(self._numbers)}",
                "create_time": at,
                "chat_id": self.chat,
                "chat_type": "group",
                "message_type": "text",
                "content": json.dumps({"text": f"@_user_1 {text}"}),
                "mentions": [
                    {"key": "@_user_1", "id": {"open_id": "ou_bot"}, "name": "拦截助手", "tenant_key": TENANT}
                ],
                **more,
            },
        }
        return sealed("/events", {"schema": "2.0", "header": self.header("im.message.receive_v1"), "event": event})

    def menu(self, key: str, user: str, **more: Any) -> Sent:
        """Somebody chooses an entry of the bot's menu."""
        event = {"operator": {"operator_id": {"open_id": user}}, "event_key": key, "timestamp": int(time.time())}
        header = self.header("application.bot.menu_v6", **more)
        return sealed("/events", {"schema": "2.0", "header": header, "event": event})

    def click(self, ref: str, value: Any, user: str, *, form: Any = None, company: str = TENANT, **more: Any) -> Sent:
        """Somebody presses a button."""
        event = {
            "operator": {"tenant_key": company, "open_id": user, "union_id": "on_1"},
            "token": "c-1",
            "action": {"value": {"a": value}, "tag": "button", "form_value": form or {}},
            "host": "im_message",
            "context": {"open_message_id": ref, "open_chat_id": self.chat},
        }
        header = self.header("card.action.trigger", **more)
        return sealed("/cards", {"schema": "2.0", "header": header, "event": event})

    def hostile(self, value: str) -> Iterable[tuple[str, Sent]]:
        good = self.message("/intercept 7312045566778894001", self.person)
        click = self.click("om_1", value, self.person)
        yield "unsigned", Sent(good.path, good.body, JSON)
        yield "wrong signature", Sent(good.path, good.body, {**good.headers, "X-Lark-Signature": "0" * 64})
        yield "the signature of another body", Sent(click.path, click.body, good.headers)
        yield "truncated", Sent(good.path, good.body[:-9], good.headers)
        plain = {"schema": "2.0", "header": self.header("im.message.receive_v1"), "event": {}}
        yield "in the clear, rightly signed", signed("/events", json.dumps(plain).encode())
        yield "stale", sealed("/events", plain, at=time.time() - 601)
        yield "from the future", sealed("/events", plain, at=time.time() + 602)
        yield "thirty years old", sealed("/events", plain, at=1)
        yield "another key", sealed("/events", plain, key="another-encrypt-key")
        yield "no cipher text", signed("/events", b'{"encrypt":"AAAA"}')
        yield "no base64", signed("/events", b'{"encrypt":"!"}')
        garbage = json.dumps({"encrypt": base64.b64encode(os.urandom(64)).decode()}).encode()
        yield "garbage, rightly signed", signed("/events", garbage)
        yield "a challenge with another token", challenge("another-token", signed_too=False)
        yield "an unsigned event", Sent(click.path, click.body, JSON)
        yield "another token", self.click("om_1", value, self.person, token="x")
        yield "another app", self.click("om_1", value, self.person, app_id="cli_a2")
        yield "another company's person", self.message("/intercept 1", self.person, company="tk-2")
        yield "another company's click", self.click("om_1", value, self.person, company="tk-2")
        yield "no event", sealed("/events", {"schema": "2.0", "header": self.header("im.message.receive_v1")})
        yield "no person", sealed("/events", {**plain, "event": {"message": {}}})
        yield "oversized", signed("/events", b"x" * (513 * 1024))

    async def _give(self, request: web.Request) -> web.Response:
        self.calls.append("token")
        if await request.json() != {"app_id": APP, "app_secret": SECRET}:
            return web.json_response({"code": 10014, "msg": "app secret invalid"})
        return web.json_response({"code": 0, "msg": "ok", "tenant_access_token": self.token, "expire": 7200})

    async def _bot(self, request: web.Request) -> web.Response:
        if not self.has_bot:
            return web.json_response({"code": 11205, "msg": "app do not have bot"})
        return self._refused(request) or web.json_response({"code": 0, "msg": "ok", "bot": {"open_id": "ou_bot"}})

    async def _company(self, request: web.Request) -> web.Response:
        if not self.tells_company:
            return web.json_response({"code": 99991672, "msg": "Access denied"}, status=400)
        return web.json_response({"code": 0, "data": {"tenant": {"name": "店", "tenant_key": TENANT}}})

    def _refused(self, request: web.Request) -> web.Response | None:
        if self.fails:
            status, code = self.fails.pop(0)
            return web.json_response({"code": code, "msg": "no"}, status=status)
        if request.headers["Authorization"] != f"Bearer {self.token}":
            return web.json_response({"code": 99991663, "msg": "token invalid"}, status=400)
        return None

    async def _send(self, request: web.Request) -> web.Response:
        self.calls.append("send")
        refused = self._refused(request)
        if refused is not None:
            return refused
        body = await request.json()
        where = (request.query["receive_id_type"], body["receive_id"])
        assert where in (("chat_id", self.chat), ("open_id", self.person), ("open_id", self.stranger))
        assert 0 < len(body["uuid"]) <= 50
        if body["uuid"] not in self._seen:
            card = json.loads(body["content"])
            check(card)
            self._seen[body["uuid"]] = f"om_{next(self._numbers)}"
            self.kept.append(Kept(self._seen[body["uuid"]], card))
        return web.json_response({"code": 0, "data": {"message_id": self._seen[body["uuid"]]}})

    async def _patch(self, request: web.Request) -> web.Response:
        self.calls.append("patch")
        refused = self._refused(request)
        if refused is not None:
            return refused
        card = json.loads((await request.json())["content"])
        check(card)
        [old] = [one for one in self.kept if one.message_id == request.match_info["message"]]
        old.card = card
        old.edits += 1
        return web.json_response({"code": 0, "data": {}})


def encrypt(plain: bytes, key: str = KEY, vector: bytes | None = None) -> str:
    """As 飞书 encrypts."""
    vector = os.urandom(16) if vector is None else vector
    padder = PKCS7(128).padder()
    padded = padder.update(plain) + padder.finalize()
    cipher = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(vector)).encryptor()
    return base64.b64encode(vector + cipher.update(padded) + cipher.finalize()).decode()


def signed(path: str, body: bytes, *, at: float | None = None, key: str = KEY) -> Sent:
    """As 飞书 signs."""
    timestamp, nonce = str(int(time.time() if at is None else at)), "nonce-1"
    value = hashlib.sha256(f"{timestamp}{nonce}{key}".encode() + body).hexdigest()
    names = {"X-Lark-Request-Timestamp": timestamp, "X-Lark-Request-Nonce": nonce, "X-Lark-Signature": value}
    return Sent(path, body, {**JSON, **names})


def sealed(path: str, event: Any, *, at: float | None = None, key: str = KEY) -> Sent:
    """Encrypted and signed."""
    body = json.dumps({"encrypt": encrypt(json.dumps(event).encode(), key)}).encode()
    return signed(path, body, at=at, key=key)


def challenge(token: str, *, signed_too: bool = False) -> Sent:
    """The check of the address: encrypted, and not signed."""
    sent = sealed("/events", {"challenge": "c-123", "token": token, "type": "url_verification"})
    return sent if signed_too else Sent(sent.path, sent.body, JSON)


def check(card: dict[str, Any]) -> None:
    """What 飞书 demands of a card that is to be changed later."""
    assert len(json.dumps(card, ensure_ascii=False).encode()) <= 30_000
    assert card["schema"] == "2.0"
    assert card["config"]["update_multi"] is True
    names = [one["name"] for one in _elements(card) if "name" in one]
    assert len(names) == len(set(names))
    for one in _elements(card):
        for behaviour in one.get("behaviors", []):
            assert behaviour["type"] != "callback" or isinstance(behaviour["value"], dict)
        assert one.get("form_action_type") is None or one["tag"] == "button"
        if one.get("tag") == "form":
            assert [inner for inner in _elements(one) if inner.get("form_action_type") == "submit"]


def words(card: dict[str, Any]) -> str:
    """Everything that a card says."""
    return "\n".join(one["content"] for one in _elements(card) if one.get("tag") == "plain_text")


def buttons(card: dict[str, Any]) -> dict[str, str]:
    """Buttons by label."""
    return {
        one["text"]["content"]: behaviour["value"]["a"]
        for one in _elements(card)
        if one.get("tag") == "button"
        for behaviour in one["behaviors"]
        if behaviour["type"] == "callback"
    }


def boxes(card: dict[str, Any]) -> dict[str, str]:
    """Boxes by label."""
    found = [one for one in _elements(card) if one.get("tag") == "checker"]
    return {one["text"]["content"]: one["name"].removeprefix("parcel_") for one in found}


def _elements(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, list):
        for one in part:
            yield from _elements(one)
    elif isinstance(part, dict):
        yield part
        for value in part.values():
            yield from _elements(value)
