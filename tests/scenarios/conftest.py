"""One set of fixtures for all stories: a sandbox outside, and the whole bot on either database.

The bot of a session serves many stories, each with a shop of its own; what a story would break for others (a sandbox
that goes down, a full disk) takes a bot of its own with `serving`.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.store.migrate import upgrade
from tests import twin
from tests.postgres import PostgresServer
from tests.scenarios.house import Bot
from tests.scenarios.serving import serving
from tests.stored import driver_url
from tests.twin import Twin

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Stories share the event loop of the session, since they share the bot that runs in it."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def carriers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    """The sandbox, a process of its own."""
    with twin.running(tmp_path_factory.mktemp("carriers")) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bot(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, carriers: Twin) -> AsyncIterator[Bot]:
    """The bot on SQLite."""
    folder = tmp_path_factory.mktemp("bot")
    shutil.copy(sqlite_template, folder / "bot.db")
    async with serving(folder, f"sqlite:///{folder / 'bot.db'}", carriers) as running:
        yield running


@pytest.fixture(scope="session")
def shared_address(postgres_server: PostgresServer) -> Iterator[str]:
    """A PostgreSQL database with the present tables."""
    name = postgres_server.create(postgres_server.prepared("tables", lambda url: upgrade(driver_url(url))))
    yield driver_url(postgres_server.url(name))
    postgres_server.drop(name)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_bot(
    tmp_path_factory: pytest.TempPathFactory, shared_address: str, carriers: Twin
) -> AsyncIterator[Bot]:
    """The bot on PostgreSQL."""
    async with serving(tmp_path_factory.mktemp("shared"), shared_address, carriers) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def any_bot(request: pytest.FixtureRequest) -> Bot:
    """The bot on either database."""
    running: Bot = request.getfixturevalue("bot" if request.param == "sqlite" else "shared_bot")
    return running
