"""The operator's page and what it speaks of: every figure, and only events that there are."""

import re
from pathlib import Path

from bot.api.health import request_times
from bot.operation.figures import Figures


def _table(page: str, title: str) -> list[str]:
    """The first column of the table under that heading."""
    section = page.partition(f"## {title}")[2].partition("\n## ")[0]
    return [
        name for row in re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)
    ]


def test_every_figure_is_explained(root: Path) -> None:
    """The page lists the figures that there are, each with its labels."""
    figures = Figures()
    request_times(figures.registry)
    ours = [metric for metric in figures.registry.collect() if metric.name.startswith("intercept_")]
    counters = {metric.name for metric in ours if metric.type == "counter"}
    names = {f"{metric.name}_total" if metric.name in counters else metric.name for metric in ours}
    page = (root / "docs" / "operation.md").read_text("utf-8")
    told = {name.partition("{")[0] for name in _table(page, "健康和指标") if name.startswith("intercept_")}
    assert told == names


def test_every_event_exists(root: Path) -> None:
    """An event that the page tells an operator to act upon is logged by that name somewhere."""
    code = "\n".join(path.read_text("utf-8") for path in (root / "bot").rglob("*.py"))
    page = (root / "docs" / "operation.md").read_text("utf-8")
    events = [name for name in _table(page, "日志") if "." in name]
    assert len(events) >= 6
    assert [name for name in events if f'"{name}"' not in code] == []
