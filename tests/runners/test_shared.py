"""Several processes on one database: work is shared, and survives whatever becomes of a process or of the queue."""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, text, update
from sqlalchemy.exc import DBAPIError

from bot.runners.contract import Work
from bot.runners.shared import SharedRunner
from bot.store.cards import INBOX_DUE, inbox
from bot.store.database import PostgresDatabase, now, open_database
from bot.store.schema import to_micros
from tests.runners.conftest import QUICK, Rows, until

REPLICA = Path(__file__).with_name("replica.py")
WIPE = "DELETE FROM procrastinate_events; DELETE FROM procrastinate_periodic_defers;"
WIPE += "DELETE FROM procrastinate_jobs; DELETE FROM procrastinate_workers"


async def query(database: PostgresDatabase, statement: str) -> list[Any]:
    """The first column of what a statement finds."""
    return await database.write(lambda c: list(c.execute(text(statement)).scalars()))


async def due_times(database: PostgresDatabase) -> list[datetime | None]:
    """When each row is due, in the order of their keys."""
    return await database.read(lambda c: list(c.execute(select(inbox.c.next_at).order_by(inbox.c.seq)).scalars()))


@pytest.fixture
def ours(shared: PostgresDatabase) -> Rows:
    """No rows yet."""
    return Rows(shared)


StartOne = Callable[..., Awaitable[SharedRunner]]


@pytest.fixture
async def replica(shared: PostgresDatabase) -> AsyncIterator[StartOne]:
    """Starts replicas within this process, each with connections of its own; all are stopped at the end."""
    started: list[tuple[SharedRunner, PostgresDatabase]] = []

    async def run(*works: Work, lease_s: float = 60.0) -> SharedRunner:
        opened = open_database(shared.url.render_as_string(hide_password=False))
        assert isinstance(opened, PostgresDatabase)
        runner = SharedRunner(opened, works, lease=timedelta(seconds=lease_s), liveness=QUICK)
        started.append((runner, opened))
        await runner.start()
        return runner

    yield run
    for runner, opened in started:
        await runner.stop(0.1)
        await opened.close()


class Process:
    """A replica in a process of its own, and what it has said."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self.log = log
        self.said: list[str] = []
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.said.append(line.decode().strip())

    def count(self, word: str) -> int:
        """How many lines begin with this word."""
        return sum(line.startswith(word) for line in self.said)

    async def end(self, number: signal.Signals) -> None:
        """Sends the signal, and waits for the end."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(10):
            await self.process.wait()
            await self._listening


@pytest.fixture
async def process(shared: PostgresDatabase, tmp_path: Path) -> AsyncIterator[Callable[[float], Awaitable[Process]]]:
    """Starts replicas in processes of their own, given how long each move takes; all are killed at the end."""
    started: list[Process] = []

    async def run(hold_s: float) -> Process:
        log = tmp_path / f"replica-{len(started)}.log"
        with log.open("wb") as err:
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, REPLICA, shared.url.render_as_string(hide_password=False), str(hold_s)),
                cwd=Path(__file__).parents[2],
                env={"PYTHONPATH": str(Path(__file__).parents[2])},
                stdout=asyncio.subprocess.PIPE,
                stderr=err,
            )
        started.append(Process(child, log))
        await until(lambda: started[-1].count("up") == 1)
        return started[-1]

    yield run
    for one in started:
        await one.end(signal.SIGKILL)


# --- sharing ----------------------------------------------------------------------------------------------------------


async def test_replicas_share_the_work_and_move_each_row_once(ours: Rows, replica: StartOne) -> None:
    """Of many rows each is moved once, by whichever replica; all replicas take part."""
    who: Counter[str] = Counter()

    def named(name: str) -> Work:
        async def move(key: str) -> None:
            who[name] += 1
            await ours.move(key)

        return Work("rows", "row", INBOX_DUE, move, at_most=1000)

    ours.hold_s = 0.02
    runners = [await replica(named(name)) for name in ("a", "b")]
    for _ in range(8):
        await ours.put(40)
        for runner in runners:
            runner.nudge()
        await asyncio.sleep(0.05)
    await until(lambda: len(ours.ended) == 320, 20)
    assert set(ours.begun.values()) == {1}
    assert set(who) == {"a", "b"}


async def test_one_replica_ticks_each_second(ours: Rows, replica: StartOne) -> None:
    """Three replicas look for due rows as often as one."""
    looked: Counter[str] = Counter()

    class Counting:
        def __init__(self, name: str) -> None:
            self.name = name

        def due(self, connection: Connection, skip: Collection[str], limit: int) -> list[str]:
            raise AssertionError("only claimed")

        def claim(self, connection: Connection, until: datetime, limit: int) -> list[str]:
            looked[self.name] += 1
            return []

        def held(self, connection: Connection, ids: Sequence[str], until: datetime) -> list[str]:
            return []

    for name in "abc":
        await replica(Work("rows", "row", Counting(name), ours.move))
    await until(lambda: looked.total() > 0)
    before = looked.total()
    await asyncio.sleep(3.0)
    assert 2 <= looked.total() - before <= 4


async def test_a_claim_and_its_jobs_are_one(ours: Rows, shared: PostgresDatabase, replica: StartOne) -> None:
    """When the jobs cannot be put, the rows stay due as they were: nothing is claimed that nobody will move."""
    await ours.put(3)
    before = await due_times(shared)
    broken = "ALTER FUNCTION procrastinate_defer_jobs_v1 RENAME TO gone"
    await shared.write(lambda c: c.execute(text(broken)) and None)
    runner = await replica(ours.work())
    runner.nudge()
    await asyncio.sleep(0.5)
    assert await due_times(shared) == before
    await shared.write(lambda c: c.execute(text("ALTER FUNCTION gone RENAME TO procrastinate_defer_jobs_v1")) and None)
    await until(lambda: len(ours.ended) == 3)


async def test_jobs_leave_nothing_behind(ours: Rows, shared: PostgresDatabase, replica: StartOne) -> None:
    """When all is done the queue is empty, and no more than fifty rows were named by one job."""
    sizes: list[int] = []
    log = (
        "CREATE TABLE seen (ids int); CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO seen"
    )
    log += " VALUES (jsonb_array_length(NEW.args->''ids'')); RETURN NEW; END'; CREATE TRIGGER see AFTER INSERT ON"
    log += " procrastinate_jobs FOR EACH ROW WHEN (NEW.args ? 'ids') EXECUTE FUNCTION see()"
    await shared.write(lambda c: c.exec_driver_sql(log) and None)
    await ours.put(120)
    await replica(ours.work())
    await until(lambda: len(ours.ended) == 120)
    sizes = await query(shared, "SELECT ids FROM seen")
    assert sum(sizes) == 120
    assert max(sizes) == 50

    async def empty() -> bool:
        return await query(shared, "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'intercept:move'") == [0]

    await until(empty)


async def test_a_job_whose_row_has_moved_on_is_void(ours: Rows, shared: PostgresDatabase, replica: StartOne) -> None:
    """A job names rows as they were claimed: one that was touched since, or claimed by another, is not moved by it."""
    keys = await ours.put(3)
    claimed = await shared.write(now) + timedelta(minutes=1)
    await shared.write(lambda c: INBOX_DUE.claim(c, claimed, 10) and None)
    touched = update(inbox).where(inbox.c.seq == int(keys[0])).values(next_at=claimed + timedelta(seconds=1))
    await shared.write(lambda c: c.execute(touched) and None)
    runner = await replica(ours.work())

    def put(connection: Connection) -> None:
        raw = connection.connection.driver_connection
        runner._jobs.put(raw, "rows", keys[:2], to_micros(claimed), 1)
        runner._jobs.put(raw, "nobody's", keys[2:], to_micros(claimed), 1)

    await shared.write(put)
    await until(lambda: keys[1] in ours.ended)
    await asyncio.sleep(0.3)
    assert ours.begun == {keys[1]: 1}


# --- what may happen --------------------------------------------------------------------------------------------------


async def test_the_queue_may_be_emptied_at_any_moment(ours: Rows, shared: PostgresDatabase, replica: StartOne) -> None:
    """Everything in Procrastinate's tables is deleted with work in flight: everything still ends, each row once, and
    work that comes afterwards as well.
    """
    ours.hold_s = 0.5
    runner = await replica(ours.work(), lease_s=3)
    await ours.put(60)
    runner.nudge()
    await until(lambda: len(ours.running) > 0)
    await ours.put(30)
    await shared.write(lambda c: c.exec_driver_sql(WIPE) and None)
    await until(lambda: len(ours.ended) == 90, 15)
    assert set(ours.begun.values()) == {1}
    await shared.write(lambda c: c.exec_driver_sql(WIPE) and None)
    await ours.put(5)
    await until(lambda: len(ours.ended) == 95, 10)


async def test_all_connections_may_be_lost(ours: Rows, shared: PostgresDatabase, replica: StartOne) -> None:
    """The server cuts every connection with work in flight: the replica comes back by itself and everything ends."""
    ours.hold_s = 0.4
    runner = await replica(ours.work(), lease_s=2)
    await ours.put(10)
    runner.nudge()
    await until(lambda: len(ours.running) > 0)
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    cut += " AND pid <> pg_backend_pid()"
    await query(shared, cut)
    await ours.put(5)

    async def done() -> bool:
        try:
            return await ours.left() == 0
        except DBAPIError:  # a connection of the pool that was cut
            return False

    await until(done, 15)


async def test_a_dead_replicas_work_is_done_by_another(
    ours: Rows, shared: PostgresDatabase, replica: StartOne, process: Callable[[float], Awaitable[Process]]
) -> None:
    """A replica that is killed in the middle of its rows: another has done them within five seconds, although their
    claim holds for a minute.
    """
    dying = await process(60.0)
    await ours.put(4)
    await until(lambda: dying.count("begun") == 4)
    await replica(ours.work())
    await dying.end(signal.SIGKILL)
    assert await until(lambda: len(ours.ended) == 4) <= 5.0
    assert set(ours.begun.values()) == {1}


async def test_a_replica_that_merely_slept_goes_on(
    ours: Rows, replica: StartOne, process: Callable[[float], Awaitable[Process]]
) -> None:
    """A replica that was stopped long enough to pass for dead loses its job to another, says nothing alarming when it
    wakes, and takes work again afterwards.
    """
    sleeping = await process(1.0)
    await ours.put(2)
    await until(lambda: sleeping.count("begun") == 2)
    sleeping.process.send_signal(signal.SIGSTOP)
    other = await replica(ours.work())
    await until(lambda: len(ours.ended) == 2)
    sleeping.process.send_signal(signal.SIGCONT)
    await until(lambda: sleeping.count("ended") == 2)
    await asyncio.sleep(0.3)
    await other.stop(0.1)
    await ours.put(3)
    await until(lambda: sleeping.count("ended") == 5)
    await sleeping.end(signal.SIGTERM)
    assert sleeping.said[-1].startswith("stopped ")
    assert int(sleeping.said[-1].split()[1]) >= 1
    log = sleeping.log.read_text("utf-8")
    assert "Traceback" not in log
    assert "Database error" not in log


async def test_a_replica_that_stops_leaves_its_rows_to_the_others_at_once(
    ours: Rows, shared: PostgresDatabase, replica: StartOne
) -> None:
    """Rows that a stopping replica cuts off are moved by another within seconds, not when their claim runs out."""
    slow = Rows(shared)
    slow.hold_s = 60
    stopping = await replica(slow.work())
    await ours.put(3)
    await until(lambda: len(slow.running) == 3)
    other = await replica(ours.work())
    await stopping.stop(0.1)
    assert await until(lambda: len(ours.ended) == 3) < 4
    assert await other.is_running()


async def test_sigterm_ends_a_replica_in_order(ours: Rows, process: Callable[[float], Awaitable[Process]]) -> None:
    """A replica that is told to end finishes its rows, signs off, and exits with 0."""
    ending = await process(0.5)
    await ours.put(3)
    await until(lambda: ending.count("begun") == 3)
    await ending.end(signal.SIGTERM)
    assert ending.process.returncode == 0
    assert ending.count("ended") == 3
    assert await ours.left() == 0
    assert await query(ours.database, "SELECT id FROM procrastinate_workers") == []  # type: ignore[arg-type]
