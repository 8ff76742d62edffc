"""A batch in numbers: how many rows are in which state, the bar, the money (mock 08)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from bot.console.bench import shown_state
from bot.console.drawing import Speech
from bot.console.house import House
from bot.domain.case import BLOCKING, State
from bot.interception.batch import Batch, BatchRow, BatchState, Outcome

GROUPS: Mapping[str, frozenset[str]] = {
    "succeeded": frozenset({"succeeded", "returning", "returned", "lost", "damaged", "contradicted"}),
    "failed": frozenset({"failed"}),
    "unknown": frozenset({"unknown"}),
    "pending": frozenset({"pending"}),
    "queued": frozenset({"queued", "eligible"}),
    "cancelled": frozenset({"cancelled"}),
    "refused": frozenset({"refused", "not_found", "several"}),
}
"""The counts that filter the rows, and the states that each of them takes in."""

BARS = (
    ("ok", "succeeded"),
    ("fl", "failed"),
    ("un", "unknown"),
    ("pd", "pending"),
    ("q", "queued"),
    ("no2", "cancelled"),
    ("no2", "refused"),
)
WIDTH = 1_000
COLUMNS = 3


@dataclass(frozen=True, slots=True)
class Line:
    """One number of the batch; it keeps its place whatever becomes of it."""

    position: int
    carrier: str
    number: str
    state: str
    group: str
    word: str
    fee: str
    quiet: bool
    reasons: tuple[str, ...]
    link: str


@dataclass(frozen=True, slots=True)
class Tally:
    """The whole batch as the page shows it."""

    batch: Batch
    lines: tuple[Line, ...]
    counts: Mapping[str, int]
    settled: int
    charged_fen: int
    most_fen: int
    able: int
    bar: Markup

    def columns(self, only: str) -> list[tuple[int, Sequence[Line]]]:
        """The rows in three columns, each with the number of its first; filtered to one group where that is asked."""
        shown = [line for line in self.lines if not only or line.group == only]
        height = max(-(-len(shown) // COLUMNS), 1)
        return [(at + 1, shown[at : at + height]) for at in range(0, len(shown), height)]


def tally(house: House, speech: Speech, batch: Batch) -> Tally:
    """Counts and draws it."""
    lines = tuple(_line(house, speech, batch, row) for row in batch.rows)
    counts = {name: sum(line.group == name for line in lines) for name in GROUPS}
    charged = sum(row.case.fee_fen for row in batch.rows if row.case is not None)
    still = [row for row in batch.rows if row.outcome is Outcome.ELIGIBLE]
    waiting = [
        row.case for row in batch.rows if row.case is not None and row.case.state in BLOCKING - {State.SUCCEEDED}
    ]
    most = charged + sum(row.fee_fen for row in still) + sum(case.quoted_fen for case in waiting)
    return Tally(
        batch=batch,
        lines=lines,
        counts=counts,
        settled=counts["succeeded"] + counts["failed"] + counts["cancelled"],
        charged_fen=charged,
        most_fen=most,
        able=len(lines) - counts["refused"],
        bar=_bar(speech, counts, len(lines)),
    )


def _line(house: House, speech: Speech, batch: Batch, row: BatchRow) -> Line:
    state = _state(batch, row)
    group = next(name for name, states in GROUPS.items() if state in states)
    code = row.case.carrier if row.case is not None else row.carrier or ""
    carrier = house.rules().carrier_name(code).of(speech.lang) if code else ""
    reasons = [house.words.reason(r, speech.lang, carrier=carrier, now=speech.now) for r in row.reasons]
    rule = next((reason.rule for reason in row.reasons if reason.rule), "")
    known = state in {"refused", "failed", "cancelled"}
    fee = "" if row.case is None and not known else _fee(row, speech)
    return Line(
        position=row.position + 1,
        carrier=carrier,
        number=row.tracking_number or row.typed,
        state="queued" if state == "eligible" and batch.state is not BatchState.DRAFTED else _icon(state),
        group=group,
        word=speech.page(f"batch.w_{state}", rule=rule).strip(),
        fee=fee,
        quiet=fee.endswith("0.00") and not fee.strip("0."),
        reasons=tuple(f"{reason.rule or ''} {reason.text} {reason.fix}".strip() for reason in reasons),
        link=f"/records/{row.case.id}" if row.case is not None else "",
    )


def _fee(row: BatchRow, speech: Speech) -> str:
    if row.case is not None and row.case.state in BLOCKING - {State.SUCCEEDED}:
        return ""
    return speech.money(row.case.fee_fen if row.case is not None else 0).removesuffix(" 元").removeprefix("¥")


def _state(batch: Batch, row: BatchRow) -> str:
    if row.case is not None:
        return shown_state(row.case)
    if row.outcome is Outcome.ELIGIBLE:
        return "eligible" if batch.state is BatchState.DRAFTED else "queued"
    return "refused" if row.outcome is Outcome.CASE else row.outcome.value


def _icon(state: str) -> str:
    return "refused" if state in {"not_found", "several"} else state


def _bar(speech: Speech, counts: Mapping[str, int], total: int) -> Markup:
    """Lengths are attributes: the pages' policy allows no inline style."""
    x, parts = 0.0, []
    for kind, name in BARS:
        width = WIDTH * counts[name] / total if total else 0
        if width:
            fill = ' fill="url(#hatch)"' if kind == "fl" else ""
            parts.append(f'<rect class="{kind}"{fill} x="{x:.1f}" y="0" width="{max(width - 2, 1):.1f}" height="16"/>')
            x += width
    words = ", ".join(f"{speech.page(f'batch.n_{name}', n=counts[name])}" for name in GROUPS if counts[name])
    label = escape(speech.page("batch.bar", n=total, words=words))
    return Markup(  # noqa: S704 - numbers, and a label that is escaped
        f'<svg class="prog" viewBox="0 0 1000 16" preserveAspectRatio="none" role="img" aria-label="{label}">'
        f"{''.join(parts)}</svg>"
    )
