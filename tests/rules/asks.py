"""An ask that every rule lets pass; tests change the one fact that they are about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bot.domain.after_sale import AfterSale, AfterSaleStatus, AfterSaleType
from bot.domain.parcel import Item, Parcel, Stage
from bot.domain.people import Asker, Origin, Permission, Role
from bot.rules.facts import Facts, ShopFacts
from bot.rules.rulebook import RuleBook, RuleSet

NOW = datetime(2026, 11, 24, 2, 15, tzinfo=UTC)
RULES: RuleSet = RuleBook.load().at(NOW)
SIGNED = {"service": "2025-01-01", "debit": "2025-01-01"}


def item(category: str = "apparel", *, price_fen: int = 12900, name: str = "棉质短袖") -> Item:
    """One piece of goods."""
    return Item(name, category, 1, price_fen)


def ask() -> Facts:
    """An agent with the permission asks for an ordinary parcel of a refund only after-sale."""
    parcel = Parcel("75400000000001", "zto", (item(),))
    after_sale = AfterSale(
        after_sale_id="7300000000000000001",
        order_id="6900000000000000001",
        type=AfterSaleType.REFUND_ONLY,
        status=AfterSaleStatus.OPEN,
        in_arbitration=False,
        applied_at=NOW,
        refund_fen=12900,
        parcels=(parcel,),
    )
    agent = Asker("demo", Origin.AGENT, "周琳", Role.AGENT, "p1", permissions=frozenset({Permission.LOGISTICS_TOOLS}))
    return Facts(agent, ShopFacts("demo", signed=SIGNED), after_sale, parcel, Stage.IN_TRANSIT, NOW)


def with_items(facts: Facts, *items: Item) -> Facts:
    """The same ask for a parcel with these goods."""
    return replace(facts, parcel=replace(facts.parcel, items=items))
