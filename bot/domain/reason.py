"""Why not: the named reasons of `product.md`, each with the rule that it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ReasonCode(StrEnum):
    """Stable names; the words for people stand in `templates/reasons.toml`."""

    CROSS_BORDER_SHOP = "CROSS_BORDER_SHOP"
    SHOP_NOT_ACTIVE = "SHOP_NOT_ACTIVE"
    AGREEMENT_NOT_SIGNED = "AGREEMENT_NOT_SIGNED"
    CATEGORY_EXCLUDED = "CATEGORY_EXCLUDED"
    VALUE_TOO_HIGH = "VALUE_TOO_HIGH"
    NOT_REFUND_ONLY = "NOT_REFUND_ONLY"
    AFTER_SALE_CLOSED = "AFTER_SALE_CLOSED"
    CARRIER_NOT_SUPPORTED = "CARRIER_NOT_SUPPORTED"
    NOT_PICKED_UP = "NOT_PICKED_UP"
    ALREADY_OUT_FOR_DELIVERY = "ALREADY_OUT_FOR_DELIVERY"
    ALREADY_DELIVERED = "ALREADY_DELIVERED"
    ALREADY_RETURNING = "ALREADY_RETURNING"
    ALREADY_INTERCEPTED = "ALREADY_INTERCEPTED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    AT_DELIVERY_STATION = "AT_DELIVERY_STATION"
    CARRIER_ACCOUNT_NOT_AUTHORISED = "CARRIER_ACCOUNT_NOT_AUTHORISED"
    NOT_OUR_WAYBILL = "NOT_OUR_WAYBILL"
    CARRIER_RULE = "CARRIER_RULE"
    CARRIER_UNAVAILABLE = "CARRIER_UNAVAILABLE"


RULE_OF: Mapping[ReasonCode, str] = {
    ReasonCode.CROSS_BORDER_SHOP: "R1",
    ReasonCode.SHOP_NOT_ACTIVE: "R2",
    ReasonCode.AGREEMENT_NOT_SIGNED: "R3",
    ReasonCode.CATEGORY_EXCLUDED: "R4",
    ReasonCode.VALUE_TOO_HIGH: "R5",
    ReasonCode.NOT_REFUND_ONLY: "R6",
    ReasonCode.AFTER_SALE_CLOSED: "R7",
    ReasonCode.CARRIER_NOT_SUPPORTED: "R8",
    ReasonCode.NOT_PICKED_UP: "R9",
    ReasonCode.ALREADY_OUT_FOR_DELIVERY: "R9",
    ReasonCode.ALREADY_DELIVERED: "R9",
    ReasonCode.ALREADY_RETURNING: "R9",
    ReasonCode.AT_DELIVERY_STATION: "R9",
    ReasonCode.ALREADY_INTERCEPTED: "R10",
    ReasonCode.PERMISSION_DENIED: "R11",
}
"""A carrier's refusal has the rule that its code belongs to, else none (contract, `reasons[].rule`)."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, told by a rule of ours or by the carrier.

    `facts` fill the words (plain strings and ints: `item`, `value_fen`, `carrier` …); `carrier_code` and
    `carrier_text` are the carrier's own, raw, and None when the reason is ours.
    """

    code: ReasonCode
    facts: Mapping[str, str | int | list[str]] = field(default_factory=dict)
    carrier_code: str | None = None
    carrier_text: str | None = None

    @property
    def rule(self) -> str | None:
        """`R1` … `R11`, or None for a reason that no rule of ours covers."""
        return RULE_OF.get(self.code)
