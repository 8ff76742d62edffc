"""Our own database as a shop's platform."""

from bot.domain.after_sale import AfterSaleStatus
from bot.shops.contract import RefundSaid
from bot.shops.embedded.intake import EmbeddedIntake
from bot.shops.embedded.shop import EmbeddedShops
from bot.store.database import Database
from tests.shops.embedded.conftest import document, parcel

ID = document()["after_sale_id"]


async def test_what_was_imported_is_the_shop(any_database: Database, any_intake: EmbeddedIntake) -> None:
    """An after-sale is found by its own number, by its order and by its parcel; another shop has none of it."""
    await any_intake.after_sales("demo", [document(), document(after_sale_id="B", order_id="O2")])
    shop, other = EmbeddedShops(any_database).of("demo"), EmbeddedShops(any_database).of("other")
    found = await shop.after_sale(ID)
    assert found is not None
    assert await shop.after_sales_of("6900000000000000001") == [found]
    assert [a.after_sale_id for a in await shop.after_sales_of("75400000000001")] == [ID, "B"]
    assert await shop.after_sales_of(ID) == []
    assert await other.after_sale(ID) is None
    assert await other.after_sales_of("O2") == []


async def test_agreeing_closes_the_after_sale(any_database: Database, any_intake: EmbeddedIntake) -> None:
    """A refund agreed to is done, again is done too, and nothing else of the after-sale has changed."""
    await any_intake.after_sales("demo", [document(parcels=[parcel(), parcel("75400000000002")])])
    shop = EmbeddedShops(any_database).of("demo")
    before = await shop.after_sale(ID)
    for _ in range(2):
        assert (await shop.agree_refund(ID)).said is RefundSaid.DONE
    after = await shop.after_sale(ID)
    assert before is not None
    assert after is not None
    assert after.status is AfterSaleStatus.CLOSED
    assert after.parcels == before.parcels


async def test_there_is_nothing_to_agree_to(any_database: Database, any_intake: EmbeddedIntake) -> None:
    """An after-sale that the shop does not have is refused in words."""
    answer = await EmbeddedShops(any_database).of("demo").agree_refund(ID)
    assert answer.said is RefundSaid.REFUSED
    assert answer.text is not None
    assert answer.text.startswith("店铺里没有这个售后单")
