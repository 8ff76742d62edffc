"""钉钉 on loopback with interactive cards: a template, cards that are made once and set by key, presses over HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from dingtalk_stream.card_callback import CardCallbackMessage

from bot.cards.card import Card
from bot.channels.dingtalk import render
from tests.channels.dingtalk.peer import CORP, KEY, PATH, ROBOT, DingtalkPeer, Kept
from tests.channels.peers import Heard, Seen, Sent

TEMPLATE, BASE = "tpl-1.schema", "https://bot.example"
NAMES = frozenset(
    {
        *("title", "status", "head", "next", "foot", "note"),
        *(f"row{number}" for number in range(1, 11)),
        *(f"{kind}{number}" for kind in ("button", "press") for number in range(1, 9)),
    }
)
"""What the template's designer has made room for."""


@dataclass
class KeptCard(Kept):
    """A card in the group, by the name that its sender gave it."""

    ref: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    edits: int = 0


@dataclass
class DingtalkCardsPeer(DingtalkPeer):
    """A company whose robot has a card template.

    `refuses`: what is said, once each, to whoever makes or changes a card: status and body. `fallen`: the card is
    refused, whoever asks.
    """

    refuses: list[tuple[int, Any]] = field(default_factory=list)
    fallen: bool = False
    registered: dict[str, Any] = field(default_factory=dict)
    answering: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def routes(self, app: web.Application) -> None:
        app.middlewares.append(self._strict)
        app.router.add_post("/api/v1.0/card/callbacks/register", self._register)
        app.router.add_post("/api/v1.0/card/instances/createAndDeliver", self._show)
        app.router.add_put("/api/v1.0/card/instances", self._change)
        super().routes(app)

    def section(self) -> str:
        return f'{super().section()}card_template = "{TEMPLATE}"\naddress = "{BASE}"\n'

    @property
    def cards(self) -> list[KeptCard]:
        """The cards in the group, oldest first."""
        return [one for one in self.kept if isinstance(one, KeptCard)]

    def seen(self) -> list[Seen]:
        return [
            _seen(one.ref, one.variables, one.edits) if isinstance(one, KeptCard) else text
            for one, text in zip(self.kept, super().seen(), strict=True)
        ]

    async def press(self, seen: Seen, words: str, picked: Sequence[str] = (), user: str = "") -> Heard:
        card = next((one for one in self.cards if one.ref == seen.ref), None)
        if card is None:
            return await super().press(seen, words, picked, user)
        heard = await self.pressed(seen.ref, seen.button(words), user or self.person)
        assert heard.status == 200
        answer = json.loads(heard.body)
        if answer:
            assert answer["cardUpdateOptions"]["updateCardDataByKey"] is True
            _set(card, answer["cardData"]["cardParamMap"])
            self.notes.append(card.variables["note"])
        return heard

    async def pressed(self, ref: str, value: str, user: str) -> Heard:
        """The press, and nothing more; while it is not answered nobody may change the card."""
        self.answering.add(ref)
        try:
            return await self.send(self.click(ref, value, user))
        finally:
            self.answering.discard(ref)

    def click(self, ref: str, value: str, user: str, **more: Any) -> Sent:
        """Somebody presses a button."""
        return self.pressing({**clicked(ref, value, user), **more})

    def pressing(self, body: Any, *, at: float | None = None, secret: str = "") -> Sent:
        """As 钉钉 signs presses: the time alone."""
        timestamp = str(int((time.time() if at is None else at) * 1000))
        secret = secret or str(self.registered.get("apiSecret", ""))
        mac = hmac.new(secret.encode(), timestamp.encode(), hashlib.sha256).digest()
        headers = {"x-ddpaas-signature-timestamp": timestamp, "x-ddpaas-signature": base64.b64encode(mac).decode()}
        return Sent(f"/card/{PATH}", json.dumps(body).encode(), {"Content-Type": "application/json", **headers})

    def drawn(self, card: Card, pages: str) -> Seen:
        drawn = render.variables(card, pages)
        if drawn is None:
            return super().drawn(card, pages)
        _check(drawn)
        return _seen("", drawn, 0, pages)

    def hostile(self, value: str) -> Iterable[tuple[str, Sent]]:
        yield from super().hostile(value)
        # presses are taken only once their address is registered: under the right secret all the same
        self.registered.setdefault("apiSecret", secret_of(f"{BASE}/channels/dingtalk/card/{PATH}"))
        yield from ((f"press: {what}", sent) for what, sent in self._hostile_presses(value))

    def _hostile_presses(self, value: str) -> Iterable[tuple[str, Sent]]:
        good = self.click("ibc-1", value, self.person)
        body = json.loads(good.body)
        yield "a card of nobody", good
        yield "unsigned", changed(good, headers={})
        yield "wrong sign", changed(good, headers={**good.headers, "x-ddpaas-signature": "x"})
        yield "the app's own secret", self.pressing(body, secret="ding-app-secret-01")
        yield "another path", changed(good, path="/card/another-random-path")
        yield "the sign of a message", changed(good, headers=self.message("/help", self.person).headers)
        yield "stale", self.pressing(body, at=time.time() - 601)
        yield "from the future", self.pressing(body, at=time.time() + 602)
        yield "truncated", changed(good, body=good.body[:-9])
        yield "another company", self.click("ibc-1", value, self.person, corpId="ding02")
        yield "nobody", self.click("ibc-1", value, "")
        for gone in ("outTrackId", "corpId", "userId", "content"):
            yield f"without {gone}", self.pressing({name: one for name, one in body.items() if name != gone})
        yield "no JSON inside", self.click("ibc-1", value, self.person, content="{")
        yield "no press inside", self.click("ibc-1", value, self.person, content="{}")
        yield "oversized", changed(good, body=b"x" * (257 * 1024))

    async def close(self) -> None:
        await super().close()
        assert self.wrong == []

    @web.middleware
    async def _strict(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """What 钉钉 would not take is remembered: the bot might try again and get through."""
        try:
            return await handler(request)
        except (AssertionError, KeyError) as problem:
            self.wrong.append(f"{request.path}: {problem!r}")
            raise

    async def _register(self, request: web.Request) -> web.Response:
        self._authorised(request)
        self.calls.append("register")
        body = await request.json()
        assert body["callbackUrl"] == f"{BASE}/channels/dingtalk/card/{PATH}"
        assert len(body["apiSecret"]) >= 32
        self.registered = body
        return web.json_response({"success": True, "result": {"callbackUrl": body["callbackUrl"]}})

    async def _show(self, request: web.Request) -> web.Response:
        self._authorised(request)
        self.calls.append("show")
        if self.fallen:
            return web.json_response({"code": "param.templateNotExist", "message": "no"}, status=400)
        if self.refuses:
            status, answer = self.refuses.pop(0)
            return web.json_response(answer, status=status)
        body = await request.json()
        assert body["cardTemplateId"] == TEMPLATE
        self.route(body)
        ref = body["outTrackId"]
        assert 0 < len(ref) <= 64
        assert ref not in [one.ref for one in self.cards]
        space = body["openSpaceId"].removeprefix("dtv1.card//")
        if space == f"IM_GROUP.{self.conversation}":
            # the SDK gives the app's key, which is the robot's code in apps of one's own
            assert body["imGroupOpenDeliverModel"]["robotCode"] in (ROBOT, KEY)
            assert "imGroupOpenSpaceModel" in body
        else:
            assert space in (f"IM_ROBOT.{self.person}", f"IM_ROBOT.{self.stranger}")
            assert body["imRobotOpenDeliverModel"]["spaceType"] == "IM_ROBOT"
        card = KeptCard("", "", "card", ref)
        _set(card, body["cardData"]["cardParamMap"])
        assert card.variables.keys() == NAMES
        self.kept.append(card)
        delivered = [{"spaceId": space, "spaceType": space[:8], "success": True, "errorMsg": ""}]
        return web.json_response({"success": True, "result": {"outTrackId": ref, "deliverResults": delivered}})

    def route(self, body: Mapping[str, Any]) -> None:
        """Where a card's presses are to go."""
        assert body["callbackType"] == "HTTP"
        assert body["callbackRouteKey"] == self.registered["callbackRouteKey"]

    async def _change(self, request: web.Request) -> web.Response:
        self._authorised(request)
        self.calls.append("change")
        if self.refuses:
            status, answer = self.refuses.pop(0)
            return web.json_response(answer, status=status)
        body = await request.json()
        assert body["outTrackId"] not in self.answering
        card = next((one for one in self.cards if one.ref == body["outTrackId"]), None)
        if card is None:
            return web.json_response({"code": "param.outTrackIdNotExist", "message": "no"}, status=400)
        _set(card, body["cardData"]["cardParamMap"])
        card.edits += 1
        return web.json_response({"success": True, "result": True})

    @staticmethod
    def _authorised(request: web.Request) -> None:
        assert request.headers["x-acs-dingtalk-access-token"] == "token-1"


def clicked(ref: str, value: str, user: str) -> dict[str, Any]:
    """A press, as 钉钉's own SDK writes it."""
    press = CardCallbackMessage()
    press.corp_id, press.user_id, press.card_instance_id = CORP, user, ref
    press.content = {"cardPrivateData": {"actionIds": ["1"], "params": {"press": value}}}
    written: dict[str, Any] = press.to_dict()
    return written


def secret_of(where: str) -> str:
    """The secret that the bot registers for that address."""
    mac = hmac.new(b"ding-app-secret-01", f"intercept-bot card callback\0{where}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mac.digest()).decode()


def _set(card: KeptCard, given: Mapping[str, str]) -> None:
    _check(given)
    card.variables |= given


def _check(given: Mapping[str, Any]) -> None:
    """What 钉钉 demands: names of at most 100 bytes, text of at most 1 KB each."""
    assert given.keys() <= NAMES
    assert all(isinstance(value, str) and len(value.encode()) <= 1024 for value in given.values())


def _seen(ref: str, given: Mapping[str, str], edits: int, pages: str = "") -> Seen:
    shown = [given["title"], given["head"], *(given[f"row{number}"] for number in range(1, 11))]
    # the note is a line at the edge, of the press and not of the card
    words = "\n".join(filter(None, (*shown, given["next"], given["foot"])))
    buttons = {given[f"button{n}"]: given[f"press{n}"] for n in range(1, 9) if given[f"button{n}"]}
    raw = words.replace(f"]({pages}", "") if pages else words
    return Seen(ref, words.replace("**", ""), buttons, {}, edits, raw)
