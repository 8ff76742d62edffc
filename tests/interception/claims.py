"""Claims of every shape that an ask may meet."""

from sqlalchemy import func, select

from bot.interception.asking import Target
from bot.store.cases import cases
from bot.store.database import Database
from tests.interception.shop import after_sale, closed, enter, parcel

NUMBER = "75400000000001"


async def entered(database: Database) -> None:
    """Claims for one parcel, for two, for one parcel twice, and another shop's for the first parcel."""
    one, two, three = parcel(NUMBER), parcel("75400000000002"), parcel("75400000000003")
    claims = [
        after_sale("7001", one),
        after_sale("7002", two, three),
        closed(after_sale("7003", parcel("75400000000004"))),
        after_sale("7004", parcel("75400000000004")),
        after_sale("7005", parcel("75400000000005")),
        after_sale("7006", parcel("75400000000005")),
        closed(after_sale("7007", parcel("75400000000006"))),
        closed(after_sale("7008", parcel("75400000000006"))),
        after_sale("7009"),
    ]
    await database.write(lambda c: enter(c, claims))
    await database.write(lambda c: enter(c, [after_sale("9001", one, parcel("99900000000001"))], "other"))


def to(number: str = NUMBER, after_sale_id: str | None = None) -> list[Target]:
    """One parcel."""
    return [Target(after_sale_id, number)]


async def count(database: Database) -> int:
    """How many records there are."""
    return await database.read(lambda c: int(c.execute(select(func.count()).select_from(cases)).scalar_one()))
