"""A shop with its people."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection

from bot.domain.people import Asker, Role
from bot.merchants import people, permissions, shops
from bot.merchants.passwords import Cost, hash_password
from bot.store.database import Database

AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
QUICK = Cost(log_n=4, passes=1)


@dataclass(frozen=True)
class House:
    """Shop `demo` with an owner, two agents and a platform agent, shop `other` with its owner; ids of people."""

    owner: str
    agent: str
    newcomer: str
    platform: str
    stranger: str


def enter(connection: Connection) -> House:
    """Enters both shops and their people; everybody's password is the login."""
    for shop_id in ("demo", "other"):
        shops.create(connection, shop_id, f"店 {shop_id}", AT)

    def person(shop_id: str, login: str, role: Role) -> str:
        password = hash_password(login, QUICK)
        return people.create(connection, shop_id, login, login.title(), role, password=password, at=AT)

    return House(
        owner=person("demo", "owner", Role.OWNER),
        agent=person("demo", "agent", Role.AGENT),
        newcomer=person("demo", "newcomer", Role.AGENT),
        platform=person("demo", "platform", Role.PLATFORM),
        stranger=person("other", "stranger", Role.OWNER),
    )


@pytest.fixture
async def house(any_database: Database) -> House:
    """Both shops, on each kind of database."""
    return await any_database.write(enter)


def asker_of(connection: Connection, person_id: str) -> Asker:
    """That person as whoever asks now."""
    person = people.get(connection, person_id)
    assert person is not None
    return permissions.asker(connection, person)
