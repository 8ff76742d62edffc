"""A buyer's claim on an order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.parcel import Parcel


class AfterSaleType(StrEnum):
    """仅退款 · 退货退款 · 换货."""

    REFUND_ONLY = "refund_only"
    RETURN_REFUND = "return_refund"
    EXCHANGE = "exchange"


class AfterSaleStatus(StrEnum):
    """R7: a finished after-sale takes no interception."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class AfterSale:
    """An after-sale with all its parcels, as the shop tells it (contract, "An after-sale")."""

    after_sale_id: str
    order_id: str
    type: AfterSaleType
    status: AfterSaleStatus
    in_arbitration: bool
    applied_at: datetime
    refund_fen: int
    parcels: tuple[Parcel, ...]
    deadline: datetime | None = None
    reason: str | None = None
    buyer: str | None = None

    def parcel(self, tracking_number: str) -> Parcel | None:
        """The parcel with that number, or None."""
        return next((p for p in self.parcels if p.tracking_number == tracking_number), None)
