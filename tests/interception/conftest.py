"""Databases of either kind with the two shops in them. PostgreSQL's is one for all tests here, emptied after each."""

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import Connection

from bot.store.clock import Clock
from bot.store.database import Database, open_database
from bot.store.migrate import upgrade
from bot.store.schema import metadata
from tests.interception.claims import NUMBER, entered
from tests.interception.memory import VirtualClock
from tests.interception.shop import after_sale, enter, enter_shops, parcel
from tests.postgres import PostgresServer
from tests.stored import driver_url


@pytest.fixture(scope="session")
def emptied_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A PostgreSQL database with the present tables, for one test after the other."""
    name = postgres_server.create(postgres_server.prepared("tables", lambda url: upgrade(driver_url(url))))
    yield driver_url(postgres_server.url(name))
    postgres_server.drop(name)


@pytest.fixture(params=["sqlite", "postgres"])
def heart_url(request: pytest.FixtureRequest) -> str:
    """The address of either kind."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "emptied_url")
    return url


@pytest.fixture
def clock() -> VirtualClock:
    """Time that stands still unless the test moves it."""
    return VirtualClock()


@pytest.fixture
async def still(heart_url: str, clock: VirtualClock) -> AsyncIterator[Database]:
    """Either kind of database in virtual time, with two shops that have signed."""
    async for database in _opened(heart_url, clock):
        yield database


@pytest.fixture
async def running(heart_url: str) -> AsyncIterator[Database]:
    """The same in real time."""
    async for database in _opened(heart_url, None):
        yield database


@pytest.fixture
async def lone(sqlite_url: str) -> AsyncIterator[Database]:
    """An SQLite file in real time, with the two shops."""
    async for database in _opened(sqlite_url, None):
        yield database


@pytest.fixture
async def claimed(running: Database) -> Database:
    """Either kind of database with claims of every shape, in real time."""
    await entered(running)
    return running


@pytest.fixture
async def file(lone: Database) -> Database:
    """An SQLite file with the same, where the database makes no difference."""
    await entered(lone)
    return lone


@pytest.fixture
async def stored(still: Database) -> Database:
    """Either kind of database with one parcel that may be intercepted, in virtual time."""
    await still.write(lambda c: enter(c, [after_sale("7001", parcel(NUMBER))]))
    return still


@pytest.fixture
async def lone_still(sqlite_url: str, clock: VirtualClock) -> AsyncIterator[Database]:
    """An SQLite file in virtual time: there this machine's clock stamps, and it may be set."""
    async for database in _opened(sqlite_url, clock):
        yield database


async def _opened(url: str, clock: Clock | None) -> AsyncIterator[Database]:
    database = open_database(url, clock=clock)
    await database.write(enter_shops)
    yield database
    if database.shared:
        await database.write(_empty)
    await database.close()


def _empty(connection: Connection) -> None:
    for table in reversed(metadata.sorted_tables):
        connection.execute(table.delete())
