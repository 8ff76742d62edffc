"""A parcel, what is in it, and its way so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Stage(StrEnum):
    """Where a parcel is, read from its trace (`samples/trace_texts.md`)."""

    CREATED = "created"
    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    AT_DELIVERY_STATION = "at_delivery_station"
    OUT_FOR_DELIVERY = "out_for_delivery"
    AT_PICKUP_POINT = "at_pickup_point"
    DELIVERED = "delivered"
    PROBLEM = "problem"
    REFUSED = "refused"
    INTERCEPTED = "intercepted"
    RETURNING = "returning"
    RETURNED = "returned"
    FORWARDED = "forwarded"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """One line of a trace. `at` is the event's own time, timezone-aware.

    `stage` is what the carrier's own code means, where it has one that we know; `None` leaves the text to decide.
    """

    at: datetime
    text: str
    place: str | None = None
    code: str | None = None
    stage: Stage | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """Goods in a parcel: `price_fen` is per piece (contract, after-sale)."""

    name: str
    category: str
    quantity: int
    price_fen: int
    spec: str | None = None
    order_id: str | None = None


@dataclass(frozen=True, slots=True)
class Parcel:
    """One tracking number of one after-sale."""

    tracking_number: str
    carrier: str
    items: tuple[Item, ...] = ()
    value_fen: int | None = None
    shipped_at: datetime | None = None
    trace: tuple[TraceEvent, ...] = ()

    @property
    def value(self) -> int:
        """The parcel's value in fen: as the shop states it, else Σ quantity × price of the piece (R5)."""
        if self.value_fen is not None:
            return self.value_fen
        return sum(item.quantity * item.price_fen for item in self.items)
