"""The platform's own way to the carriers: 抖店 asks them, debits the fee and keeps the record itself.

It has no idempotency key, and takes every apply as a further paid order. So a lost answer is settled by reading the
after-sale, and only two readings that show nothing, past the quiet time, allow another apply (`contract.md`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.carriers.contract import Doubt, RouteFacts, SuccessOn, answered, extract, no_cancel
from bot.domain.answer import Answer, Said
from bot.domain.case import SettledBy
from bot.domain.people import Origin
from bot.domain.reason import Reason, ReasonCode
from bot.shops.doudian import mapping
from bot.shops.doudian.client import APPLY, LIST, TRACE, DoudianClient
from bot.shops.doudian.wire import Envelope

if TYPE_CHECKING:
    from bot.carriers.contract import Ask
    from bot.domain.parcel import TraceEvent

INT64: Final = 2**63
PAGE: Final = 100
"""The most that `afterSale.List` gives at once; one parcel has a handful of after-sales."""


class DoudianRoute:
    """One shop's way to one carrier through the platform."""

    def __init__(self, client: DoudianClient, carrier: str, company_code: str, op_from_platform_agent: int) -> None:
        """With that shop's own account."""
        self._client = client
        self._company = company_code
        self._op_from = {Origin.PLATFORM_AGENT: op_from_platform_agent}
        self._facts = RouteFacts(
            name="doudian",
            carrier=carrier,
            doubt=Doubt.READ,
            success_on=SuccessOn.ACCEPTED,
            settled_by=SettledBy.PLATFORM,
            can_cancel=False,
            has_status=True,
            has_trace=True,
        )

    @property
    def facts(self) -> RouteFacts:
        """What this route is."""
        return self._facts

    def accepts(self, after_sale_id: str) -> bool:
        """The platform's after-sale numbers are int64; of another shape none is asked about (ruling 21)."""
        digits = after_sale_id.isascii() and after_sale_id.isdecimal() and not after_sale_id.startswith("0")
        return digits and len(after_sale_id) < 20 and int(after_sale_id) < INT64

    async def intercept(self, ask: Ask) -> Answer:
        """Applies for one parcel. Nothing here prevents a second order: the caller must."""
        if not self.accepts(ask.after_sale_id):
            reason = Reason(ReasonCode.CARRIER_NOT_SUPPORTED, facts={"carrier": ask.carrier})
            return Answer(Said.REFUSED, reason=reason)
        op_from = self._op_from.get(ask.origin, 1)
        params = {
            "after_sale_id": int(ask.after_sale_id),
            "op_from": op_from,
            "intercept_targets": [{"company_code": self._company, "tracking_no": ask.tracking_number}],
        }
        sent = extract(APPLY, self._company, f"op_from {op_from}")
        envelope = answered(await self._client.post(APPLY, "intercept.create", params), Envelope, sent)
        if isinstance(envelope, Answer):
            return envelope
        if self._client.token_ended(envelope):
            return Answer(Said.NEVER_LEFT, sent=sent, got=envelope.sub_code, retry_after_s=1.0)
        return mapping.applied(envelope, ask, sent)

    async def query(self, ask: Ask) -> Answer:
        """Reads the after-sales of the parcel; asking never makes an order."""
        params = {"order_logistics_tracking_no": [ask.tracking_number], "page": 0, "size": PAGE}
        sent = extract(LIST, f"order_logistics_tracking_no {ask.tracking_number}")
        envelope = answered(await self._client.post(LIST, "intercept.query", params), Envelope, sent)
        if isinstance(envelope, Answer):
            return replace(envelope, said=Said.NO_ANSWER)
        if self._client.token_ended(envelope):
            return Answer(Said.NO_ANSWER, sent=sent, got=envelope.sub_code, retry_after_s=1.0)
        return mapping.shown(envelope, ask, sent)

    async def cancel(self, ask: Ask) -> Answer:
        """No public interface takes an interception back."""
        return no_cancel(ask)

    async def trace(self, ask: Ask) -> list[TraceEvent] | None:
        """The events so far, as the platform shows them."""
        params = {"logistics_code": self._company, "track_no": ask.tracking_number}
        envelope = answered(await self._client.post(TRACE, "trace.query", params), Envelope, "")
        return None if isinstance(envelope, Answer) else mapping.trace(envelope)
