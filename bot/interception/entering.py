"""After-sales that we have not heard of yet, or whose news was pushed: asked of the shop's own platform, and kept.

Every decision reads our own store. This is how it comes to know what only the platform knows; a shop without a platform
account has nobody to be asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

import structlog
from sqlalchemy import Connection, select

from bot.domain.after_sale import AfterSale
from bot.interception import traces
from bot.interception.pace import Pace
from bot.shops.contract import Shop, Shops
from bot.store import after_sales
from bot.store.after_sales import after_sales as table
from bot.store.database import Database, now

log = structlog.get_logger(__name__)

PATIENCE_S = 3.0
"""So long somebody who typed a number waits for the platform."""

MOST = 20
"""So many unknown numbers of one ask are asked about."""

AT_ONCE = 4

UNKNOWN_FOR_S = 60.0
"""So long a number that the platform does not know is not asked about again: a card is drawn more often than that."""

REMEMBERED = 10_000


class Entering:
    """Fetches from `shops`, keeps in `database`."""

    def __init__(self, database: Database, shops: Shops | None, pace: Pace) -> None:
        self._database = database
        self._shops = shops
        self._pace = pace
        self._unknown: dict[tuple[str, str], float] = {}

    def can_ask(self, shop_id: str) -> bool:
        """Whether the shop has a platform account."""
        return self._shops is not None and self._shops.of(shop_id) is not None

    async def bring(self, shop_id: str, numbers: Sequence[str]) -> bool:
        """Asks the shop about numbers that we do not know; whether anything new was kept within `PATIENCE_S`."""
        shop = self._shops.of(shop_id) if self._shops is not None else None
        asked = self._worth_asking(shop_id, numbers)
        if shop is None or not asked:
            return False
        gate = asyncio.Semaphore(AT_ONCE)
        asking = {asyncio.ensure_future(_ask(shop, number, gate)): number for number in asked}
        done, late = await asyncio.wait(asking, timeout=PATIENCE_S)
        for task in late:
            task.cancel()
        if late:
            log.warning("shop.slow", shop=shop_id, asked=len(asking), unanswered=len(late))
        at = self._database.clock.steady()
        self._unknown |= {(shop_id, asking[task]): at + UNKNOWN_FOR_S for task in done if not task.result()}
        found = {sale.after_sale_id: sale for task in done for sale in task.result()}
        if found:
            await self._database.write(lambda c: self._keep(c, shop_id, found.values()))
        return bool(found)

    async def read_again(self, shop_id: str, after_sale_id: str) -> bool:
        """Reads one after-sale anew and keeps it; False when that did not work, and it is to be tried again.

        Of two readings at once only the one that began with what is stored is kept: an older one must not come last.
        """
        shop = self._shops.of(shop_id) if self._shops is not None else None
        if shop is None:
            return False
        before = await self._database.read(lambda c: _version(c, shop_id, after_sale_id))
        found = await shop.after_sale(after_sale_id)
        if found is None:
            return False

        def keep(connection: Connection) -> bool:
            traces.hold(connection, shop_id, [parcel.tracking_number for parcel in found.parcels])
            if _version(connection, shop_id, after_sale_id) != before:
                return False
            self._keep(connection, shop_id, [found])
            return True

        return await self._database.write(keep)

    def _worth_asking(self, shop_id: str, numbers: Sequence[str]) -> list[str]:
        at = self._database.clock.steady()
        self._unknown = {key: until for key, until in [*self._unknown.items()][-REMEMBERED:] if until > at}
        return [number for number in dict.fromkeys(numbers) if (shop_id, number) not in self._unknown][:MOST]

    def _keep(self, connection: Connection, shop_id: str, found: Collection[AfterSale]) -> None:
        # Traces first: only those that are news move an interception.
        told = {parcel.tracking_number: parcel.trace for after_sale in found for parcel in after_sale.parcels}
        traces.hold(connection, shop_id, told)
        for number, events in sorted(told.items()):
            if events:
                traces.take(connection, shop_id, number, events, self._pace)
        for after_sale in found:
            after_sales.save(connection, shop_id, after_sale, now(connection))


async def _ask(shop: Shop, number: str, gate: asyncio.Semaphore) -> list[AfterSale]:
    """What the number may be: an after-sale, or an order or a parcel that after-sales belong to."""
    async with gate:
        one, others = await asyncio.gather(shop.after_sale(number), shop.after_sales_of(number))
    return others if one is None else [one, *others]


def _version(connection: Connection, shop_id: str, after_sale_id: str) -> int | None:
    this = (table.c.shop_id == shop_id) & (table.c.after_sale_id == after_sale_id)
    version: int | None = connection.execute(select(table.c.version).where(this).with_for_update()).scalar()
    return version
