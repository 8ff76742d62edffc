"""From what the heart and the rules know to what a card shows: plain values, named in the card's language."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from bot.cards.views import (
    AgreementView,
    BatchLine,
    BatchStage,
    BatchView,
    CarrierFee,
    Doubtful,
    Ground,
    ParcelView,
    RecordRow,
    ResultView,
)
from bot.domain.case import FINAL, Phase, SettledBy, State
from bot.domain.interception import Interception
from bot.domain.parcel import Stage, TraceEvent
from bot.domain.reason import ReasonCode
from bot.interception.batch import Batch, BatchRow, Outcome
from bot.interception.facts import Candidate
from bot.rules.rulebook import RuleSet

_DOUBT = {"repeat": Doubtful.SAME_ORDER, "read": Doubtful.READ, "person": Doubtful.PERSON}


def parcel_view(candidate: Candidate, rules: RuleSet, lang: str, *, picked: bool = True) -> ParcelView:
    """A parcel of a confirmation."""
    parcel = candidate.parcel
    rule = rules.carriers.get(parcel.carrier)
    return ParcelView(
        parcel=parcel,
        carrier_name=rules.carrier_name(parcel.carrier).of(lang),
        fee_fen=candidate.verdict.fee_fen,
        reasons=candidate.verdict.reasons,
        stage=candidate.reading.stage,
        latest=parcel.trace[-1] if parcel.trace else None,
        last_stage_open=Stage.AT_DELIVERY_STATION if rule is None else rule.last_stage_open,
        picked=picked,
        platform=candidate.settled_by is SettledBy.PLATFORM,
    )


def result_view(  # noqa: PLR0913 - each fact comes from another room
    case: Interception,
    rules: RuleSet,
    lang: str,
    *,
    latest: TraceEvent | None,
    returns_to: str,
    siblings: Sequence[Candidate],
    call_timeout_s: float,
    record_link: str,
) -> ResultView:
    """What a result card needs beside the record. `siblings`: all parcels of the same after-sale."""
    open_ones = [
        c.parcel.carrier
        for c in siblings
        if c.parcel.tracking_number != case.tracking_number and (c.blocking is None or c.blocking.state not in FINAL)
    ]
    mine = next((c for c in siblings if c.parcel.tracking_number == case.tracking_number), None)
    return ResultView(
        carrier_name=rules.carrier_name(case.carrier).of(lang),
        ground=Ground(case.ground) if case.ground else Ground.CAUGHT,
        latest=latest,
        returns_to=returns_to,
        others=tuple((rules.carrier_name(code).of(lang), open_ones.count(code)) for code in dict.fromkeys(open_ones)),
        answered_at=case.phase_since if case.phase is Phase.WATCHING else None,
        doubt=_DOUBT.get(case.doubt_by, Doubtful.PERSON),
        no_answer_s=math.ceil(call_timeout_s),
        doubted_at=case.called_at,
        record_link=record_link,
        parcel=parcel_view(mine, rules, lang) if mine is not None and case.state is State.REFUSED else None,
    )


def fee_views(rules: RuleSet, lang: str) -> list[CarrierFee]:
    """The supported carriers and their fees (F1)."""
    return [CarrierFee(rule.name.of(lang), rule.fee_fen) for rule in rules.carriers.values()]


def agreement_views(rules: RuleSet, lang: str, ticked: frozenset[str] = frozenset()) -> list[AgreementView]:
    """Both agreements in the version that is offered for signing (R3)."""
    return [
        AgreementView(
            kind=agreement.kind,
            title=agreement.name.of(lang),
            version=agreement.version,
            minutes=agreement.minutes,
            clauses=agreement.clauses,
            link=f"/agreements/{agreement.kind}",
            ticked=agreement.kind in ticked,
        )
        for agreement in rules.agreements
    ]


def record_rows(cases: Sequence[Interception], rules: RuleSet, lang: str) -> list[RecordRow]:
    """Records of a short list."""
    return [RecordRow(case, rules.carrier_name(case.carrier).of(lang)) for case in cases]


def batch_view(batch: Batch, rules: RuleSet, lang: str, link: str) -> BatchView:
    """How far a batch is: in numbers, and number by number."""
    states = [row.case.state for row in batch.rows if row.case is not None]
    queued = [row for row in batch.rows if row.case is not None and row.case.phase is Phase.QUEUED]
    waiting = [row for row in batch.rows if row.outcome is Outcome.ELIGIBLE]
    open_states = {State.PENDING, State.UNKNOWN}
    most = sum(row.fee_fen for row in waiting)
    most += sum(row.case.quoted_fen for row in batch.rows if row.case is not None and row.case.state in open_states)
    charged = sum(row.case.fee_fen for row in batch.rows if row.case is not None)
    not_asked = sum(row.outcome in {Outcome.REFUSED, Outcome.NOT_FOUND, Outcome.SEVERAL} for row in batch.rows)
    return BatchView(
        id=batch.id,
        number=batch.number,
        version=batch.version,
        asked_by=batch.by_name,
        asked_at=batch.confirmed_at or batch.created_at,
        succeeded=states.count(State.SUCCEEDED),
        failed=states.count(State.FAILED),
        cancelled=states.count(State.CANCELLED),
        unknown=states.count(State.UNKNOWN),
        pending=states.count(State.PENDING) - len(queued),
        unsent=len(queued) + len(waiting),
        refused=states.count(State.REFUSED) + not_asked,
        fee_fen=charged,
        most_fen=charged + most,
        link=link,
        stage=BatchStage(batch.state.value),
        whys=_whys(batch),
        unfound=sum(row.outcome is Outcome.NOT_FOUND for row in batch.rows),
        several=sum(row.outcome is Outcome.SEVERAL for row in batch.rows),
        lines=tuple(_line(row, rules, lang) for row in batch.rows),
    )


def _line(row: BatchRow, rules: RuleSet, lang: str) -> BatchLine:
    return BatchLine(
        number=row.tracking_number or row.typed,
        carrier_name=rules.carrier_name(row.carrier).of(lang) if row.carrier else "",
        case=row.case,
        reasons=row.reasons,
        known=row.outcome is not Outcome.NOT_FOUND,
        several=row.outcome is Outcome.SEVERAL,
    )


def _whys(batch: Batch) -> tuple[tuple[ReasonCode, int], ...]:
    """The first reason of each refused number, the commonest first: so they add up."""
    first = [row.reasons[0].code for row in batch.rows if row.outcome is Outcome.REFUSED and row.reasons]
    return tuple(Counter(first).most_common())
