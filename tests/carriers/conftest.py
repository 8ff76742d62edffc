"""The sandbox as the carriers' other end, and routes into it with the vectors' accounts."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.carriers import routing
from bot.carriers.routing import RouteTable
from bot.outbound import Outbound
from bot.shops import registry as shops
from tests.twin import Twin, running

CALL_LIMIT_S = 0.6


@pytest.fixture(scope="session")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    """One sandbox for all tests of the carriers; each test takes parcels of its own."""
    with running(tmp_path_factory.mktemp("twin")) as started:
        yield started


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    """The way out, with a short time limit."""
    async with Outbound(limit_s=CALL_LIMIT_S) as out:
        yield out


@pytest.fixture
def table(twin: Twin, outbound: Outbound) -> RouteTable:
    """The demo's routes."""
    return table_into(twin.url, outbound)


def table_into(url: str, outbound: Outbound) -> RouteTable:
    """The demo's routes into a sandbox at that address."""
    config = routing.demo_config(url)
    assert config.everyone is not None
    accounts = shops.build(config.platforms, outbound, everyone=config.everyone.platform)
    return routing.build(config, outbound, accounts.route)


@pytest.fixture(scope="session")
def vectors(root: Path) -> dict[str, Any]:
    """The worked signature examples."""
    read: dict[str, Any] = json.loads((root / "tests" / "vectors.json").read_text(encoding="utf-8"))
    return read
