"""Accounts of shops on platforms: each its own, pushes to whom they belong, a reload seen at once."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.carriers.contract import ConfigurationError
from bot.outbound import Outbound
from bot.shops import registry

PUSH: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors.json").read_text(encoding="utf-8"))[
    "doudian_push"
]
DOUDIAN = {"name": "doudian", "app_key": PUSH["app_key"], "app_secret": PUSH["app_secret"], "access_token": "t"}


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    """The way out; nothing is sent here."""
    async with Outbound() as out:
        yield out


async def test_each_shop_has_its_own_account(outbound: Outbound) -> None:
    """A shop without a platform has none, and no route through one."""
    table = registry.build({"a": DOUDIAN, "b": DOUDIAN}, outbound)
    assert table.of("a") is not None
    assert table.of("a") is not table.of("b")
    assert table.of("c") is None
    assert table.route("a", "doudian", "yunda", {}) is not None
    assert table.route("a", "taobao", "yunda", {}) is None
    assert table.route("a", "doudian", "nobody", {}) is None
    assert table.route("c", "doudian", "yunda", {}) is None


async def test_a_common_account_serves_whoever_has_none(outbound: Outbound) -> None:
    """The demo's, for every shop."""
    table = registry.build({}, outbound, everyone=DOUDIAN)
    assert table.of("anybody") is not None
    assert table.route("anybody", "doudian", "zto", {}) is not None


async def test_every_mistake_is_told(outbound: Outbound) -> None:
    """Unknown platforms and wrong fields, each with its shop, and no secret."""
    with pytest.raises(ConfigurationError) as caught:
        registry.build({"a": {"name": "taobao"}, "b": {**DOUDIAN, "app_key": "geheim"}}, outbound)
    assert [problem.path[1] for problem in caught.value.problems] == ["a", "b"]
    assert "geheim" not in str(caught.value)


async def test_a_push_goes_to_the_shops_whose_app_signed_it(outbound: Outbound) -> None:
    """Another app's shop hears nothing; an unsigned push is refused; without an account there is no door."""
    table = registry.build({"a": DOUDIAN, "b": {**DOUDIAN, "app_secret": "another"}}, outbound)
    headers = {"event-sign": PUSH["event_sign_md5"], "sign-method": "md5", "app-id": PUSH["app_key"]}
    told, reply = table.push("doudian", headers, PUSH["raw_body"].encode())
    assert {shop: [notice.after_sale_id for notice in notices] for shop, notices in told.items()} == {
        "a": ["7300000000000000001"]
    }
    assert reply is not None
    assert reply.status == 200
    told, reply = table.push("doudian", {**headers, "event-sign": "00"}, PUSH["raw_body"].encode())
    assert told == {}
    assert reply is not None
    assert reply.status == 401
    assert table.push("taobao", headers, b"") == ({}, None)


async def test_a_reload_is_seen_by_whoever_holds_the_table(outbound: Outbound) -> None:
    """SIGHUP: the same object answers with the new accounts."""
    table = registry.build({"a": DOUDIAN}, outbound)
    table.adopt(registry.build({"b": DOUDIAN}, outbound))
    assert table.of("a") is None
    assert table.of("b") is not None
