"""The two ways to the tables: nothing that was accepted is lost, and nothing that was not is said to be."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, func, make_url, select, text
from sqlalchemy.exc import IntegrityError

from bot.store.cases import idempotency
from bot.store.database import (
    Database,
    DatabaseInUse,
    NotStored,
    PostgresDatabase,
    SqliteDatabase,
    now,
    open_database,
    sqlite_path,
)
from tests.store.conftest import AT


def put(connection: Connection, key: str, size: int = 0) -> str:
    """Stores a row of that key, so large."""
    row = {"shop_id": "s", "key": key, "body_digest": "-", "case_ids": ["x" * size], "created_at": AT}
    connection.execute(idempotency.insert(), row)
    return key


def stored_keys(connection: Connection) -> set[str]:
    """The keys that are there."""
    return set(connection.execute(select(idempotency.c.key)).scalars())


@pytest.fixture
async def sqlite(sqlite_url: str) -> AsyncIterator[SqliteDatabase]:
    """An SQLite database, opened as `serve` does."""
    opened = open_database(sqlite_url, serve=True)
    assert isinstance(opened, SqliteDatabase)
    yield opened
    await opened.close()


@pytest.fixture
def statements(sqlite: SqliteDatabase) -> "Counter[str]":
    """Counts what the writer sends."""
    counted: Counter[str] = Counter()

    @event.listens_for(sqlite._engine, "before_cursor_execute")
    def _count(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        counted[statement.partition(" ")[0]] += 1

    return counted


class Held:
    """Keeps the writer busy until it is let go, so that others wait together."""

    def __init__(self) -> None:
        self._began, self._go = threading.Event(), threading.Event()

    @classmethod
    async def hold(cls, database: Database) -> "Held":
        """Begins; the writer is busy from now on."""
        held = cls()
        held._task = asyncio.create_task(database.write(held._work))
        assert await asyncio.to_thread(held._began.wait, 10)
        return held

    _task: "asyncio.Task[None]"

    def _work(self, _connection: Connection) -> None:
        self._began.set()
        self._go.wait(10)

    async def let_go(self) -> None:
        """The next transactions are taken."""
        await asyncio.sleep(0.02)
        self._go.set()
        await self._task


# --- both databases ---------------------------------------------------------------------------------------------------


async def test_a_write_returns_its_value_once_it_is_committed(any_database: Database, any_url: str) -> None:
    """What `write` has returned is seen by every reader, also after the database was closed and opened again."""
    assert await any_database.write(lambda c: put(c, "a")) == "a"
    assert await any_database.read(stored_keys) == {"a"}
    again = open_database(any_url)
    assert await again.read(stored_keys) == {"a"}
    await again.close()


async def test_a_failing_transaction_keeps_nothing_and_raises_its_own_error(any_database: Database) -> None:
    """An exception reaches whoever asked as it was raised, and everything that the transaction did is undone."""

    def fail(connection: Connection) -> None:
        put(connection, "a")
        raise LookupError("on purpose")

    with pytest.raises(LookupError, match="on purpose"):
        await any_database.write(fail)
    with pytest.raises(IntegrityError):
        await any_database.write(lambda c: put(c, "b") and put(c, "b"))
    assert await any_database.read(stored_keys) == set()
    assert await any_database.write(lambda c: put(c, "c")) == "c"


async def test_many_at_once_all_commit_but_the_one_that_fails(any_database: Database) -> None:
    """Of 64 transactions at once one raises: 63 are committed, and that one fails alone."""

    def work(connection: Connection, number: int) -> str:
        put(connection, f"k{number}")
        if number == 17:
            raise LookupError("on purpose")
        return f"k{number}"

    asked = [any_database.write(lambda c, n=number: work(c, n)) for number in range(64)]  # type: ignore[misc]
    ended = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(ended[17], LookupError)
    others = {value for number, value in enumerate(ended) if number != 17}
    assert others == {f"k{number}" for number in range(64) if number != 17}
    assert await any_database.read(stored_keys) == others


async def test_the_clock_of_moves_rises_and_is_utc(any_database: Database) -> None:
    """`now` is an aware time in UTC that goes on within a transaction."""

    def twice(connection: Connection) -> list[Any]:
        found = []
        for _ in range(2):
            time.sleep(0.002)
            found.append(now(connection))
        return found

    first, second = await any_database.write(twice)
    assert first < second
    assert first.utcoffset() == timedelta(0)


# --- SQLite: one writer -----------------------------------------------------------------------------------------------


async def test_waiting_transactions_share_one_commit(sqlite: SqliteDatabase, statements: "Counter[str]") -> None:
    """64 transactions that wait together are one commit, and each gets its own value."""
    held = await Held.hold(sqlite)
    waiting = [asyncio.create_task(sqlite.write(lambda c, n=n: put(c, f"k{n}"))) for n in range(64)]  # type: ignore[misc]
    await held.let_go()
    assert await asyncio.gather(*waiting) == [f"k{n}" for n in range(64)]
    assert statements["COMMIT"] == 2
    assert statements["BEGIN"] == 2


async def test_a_group_takes_no_more_than_64(sqlite: SqliteDatabase, statements: "Counter[str]") -> None:
    """More than 64 that wait are several commits, so that nobody waits for all of a flood."""
    held = await Held.hold(sqlite)
    waiting = [asyncio.create_task(sqlite.write(lambda c, n=n: put(c, f"k{n}"))) for n in range(130)]  # type: ignore[misc]
    await held.let_go()
    await asyncio.gather(*waiting)
    assert statements["COMMIT"] == 4


async def test_of_a_group_with_one_that_raises_each_is_run_alone(
    sqlite: SqliteDatabase, statements: "Counter[str]"
) -> None:
    """A group in which one raises is rolled back, and each of it runs once more by itself."""
    runs: Counter[int] = Counter()

    def work(connection: Connection, number: int) -> None:
        runs[number] += 1
        put(connection, f"k{number}")
        if number == 40:
            raise LookupError("on purpose")

    held = await Held.hold(sqlite)
    waiting = [asyncio.create_task(sqlite.write(lambda c, n=n: work(c, n))) for n in range(64)]  # type: ignore[misc]
    await held.let_go()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert [number for number, value in enumerate(ended) if value is not None] == [40]
    assert runs == {number: 2 if number <= 40 else 1 for number in range(64)}
    assert statements["COMMIT"] == 1 + 63
    assert len(await sqlite.read(stored_keys)) == 63


async def test_a_caller_that_gave_up_while_waiting_is_not_served(sqlite: SqliteDatabase) -> None:
    """A transaction whose caller was cancelled before its turn is never run; its neighbours are."""
    held = await Held.hold(sqlite)
    waiting = [asyncio.create_task(sqlite.write(lambda c, n=n: put(c, f"k{n}"))) for n in range(3)]  # type: ignore[misc]
    await asyncio.sleep(0.01)
    waiting[1].cancel()
    await held.let_go()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert await sqlite.read(stored_keys) == {"k0", "k2"}


async def test_what_was_begun_is_finished_at_the_close_and_the_rest_refused(sqlite_url: str) -> None:
    """Closing commits everything that was asked for before; later writes are refused, not left hanging."""
    database = open_database(sqlite_url)
    begun = [asyncio.create_task(database.write(lambda c, n=n: put(c, f"k{n}"))) for n in range(20)]  # type: ignore[misc]
    await asyncio.sleep(0)
    await database.close()
    assert len(await asyncio.gather(*begun)) == 20
    with pytest.raises(NotStored, match="closed"):
        await database.write(lambda c: put(c, "late"))
    again = open_database(sqlite_url)
    assert len(await again.read(stored_keys)) == 20
    await again.close()


async def test_a_full_disk_is_told_and_leaves_the_rest_as_it_was(sqlite: SqliteDatabase) -> None:
    """When the file cannot grow, whoever asked for too much is told that nothing was kept; smaller ones that waited
    beside it are committed, and everything goes on once there is room.
    """
    await sqlite.write(lambda c: put(c, "before"))

    def limit(connection: Connection, pages: int) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    used = await sqlite.read(lambda c: int(c.exec_driver_sql("PRAGMA page_count").scalar_one()))
    await sqlite.write(lambda c: limit(c, used + 2))
    held = await Held.hold(sqlite)
    sizes = {"small": 10, "large": 1_000_000, "little": 10}
    waiting = [asyncio.create_task(sqlite.write(lambda c, k=k, s=s: put(c, k, s))) for k, s in sizes.items()]  # type: ignore[misc]
    await held.let_go()
    small, large, little = await asyncio.gather(*waiting, return_exceptions=True)
    assert (small, little) == ("small", "little")
    assert isinstance(large, NotStored)
    assert "full" in str(large)
    await sqlite.write(lambda c: limit(c, 1_000_000))
    assert await sqlite.write(lambda c: put(c, "large", 1_000_000)) == "large"
    assert await sqlite.read(stored_keys) == {"before", "small", "little", "large"}


# --- SQLite: other processes ------------------------------------------------------------------------------------------

COMMAND = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)
connection.execute("BEGIN IMMEDIATE")
connection.execute(
    "INSERT INTO idempotency (shop_id, key, body_digest, case_ids, created_at) VALUES ('s', 'theirs', '-', '[]', 0)"
)
print("writing", flush=True)
sys.stdin.readline()
connection.execute("COMMIT")
"""


@pytest.fixture
def command(sqlite_url: str) -> Iterator["subprocess.Popen[str]"]:
    """Another process in the middle of a write; a line to it lets it commit."""
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, sqlite_path(sqlite_url)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    yield process
    process.kill()
    process.communicate(timeout=10)


def finish(command: "subprocess.Popen[str]") -> None:
    """Lets the other process commit."""
    assert command.stdin is not None
    command.stdin.write("\n")
    command.stdin.flush()


async def test_serve_waits_for_a_command_that_writes(sqlite: SqliteDatabase, command: "subprocess.Popen[str]") -> None:
    """While another process writes, a write waits for it, reads go on, and in the end both are kept (ruling 9)."""
    ours = asyncio.create_task(sqlite.write(lambda c: put(c, "ours")))
    await asyncio.sleep(0.2)
    assert not ours.done()
    assert await sqlite.read(stored_keys) == set()
    finish(command)
    assert await ours == "ours"
    assert await sqlite.read(stored_keys) == {"ours", "theirs"}


async def test_a_lock_that_never_comes_free_is_told(sqlite: SqliteDatabase, command: "subprocess.Popen[str]") -> None:
    """When another process holds the file for too long, whoever asked is told that nothing was kept."""
    sqlite._writer.busy_s = 0.05
    with pytest.raises(NotStored, match="locked"):
        await sqlite.write(lambda c: put(c, "ours"))
    finish(command)
    command.wait(10)
    assert await sqlite.write(lambda c: put(c, "ours")) == "ours"


async def test_a_command_waits_for_serve(sqlite: SqliteDatabase, sqlite_url: str) -> None:
    """A command that writes while `serve` does waits its turn, and both are kept."""
    held = await Held.hold(sqlite)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", COMMAND, sqlite_path(sqlite_url)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    waiting = asyncio.create_task(process.stdout.readline())
    await asyncio.sleep(0.4)
    assert not waiting.done()
    await held.let_go()
    assert await waiting == b"writing\n"
    await process.communicate(b"\n")
    assert process.returncode == 0
    await sqlite.write(lambda c: put(c, "ours"))
    assert await sqlite.read(stored_keys) == {"ours", "theirs"}


async def test_a_second_serve_is_refused(sqlite: SqliteDatabase, sqlite_url: str) -> None:
    """One `serve` holds the file; a second is refused, a command beside it is not, and after the end the next may."""
    with pytest.raises(DatabaseInUse):
        open_database(sqlite_url, serve=True)
    beside = open_database(sqlite_url)
    assert await beside.write(lambda c: put(c, "a")) == "a"
    await beside.close()
    await sqlite.close()
    after = open_database(sqlite_url, serve=True)
    await after.close()


def test_the_lock_goes_with_its_process(sqlite_url: str) -> None:
    """A `serve` that was killed leaves no lock behind."""
    code = (
        "import sys, time; from bot.store.database import open_database;"
        "open_database(sys.argv[1], serve=True); print('up', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, sqlite_url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    with pytest.raises(DatabaseInUse):
        open_database(sqlite_url, serve=True)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=10)
    asyncio.run(open_database(sqlite_url, serve=True).close())


async def test_a_commit_is_on_the_disk(sqlite: SqliteDatabase) -> None:
    """The writer syncs at each commit, in a write-ahead log, and foreign keys hold."""
    pragmas = ("synchronous", "journal_mode", "foreign_keys")
    found = await sqlite.write(lambda c: [c.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas])
    assert found == [2, "wal", 1]


async def test_a_read_sees_one_state(sqlite: SqliteDatabase) -> None:
    """A query of several statements sees the database as it was at the first, whatever is committed meanwhile."""
    began, go = threading.Event(), threading.Event()

    def both(connection: Connection) -> tuple[int, int]:
        count = select(func.count()).select_from(idempotency)
        first = connection.execute(count).scalar_one()
        began.set()
        assert go.wait(10)
        return first, connection.execute(count).scalar_one()

    reading = asyncio.create_task(sqlite.read(both))
    assert await asyncio.to_thread(began.wait, 10)
    await sqlite.write(lambda c: put(c, "a"))
    go.set()
    assert await reading == (0, 0)
    assert await sqlite.read(stored_keys) == {"a"}


async def test_readers_stay_beside_a_busy_writer(sqlite: SqliteDatabase) -> None:
    """Pages are read while a long transaction is written."""
    held = await Held.hold(sqlite)
    async with asyncio.timeout(2):
        assert await asyncio.gather(*(sqlite.read(stored_keys) for _ in range(12))) == [set()] * 12
    await held.let_go()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_that_would_be_lost_is_refused(url: str) -> None:
    """An SQLite database in memory is refused: nothing accepted may be lost."""
    with pytest.raises(ValueError, match="file"):
        open_database(url)


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    """A file of another kind is refused when it is opened, not overwritten."""
    path = tmp_path / "notes.txt"
    path.write_text("not a database " * 100)
    with pytest.raises(Exception, match="not a database") as told:
        open_database(f"sqlite:///{path}")
    assert isinstance(told.value.__cause__, sqlite3.DatabaseError)
    assert path.read_text().startswith("not a database")


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


@pytest.fixture
async def shared(shared_url: str) -> AsyncIterator[PostgresDatabase]:
    """PostgreSQL with few connections."""
    opened = PostgresDatabase(make_url(shared_url), writers=2, readers=2, wait_s=0.3)
    yield opened
    await opened.close()


async def test_a_deadlock_is_tried_again(shared: PostgresDatabase) -> None:
    """Two transactions that wait for each other both end well: the one that the database gives up is run again."""
    await shared.write(lambda c: put(c, "a") and put(c, "b"))
    runs: Counter[str] = Counter()
    held = {"a": threading.Event(), "b": threading.Event()}

    def lock(connection: Connection, own: str, other: str) -> None:
        runs[own] += 1
        connection.execute(text("SET LOCAL deadlock_timeout = '20ms'"))
        for key in (own, other):
            connection.execute(idempotency.update().where(idempotency.c.key == key).values(body_digest=own))
            held[key].set()
            held[other].wait(10)

    first = asyncio.create_task(shared.write(lambda c: lock(c, "a", "b")))
    await asyncio.to_thread(held["a"].wait, 10)  # two that wait at the same moment would be one transaction
    await asyncio.gather(first, shared.write(lambda c: lock(c, "b", "a")))
    assert min(runs.values()) == 1
    assert max(runs.values()) > 1  # again and again, if it meets the other once more


async def test_a_lost_connection_is_told(shared: PostgresDatabase) -> None:
    """When the server cuts the connection in a transaction, whoever asked is told; the next has a new connection."""

    def cut(connection: Connection) -> None:
        put(connection, "a")
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(NotStored):
        await shared.write(cut)
    assert await shared.write(lambda c: put(c, "b")) == "b"
    assert await shared.read(stored_keys) == {"b"}


async def test_no_free_connection_is_told(shared: PostgresDatabase) -> None:
    """When all connections stay busy, whoever waits is told after a while that nothing was kept."""
    busy = [asyncio.create_task(shared.write(lambda c: c.execute(text("SELECT pg_sleep(0.9)")) and None)) for _ in "ab"]
    await asyncio.sleep(0.1)
    with pytest.raises(NotStored):
        await shared.write(lambda c: put(c, "a"))
    await asyncio.gather(*busy)
    assert await shared.write(lambda c: put(c, "a")) == "a"


async def test_the_clock_is_the_databases(shared: PostgresDatabase) -> None:
    """Moves are stamped with the database's own clock, so that all processes agree."""

    def three(connection: Connection) -> list[Any]:
        clock = text("SELECT clock_timestamp()")
        return [connection.execute(clock).scalar(), now(connection), connection.execute(clock).scalar()]

    before, stamped, after = await shared.read(three)
    assert before - timedelta(microseconds=1) <= stamped <= after
