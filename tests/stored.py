"""The tables for tests: a database of its own for each test, with the present tables in it."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.store.database import Database, PostgresDatabase, open_database
from bot.store.migrate import upgrade
from tests.postgres import PostgresServer


@asynccontextmanager
async def connected(database: PostgresDatabase) -> AsyncIterator[AsyncConnection]:
    """A connection to the same PostgreSQL database on which a test begins and ends transactions as it likes."""
    engine = create_async_engine(database.url)
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


def driver_url(url: str) -> str:
    """An address as the database room takes it: psycopg is the only PostgreSQL driver (ruling 26)."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the present tables, made once; tests copy it."""
    path = tmp_path_factory.mktemp("store") / "template.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of an SQLite database for this test alone."""
    path = tmp_path / "bot.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    """An open SQLite database with the present tables."""
    opened = open_database(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture
def shared_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of a PostgreSQL database for this test alone, with the present tables in it."""
    name = postgres_server.create(postgres_server.prepared("tables", lambda url: upgrade(driver_url(url))))
    yield driver_url(postgres_server.url(name))
    postgres_server.drop(name)


@pytest.fixture(params=["sqlite", "postgres"])
def any_url(request: pytest.FixtureRequest) -> str:
    """The address of a database with the present tables, once of each kind."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "shared_url")
    return url


@pytest.fixture
async def any_database(any_url: str) -> AsyncIterator[Database]:
    """An open database with the present tables, once of each kind."""
    opened = open_database(any_url)
    yield opened
    await opened.close()
