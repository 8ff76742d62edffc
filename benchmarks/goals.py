"""The goals, and the table that is printed. A goal is met when its figure is at least, or at most, what it must be."""

from __future__ import annotations

import statistics
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: what was measured in each round, and what it must and may reach.

    `least` is true where more is better. `must` None: no goal of its own, shown for comparison.
    """

    goal: str
    name: str
    rounds: Sequence[float]
    unit: str = ""
    must: float | None = None
    ambitious: float | None = None
    least: bool = False
    note: str = ""

    @property
    def reached(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.rounds)

    @property
    def met(self) -> str:
        """`yes`, `no`, `++` where the ambitious goal is reached as well, empty where there is none."""
        if self.must is None:
            return ""
        if not self._meets(self.must):
            return "no"
        return "++" if self.ambitious is not None and self._meets(self.ambitious) else "yes"

    def _meets(self, wanted: float) -> bool:
        return self.reached >= wanted if self.least else self.reached <= wanted

    def columns(self) -> tuple[str, ...]:
        """As they stand in the table."""
        sign = "≥" if self.least else "≤"
        must = "" if self.must is None else f"{sign} {_number(self.must)}{self.unit}"
        ambitious = "" if self.ambitious is None else f"{sign} {_number(self.ambitious)}{self.unit}"
        spread = f"{_number(min(self.rounds))} – {_number(max(self.rounds))}" if len(self.rounds) > 1 else ""
        return self.goal, self.name, must, ambitious, f"{_number(self.reached)}{self.unit}", spread, self.met, self.note


@dataclass(slots=True)
class Report:
    """All figures, in the order in which they were measured."""

    figures: list[Figure] = field(default_factory=list)

    def add(self, *figures: Figure) -> None:
        """Keeps them, and says each as soon as it is known."""
        for figure in figures:
            self.figures.append(figure)
            print(f"  {figure.goal:>4}  {figure.name}: {_number(figure.reached)}{figure.unit}", flush=True)

    def table(self) -> str:
        """One table, its lines ordered by goal."""
        heads = ("goal", "what", "must", "ambitious", "reached", "rounds", "met", "")
        ordered = sorted(self.figures, key=lambda figure: _order(figure.goal))
        rows = [heads, *(figure.columns() for figure in ordered)]
        widths = [max(_width(row[place]) for row in rows) for place in range(len(heads))]
        lines = ["  ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        lines.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join(line.rstrip() for line in lines)

    def missed(self) -> list[Figure]:
        """Those that are not what they must be."""
        return [figure for figure in self.figures if figure.met == "no"]


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def _order(goal: str) -> tuple[int, str]:
    digits = "".join(sign for sign in goal if sign.isdigit())
    return int(digits or 0), goal


def _number(value: float) -> str:
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
