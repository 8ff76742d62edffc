"""The two ways to the tables.

`write(fn)` runs a synchronous `fn(connection)` as one transaction and returns its value after the commit; `read(fn)`
the same for what is only shown. On SQLite one writer thread groups waiting transactions into one commit; on PostgreSQL
each is a transaction of its own. One text of the rules serves both: `fn` has no effect but SQL, because a grouped
transaction may be run twice (`engine.md`, trap 13).
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from select import POLLIN, poll
from typing import Any, Protocol

import structlog
from sqlalchemy import BigInteger, Connection, Engine, create_engine, event, literal_column, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import NullPool, Pool, QueuePool

from bot.store.clock import MACHINE, Clock
from bot.store.prepared import Prepared
from bot.store.schema import from_micros
from bot.store.writer import NotStored, T, Urgent, Waiting, Work, Writer
from bot.store.writers import Writers

__all__ = [
    "Database",
    "DatabaseInUse",
    "NotStored",
    "PostgresDatabase",
    "SqliteDatabase",
    "Urgent",
    "Work",
    "now",
    "open_database",
]

log = structlog.get_logger(__name__)

BUSY_MS = 5_000
READERS = 4
WRITERS = 8
POOL_WAIT_S = 10.0
ASKED = "asked"
"""Where a transaction keeps what PostgreSQL's clock said when it first asked, and when that was by the steady clock:
what it asks afterwards is counted on from there, without a further round trip."""


class DatabaseInUse(Exception):
    """Another `serve` holds this SQLite file; PostgreSQL is the way to several (ruling 9)."""


class Database(Protocol):
    """What rooms see of the database."""

    shared: bool
    """True where several processes may work on it at once (PostgreSQL)."""

    clock: Clock
    """This process's clock."""

    async def write(self, work: Work[T]) -> T:
        """One transaction; its value is returned after the commit. Raises `NotStored` when nothing was kept."""
        ...

    async def read(self, work: Work[T]) -> T:
        """Runs a query beside the writer; never used for what decides a move."""
        ...

    def waiting(self) -> int:
        """How many transactions wait for the writer (SQLite) or hold a connection (PostgreSQL); for the metrics."""
        ...

    async def close(self) -> None:
        """Lets what was begun finish."""
        ...


_CLOCK = Prepared(
    select(literal_column("(extract(epoch FROM clock_timestamp()) * 1000000)::bigint", BigInteger).label("micros"))
)


def now(connection: Connection) -> datetime:
    """The clock that moves are stamped with: the database's own on PostgreSQL, this process's on SQLite."""
    clock: Clock | None = connection.get_execution_options().get("clock")
    if clock is not None:
        return clock.now()
    if connection.dialect.name != "postgresql":
        return MACHINE.now()
    asked: tuple[datetime, float] | None = connection.info.get(ASKED)
    if asked is not None:
        return asked[0] + timedelta(seconds=MACHINE.steady() - asked[1])
    steady = MACHINE.steady()
    moment = from_micros(_CLOCK.value(connection, {}))
    if ASKED in connection.info:
        connection.info[ASKED] = moment, steady
    return moment


def _prepare_sqlite(engine: Engine, *, writer: bool) -> None:
    @event.listens_for(engine, "connect")
    def _connect(raw: Any, _record: Any) -> None:
        raw.isolation_level = None
        cursor = raw.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA temp_store=MEMORY")
        if writer:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()


def sqlite_engine(path: Path, clock: Clock = MACHINE) -> Engine:
    """An engine for writing: each transaction is opened with `BEGIN IMMEDIATE` by whoever uses it."""
    return _sqlite_engine(path, clock, NullPool, writer=True)


def _sqlite_engine(path: Path, clock: Clock, pool: type[Pool], *, writer: bool, **kept: int) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=pool,
        connect_args={"check_same_thread": False},
        execution_options={"clock": clock},
        **kept,
    )
    _prepare_sqlite(engine, writer=writer)
    return engine


class SqliteDatabase:
    """The default: a file, one writer thread, a few reading threads beside it (WAL)."""

    shared = False

    def __init__(self, path: Path, *, lock: bool, clock: Clock = MACHINE) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.clock = clock
        self._lock = _hold(path) if lock else None
        self._engine = sqlite_engine(path, clock)
        self._writer = Writer(self._engine)
        self._reading = _sqlite_engine(path, clock, QueuePool, writer=False, pool_size=READERS, max_overflow=0)
        self._readers = ThreadPoolExecutor(READERS, "store-reader")
        self._closed = False

    async def write(self, work: Work[T]) -> T:
        """One transaction, perhaps sharing its commit with others. Cancelling the caller does not undo it."""
        if self._closed:
            raise NotStored("the database is closed")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._writer.put(Waiting(work, future))
        return await future

    async def read(self, work: Work[T]) -> T:
        """All its statements see what was committed when the first of them began."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    def _read(self, work: Work[T]) -> T:
        # One hop to a thread for the whole query: a hop for each statement costs more than the statement.
        with self._reading.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            return work(connection)

    def waiting(self) -> int:
        """How many transactions the writer has not begun."""
        return self._writer.waiting()

    async def close(self) -> None:
        """Everything that was put before this is committed; what comes later is refused."""
        if self._closed:
            return
        self._closed = True
        self._writer.put(None)
        await asyncio.to_thread(self._writer.join)
        await asyncio.to_thread(self._readers.shutdown)
        self._reading.dispose()
        self._engine.dispose()
        if self._lock is not None:
            os.close(self._lock)


def _hold(path: Path) -> int:
    """The lock file beside the database: one `serve` per file, gone with its process."""
    descriptor = os.open(path.with_name(path.name + ".serve.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise DatabaseInUse(str(path)) from None
    return descriptor


class PostgresDatabase:
    """Any number of processes; psycopg is the only driver (ruling 26). Moves are stamped by the database's clock,
    unless another one is handed in.
    """

    shared = True

    def __init__(
        self,
        url: URL,
        *,
        writers: int = WRITERS,
        readers: int = READERS,
        wait_s: float = POOL_WAIT_S,
        clock: Clock | None = None,
    ) -> None:
        self.clock = MACHINE if clock is None else clock
        self.url = url
        options = {} if clock is None else {"clock": clock}
        self._engine = create_engine(url, pool_size=writers + readers, max_overflow=0, execution_options=options)
        event.listen(self._engine, "checkout", _still_there)
        self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._writers = Writers(self._begin, writers, wait_s)
        self._readers = ThreadPoolExecutor(readers, "store-reader")

    async def write(self, work: Work[T]) -> T:
        """One transaction, perhaps sharing its commit with others. Cancelling the caller does not undo it."""
        return await self._writers.write(work)

    async def read(self, work: Work[T]) -> T:
        """Read committed, on a connection of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            kept = connection.info  # of the driver's connection, which others use afterwards
            kept[ASKED] = None
            try:
                yield connection
            finally:
                kept.pop(ASKED, None)

    def _read(self, work: Work[T]) -> T:
        with self._reading.connect() as connection:
            return work(connection)

    def waiting(self) -> int:
        """How many transactions no writer has begun."""
        return self._writers.waiting()

    async def close(self) -> None:
        """Lets what was begun finish, and gives the connections back."""
        await asyncio.to_thread(self._writers.close)
        await asyncio.to_thread(self._readers.shutdown)
        self._engine.dispose()


def _still_there(raw: Any, _record: Any, _proxy: Any) -> None:
    """A kept connection that the server has closed, or says something on unasked, is looked at before it is used.

    Asking it each time would cost a round trip in each transaction.
    """
    if not raw.closed:
        socket = poll()
        socket.register(raw.pgconn.socket, POLLIN)
        if not socket.poll(0):
            return
    try:
        raw.execute("SELECT 1")
        raw.rollback()
    except raw.Error as problem:
        raise DisconnectionError from problem


def is_sqlite(url: str) -> bool:
    """Whether this address names an SQLite file."""
    return make_url(url).get_backend_name() == "sqlite"


def sqlite_path(url: str) -> Path:
    """The file that an SQLite address names."""
    name = make_url(url).database
    if not name or name == ":memory:":
        raise ValueError("an SQLite database must be a file: nothing accepted may be lost")
    return Path(name)


def open_database(url: str, *, serve: bool = False, clock: Clock | None = None) -> Database:
    """Opens the database of that address. `serve` takes the lock of an SQLite file; commands beside it do not.

    `clock` stands in for the machine's, and for the database's. Raises `DatabaseInUse` when another `serve` has it.
    """
    if is_sqlite(url):
        return SqliteDatabase(sqlite_path(url), lock=serve, clock=clock or MACHINE)
    return PostgresDatabase(make_url(url), clock=clock)
