"""路程尺: how far the parcel is, until where this carrier can stop it, and whether it has turned (console README 2).

Drawn here as SVG, with lengths as attributes: the pages' policy allows no inline style. Words come with the `Gauge`.
"""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup, escape

from bot.cards.card import Gauge
from bot.domain.parcel import Stage

STOPS = (16, 92, 168, 244, 320)
"""Where the five marks stand: 揽收, 运输中, 到网点, 派送, 签收."""

SHORT = 4
"""So many characters of a mark fit in the middle below its stop, at the ends too."""
EDGES = (4, 332)

_AT: Mapping[Stage, int] = {
    Stage.PICKED_UP: 0,
    Stage.IN_TRANSIT: 1,
    Stage.FORWARDED: 1,
    Stage.AT_DELIVERY_STATION: 2,
    Stage.OUT_FOR_DELIVERY: 3,
    Stage.AT_PICKUP_POINT: 4,
    Stage.DELIVERED: 4,
    Stage.INTERCEPTED: 1,
    Stage.RETURNING: 1,
    Stage.RETURNED: 0,
    Stage.REFUSED: 3,
}
"""The mark where the dot is drawn; without one (not picked up, unknown, a problem) there is no dot, only words."""

_LAST_OPEN: Mapping[Stage, int] = {Stage.PICKED_UP: 0, Stage.IN_TRANSIT: 1, Stage.AT_DELIVERY_STATION: 2}
_TURNED = frozenset({Stage.INTERCEPTED, Stage.RETURNING, Stage.REFUSED})


def _word(index: int, mark: str, *, now: bool) -> str:
    """The word below a stop; a long one at either end stays inside the box."""
    x, names = STOPS[index], ["now"] if now else []
    if len(mark) > SHORT and index in {0, len(STOPS) - 1}:
        x = EDGES[index > 0]
        names.append("last" if index else "first")
    kind = f' class="{" ".join(names)}"' if names else ""
    return f'<text x="{x}" y="36"{kind}>{escape(mark)}</text>'


def draw(gauge: Gauge) -> Markup:
    """The gauge as inline SVG with its meaning as label."""
    last = _LAST_OPEN.get(gauge.last_stage_open, 2)
    cut = STOPS[last] + 58
    at = _AT.get(gauge.stage)
    back = gauge.returning or gauge.stage in _TURNED
    marks = (*gauge.marks, *("",) * 6)[:6]
    parts = [
        f'<path class="out" d="M{cut} 12H{STOPS[-1]}"/><path class="win" d="M{STOPS[0]} 12H{cut}"/>',
        f'<path class="cut" d="M{cut} 4v16"/>',
        *(f'<circle class="node{" x" if x > cut else ""}" cx="{x}" cy="12" r="4"/>' for x in STOPS),
    ]
    if back and at:
        x = STOPS[at]
        parts.append(f'<path class="back" d="M{x} 12v-6a6 6 0 00-6-6H40"/><path class="backh" d="M40 -5l-9 5 9 5z"/>')
    if at is not None:
        late = " x" if STOPS[at] > cut and not back else ""
        parts.append(f'<circle class="at{late}" cx="{STOPS[at]}" cy="12" r="7.5"/>')
    parts.extend(_word(index, marks[index], now=index == at) for index in range(len(STOPS)))
    if not back:
        parts.append(f'<text x="{cut}" y="-4">{escape(marks[5])}</text>')
    label = escape(gauge.aria)
    return Markup(f'<svg class="gauge" viewBox="0 -12 336 54" role="img" aria-label="{label}">{"".join(parts)}</svg>')  # noqa: S704 - the only texts are escaped above
