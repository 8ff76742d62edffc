"""What the library is asked to do, and which of its words are kept from the log."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from procrastinate.exceptions import ConnectorException
from sqlalchemy import Connection, text

from bot.runners.jobs import MOVE, TICK, FalseDeath, in_hand, still, sweep
from bot.store.database import PostgresDatabase

PUT = text(
    "INSERT INTO procrastinate_jobs (queue_name, task_name, status, args)"
    " VALUES ('default', :task, CAST(:status AS procrastinate_job_status), CAST(:args AS jsonb))"
)


def put(connection: Connection, status: str, args: str, task: str = MOVE) -> None:
    """A job in that state."""
    connection.execute(PUT, {"task": task, "status": status, "args": args})


async def states(database: PostgresDatabase) -> list[str]:
    """The states of all jobs, in the order in which they were put."""
    wanted = text("SELECT status FROM procrastinate_jobs ORDER BY id")
    return await database.read(lambda c: list(c.execute(wanted).scalars()))


async def test_rows_in_hand_are_those_of_unfinished_jobs(shared: PostgresDatabase) -> None:
    """Rows count as in hand while their job waits or runs and their claim holds; other tasks do not count."""

    def write(connection: Connection) -> dict[str, int]:
        put(connection, "todo", '{"work": "calls", "ids": ["a", "b"], "until": 200}')
        put(connection, "doing", '{"work": "calls", "ids": ["c"], "until": 101}')
        put(connection, "doing", '{"work": "looks", "ids": ["d"], "until": 200}')
        put(connection, "todo", '{"work": "calls", "ids": ["e"], "until": 100}')
        put(connection, "failed", '{"work": "calls", "ids": ["f"], "until": 200}')
        put(connection, "todo", '{"timestamp": 1}', TICK)
        put(connection, "todo", '{"ids": 5}', "somebody:else")
        return dict(in_hand(connection, 100))

    assert await shared.write(write) == {"calls": 3, "looks": 1}


async def test_what_is_left_of_old_jobs_is_swept(shared: PostgresDatabase) -> None:
    """Jobs whose claim ran out long ago go, whatever their state, and so do old ticks; the others stay."""

    def write(connection: Connection) -> int:
        for status in ("failed", "doing", "aborted", "todo"):
            put(connection, status, '{"work": "calls", "ids": ["a"], "until": 4000000}')
        put(connection, "failed", '{"timestamp": 4}', TICK)
        put(connection, "doing", '{"work": "calls", "ids": ["b"], "until": 5000000}')
        put(connection, "cancelled", '{"timestamp": 5}', TICK)
        put(connection, "succeeded", '{"timestamp": 1}', "somebody:else")
        return sweep(connection, 5_000_000)

    assert await shared.write(write) == 5
    assert await states(shared) == ["doing", "cancelled", "succeeded"]


# --- the log ----------------------------------------------------------------------------------------------------------


def problem(words: str) -> ConnectorException:
    """The library's error, for what the database said."""
    found = ConnectorException()
    found.__cause__ = RuntimeError(words)
    return found


def record(error: BaseException | None) -> logging.LogRecord:
    """A line of the log about it."""
    told: Any = None if error is None else (type(error), error, None)
    return logging.LogRecord("asyncio", logging.ERROR, "file", 1, "never retrieved", None, told)


@pytest.mark.parametrize(
    "error, shown",
    [
        (problem('Job was not found or not in "doing" or "todo" status (job id: 7)'), False),
        (problem('Job was not found or not in "doing" status (job id: 7)'), False),
        (problem("connection refused"), True),
        (ConnectorException(), True),
        (RuntimeError("Job was not found or not in"), True),
        (None, True),
    ],
)
def test_only_the_error_of_a_false_death_is_swallowed(error: BaseException | None, shown: bool) -> None:  # noqa: FBT001
    """A worker that was taken for dead and finishes its job makes one harmless error, which is counted; all else is
    shown.
    """
    told = FalseDeath()
    assert told.filter(record(error)) is shown
    assert told.count == (0 if shown else 1)


@pytest.fixture
def library() -> Iterator[logging.Logger]:
    """The library's logger, as it was afterwards."""
    logger = logging.getLogger("procrastinate")
    level = logger.level
    yield logger
    logger.setLevel(level)


@pytest.mark.parametrize("level, then", [(logging.NOTSET, logging.WARNING), (logging.ERROR, logging.ERROR)])
def test_the_librarys_chatter_stays_out(library: logging.Logger, level: int, then: int) -> None:
    """Its lines of each second are not shown, its warnings are; whoever asked for less gets less; asking twice is no
    different.
    """
    library.setLevel(level)
    still()
    still()
    assert library.level == then
    assert sum(isinstance(one, FalseDeath) for one in logging.getLogger("asyncio").filters) == 1
