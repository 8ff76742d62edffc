"""抖店's pushes: who sent them, and which after-sales they speak of (`protocols/shop-doudian.md`, (e)).

There is no timestamp to check: freshness is that each message is taken once, and that the after-sale is read again
before anything is decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import TypeAdapter, ValidationError

from bot.shops.contract import Notice, PushReply
from bot.shops.doudian.signing import event_matches
from bot.shops.doudian.wire import Pushed, PushedAfterSale

EVENTS: Final[Mapping[str, str]] = {
    "200": "refund_requested",
    "201": "refund_agreed",
    "202": "return_agreed",
    "203": "goods_sent_back",
    "204": "refund_refused",
    "205": "return_refused",
    "206": "refund_done",
    "207": "after_sale_closed",
    "208": "after_sale_changed",
    "209": "deadline_changed",
}
"""Tags that mean: read the after-sale again. All others are taken and left alone; 0 is the platform's test."""

TAKEN: Final = PushReply(200, b'{"code":0,"msg":"success"}')
REFUSED: Final = PushReply(401, b'{"code":40003,"msg":"event-sign does not match"}')

_messages: Final = TypeAdapter(list[Pushed])


def read(app_key: str, secret: str, headers: Mapping[str, str], raw_body: bytes) -> list[Notice] | None:
    """The after-sales that a push speaks of; None when it is not signed by this app. Header names in any case."""
    named = {name.lower(): value for name, value in headers.items()}
    if named.get("app-id", app_key) != app_key:
        return None
    if not event_matches(app_key, secret, raw_body, named.get("event-sign", ""), named.get("sign-method", "")):
        return None
    try:
        messages = _messages.validate_json(raw_body)
    except ValidationError:
        return []
    return list(_notices(messages))


def _notices(messages: Iterable[Pushed]) -> Iterable[Notice]:
    for message in messages:
        event = EVENTS.get(message.tag)
        if event is None:
            continue
        try:
            data = PushedAfterSale.model_validate_json(message.data)
        except ValidationError:
            continue
        yield Notice(message.msg_id, data.aftersale_id, event)
