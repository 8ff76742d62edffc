"""Signing both agreements, and who may."""

import pytest

from bot.domain.people import Asker, Origin, Permission
from bot.merchants import agreements, permissions
from bot.merchants.agreements import NotBoth
from bot.merchants.permissions import PermissionDenied
from bot.store.database import Database
from tests.merchants.conftest import AT, House, asker_of

BOTH = {"service": "2025-01-01", "debit": "2025-01-01"}


async def test_the_owner_signs_for_the_shop(any_database: Database, house: House) -> None:
    """Both agreements are signed in the versions that were shown, for this shop alone; twice is once."""
    assert await any_database.write(lambda c: agreements.sign(c, asker_of(c, house.owner), BOTH, AT))
    assert not await any_database.write(lambda c: agreements.sign(c, asker_of(c, house.owner), BOTH, AT))
    assert await any_database.read(lambda c: agreements.signed(c, "demo")) == BOTH
    assert await any_database.read(lambda c: agreements.signed(c, "other")) == {}


async def test_the_newest_version_counts(any_database: Database, house: House) -> None:
    """A shop that signs a later version has signed that one; the order of signing does not matter."""
    newer = {"service": "2026-06-01", "debit": "2025-01-01"}
    for versions in (newer, BOTH):
        await any_database.write(lambda c, v=versions: agreements.sign(c, asker_of(c, house.owner), v, AT))
    assert await any_database.read(lambda c: agreements.signed(c, "demo")) == newer


@pytest.mark.parametrize("only", ["service", "debit"])
async def test_half_a_signature_is_none(any_database: Database, house: House, only: str) -> None:
    """With one of the two not ticked nothing is signed, and the missing one is named."""
    with pytest.raises(NotBoth) as refused:
        await any_database.write(lambda c: agreements.sign(c, asker_of(c, house.owner), {only: "2025-01-01"}, AT))
    assert refused.value.missing == tuple({"service", "debit"} - {only})
    assert await any_database.read(lambda c: agreements.signed(c, "demo")) == {}


async def test_an_agent_signs_when_the_owner_lets_him(any_database: Database, house: House) -> None:
    """An agent signs only with that very permission."""
    with pytest.raises(PermissionDenied) as refused:
        await any_database.write(lambda c: agreements.sign(c, asker_of(c, house.agent), BOTH, AT))
    assert refused.value.needed is Permission.SIGN_AGREEMENTS
    for permission in (Permission.LOGISTICS_TOOLS, Permission.SIGN_AGREEMENTS):
        await any_database.write(
            lambda c, p=permission: permissions.grant(c, asker_of(c, house.owner), house.agent, p, AT)
        )
    assert await any_database.write(lambda c: agreements.sign(c, asker_of(c, house.agent), BOTH, AT))


async def test_nobody_else_signs(any_database: Database, house: House) -> None:
    """Neither a platform agent nor an API key binds a shop."""
    key = Asker("demo", Origin.API, "ERP", key_id="key-1")
    platform = await any_database.read(lambda c: asker_of(c, house.platform))
    for asker in (key, platform):
        with pytest.raises(PermissionDenied):
            await any_database.write(lambda c, a=asker: agreements.sign(c, a, BOTH, AT))
