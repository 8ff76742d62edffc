"""Goal 14: parcels under watch. Each is asked about over HTTP when its hour has come; people click meanwhile.

`python -m benchmarks.watching DATABASE CARRIER …` is the process that is measured: rows come due at the wanted rate,
and the loopback carrier tells of every parcel what is known already, as nearly all looks of a real day do.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import uvloop
from sqlalchemy import Connection

from benchmarks import rooms
from benchmarks.goals import Figure, Report, percentile
from benchmarks.loopback import carrier
from benchmarks.places import Places, worker
from bot import logs
from bot.domain.case import Phase, State
from bot.interception.asking import Target
from bot.store.cases import cases

WANTED = 333
MOST = 1_000
CLICKS_S = 10.0


def run(report: Report, places: Places, *, quick: bool) -> None:
    """Rounds at the rate of a million parcels and at three times that."""
    seconds = 4.0 if quick else 8.0
    kinds = ["sqlite"] if quick else ["sqlite", "postgres"]
    found: dict[tuple[str, int], list[dict[str, float]]] = {}
    with carrier(0.0) as peer:
        for _ in range(1 if quick else 3):
            for kind in kinds:
                for rate in (WANTED, MOST) if kind == "sqlite" else (WANTED,):
                    with places.database(kind) as url:
                        args = ["--rate", str(rate), "--seconds", str(seconds)]
                        done = worker("benchmarks.watching", url, peer.url, *args)
                    found.setdefault((kind, rate), []).append(done)
    for kind in kinds:
        steady, names = found[kind, WANTED], {"sqlite": "SQLite", "postgres": "PostgreSQL"}
        report.add(
            Figure("14", f"{names[kind]}: CPU per poll with HTTP", [r["cpu_ms"] for r in steady], " ms", 0.6, 0.4),
            Figure(
                "14",
                f"{names[kind]}: polls/s, {WANTED} wanted",
                [r["polls_s"] for r in steady],
                must=300,
                least=True,
            ),
            Figure("14", f"{names[kind]}: click p99 meanwhile", [r["click_p99_ms"] for r in steady], " ms", 150, 60),
        )
    most = [r["polls_s"] for r in found["sqlite", MOST]]
    report.add(Figure("14", f"SQLite: polls/s, {MOST} wanted", most, must=300, ambitious=1_000, least=True))


def watched(connection: Connection, first: int, count: int, rate: float, ruleset: Any) -> None:
    """Cases that succeeded days ago and are followed on their way home; they come due one after another."""
    at = datetime.now(UTC)
    begun = at - timedelta(days=2)
    row = {
        "shop_id": rooms.SHOP,
        "carrier": "yto",
        "route": "yto",
        "state": State.SUCCEEDED.value,
        "phase": Phase.ENDED.value,
        "call_no": 1,
        "called_at": begun,
        "looks_since": begun,
        "watch_until": at + timedelta(days=13),
        "origin": "agent",
        "asked_by": "周琳",
        "asker_id": "p1",
        "quoted_fen": 400,
        "fee_fen": 400,
        "settled_by": "carrier",
        "reasons": [],
        "doubt_by": "repeat",
        "rules_version": ruleset.version,
        "checks": [],
        "created_at": begun,
        "settled_at": begun,
    }
    rows = [
        {
            **row,
            "id": f"icpt-w{place}",
            "after_sale_id": rooms.claim_id(first + place),
            "tracking_number": rooms.number(first + place),
            "next_at": at + timedelta(seconds=1.5 + place / rate),
        }
        for place in range(count)
    ]
    connection.execute(cases.insert(), rows)


async def _run(options: argparse.Namespace) -> None:
    count, ruleset = int(options.rate * options.seconds), rooms.rules()
    clicks = int(CLICKS_S * options.seconds)
    await rooms.fill(options.database, lambda c: rooms.enter(c, clicks + count, ruleset))
    await rooms.fill(options.database, lambda c: watched(c, clicks, count, options.rate, ruleset))
    async with rooms.heart(options.database, options.carrier, looks_per_s=2 * MOST) as heart:
        gc.collect()
        while heart.looks == 0:  # noqa: ASYNC110 - the first look is another room's, it rings no bell
            await asyncio.sleep(0.01)
        began, cpu, looks = time.monotonic(), time.process_time(), heart.looks
        await asyncio.sleep(options.seconds / 2)
        polled, used = heart.looks - looks, time.process_time() - cpu
        taken: list[float] = []
        for place in range(int(CLICKS_S * (options.seconds / 2 - 0.5))):
            await asyncio.sleep(max(began + options.seconds / 2 + place / CLICKS_S - time.monotonic(), 0))
            at = time.perf_counter()
            target = Target(rooms.claim_id(place), rooms.number(place))
            await heart.interceptions.ask(rooms.ASKER, [target], click=f"click-{place}")
            taken.append(time.perf_counter() - at)
        polls = (heart.looks - looks) / (time.monotonic() - began)
    found = {"cpu_ms": used / polled * 1000, "polls_s": polls, "click_p99_ms": percentile(taken, 0.99) * 1000}
    print(json.dumps(found))


def main() -> None:
    """Runs one round."""
    parser = argparse.ArgumentParser()
    parser.add_argument("database")
    parser.add_argument("carrier")
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    logs.configure("json", "warning")
    uvloop.run(_run(options))


if __name__ == "__main__":
    main()
