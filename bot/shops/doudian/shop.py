"""抖店: meets the shop's contract, and opens an account with its shop, its way to the carriers and its pushes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, model_validator

from bot.shops.contract import PlatformKind, RefundAnswer, RefundSaid
from bot.shops.doudian import inbound
from bot.shops.doudian.after_sales import after_sale_of, is_over, is_refunded
from bot.shops.doudian.client import DETAIL, LIST, OK, OPERATE, ORDER, DoudianClient, data_of, envelope_of
from bot.shops.doudian.mapping import COMPANY_CODES
from bot.shops.doudian.route import DoudianRoute
from bot.shops.doudian.wire import AfterSaleInfo, AfterSaleList, Detail, Operation, OrderDetail

if TYPE_CHECKING:
    from bot.domain.after_sale import AfterSale
    from bot.outbound import Outbound
    from bot.shops.contract import Notice, PushReply

AGREE_TO_REFUND: Final = 201
ORDER_DIGITS: Final = 18
"""抖店's own numbers have 19 digits in the samples, and no tracking number has 18 or more."""

MOST: Final = 20
"""So many after-sales of one number are read; a real one has a handful."""

AT_ONCE: Final = 4


class DoudianSettings(BaseModel):
    """`[shops.NAME.platform]` with `name = "doudian"`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: AnyHttpUrl = AnyHttpUrl("https://openapi-fxg.jinritemai.com")
    """The sandbox of the platform is https://openapi-sandbox.jinritemai.com."""
    app_key: str = Field(pattern=r"^\d+$")
    """抖店开放平台 → 控制台 → 应用详情 → APP_KEY: 19 digits."""
    app_secret: SecretStr = Field(min_length=1)
    """抖店开放平台 → 控制台 → 应用详情 → APP_SECRET."""
    shop_id: str | None = Field(None, pattern=r"^\d+$")
    """抖店后台 → 店铺 → 店铺信息 → 店铺 ID. With it a 自用型应用 fetches and renews its token by itself."""
    access_token: SecretStr | None = None
    """A token that somebody else renews, such as the ERP of a 工具型应用; then `shop_id` is left out."""
    op_from_platform_agent: int = Field(3, ge=1, le=3)
    """`op_from` of what a platform agent asks for: 3, or 1 (merchant) where the platform does not let an app say 3."""
    excluded_categories: dict[str, str] = {}
    """Category id (any level) → one of our category words, such as `"20104" = "fresh_food"` (R4)."""

    @model_validator(mode="after")
    def _has_a_token(self) -> DoudianSettings:
        if (self.shop_id is None) == (self.access_token is None):
            raise ValueError("give either shop_id (自用型应用) or access_token, and not both")
        return self


class DoudianShop:
    """One shop at 抖店."""

    def __init__(self, client: DoudianClient, excluded_categories: Mapping[str, str]) -> None:
        """With that shop's own account."""
        self._client = client
        self._categories = excluded_categories

    async def after_sale(self, after_sale_id: str) -> AfterSale | None:
        """The after-sale with its parcels and their goods; None when there is none, or it cannot be read."""
        detail = await self._detail(after_sale_id)
        if detail is None:
            return None
        order = None
        order_id = detail.order_info.shop_order_id if detail.order_info else None
        if order_id:
            params = {"shop_order_id": order_id}
            found = await self._client.read(ORDER, "order.detail", params, OrderDetail)
            order = found.shop_order_detail if found else None
        return after_sale_of(detail, order, self._categories)

    async def after_sales_of(self, number: str) -> list[AfterSale]:
        """After-sales that an order number or a tracking number belongs to; empty when they cannot be read."""
        is_order = number.isdecimal() and len(number) >= ORDER_DIGITS
        which = {"order_id": number} if is_order else {"order_logistics_tracking_no": [number]}
        params: dict[str, Any] = {**which, "page": 0, "size": MOST}
        listed = await self._client.read(LIST, "after_sale.list", params, AfterSaleList)
        ids = list(dict.fromkeys(item.aftersale_info.aftersale_id for item in (listed.items if listed else None) or ()))
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(after_sale_id: str) -> AfterSale | None:
            async with gate:
                return await self.after_sale(after_sale_id)

        found = await asyncio.gather(*(one(after_sale_id) for after_sale_id in ids[:MOST]))
        return [after_sale for after_sale in found if after_sale is not None]

    async def agree_refund(self, after_sale_id: str) -> RefundAnswer:
        """Agrees to the refund. The platform may have refunded already: read first, read again after a "no" (U11)."""
        before = await self._info(after_sale_id)
        if before is None:
            return RefundAnswer(RefundSaid.NO_ANSWER)
        if is_refunded(before):
            return RefundAnswer(RefundSaid.DONE)
        if is_over(before):
            return RefundAnswer(RefundSaid.REFUSED, "售后单已关闭")
        item: dict[str, Any] = {"aftersale_id": after_sale_id}
        if before.update_time:
            item["update_time"] = before.update_time  # so that the platform refuses a decision on an older state
        params = {"type": AGREE_TO_REFUND, "items": [item]}
        envelope = envelope_of(await self._client.post(OPERATE, "after_sale.operate", params))
        operation = data_of(envelope, Operation)
        said = next((one for one in (operation.items if operation else None) or ()), None)
        if said is not None and said.status_code == 0:
            return RefundAnswer(RefundSaid.DONE)
        after = await self._info(after_sale_id)
        if after is not None and is_refunded(after):
            return RefundAnswer(RefundSaid.DONE)
        if said is not None:
            return RefundAnswer(RefundSaid.REFUSED, said.status_msg)
        if envelope is not None and envelope.code not in {*OK, 20000, 20001}:
            return RefundAnswer(RefundSaid.REFUSED, envelope.words or None)
        return RefundAnswer(RefundSaid.NO_ANSWER)

    async def _detail(self, after_sale_id: str) -> Detail | None:
        params = {"after_sale_id": after_sale_id, "need_operation_record": False}
        return await self._client.read(DETAIL, "after_sale.detail", params, Detail)

    async def _info(self, after_sale_id: str) -> AfterSaleInfo | None:
        detail = await self._detail(after_sale_id)
        return detail.process_info.after_sale_info if detail else None


class Doudian:
    """One shop's account: one client, and so one token, for all that is asked of the platform."""

    def __init__(self, settings: DoudianSettings, outbound: Outbound) -> None:
        """With that shop's own app."""
        self._settings = settings
        self._client = DoudianClient(settings, outbound)
        self._shop = DoudianShop(self._client, settings.excluded_categories)

    @property
    def shop(self) -> DoudianShop:
        """Where its after-sales come from."""
        return self._shop

    def route(self, carrier: str) -> DoudianRoute | None:
        """The platform's own way to that carrier; None where it names none."""
        company = COMPANY_CODES.get(carrier)
        if company is None:
            return None
        return DoudianRoute(self._client, carrier, company, self._settings.op_from_platform_agent)

    def notices(self, headers: Mapping[str, str], raw_body: bytes) -> list[Notice] | None:
        """What a push says; None when its signature is not this app's."""
        settings = self._settings
        return inbound.read(settings.app_key, settings.app_secret.get_secret_value(), headers, raw_body)

    def push_reply(self, *, taken: bool) -> PushReply:
        """Anything but `taken` has the platform push it again."""
        return inbound.TAKEN if taken else inbound.REFUSED


KIND: Final[PlatformKind[DoudianSettings]] = PlatformKind("doudian", DoudianSettings, Doudian)
