"""The shop on the platform: after-sales in our words, and agreeing to a refund once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from bot.domain.after_sale import AfterSaleStatus, AfterSaleType
from bot.domain.answer import Said
from bot.outbound import Outbound
from bot.shops.contract import RefundAnswer, RefundSaid
from tests.carriers.peers import ask
from tests.shops.doudian.platform import Answers, Says, account, ill, well

ID = "7300000000000000001"
APPLY = "afterSale.applyLogisticsIntercept"
OPEN = (6, 7, 8, 11, 13, 27, 29)
CLOSED = (12, 14, 28, 51, 53)


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    """The way out."""
    async with Outbound(limit_s=2) as out:
        yield out


def detail(**info: Any) -> dict[str, Any]:
    """An after-sale with two parcels and two kinds of goods."""
    arbitrate_status = info.pop("arbitrate_status", 0)
    return well(
        {
            "process_info": {
                "after_sale_info": {
                    "after_sale_id": int(ID),
                    "after_sale_type": 1,
                    "after_sale_status": 6,
                    "refund_status": 1,
                    "refund_total_amount": 12900,
                    "apply_time": 1741600000,
                    "update_time": 1741600001,
                    "status_deadline": 1741700000,
                    "reason": "不想要了",
                    "aftersale_status_to_final_time": 0,
                    **info,
                },
                "arbitrate_info": {"arbitrate_status": arbitrate_status},
                "logistics_info": {
                    "order": [
                        {"tracking_no": "75400000000001", "company_code": "zhongtong", "logistics_state": 0},
                        {"tracking_no": "3120052228790", "company_code": "yunda"},
                        {"tracking_no": "", "company_code": "ems"},
                    ]
                },
            },
            "order_info": {
                "shop_order_id": 6900000000000000001,
                "sku_order_infos": [
                    {
                        "sku_order_id": 1,
                        "product_name": "短袖",
                        "item_quantity": 2,
                        "pay_amount": 9901,
                        "item_sum_amount": 9000,
                    },
                    {"product_name": "绿茶", "item_quantity": 1, "pay_amount": 2999},
                ],
            },
        }
    )


ORDER = well(
    {
        "shop_order_detail": {
            "sku_order_list": [
                {
                    "order_id": "1",
                    "product_name": "短袖",
                    "item_num": 2,
                    "pay_amount": 9000,
                    "sum_amount": 9901,
                    "first_cid": 1,
                    "fourth_cid": 0,
                    "spec": [{"name": "颜色", "value": "白"}, {"name": "尺码", "value": "L"}],
                },
                {"order_id": "2", "product_name": "绿茶", "item_num": 1, "pay_amount": 2999, "second_cid": 20104},
                {"order_id": "3", "product_name": "充值卡", "item_num": 1, "pay_amount": 100, "order_type": 2},
                {"order_id": "4", "product_name": "刻字杯", "item_num": 1, "pay_amount": 100, "trade_type": 13},
            ],
            "logistics_info": [
                {
                    "tracking_no": "75400000000001",
                    "ship_time": 1741500000,
                    "product_info": [
                        {"sku_order_id": "1", "product_count": 1},
                        {"sku_order_id": "2", "product_count": 1},
                    ],
                },
                {"tracking_no": "3120052228790", "product_info": []},
            ],
        }
    }
)


async def test_an_after_sale_is_read_with_the_goods_of_each_parcel(outbound: Outbound) -> None:
    """Parcels, goods, categories and values, the larger amount and rounded up; ids are text."""
    answers = Answers({"afterSale.Detail": detail(arbitrate_status=4), "order.orderDetail": ORDER})
    async with answers.server:
        shop = account(answers, outbound, excluded_categories={"20104": "tea"}).shop
        found = await shop.after_sale(ID)
    assert found is not None
    assert (found.after_sale_id, found.order_id, found.type) == (ID, "6900000000000000001", AfterSaleType.REFUND_ONLY)
    assert (found.status, found.in_arbitration, found.refund_fen) == (AfterSaleStatus.OPEN, True, 12900)
    assert found.applied_at.isoformat() == "2025-03-10T17:46:40+08:00"
    assert found.reason == "不想要了"
    assert found.buyer is None
    first, second = found.parcels
    assert (first.tracking_number, first.carrier) == ("75400000000001", "zto")
    assert [(i.name, i.category, i.quantity, i.price_fen, i.spec) for i in first.items] == [
        ("短袖", "other", 1, 4951, "白 L"),
        ("绿茶", "tea", 1, 2999, None),
    ]
    assert first.value == 4951 + 2999
    assert first.shipped_at is not None
    assert second.carrier == "yunda"
    assert [item.category for item in second.items] == ["other", "tea", "virtual", "made_to_order"]
    assert second.value == 9901 + 2999 + 200


async def test_without_the_order_every_parcel_holds_all_goods(outbound: Outbound) -> None:
    """Which errs on the side of R5; the values are those of the after-sale."""
    answers = Answers({"afterSale.Detail": detail(), "order.orderDetail": None})
    async with answers.server:
        found = await account(answers, outbound).shop.after_sale(ID)
    assert found is not None
    assert [parcel.value for parcel in found.parcels] == [9901 + 2999] * 2
    assert [item.price_fen for item in found.parcels[0].items] == [4951, 2999]


@pytest.mark.parametrize(
    "info, kind, status",
    [
        ({"after_sale_type": 0}, AfterSaleType.RETURN_REFUND, AfterSaleStatus.OPEN),
        ({"after_sale_type": 2}, AfterSaleType.REFUND_ONLY, AfterSaleStatus.OPEN),
        ({"after_sale_type": 3}, AfterSaleType.EXCHANGE, AfterSaleStatus.OPEN),
        ({"after_sale_type": 7}, AfterSaleType.EXCHANGE, AfterSaleStatus.OPEN),
        ({"after_sale_type": 8}, AfterSaleType.EXCHANGE, AfterSaleStatus.OPEN),
        *(
            ({"after_sale_status": n}, AfterSaleType.REFUND_ONLY, AfterSaleStatus.OPEN)
            for n in (6, 7, 8, 11, 13, 27, 29)
        ),
        *(({"after_sale_status": n}, AfterSaleType.REFUND_ONLY, AfterSaleStatus.CLOSED) for n in (12, 14, 28, 51, 53)),
        ({"aftersale_status_to_final_time": 1741700000}, AfterSaleType.REFUND_ONLY, AfterSaleStatus.CLOSED),
        ({"after_sale_status": 99}, AfterSaleType.REFUND_ONLY, AfterSaleStatus.OPEN),
        (
            {"after_sale_status": 99, "aftersale_status_to_final_time": None},
            AfterSaleType.REFUND_ONLY,
            AfterSaleStatus.CLOSED,
        ),
    ],
)
async def test_types_and_statuses_are_ours(
    outbound: Outbound, info: dict[str, Any], kind: AfterSaleType, status: AfterSaleStatus
) -> None:
    """R6 and R7 by the platform's numbers; the time of its end decides first."""
    answers = Answers({"afterSale.Detail": detail(**info)})
    async with answers.server:
        found = await account(answers, outbound).shop.after_sale(ID)
    assert found is not None
    assert (found.type, found.status) == (kind, status)


@pytest.mark.parametrize(
    "said",
    [
        None,
        ill(40004, "isv.parameter-invalid:11000", "售后单ID错误"),
        well(None),
        well({"process_info": {}}),
        *(detail(after_sale_type=n) for n in (4, 5, 6, 99)),
    ],
)
async def test_what_cannot_be_read_is_none(outbound: Outbound, said: dict[str, Any] | None) -> None:
    """No answer, no such after-sale, or one that concerns no parcel."""
    answers = Answers({"afterSale.Detail": said})
    async with answers.server:
        assert await account(answers, outbound).shop.after_sale(ID) is None


@pytest.mark.parametrize(
    "number, field",
    [("75400000000001", "order_logistics_tracking_no"), ("6900000000000000001", "order_id"), ("YT1", None)],
)
async def test_after_sales_are_found_by_order_or_waybill(outbound: Outbound, number: str, field: str | None) -> None:
    """Each after-sale once, with its details; the number's length tells an order from a waybill."""
    item = {"aftersale_info": {"aftersale_id": ID}}
    answers = Answers(
        {
            "afterSale.List": well({"items": [item, item], "has_more": False}),
            "afterSale.Detail": detail(),
            "order.orderDetail": ORDER,
        }
    )
    async with answers.server:
        found = await account(answers, outbound).shop.after_sales_of(number)
    assert [after_sale.after_sale_id for after_sale in found] == [ID]
    (params,) = answers.calls("afterSale.List")
    assert (field or "order_logistics_tracking_no") in params
    assert len(answers.calls("afterSale.Detail")) == 1


async def test_an_after_sale_that_is_refunded_already_is_done(outbound: Outbound) -> None:
    """U11: the platform may have closed it itself; nothing is sent."""
    for info in ({"after_sale_status": 12}, {"refund_status": 3}):
        answers = Answers({"afterSale.Detail": detail(**info)})
        async with answers.server:
            assert await account(answers, outbound).shop.agree_refund(ID) == RefundAnswer(RefundSaid.DONE)
        assert answers.calls("afterSale.operate") == []


async def test_an_after_sale_that_ended_otherwise_is_refused(outbound: Outbound) -> None:
    """Closed without a refund: there is nothing to agree to."""
    answers = Answers({"afterSale.Detail": detail(after_sale_status=28)})
    async with answers.server:
        answer = await account(answers, outbound).shop.agree_refund(ID)
    assert answer == RefundAnswer(RefundSaid.REFUSED, "售后单已关闭")


async def test_agreeing_is_one_operation_on_the_state_just_read(outbound: Outbound) -> None:
    """Type 201 for one after-sale, with the time that it was last changed."""
    done = well({"items": [{"aftersale_id": ID, "status_code": 0, "status_msg": "success"}]})
    answers = Answers({"afterSale.Detail": detail(), "afterSale.operate": done})
    async with answers.server:
        assert await account(answers, outbound).shop.agree_refund(ID) == RefundAnswer(RefundSaid.DONE)
    assert answers.calls("afterSale.operate") == [
        {"type": 201, "items": [{"aftersale_id": ID, "update_time": 1741600001}]}
    ]


@pytest.mark.parametrize(
    "operated, after, expected",
    [
        (
            ill(50002, "isv.business-failed:20309541", "状态不对"),
            {"after_sale_status": 12},
            RefundAnswer(RefundSaid.DONE),
        ),
        (
            ill(50002, "isv.business-failed:11001", "请到后台处理"),
            {},
            RefundAnswer(RefundSaid.REFUSED, "请到后台处理"),
        ),
        (
            well({"items": [{"aftersale_id": ID, "status_code": 5, "status_msg": "不行"}]}),
            {},
            RefundAnswer(RefundSaid.REFUSED, "不行"),
        ),
        (ill(20000), {}, RefundAnswer(RefundSaid.NO_ANSWER)),
        (None, {"refund_status": 3}, RefundAnswer(RefundSaid.DONE)),
        (None, {}, RefundAnswer(RefundSaid.NO_ANSWER)),
        (well({"items": []}), {}, RefundAnswer(RefundSaid.NO_ANSWER)),
    ],
)
async def test_after_a_no_it_is_read_again(
    outbound: Outbound, operated: dict[str, Any] | None, after: dict[str, Any], expected: RefundAnswer
) -> None:
    """What is done already is a success, a refusal keeps the platform's words, and a lost answer is told as such."""
    reads: list[int] = []

    def read(_: dict[str, Any]) -> dict[str, Any]:
        reads.append(1)
        return detail(**(after if len(reads) > 1 else {}))

    answers = Answers({"afterSale.Detail": read, "afterSale.operate": operated})
    async with answers.server:
        assert await account(answers, outbound).shop.agree_refund(ID) == expected
    assert len(reads) == 2


async def test_a_shop_that_cannot_be_asked_agrees_to_nothing(outbound: Outbound) -> None:
    """Without having read the after-sale nothing is sent."""
    answers = Answers({})
    async with answers.server:
        assert (await account(answers, outbound).shop.agree_refund(ID)).said is RefundSaid.NO_ANSWER
    assert answers.calls("afterSale.operate") == []


def token(name: str, expires_in: int = 604800) -> Says:
    """An answer with a token that holds so long."""
    return lambda _: well({"access_token": name, "expires_in": expires_in, "refresh_token": f"{name}-refresh"})


async def test_the_token_is_fetched_once_for_all(outbound: Outbound) -> None:
    """Twenty calls at once, one token, for shop and routes alike; asking for it carries none."""
    answers = Answers({"token.create": token("t1"), "afterSale.Detail": detail(), "order.orderDetail": ORDER})
    async with answers.server:
        platform = account(answers, outbound, access_token=None, shop_id="1111111")
        await asyncio.gather(*(platform.shop.after_sale(ID) for _ in range(20)))
    assert answers.calls("token.create") == [{"code": "", "grant_type": "authorization_self", "shop_id": "1111111"}]
    assert {used for name, _, used in answers.asked if name != "token.create"} == {"t1"}
    assert [used for name, _, used in answers.asked if name == "token.create"] == [None]


async def test_a_token_near_its_end_is_refreshed(outbound: Outbound) -> None:
    """With the refresh token first; when that is refused, anew."""
    answers = Answers({"token.create": token("t1", 0), "token.refresh": token("t2", 0), "afterSale.Detail": detail()})
    async with answers.server:
        platform = account(answers, outbound, access_token=None, shop_id="1111111")
        await platform.shop.after_sale(ID)
        await platform.shop.after_sale(ID)
        assert answers.calls("token.refresh")[0] == {"grant_type": "refresh_token", "refresh_token": "t1-refresh"}
        answers.says["token.refresh"] = ill(50001, "dop.token-generate-failed:token-expired")
        before = len(answers.calls("token.create"))
        await platform.shop.after_sale(ID)
        assert len(answers.calls("token.create")) == before + 1


async def test_without_a_token_nothing_leaves(outbound: Outbound) -> None:
    """The platform gives none: the interception never left, and a reading is no answer."""
    answers = Answers({"token.create": ill(50001, "dop.token-generate-failed:app-secret-invalid")})
    async with answers.server:
        route = account(answers, outbound, access_token=None, shop_id="1111111").route("zto")
        assert route is not None
        assert (await route.intercept(ask())).said is Said.NEVER_LEFT
        assert (await route.query(ask())).said is Said.NO_ANSWER
        assert await route.trace(ask()) is None
    assert {name for name, _, _ in answers.asked} == {"token.create"}


async def test_a_slow_token_takes_no_more_than_the_calls_own_time() -> None:
    """The verb ends within its limit, and nothing of the interception leaves."""

    class Slow(Answers):
        async def _answer(self, request: web.Request) -> web.Response:
            await asyncio.sleep(5)
            return await super()._answer(request)

    answers = Slow({"token.create": token("t1")})
    async with answers.server, Outbound(limit_s=0.2) as out:
        route = account(answers, out, access_token=None, shop_id="1111111").route("zto")
        assert route is not None
        began = time.monotonic()
        assert (await route.intercept(ask())).said is Said.NEVER_LEFT
        assert time.monotonic() - began < 1
    assert answers.calls(APPLY) == []


async def test_a_token_that_ended_early_is_replaced(outbound: Outbound) -> None:
    """The gateway turned the call away, having done nothing: it goes out again with a new token."""
    ended = ill(40003, "isv.access-token-expired", "access_token已过期")
    answers = Answers(
        {"token.create": token("t1"), "afterSale.applyLogisticsIntercept": ended, "afterSale.List": ended}
    )
    async with answers.server:
        route = account(answers, outbound, access_token=None, shop_id="1111111").route("zto")
        assert route is not None
        assert (await route.intercept(ask())).said is Said.NEVER_LEFT
        assert (await route.query(ask())).said is Said.NO_ANSWER
    assert len(answers.calls("token.create")) == 2


async def test_a_given_token_that_ended_is_the_operators_business(outbound: Outbound) -> None:
    """Somebody else renews it, so the account is not authorised until he does."""
    answers = Answers({APPLY: ill(40003, "isv.access-token-expired", "已过期")})
    async with answers.server:
        route = account(answers, outbound).route("zto")
        assert route is not None
        answer = await route.intercept(ask())
    assert answer.said is Said.REFUSED
    assert answer.alarm
    assert "demo-token" not in f"{answer}"


async def test_a_read_with_an_ended_token_is_asked_again(outbound: Outbound) -> None:
    """Reading twice is harmless, so the new token is used at once."""
    said: list[dict[str, Any]] = [ill(40003, "isv.access-token-no-existed"), detail()]
    answers = Answers(
        {"token.create": token("t1"), "afterSale.Detail": lambda _: said.pop(0), "order.orderDetail": ORDER}
    )
    async with answers.server:
        platform = account(answers, outbound, access_token=None, shop_id="1111111")
        assert await platform.shop.after_sale(ID) is not None


def test_a_carrier_that_the_platform_does_not_name_has_no_route(outbound: Outbound) -> None:
    """R8 refuses there."""
    platform = account(Answers({}), outbound, base_url="http://127.0.0.1:9")
    assert platform.route("zto") is not None
    assert platform.route("cainiao") is None
