"""企业微信 on loopback: encrypts and signs as it does, and takes one answer for each message."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import struct
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed
from itertools import count
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.cards.card import Card
from bot.channels.wecom import render
from tests.channels.peers import Heard, Seen, Sent, send
from tests.loopback import TestServer

TOKEN, AES_KEY, CORP, ROBOT = "wecomToken01", "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA", "ww01", "AIB1"


@dataclass
class Kept:
    """A message in the group. `task_id` is the card's, where it is one."""

    ref: str
    body: dict[str, Any]
    edits: int = 0

    @property
    def task_id(self) -> str:
        return str(self.body.get("template_card", {}).get("task_id", ""))


@dataclass
class WecomPeer:
    """A company with one group."""

    name: str = "wecom"
    tenant: str = CORP
    person: str = "zhangsan"
    stranger: str = "lisi"
    commands: Sequence[str] = ("<@", "<http", "](http")
    chat: str = "c1"
    kept: list[Kept] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    fails: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = count(1)
        self._base = ""

    async def start(self) -> None:
        app = web.Application()
        self.routes(app)
        self._server = TestServer(app, host="127.0.0.1")
        await self._server.start_server()

    def routes(self, app: web.Application) -> None:
        app.router.add_post("/respond/{code}", self._respond)

    async def close(self) -> None:
        await self._server.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    def section(self) -> str:
        return (
            f'[wecom]\ncorp_id = "{CORP}"\ntoken = "{TOKEN}"\naes_key = "{AES_KEY}"\naibot_id = "{ROBOT}"\n'
            f'bot_name = "拦截 助手"\nhooks_url = "{self.url}"\n'
        )

    async def meet(self, base: str) -> None:
        self._base = base

    async def send(self, sent: Sent) -> Heard:
        return await send(self._base, self.name, sent)

    async def say(self, text: str, user: str = "") -> Heard:
        return await self.send(self.message(f"@拦截 助手 {text}", user or self.person))

    async def press(self, seen: Seen, words: str, picked: Sequence[str] = (), user: str = "") -> Heard:
        [card] = [one for one in self.kept if one.ref == seen.ref]
        task = card.task_id or "task-1"
        heard = await self.send(self.click(task, seen.button(words), user or self.person))
        if heard.status == 200 and heard.body:
            answer = json.loads(heard.body)
            order = sorted((TOKEN, str(answer["timestamp"]), answer["nonce"], answer["encrypt"]))
            assert answer["msgsignature"] == hashlib.sha1("".join(order).encode()).hexdigest()
            update = json.loads(opened(answer["encrypt"]))
            assert update["response_type"] == "update_template_card"
            assert update["template_card"]["task_id"] == task
            check(update["template_card"])
            card.body = {"msgtype": "template_card", "template_card": update["template_card"]}
            card.edits += 1
        return heard

    def seen(self) -> list[Seen]:
        return [Seen(one.ref, words(one.body), buttons(one.body), {}, one.edits) for one in self.kept]

    def told(self) -> list[str]:
        return [one.text for one in self.seen()]

    def drawn(self, card: Card, pages: str) -> Seen:
        body = render.message(card, pages, "task-1")
        if "template_card" in body:
            check(body["template_card"])
        else:
            assert len(body["markdown"]["content"].encode()) <= 20_480
        return Seen("", words(body), buttons(body))

    def received(self, user: str, **more: Any) -> dict[str, Any]:
        """What every message and event has."""
        return {
            "msgid": f"m-{next(self._numbers)}",
            "aibotid": ROBOT,
            "chatid": self.chat,
            "chattype": "group",
            "from": {"userid": user},
            "response_url": f"{self.url}/respond/{next(self._numbers)}",
            **more,
        }

    def message(self, text: str, user: str, **more: Any) -> Sent:
        """Somebody writes."""
        return sealed(self.received(user, msgtype="text", text={"content": text}, **more))

    def click(self, task_id: str, key: str, user: str, **more: Any) -> Sent:
        """Somebody presses a button."""
        card = {"card_type": "button_interaction", "event_key": key, "task_id": task_id}
        event = {"eventtype": "template_card_event", "template_card_event": card}
        return sealed(self.received(user, msgtype="event", event=event, **more))

    def hostile(self, value: str) -> Iterable[tuple[str, Sent]]:
        good = self.message("/intercept 7312045566778894001", self.person)
        click = self.click("task-1", value, self.person)
        yield "unsigned", changed(good, query={})
        yield "wrong signature", changed(good, query={**good.query, "msg_signature": "0" * 40})
        yield "the signature of another message", changed(click, query=good.query)
        yield "another nonce", changed(good, query={**good.query, "nonce": "x"})
        yield "truncated", changed(good, body=good.body[:-9])
        body = self.received(self.person, msgtype="text", text={"content": "/intercept 7312045566778894001"})
        yield "stale", sealed(body, at=time.time() - 601)
        yield "from the future", sealed(body, at=time.time() + 602)
        yield "another token", sealed(body, token="another")
        yield "another key", sealed(body, key="B" * 42 + "A")
        yield "for another receiver", sealed(body, receiver=CORP)
        yield "garbage, rightly signed", signed(base64.b64encode(os.urandom(64)).decode())
        yield "no base64, rightly signed", signed("!")
        yield "nothing, rightly signed", signed("")
        yield "in the clear", changed(good, body=json.dumps(body).encode())
        yield "another robot", self.message("/intercept 1", self.person, aibotid="AIB2")
        yield (
            "another company",
            self.message("/intercept 1", self.person, **{"from": {"userid": "x", "corpid": "ww02"}}),
        )
        yield "nobody", self.message("/intercept 1", self.person, **{"from": {}})
        yield "no message", sealed({"msgid": "1"})
        yield "no JSON inside", signed(encrypt(b"x"))
        yield "a forged echo", Sent(good.path, b"", method="GET", query={**good.query, "echostr": encrypt(b"1")})
        yield "oversized", changed(good, body=b"x" * (257 * 1024))

    async def _respond(self, request: web.Request) -> web.Response:
        code = request.match_info["code"]
        if self.fails:
            return web.json_response({"errcode": self.fails.pop(0), "errmsg": "no"})
        if code in self.used:
            return web.json_response({"errcode": 60140, "errmsg": "used"})
        self.used.append(code)
        body = await request.json()
        if body["msgtype"] == "template_card":
            check(body["template_card"])
        self.kept.append(Kept(f"r{len(self.kept)}", body))
        return web.json_response({"errcode": 0, "errmsg": "ok"})


def encrypt(plain: bytes, key: str = AES_KEY, receiver: str = "") -> str:
    """As 企业微信 encrypts."""
    raw = base64.b64decode(key + "=")
    body = os.urandom(16) + struct.pack("!I", len(plain)) + plain + receiver.encode()
    left = 32 - len(body) % 32
    cipher = Cipher(algorithms.AES(raw), modes.CBC(raw[:16])).encryptor()
    return base64.b64encode(cipher.update(body + bytes([left] * left)) + cipher.finalize()).decode()


def opened(sealed: str) -> bytes:
    """What was encrypted for us."""
    raw = base64.b64decode(AES_KEY + "=")
    opener = Cipher(algorithms.AES(raw), modes.CBC(raw[:16])).decryptor()
    body = opener.update(base64.b64decode(sealed)) + opener.finalize()
    length = struct.unpack("!I", body[16:20])[0]
    assert body[20 + length :] == bytes([body[-1]] * body[-1])
    return body[20 : 20 + length]


def signed(cipher_text: str, *, at: float | None = None, token: str = TOKEN) -> Sent:
    """As 企业微信 signs."""
    timestamp, nonce = str(int(time.time() if at is None else at)), "nonce1"
    value = hashlib.sha1("".join(sorted((token, timestamp, nonce, cipher_text))).encode()).hexdigest()
    query = {"msg_signature": value, "timestamp": timestamp, "nonce": nonce}
    return Sent("/callback", json.dumps({"encrypt": cipher_text}).encode(), query=query)


def sealed(body: Any, *, at: float | None = None, token: str = TOKEN, key: str = AES_KEY, receiver: str = "") -> Sent:
    """Encrypted and signed."""
    return signed(encrypt(json.dumps(body).encode(), key, receiver), at=at, token=token)


def check(card: dict[str, Any]) -> None:
    """What 企业微信 demands of a card."""
    assert re.fullmatch(r"[0-9A-Za-z_\-@]{1,128}", card["task_id"])
    assert card["main_title"]["title"]
    if card["card_type"] == "text_notice":
        assert card["card_action"]["url"].startswith("http")
        return
    assert card["card_type"] == "button_interaction"
    assert 1 <= len(card["button_list"]) <= 6
    keys = [one["key"] for one in card["button_list"]]
    assert len(set(keys)) == len(keys)
    assert all(0 < len(key.encode()) <= 1024 for key in keys)
    assert len(card.get("horizontal_content_list", [])) <= 6


def words(body: dict[str, Any]) -> str:
    """Everything that a message says."""
    return body["markdown"]["content"] if "markdown" in body else "\n".join(_strings(body["template_card"]))


def buttons(body: dict[str, Any]) -> dict[str, str]:
    """Buttons by label."""
    return {one["text"]: one["key"] for one in body.get("template_card", {}).get("button_list", [])}


def _strings(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict | list):
        for one in part.values() if isinstance(part, dict) else part:
            yield from _strings(one)
