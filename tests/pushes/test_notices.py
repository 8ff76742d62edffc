"""News of the platform: the after-sale is read again, tried again where it could not be, and given up at last."""

from typing import Any

import pytest
from sqlalchemy import select

from bot.domain.after_sale import AfterSaleStatus
from bot.pushes import notices
from bot.store.database import now
from bot.store.telling import choose
from bot.store.told import Place, told_after_sales
from tests.pushes.conftest import House, eventually
from tests.pushes.told import NUMBER, SALE, detail, doudian
from tests.shops.doudian.platform import ill, well

DETAIL, ORDER, LIST = "afterSale.Detail", "order.orderDetail", "afterSale.List"


async def _read(house: House) -> bool:
    return [result for _, result in await house.news()] == [["read"]]


async def test_news_becomes_an_after_sale(house: House) -> None:
    """What is kept is what the platform shows when it is asked, for that shop alone."""
    house.platform.says[DETAIL] = well(detail())
    await house.push("doudian", doudian(("m1", SALE)))
    await eventually(lambda: _read(house))
    sale = await house.sale(SALE)
    assert sale is not None
    assert sale.status is AfterSaleStatus.OPEN
    assert [(parcel.tracking_number, parcel.carrier) for parcel in sale.parcels] == [(NUMBER, "zto")]
    assert await house.sale(SALE, "other") is None


async def test_a_chosen_chat_is_told_once(house: House) -> None:
    """The after-sale is noted for the shop's chat in the transaction that keeps it; pushed again, it is no news."""
    place = Place("slack", "C1")
    await house.database.write(lambda c: choose(c, "own", place, "王店主", None, now(c)))
    house.platform.says[DETAIL] = well(detail())
    for message in ("m1", "m2"):
        await house.push("doudian", doudian((message, SALE)))

    async def both_read() -> bool:
        return [result for _, result in await house.news()] == [["read"], ["read"]]

    await eventually(both_read)
    noted = select(told_after_sales.c.shop_id, told_after_sales.c.chat, told_after_sales.c.after_sale_id)
    assert await house.database.read(lambda c: c.execute(noted).all()) == [("own", "C1", SALE)]


async def test_later_news_replaces_it(house: House) -> None:
    """An after-sale that was closed meanwhile is closed here too: R7 judges what was read last."""
    house.platform.says[DETAIL] = well(detail())
    await house.push("doudian", doudian(("m1", SALE)))
    await eventually(lambda: _read(house))
    house.platform.says[DETAIL] = well(detail(after_sale_status=12, aftersale_status_to_final_time=1795480500))
    await house.push("doudian", doudian(("m2", SALE)))

    async def closed() -> bool:
        sale = await house.sale(SALE)
        return sale is not None and sale.status is AfterSaleStatus.CLOSED

    await eventually(closed)


async def test_a_platform_that_is_away_is_asked_again(house: House) -> None:
    """News outlives a platform that does not answer; nothing is lost, and the wait grows."""
    house.platform.says[DETAIL] = None
    await house.push("doudian", doudian(("m1", SALE)))
    for tries in (1, 2):
        await eventually(lambda tries=tries: _tried(house, tries))
        assert [result for _, result in await house.news()] == [None]
        if tries == 1:
            await house.hurry()
    house.platform.says[DETAIL] = well(detail())
    await house.hurry()
    await eventually(lambda: _read(house))


async def _tried(house: House, tries: int) -> bool:
    return [count for count, _ in await house.news()] == [tries]


async def test_what_is_never_there_is_given_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the last wait the row is closed with why, and an operator hears of it."""
    monkeypatch.setattr(notices, "WAITS_S", (0.01, 0.01))
    house.platform.says[DETAIL] = ill(50002, "isv.business-failed:1")
    await house.push("doudian", doudian(("m1", SALE)))

    async def given_up() -> bool:
        return await house.news() == [(3, ["not_readable"])]

    await eventually(given_up)
    assert await house.sale(SALE) is None


# --- numbers that nobody told us -----------------------------------------------------------------------------------


async def test_an_unknown_after_sale_is_asked_of_the_platform(house: House) -> None:
    """The merchant's system asks for one that we never heard of: it is read, kept, and judged like any other."""
    house.platform.says[DETAIL] = well(detail())
    status, body = await house.intercept(after_sale_id=SALE)
    assert status == 200, body
    (item,) = body["items"]
    assert (item["tracking_number"], item["state"]) == (NUMBER, "refused")
    assert "AGREEMENT_NOT_SIGNED" in [reason["code"] for reason in item["reasons"]]


async def test_an_unknown_parcel_is_asked_of_the_platform(house: House) -> None:
    """A tracking number leads to the after-sales that it belongs to."""

    def found(params: dict[str, Any]) -> dict[str, Any]:
        return well(detail()) if params["after_sale_id"] == SALE else ill(50002)

    house.platform.says[DETAIL] = found
    listed = {"items": [{"aftersale_info": {"aftersale_id": SALE}}], "has_more": False}
    house.platform.says[LIST] = well(listed)
    status, body = await house.intercept(tracking_numbers=[NUMBER])
    assert (status, body["items"][0]["after_sale_id"]) == (200, SALE)


async def test_what_the_platform_does_not_know_is_not_found(house: House) -> None:
    """404 as ever; asked again within the minute, the platform is left alone."""
    house.platform.says |= {DETAIL: ill(50002), LIST: well({"items": [], "has_more": False})}
    for _ in range(2):
        status, body = await house.intercept(after_sale_id=SALE)
        assert (status, body["code"]) == (404, "NOT_FOUND")
    assert len(house.platform.calls(DETAIL)) == 1


async def test_what_is_stored_is_not_asked_for(house: House) -> None:
    """Every decision reads our own tables: a known after-sale costs the platform nothing."""
    house.platform.says[DETAIL] = well(detail())
    await house.intercept(after_sale_id=SALE)
    asked = len(house.platform.calls(DETAIL))
    await house.intercept(after_sale_id=SALE)
    assert len(house.platform.calls(DETAIL)) == asked
