"""What a shop platform must be able to do.

After-sales that entered are kept in our own store, and every decision reads them there. A shop is where they come from
when they are not there yet, and where a refund is agreed to.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.domain.after_sale import AfterSale


class RefundSaid(StrEnum):
    """`DONE` also when the platform had closed it already (U11)."""

    DONE = "done"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """The shop's answer to agreeing to a refund; `text` is its own words when it refused."""

    said: RefundSaid
    text: str | None = None


class Shop(Protocol):
    """One shop on one platform."""

    async def after_sale(self, after_sale_id: str) -> AfterSale | None:
        """The after-sale with its parcels, or None when the shop has none of that number or cannot be asked."""
        ...

    async def after_sales_of(self, number: str) -> list[AfterSale]:
        """After-sales that an order number or a tracking number belongs to."""
        ...

    async def agree_refund(self, after_sale_id: str) -> RefundAnswer:
        """Agrees to the refund; reads the after-sale again first (U11)."""
        ...


class Shops(Protocol):
    """The platform of each of our shops."""

    def of(self, shop_id: str) -> Shop | None:
        """None where the shop has no platform of its own: then only what was imported is known."""
        ...
