"""`make bench`: every goal that is measured, beside what it must be. `--quick` takes fewer and shorter rounds.

Only ratios within one run, processor time and memory are worth comparing; the load of the machine is printed too.
"""

from __future__ import annotations

import argparse

from benchmarks import cards, channels, desk, engine, machine, questions, restart, watching
from benchmarks.goals import Report
from benchmarks.places import Places


def main() -> None:
    """Measures one group after the other, prints a line as soon as it is known and one table at the end."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    quick = parser.parse_args().quick
    print(machine.description(), f"load {machine.load():.1f}", flush=True)
    report = Report()
    with Places() as places:
        desk.run(report, quick=quick)
        cards.run(report, quick=quick)
        questions.run(report, quick=quick)
        restart.run(report, places, quick=quick)
        engine.run(report, places, quick=quick)
        watching.run(report, places, quick=quick)
        channels.run(report, quick=quick)
    print(f"\n{report.table()}\n\nload {machine.load():.1f}")
    for figure in report.missed():
        print(f"not met: {figure.goal} {figure.name}; docs/benchmarks.md says why")


if __name__ == "__main__":
    main()
