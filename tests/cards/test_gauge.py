from __future__ import annotations

from dataclasses import replace

import pytest

from bot.cards.gauge import as_of, cut, gauge, marks, trace_line
from bot.domain.parcel import Stage, TraceEvent
from tests.cards.samples import EN, MAY, ZH, at

WORDS = {
    Stage.CREATED: "现在：还没揽收。还没到可拦截的区间。",
    Stage.PICKED_UP: "现在：已揽收。还在可拦截的区间内。",
    Stage.IN_TRANSIT: "现在：运输中。还在可拦截的区间内。",
    Stage.AT_DELIVERY_STATION: "现在：到网点。还在可拦截的区间内。",
    Stage.OUT_FOR_DELIVERY: "现在：派送。已过可拦截的区间。",
    Stage.AT_PICKUP_POINT: "现在：在驿站或快递柜。已过可拦截的区间。",
    Stage.DELIVERED: "现在：签收。已过可拦截的区间。",
    Stage.RETURNING: "现在：退回中。已转为退回。",
    Stage.RETURNED: "现在：已退回。已转为退回。",
    Stage.REFUSED: "现在：收件人拒收。已转为退回。",
    Stage.INTERCEPTED: "现在：已被拦截。已转为退回。",
    Stage.PROBLEM: "阶段不明，可以试，失败不收费",
    Stage.FORWARDED: "阶段不明，可以试，失败不收费",
    Stage.UNKNOWN: "阶段不明，可以试，失败不收费",
}


@pytest.mark.parametrize("stage", list(Stage))
def test_every_stage_in_words(stage: Stage) -> None:
    """The gauge says in words where the parcel is and whether the window is still open."""
    assert gauge(replace(MAY, stage=stage), ZH).aria == WORDS[stage]


def test_the_window_is_the_carriers() -> None:
    """At the delivery station one carrier's window is past and another's still open."""
    view = replace(MAY, stage=Stage.AT_DELIVERY_STATION)
    assert "还在" in gauge(view, ZH).aria
    assert "已过" in gauge(replace(view, last_stage_open=Stage.IN_TRANSIT), ZH).aria


def test_marks_of_the_gauge() -> None:
    """Five stages, then the word over the tick."""
    assert marks("zh") == ("揽收", "运输中", "到网点", "派送", "签收", "截止")
    assert len(marks("en")) == 6


def test_a_parcel_turned_round_points_back() -> None:
    """A caught parcel has its arrow back, wherever it is."""
    drawn = gauge(replace(MAY, returning=True), ZH)
    assert drawn.returning
    assert drawn.aria == "现在：运输中。已转为退回。"


@pytest.mark.parametrize(
    "when,shown",
    [
        (at(10, 15, 2), "轨迹截至 10:15:02"),
        (at(10, 11), "轨迹截至 10:11（4 分钟前）"),
        (at(7, 11), "轨迹截至 07:11（3 小时前）"),
        (at(7, 11, day=11), "轨迹截至 昨天 07:11（1 天前）"),
        (at(7, 11, day=8), "轨迹截至 03-08 07:11（4 天前）"),
        (at(11, 0), "轨迹截至 11:00:00"),
    ],
)
def test_how_old_a_trace_is(when: object, shown: str) -> None:
    """Every trace says up to when it reaches, with its age from a minute on; a future one has none."""
    assert as_of(when, ZH) == shown  # type: ignore[arg-type]


def test_no_trace() -> None:
    """A parcel without a trace says so."""
    assert (trace_line(None, ZH), trace_line(None, EN)) == ("还没有轨迹", "no trace yet")


def test_long_lines_are_cut() -> None:
    """A trace's text stays on one line."""
    assert cut("派件\n 中" * 50)[-1] == "…"
    assert len(cut("派" * 100)) == 60
    assert trace_line(TraceEvent(at(10, 14), "到达"), ZH).startswith("到达 · ")
