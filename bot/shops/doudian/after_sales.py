"""An after-sale of 抖店 in our words (`protocols/shop-doudian.md`, (c))."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from bot.domain.after_sale import AfterSale, AfterSaleStatus, AfterSaleType
from bot.domain.parcel import Item, Parcel
from bot.shops.doudian.mapping import CARRIERS, moment
from bot.shops.doudian.wire import AfterSaleInfo, Detail, OrderParcel, ShopOrder, SkuOrder, SkuOrderLine

TYPES: Final[Mapping[int, AfterSaleType]] = {
    0: AfterSaleType.RETURN_REFUND,
    1: AfterSaleType.REFUND_ONLY,
    2: AfterSaleType.REFUND_ONLY,  # before shipping: there is no parcel yet
    3: AfterSaleType.EXCHANGE,
    7: AfterSaleType.EXCHANGE,  # 补寄: goods go out once more
    8: AfterSaleType.EXCHANGE,  # 维修: the same
}
"""`after_sale_type`. 4, 5 (cancelled) and 6 (价保) concern no parcel: such an after-sale is not taken in."""

OPEN: Final = frozenset({6, 7, 8, 11, 13, 27, 29})
CLOSED: Final = frozenset({12, 14, 28, 51, 53})
"""`after_sale_status`, where `aftersale_status_to_final_time` does not tell (R7)."""

SUCCEEDED: Final = 12
REFUNDED: Final = 3
"""`refund_status`: the buyer has the money."""

IN_ARBITRATION: Final = frozenset({1, 4, 5})
"""`arbitrate_status`: handled, evidence due, negotiating (R11)."""

VIRTUAL_ORDERS: Final = frozenset({2, 4, 5})
VIRTUAL_GOODS: Final = 1
MADE_TO_ORDER: Final = 13
ORDINARY: Final = "other"
"""The category of goods that no table excludes."""


def after_sale_of(detail: Detail, order: ShopOrder | None, excluded: Mapping[str, str]) -> AfterSale | None:
    """The after-sale with its parcels; None where it concerns no parcel, or says too little of itself.

    `order` tells which goods are in which parcel; without it every parcel is taken to hold all goods of the
    after-sale, which errs on the side of R5.
    """
    info = detail.process_info.after_sale_info
    kind = TYPES.get(info.after_sale_type)
    applied_at = moment(info.apply_time) or moment(info.update_time)
    order_id = detail.order_info.shop_order_id if detail.order_info else None
    if kind is None or applied_at is None or not order_id:
        return None
    arbitration = detail.process_info.arbitrate_info
    return AfterSale(
        after_sale_id=info.after_sale_id,
        order_id=order_id,
        type=kind,
        status=AfterSaleStatus.CLOSED if is_over(info) else AfterSaleStatus.OPEN,
        in_arbitration=arbitration is not None and arbitration.arbitrate_status in IN_ARBITRATION,
        applied_at=applied_at,
        refund_fen=max(info.refund_total_amount or 0, 0),
        parcels=tuple(_parcels(detail, order, order_id, excluded)),
        deadline=moment(info.status_deadline),
        reason=info.reason or None,
    )


def is_over(info: AfterSaleInfo) -> bool:
    """R7: whether nothing can be done any more. A status that we do not know is over unless the platform says 0."""
    if info.aftersale_status_to_final_time:
        return True
    if info.after_sale_status in OPEN:
        return False
    return info.after_sale_status in CLOSED or info.aftersale_status_to_final_time is None


def is_refunded(info: AfterSaleInfo) -> bool:
    """Whether the refund was agreed to already, by whomever."""
    return info.after_sale_status == SUCCEEDED or info.refund_status == REFUNDED


def _parcels(detail: Detail, order: ShopOrder | None, order_id: str, excluded: Mapping[str, str]) -> Iterable[Parcel]:
    logistics = detail.process_info.logistics_info
    known = {parcel.tracking_no: parcel for parcel in (order.logistics_info if order else None) or ()}
    for parcel in (logistics.order if logistics else None) or ():
        if not parcel.tracking_no:
            continue
        shipped = known.get(parcel.tracking_no)
        goods = _from_order(order, shipped, order_id, excluded) if order else None
        items = goods or _from_detail(detail, order_id)
        company = parcel.company_code or ""
        yield Parcel(
            tracking_number=parcel.tracking_no,
            carrier=CARRIERS.get(company, company),
            items=tuple(item for item, _ in items),
            value_fen=sum(value for _, value in items) if items else None,
            shipped_at=moment(shipped.ship_time) if shipped else None,
        )


def _from_order(
    order: ShopOrder, shipped: OrderParcel | None, order_id: str, excluded: Mapping[str, str]
) -> list[tuple[Item, int]]:
    """The goods of one parcel, each with its value; all goods of the order where the parcel does not tell."""
    lines = {line.order_id: line for line in order.sku_order_list or ()}
    counts = {goods.sku_order_id: goods.product_count for goods in (shipped.product_info if shipped else None) or ()}
    chosen = {number: line for number, line in lines.items() if number in counts} or lines
    return [
        _item(
            name=line.product_name,
            category=category_of(line, excluded),
            quantity=counts.get(number) or line.item_num,
            bought=line.item_num,
            amount=max(line.pay_amount or 0, line.sum_amount or 0),
            spec=" ".join(spec.value for spec in line.spec or () if spec.value) or None,
            order_id=order_id,
        )
        for number, line in chosen.items()
    ]


def _from_detail(detail: Detail, order_id: str) -> list[tuple[Item, int]]:
    skus: Iterable[SkuOrder] = (detail.order_info.sku_order_infos if detail.order_info else None) or ()
    return [
        _item(
            name=sku.product_name,
            category=ORDINARY,
            quantity=sku.item_quantity,
            bought=sku.item_quantity,
            amount=max(sku.pay_amount or 0, sku.item_sum_amount or 0),
            spec=None,
            order_id=order_id,
        )
        for sku in skus
    ]


def _item(
    *,
    name: str | None,
    category: str,
    quantity: int | None,
    bought: int | None,
    amount: int,
    spec: str | None,
    order_id: str,
) -> tuple[Item, int]:
    """Goods, and their exact value in fen, rounded up. Which amount the platform takes is not known: the larger one."""
    pieces, all_pieces = max(quantity or 1, 1), max(bought or 1, 1)
    price = -(-amount // all_pieces)
    item = Item(name or "商品", category, pieces, price, spec=spec, order_id=order_id)
    return item, -(-amount * pieces // all_pieces)


def category_of(line: SkuOrderLine, excluded: Mapping[str, str]) -> str:
    """R4: the excluded group that the goods fall in, by kind of order and by the configured category ids."""
    if line.order_type in VIRTUAL_ORDERS or line.goods_type == VIRTUAL_GOODS:
        return "virtual"
    if line.trade_type == MADE_TO_ORDER:
        return "made_to_order"
    ids = (line.fourth_cid, line.third_cid, line.second_cid, line.first_cid)
    return next((excluded[cid] for cid in ids if cid is not None and cid in excluded), ORDINARY)
