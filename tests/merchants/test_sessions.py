"""Signing in, staying signed in, and being locked out."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Connection, select

from bot.domain.people import Origin, Permission, Role
from bot.merchants import people, permissions
from bot.merchants.passwords import hash_password
from bot.merchants.sessions import Limits, Locked, Session, Sessions, Wrong
from bot.store.database import Database
from bot.store.people import sessions as table
from tests.merchants.conftest import AT, QUICK, House, asker_of


def desk(database: Database, **limits: object) -> Sessions:
    """The sessions with a quick hash."""
    return Sessions(database, Limits(**limits), QUICK)  # type: ignore[arg-type]


async def signed_in(sessions: Sessions, login: str) -> Session:
    """A session of that person."""
    session = await sessions.open(login, login.strip().lower())
    assert isinstance(session, Session)
    return session


async def test_the_right_password_opens(any_database: Database, house: House) -> None:
    """A session says who is there, in which shop and role."""
    session = await signed_in(desk(any_database), " Agent")
    assert (session.person.id, session.asker.shop_id) == (house.agent, "demo")
    assert (session.asker.role, session.asker.origin) == (Role.AGENT, Origin.AGENT)
    found = await desk(any_database).find(session.token)
    assert found == session


async def test_a_platform_agent_asks_as_one(any_database: Database, house: House) -> None:
    """The origin of what a platform agent does is recorded as such (U10)."""
    session = await signed_in(desk(any_database), "platform")
    assert (session.asker.role, session.asker.origin) == (Role.PLATFORM, Origin.PLATFORM_AGENT)


async def test_five_wrong_tries_lock_for_ten_minutes(any_database: Database, house: House) -> None:
    """Each wrong try says how many are left; then not even the right password opens until the lock ends."""
    sessions = desk(any_database)
    said = [await sessions.open("owner", f"wrong {n}") for n in range(5)]
    assert said[:4] == [Wrong(4), Wrong(3), Wrong(2), Wrong(1)]
    locked = said[4]
    assert isinstance(locked, Locked)
    assert await sessions.open("owner", "owner") == locked
    assert isinstance(await sessions.open("agent", "agent"), Session)


async def test_who_exists_is_not_told(any_database: Database, house: House) -> None:
    """An unknown login is answered like a wrong password, and locked like one."""
    sessions = desk(any_database, tries=2)
    assert await sessions.open("nobody", "x") == await sessions.open("owner", "x") == Wrong(1)
    assert isinstance(await sessions.open("nobody", "x"), Locked)


async def test_the_right_password_forgets_the_wrong_ones(any_database: Database, house: House) -> None:
    """After a success the count begins anew."""
    sessions = desk(any_database)
    for _ in range(3):
        for _ in range(3):
            await sessions.open("owner", "wrong")
        await signed_in(sessions, "owner")


async def test_the_last_try_may_be_right(any_database: Database, house: House) -> None:
    """The fifth try with the right password opens."""
    sessions = desk(any_database)
    for _ in range(4):
        await sessions.open("owner", "wrong")
    await signed_in(sessions, "owner")
    assert await sessions.open("owner", "wrong") == Wrong(4)


async def test_a_lock_ends_by_itself(any_database: Database, house: House) -> None:
    """When the time of the lock has passed, the count begins anew."""
    sessions = desk(any_database, tries=1, lock=timedelta(milliseconds=600))
    assert isinstance(await sessions.open("owner", "wrong"), Locked)
    assert isinstance(await sessions.open("owner", "owner"), Locked)
    await asyncio.sleep(0.65)
    assert isinstance(await sessions.open("owner", "owner"), Session)


async def test_guesses_at_once_count_one_by_one(any_database: Database, house: House) -> None:
    """Twenty guesses sent at the same time are no more tries than five."""
    sessions = desk(any_database)
    said = await asyncio.gather(*(sessions.open("owner", f"wrong {n}") for n in range(20)))
    assert sum(isinstance(answer, Wrong) for answer in said) == 4
    assert sum(isinstance(answer, Locked) for answer in said) == 16


async def test_no_token_is_stored(any_database: Database, house: House) -> None:
    """Whoever reads the table can't sign in with what stands there."""
    session = await signed_in(desk(any_database), "owner")
    rows = await any_database.read(lambda c: c.execute(select(table)).all())
    assert len(rows) == 1
    assert session.token.encode() not in rows[0].token_hash
    assert len(rows[0].token_hash) == 32


async def test_a_form_belongs_to_its_session(any_database: Database, house: House) -> None:
    """Only the value drawn into the session's own pages is taken from a form."""
    first, second = [await signed_in(desk(any_database), "owner") for _ in range(2)]
    assert first.is_from(first.csrf)
    assert not first.is_from(second.csrf)
    assert not first.is_from(None)
    assert not first.is_from("密")


async def test_signing_out_ends_it(any_database: Database, house: House) -> None:
    """A closed session is nobody's; another one of the same person stays."""
    sessions = desk(any_database)
    first, second = [await signed_in(sessions, "owner") for _ in range(2)]
    await sessions.close(first.token)
    assert await sessions.find(first.token) is None
    assert await sessions.find(second.token) == second


async def test_a_session_ends_after_its_hours(any_database: Database, house: House) -> None:
    """An expired session is nobody's."""
    session = await signed_in(desk(any_database, session=timedelta(0)), "owner")
    assert await desk(any_database).find(session.token) is None


async def test_an_unknown_token_is_nobodys(any_database: Database, house: House) -> None:
    """A token that was made up finds nobody, whatever it is made of."""
    sessions = desk(any_database)
    assert [await sessions.find(token) for token in ("", "x", "密", "\udcff")] == [None] * 4


async def test_a_change_counts_in_an_open_session(any_database: Database, house: House) -> None:
    """What the owner grants is there at the next question, without signing in again."""
    sessions = desk(any_database)
    session = await signed_in(sessions, "newcomer")
    assert session.asker.permissions == frozenset()
    await any_database.write(
        lambda c: permissions.grant(c, asker_of(c, house.owner), house.newcomer, Permission.LOGISTICS_TOOLS, AT)
    )
    found = await sessions.find(session.token)
    assert found is not None
    assert found.asker.permissions == {Permission.LOGISTICS_TOOLS}


async def test_somebody_who_has_left_is_out(any_database: Database, house: House) -> None:
    """Whoever is made inactive is signed out at once and can't come back; a new password signs out as well."""
    hashed = hash_password("neu", QUICK)
    changes: list[Callable[[Connection], None]] = [
        lambda c: people.change_password(c, house.agent, hashed),
        lambda c: people.deactivate(c, house.agent),
    ]
    sessions = desk(any_database)
    for password, change in zip(("agent", "neu"), changes, strict=True):
        session = await sessions.open("agent", password)
        assert isinstance(session, Session)
        await any_database.write(change)
        assert await sessions.find(session.token) is None
    assert isinstance(await sessions.open("agent", "neu"), Wrong)
    assert await sessions.begin(house.agent) is None


async def test_the_demo_signs_in_with_one_press(any_database: Database, house: House) -> None:
    """Somebody identified otherwise gets a session without a password, and the sign-in is noted."""
    session = await desk(any_database).begin(house.agent)
    assert session is not None
    person = await any_database.read(lambda c: people.get(c, house.agent))
    assert person is not None
    assert person.last_seen_at is not None
