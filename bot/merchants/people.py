"""People of a shop: its owner, its agents, and the platform's agents (`product.md`, terms)."""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from bot.domain.people import Role
from bot.merchants.passwords import Hashed
from bot.merchants.shops import require
from bot.store.people import people, sessions
from bot.store.sql import insert_new

_LONGEST_LOGIN = 64


class LoginTaken(ValueError):
    """Somebody has that login, in this shop or another: logins are typed without naming a shop."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in. `last_seen_at`: the latest sign-in."""

    id: str
    shop_id: str
    login: str
    name: str
    role: Role
    active: bool
    last_seen_at: datetime | None


def fold(login: str) -> str:
    """A login as it is compared: full-width letters, capitals and blanks around it make no difference."""
    return unicodedata.normalize("NFKC", login).strip().casefold()


def create(
    connection: Connection, shop_id: str, login: str, name: str, role: Role, *, password: Hashed, at: datetime
) -> str:
    """Enters a person and returns the id. Raises `UnknownShop`, `LoginTaken`, or `ValueError` for an unusable login."""
    login = fold(login)
    if not login or len(login) > _LONGEST_LOGIN or not login.isprintable():
        raise ValueError(f"a login is 1 to {_LONGEST_LOGIN} printable characters")
    require(connection, shop_id)
    person_id = f"p-{secrets.token_hex(8)}"
    row = {
        "id": person_id,
        "shop_id": shop_id,
        "login": login,
        "name": name,
        "role": role.value,
        "password_hash": password.text,
        "active": True,
        "created_at": at,
    }
    if not insert_new(connection, people, row):
        raise LoginTaken(login)
    return person_id


def get(connection: Connection, person_id: str) -> Person | None:
    """The person of that id."""
    row = connection.execute(select(people).where(people.c.id == person_id)).first()
    return None if row is None else person_of(row)


def by_login(connection: Connection, login: str) -> Person | None:
    """The person who signs in as that."""
    row = connection.execute(select(people).where(people.c.login == fold(login))).first()
    return None if row is None else person_of(row)


def of_shop(connection: Connection, shop_id: str, role: Role | None = None) -> list[Person]:
    """The people of a shop, all or those of one role, in the order in which they were entered."""
    wanted = select(people).where(people.c.shop_id == shop_id)
    if role is not None:
        wanted = wanted.where(people.c.role == role.value)
    return [person_of(row) for row in connection.execute(wanted.order_by(people.c.created_at, people.c.id))]


def change_password(connection: Connection, person_id: str, password: Hashed) -> None:
    """Sets a new password; whoever is signed in with the old one is signed out."""
    connection.execute(people.update().where(people.c.id == person_id).values(password_hash=password.text))
    _sign_out(connection, person_id)


def deactivate(connection: Connection, person_id: str) -> bool:
    """Signed out at once, and no longer able to sign in; False when that was so. What else ends when somebody leaves is
    `departure.leave`. The records keep the name.
    """
    return _set_active(connection, person_id, active=False)


def reactivate(connection: Connection, person_id: str) -> bool:
    """Able to sign in again, with the password of before; no session of before comes back. False when that was so."""
    return _set_active(connection, person_id, active=True)


def owner_name(connection: Connection, shop_id: str) -> str:
    """The owner whom an agent would ask, of several the first who has not left; empty where there is none."""
    return next((person.name for person in of_shop(connection, shop_id, Role.OWNER) if person.active), "")


def person_of(row: Row[Any]) -> Person:
    """A row of the table as everybody else sees it."""
    return Person(
        id=row.id,
        shop_id=row.shop_id,
        login=row.login,
        name=row.name,
        role=Role(row.role),
        active=row.active,
        last_seen_at=row.last_seen_at,
    )


def _set_active(connection: Connection, person_id: str, *, active: bool) -> bool:
    this = (people.c.id == person_id) & (people.c.active != active)
    changed = connection.execute(people.update().where(this).values(active=active)).rowcount == 1
    _sign_out(connection, person_id)
    return changed


def _sign_out(connection: Connection, person_id: str) -> None:
    connection.execute(sessions.delete().where(sessions.c.person_id == person_id))
