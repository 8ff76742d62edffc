"""The figures of `/metrics`: what is open and how long it hangs, what carriers answer, what an operator must look at.

Counted in this process: calls, pushes, alarms. Read from the database when somebody scrapes, at most every few seconds:
interceptions by state. Labels are codes and names of ours, never a number of a parcel or a person.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, select

from bot.domain.case import WayHome
from bot.interception.due import Overdue, census
from bot.outbound import NeverLeft, Outcome, Response
from bot.store.cards import inbox
from bot.store.cases import cases
from bot.store.database import Database, now

FRESH_S: Final = 5.0
"""Scrapes closer together show what the first of them read."""

BUCKETS: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 12.0)

Counted = list[tuple[str, str, int, int, int]]
"""State, carrier, how many, how many of them with an alarm, how many contradicted."""


class Figures:
    """All of one house. `registry` is what is shown."""

    def __init__(self, waiting: Callable[[], int] = lambda: 0, false_deaths: Callable[[], int] = lambda: 0) -> None:
        """`waiting`: how many transactions wait for the writer (SQLite) or hold a connection (PostgreSQL).
        `false_deaths`: how often this process was taken for dead while it worked (`runners.contract`).
        """
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._read_at = -FRESH_S
        own = self.registry
        ProcessCollector(registry=own)
        self._calls = Histogram(
            "intercept_carrier_call_seconds",
            "Calls to carriers and platforms, by what became of them",
            ["system", "operation", "outcome"],
            buckets=BUCKETS,
            registry=own,
        )
        self._alarms = Counter(
            "intercept_alarms", "Answers that only an operator can mend", ["carrier", "code"], registry=own
        )
        self._pushes = Counter("intercept_pushes", "Pushes that came in", ["system", "outcome"], registry=own)
        self._cases = Gauge("intercept_cases", "Interceptions by state", ["state", "carrier"], registry=own)
        self._alarmed = Gauge("intercept_cases_with_alarm", "Interceptions that ended so", ["carrier"], registry=own)
        self._contradicted = Gauge(
            "intercept_cases_contradicted", "Successes whose parcel goes on to the buyer", ["carrier"], registry=own
        )
        self._open = Gauge("intercept_open_cases", "Open interceptions", ["state", "phase"], registry=own)
        self._late = Gauge(
            "intercept_open_cases_overdue_seconds", "How late the oldest of them is", ["state", "phase"], registry=own
        )
        self._inbox = Gauge("intercept_inbox_open", "Messages and notices that nobody dealt with yet", registry=own)
        self._lines = Gauge(
            "intercept_channel_up", "Connections to chat platforms that are open", ["channel"], registry=own
        )
        Gauge("intercept_writer_waiting", "Transactions that wait their turn", registry=own).set_function(waiting)
        own.register(_FalseDeaths(false_deaths))

    def called(self, system: str, operation: str, outcome: Outcome) -> None:
        """Meets `outbound.Observe`."""
        if isinstance(outcome, Response):
            became = "answered" if outcome.status < 500 else "server_error"
        else:
            became = "never_left" if isinstance(outcome, NeverLeft) else "no_answer"
        self._calls.labels(system, operation, became).observe(outcome.milliseconds / 1000)

    def alarm(self, carrier: str, code: str) -> None:
        """Meets `alarms.OnAlarm`."""
        self._alarms.labels(carrier, code).inc()

    def pushed(self, system: str, outcome: str) -> None:
        """A push came in: `taken`, `refused` or `not_stored`."""
        self._pushes.labels(system, outcome).inc()

    def line(self, channel: str, up: Callable[[], bool] | None) -> None:
        """The connection that a channel keeps itself: 1 while it is open; None: it keeps none any more."""
        if up is None:
            self._lines.remove(channel)
            return
        self._lines.labels(channel).set_function(lambda: float(up()))

    async def read(self, database: Database) -> None:
        """Brings what is read from the database up to date, unless that was done just now."""
        if time.monotonic() - self._read_at < FRESH_S:
            return
        self._read_at = time.monotonic()
        self._show(*await database.read(_read))

    def _show(self, counted: Counted, open_now: list[Overdue], unread: int, at: datetime) -> None:
        for gauge in (self._cases, self._alarmed, self._contradicted, self._open, self._late):
            gauge.clear()
        for state, carrier, count, alarmed, contradicted in counted:
            self._cases.labels(state, carrier).set(count)
            self._alarmed.labels(carrier).inc(alarmed)
            self._contradicted.labels(carrier).inc(contradicted)
        for one in open_now:
            late = 0.0 if one.oldest is None else max((at - one.oldest).total_seconds(), 0.0)
            self._open.labels(one.state.value, one.phase.value).set(one.count)
            self._late.labels(one.state.value, one.phase.value).set(late)
        self._inbox.set(unread)


@dataclass(frozen=True, slots=True)
class _FalseDeaths(Collector):
    """Counted where it happens, asked for when somebody scrapes: a counter of the library can only be added to."""

    count: Callable[[], int]

    def collect(self) -> Iterator[Metric]:
        """The one figure."""
        told = "Jobs that another process took over although this one was alive"
        yield CounterMetricFamily("intercept_false_deaths", told, self.count())


def _read(connection: Connection) -> tuple[Counted, list[Overdue], int, datetime]:
    contradicted = func.count().filter(cases.c.way_home == WayHome.CONTRADICTED.value)
    by_state = select(cases.c.state, cases.c.carrier, func.count(), func.count(cases.c.alarm), contradicted)
    rows = connection.execute(by_state.group_by(cases.c.state, cases.c.carrier))
    counted = [(state, carrier, count, alarmed, turned) for state, carrier, count, alarmed, turned in rows]
    unread = connection.execute(select(func.count()).where(inbox.c.next_at.is_not(None))).scalar_one()
    return counted, census(connection), unread, now(connection)
