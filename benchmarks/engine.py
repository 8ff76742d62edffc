"""Goals 4 to 8: the engine under clicks, beside a plain outbox, in rounds that take turns."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from benchmarks.goals import Figure, Report
from benchmarks.loopback import carrier
from benchmarks.places import Places, worker

DELAY_S = 0.03
"""How long the carrier takes. It bounds nothing: 64 calls at once start with their clicks."""

NAMES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
Rounds = Sequence[dict[str, dict[str, float]]]

# goal: must and ambitious, by database (engine.md, 6)
RATIO = {"sqlite": (4.0, 6.0), "postgres": (1.0, 1.5)}
ACK_32 = {"sqlite": (100.0, 60.0), "postgres": (300.0, 150.0)}
ACK_256 = {"sqlite": (300.0, 200.0), "postgres": (1_200.0, 600.0)}
ADDED_50 = {"sqlite": (8.0, 5.0), "postgres": (10.0, 7.0)}
ADDED_99 = {"sqlite": (25.0, 12.0), "postgres": (40.0, 15.0)}
ENDED = {"sqlite": (400.0, 700.0), "postgres": (130.0, 250.0)}
CPU_STEADY = {"sqlite": (5.0, 3.5), "postgres": (8.0, 5.0)}
CPU_BURST = {"sqlite": (1.5, 1.0), "postgres": (5.0, 3.0)}


def run(report: Report, places: Places, *, quick: bool) -> None:
    """Three rounds; in each, both subjects on both databases."""
    rounds, count, seconds = (1, 400, 3.0) if quick else (3, 1_000, 8.0)
    found: dict[tuple[str, str], list[dict[str, dict[str, float]]]] = {}
    with carrier(DELAY_S) as peer:
        for _ in range(rounds):
            for kind in NAMES:
                for subject in ("bot", "outbox"):
                    share = 1 if subject == "bot" else 3  # it is slower: the same time, fewer clicks
                    with places.database(kind) as url:
                        args = ["--delay", str(DELAY_S), "--count", str(count // share)]
                        args += ["--seconds", str(seconds if subject == "bot" else 0)]
                        done = worker("benchmarks.clicks", subject, url, peer.url, *args)
                    found.setdefault((kind, subject), []).append(done)
    for kind, name in NAMES.items():
        _tell(report, kind, name, found[kind, "bot"], found[kind, "outbox"])


def _tell(report: Report, kind: str, name: str, bot: Rounds, outbox: Rounds) -> None:
    ratios = [b["flow"]["acks_s"] / o["flow"]["acks_s"] for b, o in zip(bot, outbox, strict=True)]
    plain = f"{statistics.median(o['flow']['acks_s'] for o in outbox):.0f}/s there"
    report.add(
        Figure(
            "4", f"{name}: durable acks/s, 32 in flight, ÷ outbox", ratios, "×", *RATIO[kind], least=True, note=plain
        ),
        Figure("4", f"{name}: durable acks/s", [r["flow"]["acks_s"] for r in bot], "/s", least=True),
        Figure("5", f"{name}: ack p99, 32 in flight", [r["flow"]["p99_ms"] for r in bot], " ms", *ACK_32[kind]),
        Figure("5", f"{name}: ack p99, 256 at once", [r["burst"]["p99_ms"] for r in bot], " ms", *ACK_256[kind]),
        Figure("6", f"{name}: added at 20/s, p50", [r["steady"]["p50_ms"] for r in bot], " ms", *ADDED_50[kind]),
        Figure("6", f"{name}: added at 20/s, p99", [r["steady"]["p99_ms"] for r in bot], " ms", *ADDED_99[kind]),
        Figure("7", f"{name}: interceptions/s", [r["flow"]["ended_s"] for r in bot], "/s", *ENDED[kind], least=True),
        Figure(
            "8",
            f"{name}: CPU per interception at 20/s",
            [r["steady"]["cpu_ms"] for r in bot],
            " ms",
            *CPU_STEADY[kind],
            note=f"{_looks(bot, 'steady')} looks in it",
        ),
        Figure(
            "8",
            f"{name}: CPU per interception in a burst",
            [r["flow"]["cpu_ms"] for r in bot],
            " ms",
            *CPU_BURST[kind],
            note=f"{_looks(bot, 'flow')} looks in it",
        ),
    )


def _looks(rounds: Rounds, part: str) -> str:
    return f"{statistics.median(r[part]['looks'] for r in rounds):.1f}"
