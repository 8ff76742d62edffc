"""Whatever comes back, a route answers: never an exception, never a success that nobody said."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.carriers.contract import Route
from bot.carriers.yto import callback as yto_callback
from bot.carriers.yto import mapping as yto_mapping
from bot.carriers.zto import callback as zto_callback
from bot.carriers.zto import mapping as zto_mapping
from bot.domain.answer import Answer, Said
from bot.outbound import Outbound
from bot.shops.doudian import inbound
from tests.carriers.peers import ROUTES, Canned, ask

WORDS = (
    *("status", "statusCode", "message", "data", "result", "centerBizNo", "serviceCode", "scanType", "scanDate"),
    *("statusMessage", "success", "code", "reason", "upload_Time", "infoContent", "sub_code", "steps", "time"),
    *("intercept_results", "is_success", "tracking_no", "items", "aftersale_info", "order_logistics", "aftersale_id"),
    *("logistics_state", "route__node_list", "timestamp", "err_no", "action", "scanSite", "isCenter"),
)
VALUES = (
    *(True, False, None, 0, 1, "0", "1", "true", "SYS000", "0000", 10000, 10**30, -1, 1.5, float("nan")),
    *("75400000000001", "INTERCEPT_SUCCESS", "INTERCEPTING", "icpt-0001", "2025-01-16 12:00:00", "9999-12-31", ""),
    *(3, 4, 1741600000000, "1e999", "\u0000", "已有有效拦截"),
)
SHAPED: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(VALUES) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6),
    max_leaves=12,
)
BODIES = st.binary(max_size=40) | SHAPED.map(lambda value: json.dumps(value).encode())


class Speaker:
    """Routes and the other side of the wire on one loop that outlives the examples."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.other = self.runner.run(Canned().__aenter__())
        self.outbound = self.runner.run(Outbound(limit_s=5).__aenter__())
        self.routes: dict[str, Route] = {name: make(self.other.url, self.outbound) for name, make in ROUTES.items()}

    def close(self) -> None:
        """Ends both sides."""
        self.runner.run(self.outbound.close())
        self.runner.run(self.other.__aexit__())
        self.runner.close()

    def ask(self, tenant: str, verb: str, status: int, body: bytes, **more: Any) -> Any:
        """What the route makes of that answer."""
        self.other.status, self.other.body = status, body
        return self.runner.run(getattr(self.routes[tenant], verb)(ask(**more)))


@pytest.fixture(scope="module")
def speaker() -> Iterator[Speaker]:
    """One for all examples."""
    both = Speaker()
    yield both
    both.close()


@pytest.mark.parametrize("tenant", ROUTES)
@given(status=st.sampled_from([200, 200, 200, 400, 404, 500]), body=BODIES, in_doubt=st.booleans())
def test_any_answer_is_read(speaker: Speaker, tenant: str, status: int, body: bytes, in_doubt: bool) -> None:  # noqa: FBT001
    """Each verb gives an answer to any bytes; HTTP 5xx and what is no JSON are in doubt."""
    for verb in ("intercept", "query", "cancel"):
        answer = speaker.ask(tenant, verb, status, body, in_doubt=in_doubt, reference="ZT1")
        assert isinstance(answer, Answer)
        if verb == "intercept" and (status >= 500 or not is_json(body)):
            assert answer.said is Said.NO_ANSWER
        if verb == "query":
            assert answer.said is not Said.NEVER_LEFT
        assert answer.said is not Said.REFUSED or answer.reason is not None
    events = speaker.ask(tenant, "trace", status, body)
    assert events is None or all(event.at.tzinfo is not None for event in events)


def is_json(body: bytes) -> bool:
    """Whether those bytes are JSON at all."""
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


@given(body=BODIES, content_type=st.sampled_from(["application/json", "application/x-www-form-urlencoded", ""]))
def test_any_push_is_read(body: bytes, content_type: str) -> None:
    """Nothing that is posted to us raises, signed or not."""
    for door in (zto_callback.DOOR, yto_callback.DOOR):
        push = door.read(content_type, body)
        if push is not None:
            door.events(push)
        door.reply(push, push is not None)
    assert inbound.read("1", "s", {"event-sign": "x"}, body) is None


@given(st.text(max_size=60) | st.sampled_from(["<a>", "<a/>", "<UpdateInfo><mailNo>1</mailNo></UpdateInfo>"]))
def test_any_text_of_a_push_is_read(text: str) -> None:
    """XML or JSON, whole or not."""
    assert isinstance(yto_mapping.pushed(text), list)
    assert isinstance(zto_mapping.pushed(text), list)
