"""Which facts answer a topic, from the rules that hold now (Q): never from fixed text.

The words stand in `templates/faq/`; here only what they are filled with, and which rule each answer rests on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

RULES: Mapping[str, tuple[str, ...]] = {
    "what_is": (),
    "benefits": ("F2",),
    "how_fast": (),
    "carriers": ("R8", "F1"),
    "fee": ("F1", "F2"),
    "fee_on_fail": ("F2",),
    "charge": ("F3",),
    "why_paid": ("F3",),
    "when_possible": ("R9",),
    "eligibility": ("R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10"),
    "category_limit": ("R4",),
    "value_limit": ("R5",),
    "cross_border": ("R1",),
    "multi_parcel": ("F3",),
    "claim": ("F4",),
    "no_permission": ("R11",),
    "signup": ("R3",),
    "how_to_start": ("R6", "R7"),
    "records": (),
    "invoice": (),
    "arbitration": ("F5",),
    "erp_api": (),
}
"""Every topic, in the order in which a menu lists them, with the rules that its answer rests on."""

ABOUT_A_PARCEL = frozenset(
    {
        *("fee", "fee_on_fail", "charge", "when_possible", "eligibility", "carriers", "category_limit", "value_limit"),
        *("cross_border", "multi_parcel", "how_to_start", "claim", "no_permission"),
    }
)
"""Topics whose answer is about one parcel where one is named (`product.md`, Q)."""

BY_CARRIER = frozenset({"carriers", "fee", "fee_on_fail", "when_possible"})
"""Topics that are answered for the one carrier that was named."""

MONEY = frozenset(
    {
        *("fee", "fee_on_fail", "charge", "why_paid", "claim", "invoice", "arbitration", "multi_parcel"),
        *("value_limit", "signup", "records"),
    }
)
"""Never said where customers read: nothing about the merchant's money (`faq.md`)."""

CUSTOMERS = "customers"
"""The variant of words that customers may read, where the others speak of money."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One topic to be answered: the variant of its words, and the carrier that was named, by code."""

    topic: str
    variant: str
    carrier: str | None = None


def wanted(
    topics: Sequence[str], carriers: Sequence[str], supported: Sequence[str], unrouted: Sequence[str] = ()
) -> list[Wanted]:
    """For each topic the words that fit: in general, for one named carrier, or for one that is not supported or that
    the shop has no route to.
    """
    named = carriers[0] if len(carriers) == 1 else None
    return [_wanted(topic, named, supported, unrouted) for topic in topics if topic in RULES]


def _wanted(topic: str, named: str | None, supported: Sequence[str], unrouted: Sequence[str]) -> Wanted:
    if named is None or topic not in BY_CARRIER:
        return Wanted(topic, "text")
    if named in supported:
        return Wanted(topic, "named", named)
    return Wanted(topic, "unrouted" if named in unrouted else "unsupported", named)


def for_customers(one: Wanted) -> Wanted:
    """The words without money for the same topic."""
    if one.topic in {"benefits", "eligibility"} or (one.topic, one.variant) == ("carriers", "named"):
        return replace(one, variant=CUSTOMERS)
    return one
