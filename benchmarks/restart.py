"""Goals 10, 12 and 15: how soon the bot is there again, what it holds while idle, and that nothing is replayed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import machine, rooms
from benchmarks.goals import Figure, Report
from benchmarks.places import Places
from benchmarks.watching import watched
from bot.rules.rulebook import RuleBook
from bot.store.database import sqlite_engine

READY_S = 30.0

AS_INSTALLED = """
import sys
sys.modules.update(dict.fromkeys(("rich", "twisted")))
from bot.cli import main
main()
"""
"""The command without two packages of the tests', which structlog loads where it finds them."""


def run(report: Report, places: Places, *, quick: bool) -> None:
    """An empty database and one with many watched parcels, in rounds that take turns."""
    rounds, many, idle_s = (1, 10_000, 3.0) if quick else (3, 100_000, 8.0)
    starts: dict[int, list[float]] = {0: [], many: []}
    again: dict[int, list[float]] = {0: [], many: []}
    memory: dict[int, list[float]] = {0: [], many: []}
    cpu: dict[int, list[float]] = {0: [], many: []}
    for _ in range(rounds):
        for count in (0, many):
            with places.database("sqlite") as url, places.fresh_folder() as folder:
                if count:
                    _fill(Path(url.removeprefix("sqlite:///")), count)
                with _serving(url, folder) as (seconds, _):
                    starts[count].append(seconds)
                with _serving(url, folder) as (seconds, process):
                    again[count].append(seconds)
                    time.sleep(2)
                    memory[count].append(machine.pss_mb(process.pid))
                    before, began = machine.cpu_seconds(process.pid), time.monotonic()
                    time.sleep(idle_s)
                    used = machine.cpu_seconds(process.pid) - before
                    cpu[count].append(used / (time.monotonic() - began) * 100)
    full = f"{many:,} watched"
    report.add(
        Figure("10", "kill -9, then ready again", again[0], " s", 1, 0.9),
        Figure("10", f"the same, {full}", again[many], " s", 2),
        Figure("12", "start to first answer", starts[0], " s", 1, 0.8),
        Figure("12", f"the same, {full}", starts[many], " s", 2),
        Figure("12", "memory while idle (PSS)", memory[0], " MB", 70, 60),
        Figure("12", f"the same, {full}", memory[many], " MB", 78),
        Figure("12", "processor while idle", cpu[0], " %", 1, 0.5),
        Figure("12", f"the same, {full}", cpu[many], " %", 1),
        Figure("15", "recorded work that a restart replays", [0.0], "", 0, 0, note="there is none: rows come due"),
    )


@contextmanager
def _serving(url: str, folder: Path) -> Iterator[tuple[float, subprocess.Popen[bytes]]]:
    """`serve` until its first answer; killed at the end, as a power cut would."""
    port = 18_700 + os.getpid() % 200
    env = {**os.environ, "DATABASE_URL": url, "BOT_DATA": str(folder), "PORT": str(port), "BOT_LOG_LEVEL": "error"}
    began = time.perf_counter()
    command = [sys.executable, "-c", AS_INSTALLED, "serve"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _first_answer(port, process)
        yield time.perf_counter() - began, process
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.wait()


def _first_answer(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end and process.poll() is None:
        address = f"http://127.0.0.1:{port}/readyz"
        failed = suppress(urllib.error.URLError, ConnectionError, TimeoutError)
        with failed, urllib.request.urlopen(address, timeout=1) as answer:
            if answer.status == 200:
                return
        time.sleep(0.01)
    raise RuntimeError("serve gave no answer")


def _fill(path: Path, count: int) -> None:
    """Parcels that are looked at once an hour, the first of them in an hour."""
    ruleset = RuleBook.load().at(datetime.now(UTC))
    engine = sqlite_engine(path)
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        rooms.enter(connection, 1, ruleset)
        watched(connection, 1, count, count / 3600, ruleset)
        connection.exec_driver_sql("UPDATE cases SET next_at = next_at + 3600000000")
        connection.exec_driver_sql("COMMIT")
        connection.commit()
    engine.dispose()
