"""路程尺 in words: five stages, the carrier's window, where the parcel is, and how old that is (console README 2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache

from bot.cards.card import Gauge
from bot.cards.forms import MINUTE, ago, beijing, when
from bot.cards.texts import text
from bot.cards.views import Draw, ParcelView
from bot.domain.parcel import Stage, TraceEvent

MARKS = (Stage.PICKED_UP, Stage.IN_TRANSIT, Stage.AT_DELIVERY_STATION, Stage.OUT_FOR_DELIVERY, Stage.DELIVERED)

PLACE_ON_GAUGE: Mapping[Stage, int] = {
    Stage.CREATED: -1,
    **{stage: place for place, stage in enumerate(MARKS)},
    Stage.AT_PICKUP_POINT: MARKS.index(Stage.OUT_FOR_DELIVERY),
}
"""Where a stage stands; stages that are not here have no dot."""

HOMEWARD = (Stage.RETURNING, Stage.RETURNED, Stage.REFUSED, Stage.INTERCEPTED)
LONGEST_LINE = 60


@cache
def marks(lang: str) -> tuple[str, ...]:
    """The five words below the gauge, then the one over its tick."""
    return (*(text(f"mark.{stage}", lang) for stage in MARKS), text("mark.cut", lang))


def gauge(view: ParcelView, draw: Draw) -> Gauge:
    """The gauge of a parcel, with all its words."""
    stage = view.stage
    return Gauge(
        stage=stage,
        last_stage_open=view.last_stage_open,
        returning=view.returning or stage in HOMEWARD,
        place=(view.latest.place or "") if view.latest else "",
        as_of=view.latest.at if view.latest else None,
        marks=marks(draw.lang),
        stage_word=text(f"stage.{stage}", draw.lang),
        aria=_aria(view, draw.lang),
        line=trace_line(view.latest, draw),
    )


def trace_line(latest: TraceEvent | None, draw: Draw) -> str:
    """`长沙集散中心 已发往 成都 · 轨迹截至 10:14（1 分钟前）`: what was seen last, and how old that is."""
    if latest is None:
        return text("gauge.no_trace", draw.lang)
    return f"{cut(latest.text)} · {as_of(latest.at, draw)}"


def as_of(at: datetime, draw: Draw) -> str:
    """`轨迹截至 10:15:02` within the last minute, else with its age."""
    age = (beijing(draw.now) - beijing(at)).total_seconds()
    if age < MINUTE:  # an event of a future time is kept as well: it has no age
        return text("gauge.as_of", draw.lang, at=when(at, draw.now, draw.lang))
    shown = when(at, draw.now, draw.lang, seconds=False)
    return text("gauge.as_of_ago", draw.lang, at=shown, ago=ago(at, draw.now, draw.lang))


def cut(words: str) -> str:
    """A trace's text, short enough for one line."""
    words = " ".join(words.split())
    return words if len(words) <= LONGEST_LINE else words[: LONGEST_LINE - 1] + "…"


def _aria(view: ParcelView, lang: str) -> str:
    stage = view.stage
    word = text(f"stage.{stage}", lang)
    if view.returning or stage in HOMEWARD:
        return text("gauge.returning", lang, stage=word)
    place = PLACE_ON_GAUGE.get(stage)
    if place is None:
        return text("gauge.unknown", lang)
    if place < 0:
        return text("gauge.early", lang, stage=word)
    inside = place <= PLACE_ON_GAUGE[view.last_stage_open]
    return text("gauge.open" if inside else "gauge.closed", lang, stage=word)
