"""The threads that write to PostgreSQL: what waits at the same time shares a round of statements and a commit.

A transaction runs in a thread, whole: asyncio would be woken for each of its statements, which costs as much as the
statement (`docs/benchmarks.md`).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoneFree

from bot.store.writer import NotStored, T, Urgent, Waiting, Work, answer

log = structlog.get_logger(__name__)

TOGETHER = 16
"""So many waiting transactions share a commit: fewer than on SQLite, since others may wait for the rows of all."""

SLOW_S = 0.05
"""After so long without its turn another thread begins: the one at work waits for the network, or for somebody's lock.
Before that it would only take the interpreter from it."""

TRIES = 3
TRY_AGAIN = frozenset({"40001", "40P01"})

Begin = Callable[[], AbstractContextManager[Connection]]


class Writers:
    """Takes transactions in the order in which they come, urgent ones first.

    `begin` opens a connection's transaction and commits it at its end. If one of several raises, or their commit does,
    all are rolled back and each is run alone. One thread at first, at most `threads`.
    """

    def __init__(self, begin: Begin, threads: int, wait_s: float) -> None:
        self._begin = begin
        self._threads = threads
        self._wait_s = wait_s
        self._pool = ThreadPoolExecutor(threads, "store-writer")
        self._lock = threading.Lock()
        self._urgent: deque[Waiting] = deque()
        self._others: deque[Waiting] = deque()
        self._running = 0
        self._closed = False

    async def write(self, work: Work[T]) -> T:
        """Its value after the commit; raises `NotStored` when its turn does not come in time."""
        loop = asyncio.get_running_loop()
        waiting = Waiting(work, loop.create_future())
        with self._lock:
            if self._closed:
                raise NotStored("the database is closed")
            self._queue_of(waiting).append(waiting)
        if self._running == 0:
            self._start(waiting)
        slow = loop.call_later(SLOW_S, self._start, waiting)
        late = loop.call_later(self._wait_s, self._give_up, waiting)
        try:
            value: T = await waiting.future
            return value
        finally:
            slow.cancel()
            late.cancel()

    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._urgent) + len(self._others)

    def close(self) -> None:
        """Returns when everything that was put before is done. Blocking."""
        with self._lock:
            self._closed = True
        self._pool.shutdown()

    def _start(self, waiting: Waiting) -> None:
        """One more thread, unless it has begun meanwhile."""
        with self._lock:
            if waiting not in self._queue_of(waiting) or self._running >= self._threads:
                return
            self._running += 1
        self._pool.submit(self._work_off)

    def _give_up(self, waiting: Waiting) -> None:
        with self._lock:
            if waiting not in self._queue_of(waiting):
                return  # it has begun
            self._queue_of(waiting).remove(waiting)
        if not waiting.future.done():
            log.error("store.not_stored", problem="NoneFree")
            waiting.future.set_exception(NotStored("no connection to the database became free"))

    def _work_off(self) -> None:
        while group := self._taken():
            group = [waiting for waiting in group if not waiting.future.cancelled()]
            if self._together(group):
                answer(group)
                continue
            for waiting in group:
                self._alone(waiting)
                answer([waiting])

    def _queue_of(self, waiting: Waiting) -> deque[Waiting]:
        return self._urgent if isinstance(waiting.work, Urgent) else self._others

    def _taken(self) -> list[Waiting]:
        """This thread's share of what waits, a quarter of it for what nobody waits for; nothing ends the thread."""
        with self._lock:
            room = min(-(-self.waiting() // self._running), TOGETHER)
            others = min(len(self._others), max(room - len(self._urgent), -(-room // 4)))
            group = [self._urgent.popleft() for _ in range(min(room - others, len(self._urgent)))]
            group += [self._others.popleft() for _ in range(others)]
            self._running -= not group
        return group

    def _together(self, group: Sequence[Waiting]) -> bool:
        if len(group) <= 1:
            return False
        try:
            with self._begin() as connection:
                for waiting in group:
                    waiting.value = waiting.work(connection)
        except Exception as problem:  # noqa: BLE001 - whatever it is, each is run alone and keeps its own
            log.debug("store.group_split", size=len(group), problem=type(problem).__name__)
            return False
        return True

    def _alone(self, waiting: Waiting) -> None:
        """A conflict that PostgreSQL asks to try again is tried again, at most three times."""
        for tried in range(1, TRIES + 1):
            try:
                with self._begin() as connection:
                    waiting.value = waiting.work(connection)
            except (OperationalError, InterfaceError, NoneFree) as problem:
                if tried < TRIES and _state(problem) in TRY_AGAIN:
                    time.sleep(0.01 * tried)
                    continue
                cause = problem.orig if isinstance(problem, DBAPIError) else problem
                log.error("store.not_stored", problem=type(cause).__name__)  # noqa: TRY400 - the caller gets all of it
                waiting.problem = NotStored(str(cause))
                waiting.problem.__cause__ = problem
            except Exception as problem:  # noqa: BLE001 - it belongs to whoever asked, not to this thread
                waiting.problem = problem
            return


def _state(problem: Any) -> str | None:
    return getattr(getattr(problem, "orig", None), "sqlstate", None)
