"""What Procrastinate carries for the shared runner: jobs that name due rows, a worker in each process, and the tick.

A job says "these rows were claimed until then": it is void once a row's due time is another one. So a job that is lost,
doubled or late does no harm, and no lock and no schedule of the library is needed (`engine.md`, traps 5, 7, 8).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import procrastinate
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status
from sqlalchemy import URL, Connection, text

MOVE = "intercept:move"
TICK = "intercept:tick"
EACH_SECOND = "* * * * * */1"
TICK_PRIORITY = 1_000
ATTEMPTS = 5
MOST_IDS = 50
"""So many rows a job names: one job each would cost six times the work (`engine.md`, trap 10)."""

AT_ONCE = 100
"""Jobs of one worker at once; what bounds the rows in hand is each work's own `at_most`."""

Move = Callable[[str, list[str], int], Awaitable[None]]
Tick = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Liveness:
    """How a dead worker is told from a busy one. Seconds; `stalled_s` 15 at least, but in tests."""

    heartbeat_s: float = 1.0
    stalled_s: float = 15.0


class Jobs:
    """The queue as the runner sees it. `move(work, ids, until)` and `tick()` are what its jobs call."""

    def __init__(self, url: URL, move: Move, tick: Tick, liveness: Liveness) -> None:
        self._liveness = liveness
        address = url.set(drivername="postgresql").render_as_string(hide_password=False)
        connector = procrastinate.PsycopgConnector(conninfo=address, min_size=1, max_size=4)
        self._app = procrastinate.App(connector=connector)
        # Jobs are put from a thread, on the connection of the claim; this one has none of its own.
        self._putting = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=address))

        async def run_move(work: str, ids: list[str], until: int) -> None:
            await move(work, ids, until)

        async def run_tick(timestamp: int) -> None:
            del timestamp
            await tick()

        again = procrastinate.RetryStrategy(max_attempts=ATTEMPTS)
        self._move = self._app.task(name=MOVE, retry=again)(run_move)
        self._app.periodic(cron=EACH_SECOND)(self._app.task(name=TICK, priority=TICK_PRIORITY)(run_tick))

    async def open(self) -> None:
        """Connects. The tables are there already (`bot.store.migrate`)."""
        still()
        await self._app.open_async()

    async def close(self) -> None:
        """Gives the connections back."""
        await self._app.close_async()

    async def work(self) -> None:
        """Runs jobs, heartbeats and the tick until cancelled; then waits for the jobs that run."""
        await self._app.run_worker_async(
            concurrency=AT_ONCE,
            delete_jobs="successful",
            install_signal_handlers=False,
            update_heartbeat_interval=self._liveness.heartbeat_s,
            stalled_worker_timeout=self._liveness.stalled_s,
            fetch_job_polling_interval=1.0,
            abort_job_polling_interval=60.0,
        )

    def put(self, raw: Any, work: str, ids: Sequence[str], until: int, priority: int) -> None:
        """Adds jobs for these rows in the transaction of `raw`, a connection of psycopg, in whichever thread it is."""
        parts = [list(ids[start : start + MOST_IDS]) for start in range(0, len(ids), MOST_IDS)]
        self._putting.configure_task(MOVE, priority=priority, connection=raw).batch_defer(
            *({"work": work, "ids": part, "until": until} for part in parts)  # type: ignore[arg-type]
        )

    async def revive(self) -> int:
        """Puts the jobs of dead workers into the queue anew, and drops their ticks; returns how many jobs.

        A new job wakes a worker at once, which one that is retried does not.
        """
        revived = 0
        for job in await self._app.job_manager.get_stalled_jobs(seconds_since_heartbeat=self._liveness.stalled_s):
            if job.task_name == MOVE:
                again = self._move.configure(priority=job.priority, task_kwargs=job.task_kwargs)
                await again.defer_async()
                revived += 1
            if job.id is not None:
                with suppress(ConnectorException):  # another tick was first: two jobs for the same rows do no harm
                    await self._app.job_manager.finish_job_by_id_async(job.id, Status.SUCCEEDED, delete_job=True)
        return revived


def in_hand(connection: Connection, at: int) -> Mapping[str, int]:
    """How many rows unfinished jobs name, by work; jobs whose claim has run out by `at` (microseconds) hold nothing."""
    return {work: int(count) for work, count in connection.execute(_IN_HAND, {"task": MOVE, "at": at})}


def sweep(connection: Connection, before: int) -> int:
    """Drops what is left of jobs that failed, and of those whose claim ran out before that moment (microseconds)."""
    old = {"move": MOVE, "tick": TICK, "before": before, "before_s": before // 1_000_000}
    return connection.execute(_SWEEP, old).rowcount


_IN_HAND = text(
    "SELECT args->>'work', sum(jsonb_array_length(args->'ids')) FROM procrastinate_jobs"
    " WHERE status IN ('todo', 'doing') AND task_name = :task AND (args->>'until')::bigint > :at GROUP BY 1"
)
_SWEEP = text(
    "DELETE FROM procrastinate_jobs WHERE"
    " (task_name = :move AND (args->>'until')::bigint < :before)"
    " OR (task_name = :tick AND (args->>'timestamp')::bigint < :before_s)"
)


class FalseDeath(logging.Filter):
    """Swallows the error of a worker that was taken for dead and finishes its job all the same (trap 6); counts them.

    Its row was moved by whoever took over, or by itself: the row knows, and nothing is wrong.
    """

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """False for that one error."""
        problem = record.exc_info[1] if record.exc_info else None
        cause = problem.__cause__ if isinstance(problem, ConnectorException) else None
        if cause is None or not str(cause).startswith("Job was not found or not in"):
            return True
        self.count += 1
        return False


FALSE_DEATHS = FalseDeath()
"""How many there were in this process; a number that keeps rising means that `stalled_s` is too short."""


def still() -> None:
    """The library's own chatter, several lines a second, stays out of our log; what goes wrong does not."""
    library = logging.getLogger("procrastinate")
    library.setLevel(max(library.level, logging.WARNING))
    for name in ("procrastinate", "procrastinate.worker", "procrastinate.worker.worker", "asyncio"):
        logger = logging.getLogger(name)
        if FALSE_DEATHS not in logger.filters:
            logger.addFilter(FALSE_DEATHS)
