"""Who may do what: the owner grants, agents ask, and every change is kept (R11, ruling 18).

Read at the moment of asking, never remembered, so that a change counts at once, also for buttons of older cards.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from bot.domain.people import Asker, Origin, Permission, Role, Scope
from bot.merchants.people import Person, get
from bot.store.events import publish
from bot.store.people import grant_changes, grants, people
from bot.store.prepared import Prepared
from bot.store.sql import insert_new


class PermissionDenied(Exception):
    """Whoever asked may not do this; `needed` is what an owner could grant, None where only the owner can do it."""

    def __init__(self, needed: Permission | None) -> None:
        super().__init__("this is for the owner" if needed is None else f"needs {needed}")
        self.needed = needed


class Change(StrEnum):
    """What happened to a permission; `LEFT` and `RETURNED` to the person."""

    ASKED = "asked"
    GRANTED = "granted"
    REVOKED = "revoked"
    DECLINED = "declined"
    LEFT = "left"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class GrantChange:
    """One line of 谁改过: `by` changed `permission` of that person. Without a permission it was the person who left or
    came back; without a name it was the operator, from the command line.
    """

    seq: int
    person_id: str
    person: str
    permission: Permission | None
    change: Change
    by: str
    at: datetime


def granted(connection: Connection, person_id: str) -> frozenset[Permission]:
    """What the owner has granted to that person."""
    rows = _GRANTED.all(connection, {"person": person_id})
    return frozenset(Permission(row.permission) for row in rows)


def asker(connection: Connection, person: Person) -> Asker:
    """That person as an asker, with the permissions of this moment."""
    return Asker(
        shop_id=person.shop_id,
        origin=Origin.PLATFORM_AGENT if person.role is Role.PLATFORM else Origin.AGENT,
        name=person.name,
        role=person.role,
        person_id=person.id,
        permissions=granted(connection, person.id),
    )


def own_only(asker: Asker) -> bool:
    """Agents without the permission, and the platform's agents, see their own interceptions alone."""
    if asker.role is Role.OWNER:
        return False
    return asker.role is not Role.AGENT or Permission.LOGISTICS_TOOLS not in asker.permissions


def require_tools(by: Asker) -> None:
    """Raises `PermissionDenied` for whoever could not ask for an interception either (R11): what one may not begin, one
    may not take back, pause or confirm for others.
    """
    if by.origin is Origin.API:
        may = Scope.INTERCEPTIONS_WRITE in by.scopes
    else:
        may = by.role is not Role.AGENT or Permission.LOGISTICS_TOOLS in by.permissions
    if not may:
        raise PermissionDenied(Permission.LOGISTICS_TOOLS)


def grant(connection: Connection, by: Asker, person_id: str, permission: Permission, at: datetime) -> bool:
    """The owner lets an agent of the shop do it; False: granted already. An open request is answered by it."""
    agent = _agent(connection, by, person_id)
    row = {"person_id": agent.id, "permission": permission.value, "granted_by": by.person_id, "granted_at": at}
    if not insert_new(connection, grants, row):
        return False
    _note(connection, agent, permission, Change.GRANTED, by.name, at)
    return True


def revoke(connection: Connection, by: Asker, person_id: str, permission: Permission, at: datetime) -> bool:
    """The owner takes it back; False: it was not granted."""
    agent = _agent(connection, by, person_id)
    gone = connection.execute(
        grants.delete().where(grants.c.person_id == agent.id, grants.c.permission == permission.value)
    )
    if gone.rowcount == 0:
        return False
    _note(connection, agent, permission, Change.REVOKED, by.name, at)
    return True


def ask(connection: Connection, by: Asker, permission: Permission, at: datetime) -> bool:
    """An agent asks the owner for a permission; False: asked already and not yet answered, or granted."""
    person = None if by.person_id is None else get(connection, by.person_id)
    if person is None or not person.active or person.role is not Role.AGENT or person.shop_id != by.shop_id:
        raise PermissionDenied(None)
    if permission in granted(connection, person.id) or _newest(connection, person.id, permission) is Change.ASKED:
        return False
    _note(connection, person, permission, Change.ASKED, by.name, at)
    return True


def decline(connection: Connection, by: Asker, person_id: str, permission: Permission, at: datetime) -> bool:
    """The owner says no to an open request; False: there is none."""
    agent = _agent(connection, by, person_id)
    if _newest(connection, agent.id, permission) is not Change.ASKED:
        return False
    _note(connection, agent, permission, Change.DECLINED, by.name, at)
    return True


def take_all(connection: Connection, person: Person, by_name: str, at: datetime) -> None:
    """Takes back whatever that person may do, and answers what the person asked for with no: a line for each."""
    for permission in sorted(granted(connection, person.id)):
        _note(connection, person, permission, Change.REVOKED, by_name, at)
    connection.execute(grants.delete().where(grants.c.person_id == person.id))
    for permission in Permission:
        if _newest(connection, person.id, permission) is Change.ASKED:
            _note(connection, person, permission, Change.DECLINED, by_name, at)


def note_person(connection: Connection, person: Person, change: Change, by_name: str, at: datetime) -> None:
    """Keeps that the person left or came back, beside the changes of permissions; live pages hear of it."""
    _note(connection, person, None, change, by_name, at)


def open_requests(connection: Connection, shop_id: str) -> list[GrantChange]:
    """What waits for the owner's answer, oldest first."""
    latest = (
        select(func.max(grant_changes.c.seq))
        .where(grant_changes.c.shop_id == shop_id)
        .group_by(grant_changes.c.person_id, grant_changes.c.permission)
    )
    wanted = (
        select(grant_changes, people.c.name)
        .join(people, people.c.id == grant_changes.c.person_id)
        .where(grant_changes.c.seq.in_(latest), grant_changes.c.change == Change.ASKED.value)
        .order_by(grant_changes.c.seq)
    )
    return [_change(row) for row in connection.execute(wanted)]


def history(connection: Connection, shop_id: str, limit: int = 50) -> list[GrantChange]:
    """Who changed what, newest first."""
    wanted = (
        select(grant_changes, people.c.name)
        .join(people, people.c.id == grant_changes.c.person_id)
        .where(grant_changes.c.shop_id == shop_id)
        .order_by(grant_changes.c.seq.desc())
        .limit(limit)
    )
    return [_change(row) for row in connection.execute(wanted)]


def announce(connection: Connection, shop_id: str, at: datetime) -> None:
    """Tells live pages that who may do what in this shop has changed."""
    version = connection.execute(
        select(func.coalesce(func.max(grant_changes.c.seq), 0)).where(grant_changes.c.shop_id == shop_id)
    ).scalar_one()
    publish(connection, shop_id, "permissions", version, at)


def _agent(connection: Connection, by: Asker, person_id: str) -> Person:
    """The agent whose permission the owner changes. Somebody of another shop, or who has left, does not exist here."""
    if by.role is not Role.OWNER:
        raise PermissionDenied(None)
    person = get(connection, person_id)
    if person is None or person.shop_id != by.shop_id or person.role is not Role.AGENT or not person.active:
        raise LookupError(person_id)
    return person


def _newest(connection: Connection, person_id: str, permission: Permission) -> Change | None:
    wanted = (
        select(grant_changes.c.change)
        .where(grant_changes.c.person_id == person_id, grant_changes.c.permission == permission.value)
        .order_by(grant_changes.c.seq.desc())
        .limit(1)
    )
    newest = connection.execute(wanted).scalar()
    return None if newest is None else Change(newest)


def _note(
    connection: Connection, person: Person, permission: Permission | None, change: Change, by_name: str, at: datetime
) -> None:
    connection.execute(
        grant_changes.insert(),
        {
            "shop_id": person.shop_id,
            "person_id": person.id,
            "permission": "" if permission is None else permission.value,
            "change": change.value,
            "by_name": by_name,
            "at": at,
        },
    )
    announce(connection, person.shop_id, at)


def _change(row: Row[Any]) -> GrantChange:
    return GrantChange(
        seq=row.seq,
        person_id=row.person_id,
        person=row.name,
        permission=Permission(row.permission) if row.permission else None,
        change=Change(row.change),
        by=row.by_name,
        at=row.at,
    )


_GRANTED = Prepared(select(grants.c.permission).where(grants.c.person_id == bindparam("person")))
