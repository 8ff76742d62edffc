"""The one thread that writes an SQLite file, and what any writing may come to."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

log = structlog.get_logger(__name__)

T = TypeVar("T")
Work = Callable[[Connection], T]

GROUP = 64
"""So many waiting transactions share a commit."""

BUSY_S = 5.0
TRY_MS = 5
"""How long another process's transaction is waited for, and how often the file is tried meanwhile. SQLite's own waiting
comes to sleep for 100 ms at a time: beside a long import, which lets go for moments only, a click would wait for
seconds."""


class NotStored(Exception):
    """The database took nothing of it: full disk, lost connection, a lock that never came free. Ask again."""


@dataclass(frozen=True, slots=True)
class Urgent(Generic[T]):
    """A transaction that somebody waits for, such as a click: on PostgreSQL it goes before what runs by itself."""

    work: Work[T]

    def __call__(self, connection: Connection) -> T:
        """The transaction."""
        return self.work(connection)


@dataclass(slots=True)
class Waiting:
    """A transaction, who waits for it, and what came of it."""

    work: Work[Any]
    future: asyncio.Future[Any]
    value: Any = None
    problem: Exception | None = None


class Writer(threading.Thread):
    """The only thread that writes: takes up to 64 waiting transactions, commits once, answers all.

    If one raises, or the commit does, all are rolled back and each is run alone, so that one bad transaction costs
    nobody else anything.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(name="store-writer", daemon=True)
        self._connection = engine.connect()
        self._connection.exec_driver_sql(f"PRAGMA busy_timeout={TRY_MS}")
        self.busy_s = BUSY_S
        self._queue: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self.start()

    def put(self, waiting: Waiting | None) -> None:
        """Hands it over; None ends the thread when everything before it is done."""
        self._queue.put(waiting)

    def waiting(self) -> int:
        """How many wait for their turn."""
        return self._queue.qsize()

    def run(self) -> None:
        """The thread: groups, commits, answers."""
        ending = False
        while not ending:
            group: list[Waiting] = []
            first = self._queue.get()
            while True:
                if first is None:
                    ending = True
                    break
                group.append(first)
                if len(group) >= GROUP:
                    break
                try:
                    first = self._queue.get_nowait()
                except queue.Empty:
                    break
            group = [w for w in group if not w.future.cancelled()]
            if self._together(group):
                answer(group)
                continue
            for waiting in group:
                self._alone(waiting)
                answer([waiting])
        self._connection.close()

    def _together(self, group: Sequence[Waiting]) -> bool:
        if len(group) <= 1:
            return False
        try:
            self._begin()
            for waiting in group:
                waiting.value = waiting.work(self._connection)
            self._commit()
        except Exception as problem:  # noqa: BLE001 - whatever it is, each is run alone and keeps its own
            self._roll_back()
            log.debug("store.group_split", size=len(group), problem=type(problem).__name__)
            return False
        return True

    def _alone(self, waiting: Waiting) -> None:
        try:
            self._begin()
            waiting.value = waiting.work(self._connection)
            self._commit()
        except OperationalError as problem:
            self._roll_back()
            waiting.problem = NotStored(str(problem.orig))
            waiting.problem.__cause__ = problem
            log.error("store.not_stored", problem=str(problem.orig))  # noqa: TRY400 - the caller gets all of it
        except Exception as problem:  # noqa: BLE001 - it belongs to whoever asked, not to this thread
            self._roll_back()
            waiting.problem = problem

    def _begin(self) -> None:
        until = time.monotonic() + self.busy_s
        while True:
            try:
                self._connection.exec_driver_sql("BEGIN IMMEDIATE")
            except OperationalError as problem:
                if not _is_locked(problem) or time.monotonic() > until:
                    raise
            else:
                return

    def _commit(self) -> None:
        self._connection.exec_driver_sql("COMMIT")
        self._connection.commit()

    def _roll_back(self) -> None:
        with suppress(DBAPIError):
            self._connection.exec_driver_sql("ROLLBACK")
        with suppress(DBAPIError):
            self._connection.rollback()


def _is_locked(problem: OperationalError) -> bool:
    return getattr(problem.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY


def answer(group: Sequence[Waiting]) -> None:
    """Tells all of them at once: waking the loop for each costs more than what most of them did."""
    for loop in {waiting.future.get_loop() for waiting in group}:
        mine = [waiting for waiting in group if waiting.future.get_loop() is loop]
        with suppress(RuntimeError):  # its loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_tell, mine)


def _tell(group: Sequence[Waiting]) -> None:
    for waiting in group:
        if waiting.future.done():  # cancelled meanwhile, which undoes nothing
            continue
        if waiting.problem is None:
            waiting.future.set_result(waiting.value)
        else:
            waiting.future.set_exception(waiting.problem)
