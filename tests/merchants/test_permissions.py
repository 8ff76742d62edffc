"""The owner grants, agents ask, and every change is kept."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from bot.domain.people import Asker, Origin, Permission, Role
from bot.merchants import permissions
from bot.merchants.permissions import Change, PermissionDenied
from bot.store import events
from bot.store.database import Database
from tests.merchants.conftest import AT, House, asker_of

TOOLS = Permission.LOGISTICS_TOOLS

Act = Callable[[Connection, Asker, str, Permission], bool]


def grant(c: Connection, by: Asker, whom: str, what: Permission) -> bool:
    """`permissions.grant` at the time of the tests."""
    return permissions.grant(c, by, whom, what, AT)


def revoke(c: Connection, by: Asker, whom: str, what: Permission) -> bool:
    """`permissions.revoke` at the time of the tests."""
    return permissions.revoke(c, by, whom, what, AT)


def decline(c: Connection, by: Asker, whom: str, what: Permission) -> bool:
    """`permissions.decline` at the time of the tests."""
    return permissions.decline(c, by, whom, what, AT)


def ask(c: Connection, by: Asker, _whom: str, what: Permission) -> bool:
    """`permissions.ask` at the time of the tests."""
    return permissions.ask(c, by, what, AT)


async def act(database: Database, what: Act, by: str, whom: str) -> bool:
    """Somebody does it to somebody."""
    return await database.write(lambda c: what(c, asker_of(c, by), whom, TOOLS))


async def lines(database: Database) -> list[tuple[str, Change, str]]:
    """Who changed what, newest first."""
    kept = await database.read(lambda c: permissions.history(c, "demo"))
    return [(line.person, line.change, line.by) for line in kept]


async def test_what_is_granted_is_there_until_it_is_revoked(any_database: Database, house: House) -> None:
    """Both changes count at once, each is kept, and doing it twice changes nothing."""
    assert await act(any_database, grant, house.owner, house.agent)
    assert not await act(any_database, grant, house.owner, house.agent)
    assert await any_database.read(lambda c: permissions.granted(c, house.agent)) == {TOOLS}
    assert await act(any_database, revoke, house.owner, house.agent)
    assert not await act(any_database, revoke, house.owner, house.agent)
    assert await any_database.read(lambda c: permissions.granted(c, house.agent)) == frozenset()
    assert await lines(any_database) == [("Agent", Change.REVOKED, "Owner"), ("Agent", Change.GRANTED, "Owner")]


async def test_a_request_waits_for_the_owner(any_database: Database, house: House) -> None:
    """A request is open until it is answered, once however often it is asked."""
    assert await act(any_database, ask, house.newcomer, "")
    assert not await act(any_database, ask, house.newcomer, "")
    waiting = await any_database.read(lambda c: permissions.open_requests(c, "demo"))
    assert [(r.person_id, r.permission) for r in waiting] == [(house.newcomer, TOOLS)]
    assert await act(any_database, grant, house.owner, house.newcomer)
    assert await any_database.read(lambda c: permissions.open_requests(c, "demo")) == []
    assert not await act(any_database, ask, house.newcomer, "")


async def test_a_declined_request_can_be_asked_again(any_database: Database, house: House) -> None:
    """No is an answer, and there is nothing to decline without a request."""
    assert not await act(any_database, decline, house.owner, house.newcomer)
    await act(any_database, ask, house.newcomer, "")
    assert await act(any_database, decline, house.owner, house.newcomer)
    assert await any_database.read(lambda c: permissions.open_requests(c, "demo")) == []
    assert await any_database.read(lambda c: permissions.granted(c, house.newcomer)) == frozenset()
    assert await act(any_database, ask, house.newcomer, "")


@pytest.mark.parametrize("what", [grant, revoke, decline])
@pytest.mark.parametrize("who", ["agent", "platform"])
async def test_only_the_owner_decides(any_database: Database, house: House, what: Act, who: str) -> None:
    """Nobody else grants, revokes or declines, not even for himself."""
    with pytest.raises(PermissionDenied):
        await act(any_database, what, getattr(house, who), house.newcomer)
    assert await lines(any_database) == []


@pytest.mark.parametrize("what", [grant, revoke, decline])
async def test_another_shops_people_do_not_exist(any_database: Database, house: House, what: Act) -> None:
    """The owner of one shop changes nothing in another, and an owner needs no permission."""
    with pytest.raises(LookupError):
        await act(any_database, what, house.stranger, house.agent)
    with pytest.raises(LookupError):
        await act(any_database, what, house.owner, house.owner)


async def test_only_agents_ask(any_database: Database, house: House) -> None:
    """Owner, platform agents and API keys have nothing to ask for."""
    for who in (house.owner, house.platform):
        with pytest.raises(PermissionDenied):
            await act(any_database, ask, who, "")
    key = Asker("demo", Origin.API, "ERP", key_id="key-1")
    with pytest.raises(PermissionDenied):
        await any_database.write(lambda c: ask(c, key, "", TOOLS))


async def test_live_pages_hear_of_each_change(any_database: Database, house: House) -> None:
    """Each change is told with a rising version, in the shop where it happened."""
    await act(any_database, grant, house.owner, house.agent)
    await act(any_database, revoke, house.owner, house.agent)
    told = await any_database.read(lambda c: events.since(c, "demo", 0))
    assert [event.target for event in told] == ["permissions", "permissions"]
    assert told[0].version < told[1].version
    assert await any_database.read(lambda c: events.since(c, "other", 0)) == []


async def test_an_asker_has_the_permissions_of_the_moment(any_database: Database, house: House) -> None:
    """Whoever is read after a grant has it."""
    await act(any_database, grant, house.owner, house.agent)
    asker = await any_database.read(lambda c: asker_of(c, house.agent))
    assert (asker.role, asker.permissions) == (Role.AGENT, {TOOLS})
