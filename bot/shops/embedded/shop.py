"""Meets `shops.contract.Shop` from our own tables."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from bot.domain.after_sale import AfterSale, AfterSaleStatus
from bot.shops.contract import RefundAnswer, RefundSaid
from bot.shops.embedded.words import word
from bot.store.after_sales import find, load, save
from bot.store.database import Database, NotStored, now


class EmbeddedShop:
    """One shop whose platform is our own database: what was imported is all there is."""

    def __init__(self, database: Database, shop_id: str) -> None:
        self._database = database
        self._shop_id = shop_id

    async def after_sale(self, after_sale_id: str) -> AfterSale | None:
        """The after-sale as it was imported."""
        return await self._database.read(lambda c: load(c, self._shop_id, after_sale_id))

    async def after_sales_of(self, number: str) -> list[AfterSale]:
        """Those that an order number or a tracking number belongs to."""
        found = await self._database.read(lambda c: find(c, self._shop_id, number))
        return [after_sale for after_sale in found if after_sale.after_sale_id != number]

    async def agree_refund(self, after_sale_id: str) -> RefundAnswer:
        """Closes the after-sale; one that is closed already is done (U11)."""
        try:
            return await self._database.write(lambda c: self._agree(c, after_sale_id))
        except NotStored:
            return RefundAnswer(RefundSaid.NO_ANSWER)

    def _agree(self, connection: Connection, after_sale_id: str) -> RefundAnswer:
        after_sale = load(connection, self._shop_id, after_sale_id)
        if after_sale is None:
            return RefundAnswer(RefundSaid.REFUSED, word("unknown"))
        if after_sale.status is AfterSaleStatus.OPEN:
            parcels = tuple(replace(parcel, trace=()) for parcel in after_sale.parcels)  # traces are only ever added
            closed = replace(after_sale, status=AfterSaleStatus.CLOSED, parcels=parcels)
            save(connection, self._shop_id, closed, now(connection))
        return RefundAnswer(RefundSaid.DONE)


class EmbeddedShops:
    """Meets `shops.contract.Shops` where every shop is kept here."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, shop_id: str) -> EmbeddedShop:
        """The shop of that id; one that nothing was imported for has nothing in it."""
        return EmbeddedShop(self._database, shop_id)
