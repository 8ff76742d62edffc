"""抖店's messages, as on the wire (`protocols/shop-doudian.md`). Ids are beyond 2^53 and come as numbers and as text;
inside they are text. Unknown fields are ignored, missing ones tolerated: the SDKs differ.
"""

from __future__ import annotations

from typing import Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue, model_validator


class _Came(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)


class Envelope(_Came):
    """Every answer; 10000 is well, and so was 0 in the old `err_no`."""

    code: int | None = Field(None, validation_alias=AliasChoices("code", "err_no"))
    msg: str | None = Field(None, validation_alias=AliasChoices("msg", "message"))
    sub_code: str | None = None
    sub_msg: str | None = None
    log_id: str | None = None
    data: JsonValue = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        """JSON of some other kind, such as a proxy's, proves nothing."""
        if self.code is None:
            raise ValueError("no code")
        return self

    @property
    def words(self) -> str:
        """Why, in the platform's words."""
        return self.sub_msg or self.msg or ""


class InterceptResult(_Came):
    """One parcel of `afterSale.applyLogisticsIntercept`."""

    tracking_no: str | None = None
    is_success: bool | None = None
    intercept_cost: int | None = None
    unavailable_reason_code: str | None = None
    unavailable_reason: str | None = None
    settlement_mode: int | None = None


class Applied(_Came):
    """Data of `afterSale.applyLogisticsIntercept`."""

    intercept_results: list[InterceptResult] | None = None


class OrderLogistics(_Came):
    """A parcel of an after-sale, in List and in Detail."""

    tracking_no: str | None = None
    company_code: str | None = None
    logistics_state: int | None = None
    logistics_time: int | None = None


class ListedInfo(_Came):
    """`aftersale_info` of `afterSale.List`."""

    aftersale_id: str
    order_logistics: list[OrderLogistics] | None = None


class Listed(_Came):
    """One item of `afterSale.List`."""

    aftersale_info: ListedInfo


class AfterSaleList(_Came):
    """Data of `afterSale.List`."""

    items: list[Listed] | None = None
    has_more: bool | None = None


class AfterSaleInfo(_Came):
    """`process_info.after_sale_info` of `afterSale.Detail`."""

    after_sale_id: str
    after_sale_type: int
    after_sale_status: int
    refund_status: int | None = None
    refund_total_amount: int | None = None
    apply_time: int | None = None
    status_deadline: int | None = None
    update_time: int | None = None
    reason: str | None = None
    aftersale_status_to_final_time: int | None = None


class Arbitration(_Came):
    """`process_info.arbitrate_info`."""

    arbitrate_status: int | None = None


class Logistics(_Came):
    """`process_info.logistics_info`."""

    order: list[OrderLogistics] | None = None


class ProcessInfo(_Came):
    """`process_info`."""

    after_sale_info: AfterSaleInfo
    arbitrate_info: Arbitration | None = None
    logistics_info: Logistics | None = None


class SkuOrder(_Came):
    """`order_info.sku_order_infos[]`: goods of this after-sale, amounts in fen."""

    sku_order_id: str | None = None
    product_name: str | None = None
    item_quantity: int | None = None
    pay_amount: int | None = None
    item_sum_amount: int | None = None


class OrderInfo(_Came):
    """`order_info`."""

    shop_order_id: str | None = None
    sku_order_infos: list[SkuOrder] | None = None


class Detail(_Came):
    """Data of `afterSale.Detail`."""

    process_info: ProcessInfo
    order_info: OrderInfo | None = None


class SkuSpec(_Came):
    """One specification of an article, such as colour."""

    name: str | None = None
    value: str | None = None


class SkuOrderLine(_Came):
    """`sku_order_list[]` of `order.orderDetail`: what R4 and R5 need, amounts in fen."""

    order_id: str | None = None
    order_type: int | None = None
    goods_type: int | None = None
    trade_type: int | None = None
    first_cid: str | None = None
    second_cid: str | None = None
    third_cid: str | None = None
    fourth_cid: str | None = None
    product_name: str | None = None
    item_num: int | None = None
    pay_amount: int | None = None
    sum_amount: int | None = None
    spec: list[SkuSpec] | None = None


class ParcelGoods(_Came):
    """`logistics_info[].product_info[]`: which goods are in which parcel."""

    sku_order_id: str | None = None
    product_count: int | None = None


class OrderParcel(_Came):
    """`logistics_info[]` of `order.orderDetail`."""

    tracking_no: str | None = None
    ship_time: int | None = None
    product_info: list[ParcelGoods] | None = None


class ShopOrder(_Came):
    """`shop_order_detail`."""

    sku_order_list: list[SkuOrderLine] | None = None
    logistics_info: list[OrderParcel] | None = None


class OrderDetail(_Came):
    """Data of `order.orderDetail`."""

    shop_order_detail: ShopOrder


class Operated(_Came):
    """One item of `afterSale.operate`."""

    aftersale_id: str | None = None
    status_code: int | None = None
    status_msg: str | None = None


class Operation(_Came):
    """Data of `afterSale.operate`."""

    items: list[Operated] | None = None


class RouteNode(_Came):
    """One line of `logistics.trackNoRouteDetail`."""

    content: str | None = None
    timestamp: str | None = None
    state: str | None = None
    state_description: str | None = None
    site_name: str | None = None


class TrackRoute(_Came):
    """Data of `logistics.trackNoRouteDetail`: `route__node_list` has two underscores on the wire."""

    route__node_list: list[RouteNode] | None = None


class Token(_Came):
    """Data of `token.create` and `token.refresh`."""

    access_token: str = Field(min_length=1)
    expires_in: int
    refresh_token: str | None = None


class Pushed(_Came):
    """One message of a push; `data` is JSON text inside JSON."""

    tag: str
    msg_id: str
    data: str = ""


class PushedAfterSale(_Came):
    """`data` of the tags 200–209."""

    aftersale_id: str
    aftersale_type: int | None = None
    update_time: str | None = None
