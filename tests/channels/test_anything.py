"""Whatever a platform sends under a right signature: an answer, and never an error of ours."""

from __future__ import annotations

import asyncio
import copy
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.contract import Call, Webhook
from bot.channels.feishu.verify import decrypt
from bot.channels.reception import Message, Reception, Taken
from bot.channels.registry import build
from bot.outbound import Outbound
from tests.channels.chatwoot import peer as chatwoot
from tests.channels.dingtalk import peer as dingtalk
from tests.channels.dingtalk.cards import BASE, DingtalkCardsPeer, secret_of
from tests.channels.feishu import peer as feishu
from tests.channels.matrix import peer as matrix
from tests.channels.peers import Sent
from tests.channels.platforms import PEERS
from tests.channels.slack import peer as slack
from tests.channels.wecom import peer as wecom

Wrap = Callable[[Any], Sent]
WHO, TEXT = "U1", "/intercept 75400000004001"


class Deaf:
    """A reception that takes everything and does nothing; it remembers what it was handed."""

    def __init__(self) -> None:
        self.taken: list[Message] = []

    def is_command(self, words: str) -> bool:
        return words.startswith("/")

    async def take(self, message: Message) -> Taken:
        assert message.text is None or isinstance(message.text, str)
        assert message.sender.complete or not message.sender.user or len(message.sender.user) > 100
        self.taken.append(message)
        return Taken()

    async def there_now(self, *_: object) -> None:
        return None

    async def last_there(self, *_: object) -> None:
        return None

    async def chat_of(self, *_: object) -> str:
        return "cid1=="

    def in_background(self, work: Callable[[], object]) -> None:
        """Nothing is done."""


def _listening(name: str) -> Any:
    """A peer that nobody will call, with all that its platform can send."""
    peer: Any = {**PEERS, "dingtalk": DingtalkCardsPeer}[name]()
    peer._server = SimpleNamespace(port=9)
    return peer


def _shapes() -> Iterator[tuple[str, Any, Wrap]]:
    """Each kind of request with how it is signed."""
    one = _listening("slack")
    event = {"type": "app_mention", "user": WHO, "text": TEXT, "channel": "C1"}
    yield "slack", json.loads(one.event(event).body), lambda b: slack.signed("/events", _bytes(b), "application/json")
    payload = json.loads(parse_qs(one.click("C1:1.0", "confirm.1|75", WHO, picked=["75"]).body.decode())["payload"][0])
    yield (
        "slack",
        payload,
        lambda b: slack.signed("/interactive", urlencode({"payload": _bytes(b)}).encode(), slack.FORM),
    )
    fields = {name: values[0] for name, values in parse_qs(one.slash(TEXT, WHO).body.decode()).items()}
    yield (
        "slack",
        fields,
        lambda b: slack.signed("/commands", urlencode(b if isinstance(b, dict) else {}).encode(), slack.FORM),
    )

    one = _listening("feishu")
    for sent in (one.message(TEXT, WHO), one.click("om_1", "confirm.1", WHO, form={"parcel_75": True})):
        plain = decrypt(feishu.KEY, json.loads(sent.body)["encrypt"])
        assert plain is not None
        yield "feishu", json.loads(plain), lambda b: feishu.sealed("/events", b)

    one = _listening("wecom")
    for sent in (one.message(TEXT, WHO), one.click("t-1", "confirm.1|75", WHO)):
        yield "wecom", json.loads(wecom.opened(json.loads(sent.body)["encrypt"])), wecom.sealed

    one = _listening("dingtalk")
    yield "dingtalk", json.loads(one.message(TEXT, WHO).body), dingtalk.signed
    one.registered["apiSecret"] = secret_of(f"{BASE}/channels/dingtalk/card/{dingtalk.PATH}")
    yield "dingtalk", json.loads(one.click("ibc-1", "confirm.1|75", WHO).body), one.pressing

    one = _listening("chatwoot")
    yield "chatwoot", json.loads(one.message(TEXT, "3").body), chatwoot.signed

    one = _listening("matrix")
    headers = {"Authorization": f"Bearer {matrix.HS_TOKEN}"}
    reaction = {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$1", "key": "1"}}
    events = [one.message(TEXT, one.person), one.event("m.reaction", reaction, one.person)]
    events.append(one.event("m.room.member", {"membership": "invite"}, one.person, state_key=matrix.BOT))
    path = "/_matrix/app/v1/transactions/1"
    yield "matrix", {"events": events}, lambda b: Sent(path, _bytes(b), headers, "PUT")


def _bytes(body: Any) -> bytes:
    return json.dumps(body).encode()


SHAPES = list(_shapes())
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30) | st.just("9" * 400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def _places(body: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value inside."""
    if isinstance(body, Mapping):
        for name, value in body.items():
            yield (*before, name)
            yield from _places(value, (*before, name))
    elif isinstance(body, list):
        for number, value in enumerate(body):
            yield (*before, number)
            yield from _places(value, (*before, number))


def _changed(body: Any, place: tuple[Any, ...], value: Any) -> Any:
    """The body with another value there, or without it."""
    body = copy.deepcopy(body)
    inside = body
    for step in place[:-1]:
        inside = inside[step]
    if value is ...:
        del inside[place[-1]]
    else:
        inside[place[-1]] = value
    return body


def _hear(name: str, sent: Sent) -> tuple[int, Deaf]:
    peer = _listening(name)
    deaf = Deaf()
    [channel] = build(tomllib.loads(peer.section()), cast("Reception", deaf), Outbound())
    assert isinstance(channel, Webhook)
    headers = {key.lower(): value for key, value in sent.headers.items()}
    answer = asyncio.run(channel.hear(Call(sent.method, sent.path, sent.query, headers, sent.body)))
    return answer.status, deaf


def test_every_platform_is_here() -> None:
    """No platform escapes."""
    assert {name for name, _, _ in SHAPES} == set(PEERS)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape[0])
def test_as_it_should_be(shape: tuple[str, Any, Wrap]) -> None:
    """The request that all others are made of is taken."""
    name, body, wrap = shape
    status, deaf = _hear(name, wrap(body))
    assert status == 200
    assert deaf.taken


@given(shape=st.sampled_from(SHAPES), data=st.data())
def test_one_value_is_something_else(shape: tuple[str, Any, Wrap], data: st.DataObject) -> None:
    """Any value replaced by any other, or missing: taken, or refused, and nothing breaks."""
    name, body, wrap = shape
    place = data.draw(st.sampled_from(list(_places(body))))
    status, _ = _hear(name, wrap(_changed(body, place, data.draw(VALUES | st.just(...)))))
    assert status in (200, 400, 401, 403)


@given(shape=st.sampled_from(SHAPES), body=VALUES)
def test_something_else_altogether(shape: tuple[str, Any, Wrap], body: Any) -> None:
    """Any JSON at all: taken without doing anything, or refused."""
    name, _, wrap = shape
    status, deaf = _hear(name, wrap(body))
    assert status in (200, 400, 401, 403)
    assert deaf.taken == []
