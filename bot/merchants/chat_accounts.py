"""Chat accounts of a shop's people: bound by a code that the person took, or by the owner who approves what an account
asked for; taken back by either. A name in a chat proves nothing, so the owner compares four digits with the person.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from bot.domain.people import Asker, Role
from bot.merchants import people
from bot.merchants.people import Person
from bot.merchants.permissions import PermissionDenied, announce
from bot.store import chats
from bot.store.cards import Offer, card_actions, offer, offered, use
from bot.store.chats import binding_codes, chat_people
from bot.store.people import people as people_table

VERB = "bind_account"
HOLDS = timedelta(hours=24)
"""So long an account's request waits for the owner."""

MOST_OPEN = 5
"""So many requests may wait for one person: whoever knows a login must not fill the owner's page."""


@dataclass(frozen=True, slots=True)
class Account:
    """A chat account, and whose it is."""

    person_id: str
    name: str
    login: str
    channel: str
    tenant: str
    user_id: str
    bound_at: datetime


@dataclass(frozen=True, slots=True)
class Request:
    """A chat account that wants to be that person's. `check`: four digits that stand in the chat as well."""

    id: str
    person_id: str
    name: str
    login: str
    channel: str
    tenant: str
    user_id: str
    check: str
    at: datetime


def of_shop(connection: Connection, shop_id: str) -> list[Account]:
    """Every bound account of the shop's people, by person."""
    wanted = (
        select(chat_people, people_table.c.name, people_table.c.login)
        .join(people_table, people_table.c.id == chat_people.c.person_id)
        .where(people_table.c.shop_id == shop_id)
        .order_by(people_table.c.created_at, people_table.c.id, chat_people.c.bound_at)
    )
    return [_account(row) for row in connection.execute(wanted)]


def of_person(connection: Connection, person_id: str) -> list[Account]:
    """That person's accounts, oldest first."""
    person = people.get(connection, person_id)
    found = [] if person is None else of_shop(connection, person.shop_id)
    return [account for account in found if account.person_id == person_id]


def new_code(connection: Connection, person_id: str, at: datetime) -> str:
    """A code as `chats.new_code` makes it; those that this person took before hold no longer."""
    before = (binding_codes.c.person_id == person_id) & binding_codes.c.used_at.is_(None)
    connection.execute(binding_codes.update().where(before, binding_codes.c.expires_at > at).values(expires_at=at))
    return chats.new_code(connection, person_id, at)


def ask(connection: Connection, login: str, channel: str, tenant: str, user_id: str, at: datetime) -> str:
    """An account that nobody has bound asks to be that person's; returns the digits that the owner will see beside it.

    The same digits when it has asked before. Where there is no such person they stand nowhere: whoever asks cannot tell
    who works here. A platform's agent is nobody whom an owner could approve.
    """
    check = f"{secrets.randbelow(10_000):04d}"
    person = people.by_login(connection, login)
    if person is None or not person.active or person.role is Role.PLATFORM:
        return check
    subject = {"person": person.id, "channel": channel, "tenant": tenant, "user": user_id}
    waiting = [made for made in _open(connection, person.shop_id, at) if made.subject["person"] == person.id]
    for made in waiting:
        if {**made.subject, "check": ""} == {**subject, "check": ""}:
            return str(made.subject["check"])
    if len(waiting) < MOST_OPEN:
        offer(connection, person.shop_id, VERB, {**subject, "check": check}, at)
        announce(connection, person.shop_id, at)
    return check


def open_requests(connection: Connection, shop_id: str, at: datetime) -> list[Request]:
    """What waits for the owner, oldest first; of people who have left nothing does."""
    known = {person.id: person for person in people.of_shop(connection, shop_id) if person.active}
    return [
        Request(
            id=made.id,
            person_id=person.id,
            name=person.name,
            login=person.login,
            channel=str(made.subject["channel"]),
            tenant=str(made.subject["tenant"]),
            user_id=str(made.subject["user"]),
            check=str(made.subject["check"]),
            at=made.created_at,
        )
        for made in _open(connection, shop_id, at)
        if (person := known.get(str(made.subject["person"]))) is not None
    ]


def answer(connection: Connection, by: Asker, request_id: str, at: datetime, *, yes: bool) -> bool:
    """The owner's answer to a request of the shop; False when somebody was first. Raises `PermissionDenied` for others,
    and `LookupError` where nothing waits under that id.
    """
    if by.role is not Role.OWNER:
        raise PermissionDenied(None)
    made = offered(connection, by.shop_id, request_id)
    if made is None or made.verb != VERB or made.created_at <= at - HOLDS:
        raise LookupError(request_id)
    person = people.get(connection, str(made.subject["person"]))
    if person is None or not person.active:
        raise LookupError(request_id)
    if not use(connection, made.id, by.name, ["yes" if yes else "no"], at):
        return False
    if yes:
        _enter(connection, made, at)
    announce(connection, by.shop_id, at)
    return True


def unbind(
    connection: Connection, by: Asker, person_id: str, channel: str, tenant: str, user_id: str, at: datetime
) -> bool:
    """Takes a binding back: one's own, or as the owner anybody's of the shop; False when there is none. Raises
    `PermissionDenied`.
    """
    person = people.get(connection, person_id)
    if person is None or person.shop_id != by.shop_id:
        return False
    if person_id != by.person_id and by.role is not Role.OWNER:
        raise PermissionDenied(None)
    if not chats.unbind(connection, person_id, channel, tenant, user_id):
        return False
    announce(connection, by.shop_id, at)
    return True


def end_all(connection: Connection, person: Person, by_name: str, at: datetime) -> None:
    """Nobody is that person in any chat any more, nor can become so by a code or a request of before."""
    mine = (binding_codes.c.person_id == person.id) & binding_codes.c.used_at.is_(None)
    # Codes before accounts, in the order of whoever binds one.
    connection.execute(binding_codes.update().where(mine, binding_codes.c.expires_at > at).values(expires_at=at))
    connection.execute(chat_people.delete().where(chat_people.c.person_id == person.id))
    for made in _open(connection, person.shop_id, at):
        if made.subject["person"] == person.id:
            use(connection, made.id, by_name, ["no"], at)


def _enter(connection: Connection, made: Offer, at: datetime) -> None:
    """Binds what was approved, by a code that nobody sees: there is one way in."""
    subject = made.subject
    code = chats.new_code(connection, str(subject["person"]), at)
    chats.bind(connection, str(subject["channel"]), str(subject["tenant"]), str(subject["user"]), code, at)


def _open(connection: Connection, shop_id: str, at: datetime) -> list[Offer]:
    wanted = select(card_actions).where(
        card_actions.c.shop_id == shop_id,
        card_actions.c.created_at > at - HOLDS,
        card_actions.c.verb == VERB,
        card_actions.c.used_at.is_(None),
    )
    rows = connection.execute(wanted.order_by(card_actions.c.created_at, card_actions.c.id))
    return [Offer(row.id, row.shop_id, row.verb, row.subject, row.created_at, None, None, []) for row in rows]


def _account(row: Row[Any]) -> Account:
    return Account(row.person_id, row.name, row.login, row.channel, row.tenant, row.user_id, row.bound_at)
