"""A database in virtual time, once of each kind."""

from collections.abc import AsyncIterator

import pytest

from bot.store.database import Database, open_database
from tests.interception.memory import VirtualClock


@pytest.fixture
async def any_database_at(any_url: str) -> AsyncIterator[tuple[Database, VirtualClock]]:
    """An open database with the present tables, and the clock that stamps its moves."""
    clock = VirtualClock()
    database = open_database(any_url, clock=clock)
    yield database, clock
    await database.close()
