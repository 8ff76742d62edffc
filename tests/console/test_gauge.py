"""路程尺 as SVG: lengths are attributes, the words come with it."""

import re

import pytest

from bot.cards.card import Gauge
from bot.console.gauge import draw
from bot.domain.parcel import Stage

MARKS = ("揽收", "运输中", "到网点", "派送", "签收", "截止")


def gauge(stage: Stage, last: Stage = Stage.AT_DELIVERY_STATION, **more: object) -> str:
    """A drawn gauge."""
    return str(draw(Gauge(stage, last, **({"returning": False, "marks": MARKS, "aria": "现在：<运输中>"} | more))))  # type: ignore[arg-type]


@pytest.mark.parametrize("last, cut", [(Stage.IN_TRANSIT, 150), (Stage.AT_DELIVERY_STATION, 226)])
def test_the_thick_line_ends_where_this_carriers_window_ends(last: Stage, cut: int) -> None:
    """中通 ends before the delivery station, others before delivery; the tick stands there, with its word."""
    drawn = gauge(Stage.IN_TRANSIT, last)
    assert f'<path class="win" d="M16 12H{cut}"/>' in drawn
    assert f'<text x="{cut}" y="-4">截止</text>' in drawn


@pytest.mark.parametrize(
    "stage, x, late",
    [
        (Stage.PICKED_UP, 16, ""),
        (Stage.IN_TRANSIT, 92, ""),
        (Stage.OUT_FOR_DELIVERY, 244, " x"),
        (Stage.DELIVERED, 320, " x"),
    ],
)
def test_the_dot_stands_at_the_stage_and_tells_when_it_is_too_late(stage: Stage, x: int, late: str) -> None:
    """The dot and the strong word are those of the stage; past the window the dot has the colour of a failure."""
    drawn = gauge(stage, Stage.IN_TRANSIT)
    assert f'<circle class="at{late}" cx="{x}" cy="12" r="7.5"/>' in drawn
    assert len(re.findall('class="now"', drawn)) == 1


@pytest.mark.parametrize("stage", [Stage.UNKNOWN, Stage.CREATED, Stage.PROBLEM])
def test_no_dot_where_the_place_is_not_known(stage: Stage) -> None:
    """An unknown stage has words, never a dot that would be a guess."""
    assert 'class="at' not in gauge(stage)


def test_a_caught_parcel_has_an_arrow_back() -> None:
    """Once it is on its way back the arrow takes the place of the limit's word."""
    drawn = gauge(Stage.IN_TRANSIT, returning=True)
    assert 'class="back"' in drawn
    assert "截止" not in drawn


def test_words_are_escaped_and_nothing_needs_inline_style() -> None:
    """The label is text, whatever it holds."""
    drawn = gauge(Stage.IN_TRANSIT)
    assert 'aria-label="现在：&lt;运输中&gt;"' in drawn
    assert "style" not in drawn


def test_long_words_at_the_ends_stay_inside() -> None:
    """English marks at both ends are set from the edge inwards."""
    drawn = gauge(Stage.DELIVERED, marks=("Picked up", "In transit", "At station", "Delivery", "Delivered", "Limit"))
    assert '<text x="4" y="36" class="first">Picked up</text>' in drawn
    assert '<text x="332" y="36" class="now last">Delivered</text>' in drawn
