"""What only the shop's platform knows: brought when somebody names it, read again when there is news of it."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from bot.domain.after_sale import AfterSale, AfterSaleStatus
from bot.domain.case import State
from bot.domain.parcel import Parcel, Stage
from bot.interception.entering import Entering
from bot.interception.pace import Pace
from bot.shops.contract import RefundAnswer, RefundSaid
from bot.store import after_sales
from bot.store.database import Database
from tests.interception.by_hand import NUMBER, do, opened, row, succeed
from tests.interception.shop import START, after_sale, enter, event, parcel


@dataclass
class Platform:
    """Meets `Shop` and `Shops`: one shop's platform."""

    claims: list[AfterSale] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    slow: bool = False

    def of(self, shop_id: str) -> "Platform | None":
        return self if shop_id == "demo" else None

    async def after_sale(self, after_sale_id: str) -> AfterSale | None:
        self.asked.append(after_sale_id)
        if self.slow:
            await asyncio.sleep(60)
        return next((claim for claim in self.claims if claim.after_sale_id == after_sale_id), None)

    async def after_sales_of(self, number: str) -> list[AfterSale]:
        return [claim for claim in self.claims if number == claim.order_id or claim.parcel(number) is not None]

    async def agree_refund(self, after_sale_id: str) -> RefundAnswer:
        return RefundAnswer(RefundSaid.DONE)


def scanned(*stages: Stage) -> Parcel:
    """The parcel with these scans, a minute apart."""
    trace = tuple(event(stage, at=START + timedelta(minutes=i)) for i, stage in enumerate(stages))
    return replace(parcel(NUMBER), trace=trace)


async def test_an_unknown_number_is_brought(still: Database) -> None:
    """A number that nobody told us leads to the platform's after-sale from then on."""
    platform = Platform([after_sale("7001", parcel(NUMBER))])
    entering = Entering(still, platform, Pace())
    assert await entering.bring("demo", [NUMBER])
    found = await still.read(lambda c: after_sales.find(c, "demo", NUMBER))
    assert [claim.after_sale_id for claim in found] == ["7001"]


async def test_what_the_platform_does_not_know_is_not_asked_again_at_once(still: Database) -> None:
    """A card is drawn more often than a platform may be asked; another shop has nobody to be asked."""
    platform = Platform()
    entering = Entering(still, platform, Pace())
    assert not await entering.bring("demo", ["nowhere"])
    assert not await entering.bring("demo", ["nowhere"])
    assert not await entering.bring("other", ["nowhere"])
    assert platform.asked == ["nowhere"]


async def test_news_without_scans_is_no_contradiction(still: Database) -> None:
    """The courier had the parcel before the success: news of the after-sale alone says nothing against it."""
    before = [Stage.PICKED_UP, Stage.OUT_FOR_DELIVERY]
    await still.write(lambda c: enter(c, [after_sale("7001", scanned(*before))]))
    case_id = await opened(still)
    await do(still, lambda c: succeed(c, case_id))
    platform = Platform([replace(after_sale("7001", scanned(*before)), status=AfterSaleStatus.CLOSED)])
    assert await Entering(still, platform, Pace()).read_again("demo", "7001")
    assert (await row(still, case_id)).way_home is None
    found = await still.read(lambda c: after_sales.load(c, "demo", "7001"))
    assert found is not None
    assert found.status is AfterSaleStatus.CLOSED


@pytest.mark.parametrize("stage, home", [(Stage.DELIVERED, "contradicted"), (Stage.RETURNING, "returning")])
async def test_news_with_scans_moves_the_case(still: Database, stage: Stage, home: str) -> None:
    """A scan that is new moves the parcel's interception in the same transaction."""
    await still.write(lambda c: enter(c, [after_sale("7001", scanned(Stage.PICKED_UP))]))
    case_id = await opened(still)
    await do(still, lambda c: succeed(c, case_id))
    platform = Platform([after_sale("7001", scanned(Stage.PICKED_UP, stage))])
    assert await Entering(still, platform, Pace()).read_again("demo", "7001")
    found = await row(still, case_id)
    assert (found.state, found.way_home) == (State.SUCCEEDED, home)


async def test_news_of_nothing_is_to_be_tried_again(still: Database) -> None:
    """A platform that cannot be read leaves what is stored as it is."""
    await still.write(lambda c: enter(c, [after_sale("7001", parcel(NUMBER))]))
    assert not await Entering(still, Platform(), Pace()).read_again("demo", "7001")
    assert not await Entering(still, None, Pace()).read_again("demo", "7001")
