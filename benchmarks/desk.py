"""Goals 1 and 3: a post at the console's chat up to its card (ruling 27), beside bare aiohttp with the same crypto."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from benchmarks.goals import Figure, Report

SERVERS = ("bot", "bare", "bare-uvloop")


def run(report: Report, *, quick: bool) -> None:
    """All servers run throughout; they are posted to in turn, so that whatever else the machine does hits each."""
    rounds, seconds = (1, 1.0) if quick else (3, 3.0)
    found: dict[tuple[str, int], list[dict[str, float]]] = {}
    with ExitStack() as running:
        servers = {name: running.enter_context(_started("benchmarks.console", name)) for name in SERVERS}
        client = running.enter_context(_started("benchmarks.posts"))
        places = {name: json.loads(_line(server)) for name, server in servers.items()}
        for _ in range(rounds):
            for at_once in (1, 32, 256):
                for name, place in places.items():
                    wanted = {"port": place["port"], "posts": place["posts"], "at_once": at_once, "seconds": seconds}
                    found.setdefault((name, at_once), []).append(_told(client, wanted))
    refused = sum(done["refused"] for done in found["bot", 32])
    for at_once in (32, 256):
        bot, bare = found["bot", at_once], found["bare", at_once]
        plain = f"{statistics.median(done['rps'] for done in bare):.0f}/s there"
        report.add(
            Figure("1", f"posts/s, {at_once} at once, ÷ bare", _ratio(bot, bare, "rps"), "×", 0.8, 1.0, True, plain),
            Figure("1", f"p99, {at_once} at once, ÷ bare", _ratio(bot, bare, "p99_ms"), "×", 2),
        )
    report.add(
        Figure("3", "one post alone, p50, ÷ bare", _ratio(found["bot", 1], found["bare", 1], "p50_ms"), "×", 1.5, 1.2),
        Figure("1", "posts that were refused", [refused], "", 0, 0),
    )


def _ratio(bot: list[dict[str, float]], bare: list[dict[str, float]], part: str) -> list[float]:
    return [mine[part] / theirs[part] for mine, theirs in zip(bot, bare, strict=True)]


@contextmanager
def _started(module: str, *args: str) -> Iterator[subprocess.Popen[str]]:
    """A module of this package as a process that ends with its standard input."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        process.wait(10)


def _told(process: subprocess.Popen[str], wanted: dict[str, Any]) -> dict[str, float]:
    if process.stdin is None:
        raise RuntimeError("the client takes nothing")
    process.stdin.write(json.dumps(wanted) + "\n")
    process.stdin.flush()
    told: dict[str, float] = json.loads(_line(process))
    return told


def _line(process: subprocess.Popen[str]) -> str:
    line = "" if process.stdout is None else process.stdout.readline()
    if not line:
        raise RuntimeError("a process of the benchmark ended early")
    return line
