"""People and shops as they are entered by commands and the demo."""

import pytest

from bot.domain.people import Role
from bot.merchants import people, shops
from bot.merchants.passwords import Hashed
from bot.store.database import Database
from tests.merchants.conftest import AT, House

HASHED = Hashed("scrypt$")


async def test_a_shop_is_entered_once(any_database: Database) -> None:
    """A second shop of the same id changes nothing."""
    first = await any_database.write(lambda c: shops.create(c, "demo", "栗木家居", AT, return_to="杭州仓"))
    second = await any_database.write(lambda c: shops.create(c, "demo", "另一家", AT))
    assert (first, second) == (True, False)
    shop = await any_database.read(lambda c: shops.facts(c, "demo"))
    assert shop == shops.Shop("demo", "栗木家居", active=True, cross_border=False, return_to="杭州仓")


@pytest.mark.parametrize("shop_id", ["", "a b", "店", "../x", "x" * 65])
async def test_a_shop_has_a_plain_id(database: Database, shop_id: str) -> None:
    """An id that could not be typed in a command is refused."""
    with pytest.raises(ValueError, match="letters"):
        await database.write(lambda c: shops.create(c, shop_id, "店", AT))


async def test_news_of_a_shop_are_kept(any_database: Database, house: House) -> None:
    """A shop that stops or goes abroad is no longer what it was; what is not named stays."""
    await any_database.write(lambda c: shops.change(c, "demo", active=False))
    await any_database.write(lambda c: shops.change(c, "demo", cross_border=True))
    await any_database.write(lambda c: shops.change(c, "demo"))
    everyone = await any_database.read(shops.list_all)
    assert [(s.shop_id, s.active, s.cross_border) for s in everyone] == [("demo", False, True), ("other", True, False)]


async def test_somebody_is_found_however_the_login_is_typed(any_database: Database, house: House) -> None:
    """Capitals, full-width letters and blanks around a login make no difference."""
    found = await any_database.read(
        lambda c: [people.by_login(c, typed) for typed in ("owner", " OWNER", "ｏｗｎｅｒ")]
    )
    assert [person and person.id for person in found] == [house.owner] * 3


async def test_a_login_is_one_persons(any_database: Database, house: House) -> None:
    """A login is taken over all shops, in any spelling."""
    with pytest.raises(people.LoginTaken):
        await any_database.write(
            lambda c: people.create(c, "other", "Owner", "另一个", Role.OWNER, password=HASHED, at=AT)
        )


async def test_nobody_enters_a_shop_that_is_not_there(any_database: Database) -> None:
    """A person of an unknown shop is refused."""
    with pytest.raises(shops.UnknownShop):
        await any_database.write(lambda c: people.create(c, "none", "owner", "谁", Role.OWNER, password=HASHED, at=AT))


@pytest.mark.parametrize("login", ["", "  ", "x" * 65, "a\nb"])
async def test_a_login_can_be_typed(any_database: Database, house: House, login: str) -> None:
    """An empty, endless or unprintable login is refused."""
    with pytest.raises(ValueError, match="login"):
        await any_database.write(lambda c: people.create(c, "demo", login, "谁", Role.AGENT, password=HASHED, at=AT))


async def test_the_people_of_a_shop_are_its_own(any_database: Database, house: House) -> None:
    """A shop's list names nobody of another shop, and can be narrowed to a role."""
    everyone = await any_database.read(lambda c: people.of_shop(c, "demo"))
    agents = await any_database.read(lambda c: people.of_shop(c, "demo", Role.AGENT))
    assert {p.login for p in everyone} == {"owner", "agent", "newcomer", "platform"}
    assert {p.login for p in agents} == {"agent", "newcomer"}
