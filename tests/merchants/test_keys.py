"""API keys: shown once, stored hashed, revoked at once."""

import pytest
from sqlalchemy import select

from bot.domain.people import Asker, Origin, Scope
from bot.merchants import keys, shops
from bot.merchants.keys import Keys
from bot.store.database import Database, open_database
from bot.store.people import api_keys
from tests.merchants.conftest import AT, House


async def test_a_key_is_its_shops(any_database: Database, house: House) -> None:
    """Whoever has the key asks for its shop, with its scopes."""
    wanted = [Scope.LEDGER_READ, Scope.INTERCEPTIONS_WRITE, Scope.LEDGER_READ]
    key_id, key = await any_database.write(lambda c: keys.create(c, "demo", wanted, "ERP", AT))
    assert await Keys(any_database).asker(key) == Asker(
        shop_id="demo", origin=Origin.API, name="ERP", key_id=key_id, scopes=frozenset(wanted)
    )


async def test_the_key_itself_is_not_stored(any_database: Database, house: House) -> None:
    """The table and the list of keys hold nothing that one could ask with."""
    _, key = await any_database.write(lambda c: keys.create(c, "demo", [Scope.LEDGER_READ], "", AT))
    row = (await any_database.read(lambda c: c.execute(select(api_keys)).all()))[0]
    assert key.encode() not in row.key_hash
    assert key not in repr(await any_database.read(keys.list_all))


async def test_a_revoked_key_is_nobodys_at_once(any_database: Database, house: House) -> None:
    """From the moment of its revocation a key opens nothing; the list still shows it. Twice is once."""
    key_id, key = await any_database.write(lambda c: keys.create(c, "demo", [Scope.DATA_WRITE], "alt", AT))
    asked = Keys(any_database)
    assert await asked.asker(key) is not None
    assert await any_database.write(lambda c: keys.revoke(c, key_id, AT))
    assert await asked.asker(key) is None
    assert not await any_database.write(lambda c: keys.revoke(c, key_id, AT))
    listed = await any_database.read(keys.list_all)
    assert [(k.id, k.revoked_at) for k in listed] == [(key_id, AT)]


async def test_a_key_made_beside_the_bot_counts_at_once(database: Database, sqlite_url: str) -> None:
    """What another process writes is seen by the very next question (ruling 9)."""
    asked = Keys(database)
    assert await asked.asker("ibk_none") is None
    beside = open_database(sqlite_url)
    await beside.write(lambda c: shops.create(c, "demo", "店", AT))
    key_id, key = await beside.write(lambda c: keys.create(c, "demo", [Scope.DATA_WRITE], "", AT))
    assert await asked.asker(key) is not None
    await beside.write(lambda c: keys.revoke(c, key_id, AT))
    assert await asked.asker(key) is None
    await beside.close()


async def test_a_key_needs_a_shop_and_a_scope(any_database: Database, house: House) -> None:
    """No key is made for a shop that is not there, or for nothing."""
    with pytest.raises(shops.UnknownShop):
        await any_database.write(lambda c: keys.create(c, "none", [Scope.DATA_WRITE], "", AT))
    with pytest.raises(ValueError, match="scope"):
        await any_database.write(lambda c: keys.create(c, "demo", [], "", AT))
    assert await any_database.read(lambda c: keys.list_all(c, "demo")) == []


@pytest.mark.parametrize("key", ["", "x", "ibk_", "密", "\udcff"])
async def test_what_is_no_key_is_nobodys(any_database: Database, house: House, key: str) -> None:
    """A key that was made up belongs to nobody."""
    assert await Keys(any_database).asker(key) is None
