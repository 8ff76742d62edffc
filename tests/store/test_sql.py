"""Inserting what is not there yet."""

import asyncio
from typing import Any

from sqlalchemy import Connection, func, select

from bot.store.database import Database
from bot.store.people import people
from bot.store.sql import insert_new
from tests.store.conftest import AT


def person(person_id: str, login: str) -> dict[str, Any]:
    """A row of people."""
    return {
        "id": person_id,
        "shop_id": "demo",
        "login": login,
        "name": login,
        "role": "agent",
        "password_hash": "-",
        "active": True,
        "created_at": AT,
    }


async def test_any_unique_key_counts(stored: Database) -> None:
    """A row whose key, or any other unique column, is taken is not inserted, and nothing is changed."""

    def write(connection: Connection) -> list[bool]:
        rows = [person("p1", "li"), person("p1", "wang"), person("p2", "li"), person("p2", "wang")]
        return [insert_new(connection, people, row) for row in rows]

    assert await stored.write(write) == [True, False, False, True]
    found = await stored.read(lambda c: c.execute(select(people.c.id, people.c.login).order_by(people.c.id)).all())
    assert [tuple(row) for row in found] == [("p1", "li"), ("p2", "wang")]


async def test_of_many_at_once_one_is_new(stored: Database) -> None:
    """However many insert the same row at the same moment, one is told that it was new."""
    told = await asyncio.gather(*(stored.write(lambda c: insert_new(c, people, person("p1", "li"))) for _ in range(12)))
    assert sum(told) == 1
    assert await stored.read(lambda c: c.execute(select(func.count()).select_from(people)).scalar_one()) == 1
