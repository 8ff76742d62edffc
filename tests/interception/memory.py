"""The tables in memory: the same statements on one SQLite connection, committed at once and without a thread."""

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import StaticPool

from bot.store import migrate  # noqa: F401 - brings all tables
from bot.store.clock import Clock
from bot.store.database import NotStored
from bot.store.schema import metadata
from tests.interception.shop import START, enter_shops
from tests.interception.steps import Committed, pause

T = TypeVar("T")

# Each move of a case as it is written, whoever writes it.
_HISTORY = """
CREATE TABLE history (seq INTEGER PRIMARY KEY, id TEXT, state_before TEXT, state TEXT);
CREATE TRIGGER history_of_new AFTER INSERT ON cases BEGIN
    INSERT INTO history (id, state_before, state) VALUES (new.id, NULL, new.state);
END;
CREATE TRIGGER history_of_moves AFTER UPDATE ON cases WHEN old.state <> new.state BEGIN
    INSERT INTO history (id, state_before, state) VALUES (new.id, old.state, new.state);
END;
"""


class VirtualClock:
    """Time that passes when the test says so. `offset` is how wrong the wall clock is; it may jump."""

    def __init__(self) -> None:
        self.t = 0.0
        self.offset = 0.0

    def now(self) -> datetime:
        """The wall clock."""
        return START + timedelta(seconds=self.t + self.offset)

    def steady(self) -> float:
        """The clock that does not jump."""
        return self.t


class MemoryDatabase:
    """Meets `Database`. A write can be refused by the test; after each commit the test decides when it goes on."""

    def __init__(self, clock: VirtualClock, *, shared: bool, refuses: Callable[[], bool] = lambda: False) -> None:
        self.shared = shared
        self.clock: Clock = clock
        self._refuses = refuses
        self.commits = 0
        engine, self.raw = _engine()
        self.raw.deserialize(_template())
        self._connection = engine.connect().execution_options(clock=clock)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Commits at once, then pauses."""
        if self._refuses():
            raise NotStored("the disk is full")
        value = self.at_once(work)
        await pause(Committed())
        return value

    async def read(self, work: Callable[[Connection], T]) -> T:
        """What is committed."""
        return self.peek(work)

    def peek(self, work: Callable[[Connection], T]) -> T:
        """Reads, for the test itself."""
        try:
            return work(self._connection)
        finally:
            self._connection.commit()

    def ask(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """The same in plain SQL, which is many times quicker."""
        cursor = self.raw.cursor()
        cursor.row_factory = sqlite3.Row
        return cursor.execute(statement, values).fetchall()

    def at_once(self, work: Callable[[Connection], T]) -> T:
        """A transaction of the test's own."""
        connection = self._connection
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            value = work(connection)
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            connection.rollback()
            raise
        connection.exec_driver_sql("COMMIT")
        connection.commit()
        self.commits += 1
        return value

    def waiting(self) -> int:
        """Nothing ever waits here."""
        return 0

    async def close(self) -> None:
        """Nothing to give back."""
        self._connection.close()


@cache
def _engine() -> tuple[Engine, sqlite3.Connection]:
    raw = sqlite3.connect(":memory:", isolation_level=None)
    # One engine for all examples: its compiled statements are what makes them quick.
    return create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool), raw


@cache
def _template() -> bytes:
    """All tables, and the two shops."""
    raw = sqlite3.connect(":memory:", isolation_level=None)
    engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)
    with engine.connect() as connection:
        metadata.create_all(connection)
        enter_shops(connection)
        connection.commit()
    raw.executescript(_HISTORY)
    return raw.serialize()
