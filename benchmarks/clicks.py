"""One process under clicks: `python -m benchmarks.clicks bot|outbox …` prints what it reached as one line of JSON.

A process for each round, so that none inherits another's heap or files. The clicks come from coroutines of the same
process: what they cost is part of every figure, on both sides.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop

from benchmarks import rooms
from benchmarks.goals import percentile
from benchmarks.outbox import naive
from bot import logs
from bot.interception.asking import Target

Ask = Callable[[int], Awaitable[str]]
BURST = 256
RATE = 20.0
WARM = 64


class Clicks:
    """Clicks on parcels that nobody has clicked yet, in order."""

    def __init__(self, ask: Ask, subject: Any, delay_s: float) -> None:
        self._ask = ask
        self._subject = subject
        self._delay = delay_s
        self._next = 0

    def _place(self) -> int:
        self._next += 1
        return self._next - 1

    async def _timed(self, taken: list[float]) -> str:
        began = time.perf_counter()
        case_id = await self._ask(self._place())
        taken.append(time.perf_counter() - began)
        return case_id

    async def flow(self, count: int, at_once: int) -> dict[str, float]:
        """So many in flight until `count` are acknowledged, then until all have ended."""
        taken: list[float] = []
        before = len(self._subject.ended)
        began, cpu, looks = time.perf_counter(), time.process_time(), self._subject.looks

        async def one_after_another(share: int) -> None:
            for _ in range(share):
                await self._timed(taken)

        shares = [count // at_once + (place < count % at_once) for place in range(at_once)]
        await asyncio.gather(*map(one_after_another, shares))
        acked = time.perf_counter() - began
        await self._subject.until(before + count)
        ended = time.perf_counter() - began
        return {
            "acks_s": count / acked,
            "p99_ms": percentile(taken, 0.99) * 1000,
            "ended_s": count / ended,
            "cpu_ms": (time.process_time() - cpu) / count * 1000,
            "looks": (self._subject.looks - looks) / count,
        }

    async def burst(self, count: int) -> dict[str, float]:
        """All at the same moment."""
        taken: list[float] = []
        before = len(self._subject.ended)
        await asyncio.gather(*(self._timed(taken) for _ in range(count)))
        await self._subject.until(before + count)
        return {"p99_ms": percentile(taken, 0.99) * 1000}

    async def steady(self, seconds: float) -> dict[str, float]:
        """20 a second: what is added to the carrier's own answer, and what one costs, its looks included."""
        asked: dict[str, float] = {}
        running = []
        before, looks = len(self._subject.ended), self._subject.looks
        cpu, began = time.process_time(), time.monotonic()

        async def one() -> None:
            at = time.monotonic()
            asked[await self._ask(self._place())] = at

        count = int(seconds * RATE)
        for place in range(count):
            await asyncio.sleep(max(began + place / RATE - time.monotonic(), 0))
            running.append(asyncio.ensure_future(one()))
        await asyncio.gather(*running)
        await self._subject.until(before + count)
        used = time.process_time() - cpu
        added = [(self._subject.ended[case_id] - at - self._delay) * 1000 for case_id, at in asked.items()]
        return {
            "p50_ms": percentile(added, 0.5),
            "p99_ms": percentile(added, 0.99),
            "cpu_ms": used / count * 1000,
            "looks": (self._subject.looks - looks) / count,
        }


async def _measure(clicks: Clicks, options: argparse.Namespace) -> dict[str, dict[str, float]]:
    await clicks.flow(WARM, 8)
    gc.collect()
    found = {"steady": await clicks.steady(options.seconds)} if options.seconds else {}
    found["flow"] = await clicks.flow(options.count, 32)
    found["burst"] = await clicks.burst(BURST)
    return found


async def _run(options: argparse.Namespace) -> None:
    places = WARM + options.count + BURST + int(options.seconds * RATE)
    ruleset = rooms.rules()
    await rooms.fill(options.database, lambda c: rooms.enter(c, places, ruleset))
    if options.subject == "outbox":
        async with naive(options.database, options.carrier) as one:
            found = await _measure(Clicks(one.ask, one, options.delay), options)
    else:
        async with rooms.heart(options.database, options.carrier) as heart:

            async def ask(place: int) -> str:
                target = Target(rooms.claim_id(place), rooms.number(place))
                return (await heart.interceptions.ask(rooms.ASKER, [target], click=f"click-{place}"))[0].id

            found = await _measure(Clicks(ask, heart, options.delay), options)
    print(json.dumps(found))


def main() -> None:
    """Runs one round."""
    parser = argparse.ArgumentParser()
    parser.add_argument("subject", choices=["bot", "outbox"])
    parser.add_argument("database")
    parser.add_argument("carrier")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--delay", type=float, required=True)
    options = parser.parse_args()
    logs.configure("json", "warning")
    uvloop.run(_run(options))


if __name__ == "__main__":
    main()
