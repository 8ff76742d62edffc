"""Goal 13: one card, from the facts of a record to what a channel draws, its words filled in."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from benchmarks import rooms
from benchmarks.goals import Figure, Report
from bot.cards.card import Card
from bot.cards.confirm import confirmation
from bot.cards.result import result_card
from bot.cards.views import Draw, ParcelView, ResultView
from bot.domain.case import Phase, SettledBy, State
from bot.domain.interception import Interception
from bot.domain.parcel import Stage
from bot.domain.people import Origin

NOW = datetime.fromisoformat("2026-11-24T10:15:32+08:00")
DRAW = Draw("zh", NOW)
ACTIONS = {verb: f"{verb}.1" for verb in ("open", "cancel", "look_again", "records", "confirm", "dismiss")}
MADE = 2_000


def run(report: Report, *, quick: bool) -> None:
    """Processor time per card, in the median of several rounds that take turns."""
    rounds = 5 if quick else 9
    taken: dict[str, list[float]] = {"result": [], "confirmation": []}
    makers = {"result": _result(), "confirmation": _confirmation()}
    for _ in range(rounds):
        for name, make in makers.items():
            taken[name].append(_microseconds(make))
    report.add(
        Figure("13", "one card: a result", taken["result"], " µs", 25, 15),
        Figure("13", "one card: a confirmation of one parcel", taken["confirmation"], " µs"),
    )


def _microseconds(make: Callable[[], Card]) -> float:
    shares = []
    for _ in range(5):
        began = time.process_time()
        for _ in range(MADE // 5):
            make()
        shares.append((time.process_time() - began) / (MADE // 5) * 1e6)
    return statistics.median(shares)


def _result() -> Callable[[], Card]:
    case = Interception(
        id="icpt-1",
        number=20481,
        version=3,
        shop_id=rooms.SHOP,
        after_sale_id=rooms.claim_id(1),
        tracking_number=rooms.number(1),
        carrier="yto",
        route="yto",
        state=State.SUCCEEDED,
        phase=Phase.ENDED,
        origin=Origin.AGENT,
        asked_by="周琳",
        created_at=NOW - timedelta(seconds=4),
        quoted_fen=400,
        fee_fen=400,
        settled_by=SettledBy.CARRIER,
        called_at=NOW - timedelta(seconds=3),
        settled_at=NOW - timedelta(seconds=2),
    )
    view = ResultView("圆通", returns_to="义乌稠江仓", record_link="/records/icpt-1")
    return lambda: result_card(case, view, DRAW, ACTIONS)


def _confirmation() -> Callable[[], Card]:
    claim = rooms.claim(1, NOW)
    parcel = claim.parcels[0]
    view = ParcelView(parcel, "圆通", 400, stage=Stage.IN_TRANSIT, latest=parcel.trace[-1], picked=True)
    return lambda: confirmation("confirm:1", 1, claim, [view], DRAW, ACTIONS)
