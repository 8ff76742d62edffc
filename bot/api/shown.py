"""What the house knows → the documents of the API."""

from __future__ import annotations

from collections.abc import Iterable

from bot.api.documents import CandidateDocument, FeeDocument, InterceptionDocument, ReasonDocument
from bot.api.parts import Call
from bot.domain.case import State
from bot.domain.interception import Interception
from bot.domain.moment import show_moment
from bot.domain.reason import Reason
from bot.interception.facts import Candidate
from bot.ledger.fees import FeeEntry


def interception(call: Call, item: Interception) -> InterceptionDocument:
    """One interception, its reasons in the caller's language."""
    return InterceptionDocument(
        id=item.id,
        after_sale_id=item.after_sale_id,
        tracking_number=item.tracking_number,
        carrier=item.carrier,
        route=item.route or None,
        state=item.state,
        reasons=reasons(call, item.reasons, item.carrier),
        fee_fen=item.fee_fen,
        settled_by=item.settled_by if item.state is State.SUCCEEDED else None,
        carrier_reference=item.carrier_reference,
        carrier_code=item.carrier_code,
        carrier_text=item.carrier_text,
        origin=item.origin,
        way_home=item.way_home,
        created_at=show_moment(item.created_at),
        settled_at=None if item.settled_at is None else show_moment(item.settled_at),
    )


def reasons(call: Call, told: Iterable[Reason], carrier: str) -> list[ReasonDocument]:
    """Reasons with their words."""
    return [_reason(call, reason, carrier) for reason in told]


def candidate(call: Call, item: Candidate) -> CandidateDocument:
    """A parcel that can be chosen."""
    return CandidateDocument(
        tracking_number=item.parcel.tracking_number,
        after_sale_id=item.after_sale.after_sale_id,
        carrier=item.parcel.carrier,
        eligible=item.verdict.eligible,
        reasons=reasons(call, item.verdict.reasons, item.parcel.carrier),
        fee_fen=item.verdict.fee_fen,
    )


def fee(entry: FeeEntry) -> FeeDocument:
    """One entry of the ledger."""
    return FeeDocument.model_validate(
        {
            "id": entry.id,
            "interception_id": entry.interception_id,
            "tracking_number": entry.tracking_number,
            "carrier": entry.carrier,
            "kind": entry.kind,
            "amount_fen": entry.amount_fen,
            "settled_by": entry.settled_by,
            "at": show_moment(entry.at),
        }
    )


def _reason(call: Call, reason: Reason, carrier: str) -> ReasonDocument:
    text, remedy = call.parts.describe(reason, call.lang, carrier)
    return ReasonDocument(
        code=reason.code,
        rule=reason.rule,
        text=text,
        remedy=remedy or None,
        carrier_code=reason.carrier_code,
        carrier_text=reason.carrier_text,
    )
