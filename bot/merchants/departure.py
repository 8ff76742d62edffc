"""Somebody leaves the shop, and comes back: everything that ends with it, in one transaction.

Permissions are taken, and not kept for a return: who comes back can sign in, and may do what the owner then grants in
view of the page. Whatever slipped in while somebody was leaving (a session, a binding, a grant) is ended again by the
return, so that nothing comes back unseen. Interceptions, records and fees keep the name, and a confirmed interception
goes on. The shop's keys for the API are no person's and stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.domain.people import Asker, Role
from bot.merchants import chat_accounts, people, permissions
from bot.merchants.people import Person
from bot.merchants.permissions import Change, PermissionDenied
from bot.store import telling
from bot.store.answered import answered
from bot.store.people import grant_changes
from bot.store.people import people as people_table
from bot.store.told import Place

Talks = Mapping[str, tuple[str, ...] | None]
"""By channel, how the names of chats begin in which one person is alone with the bot; None, or no entry: names do not
say (`channels/contract.py`)."""


class LastOwner(ValueError):
    """Without that person nobody could sign, grant or restore: a shop keeps an owner."""


class Oneself(ValueError):
    """An owner cannot take himself out: a slip would shut him out."""


@dataclass(frozen=True, slots=True)
class Gone:
    """Somebody who has left, by whom and when; `by` is empty for the operator, both are None where nobody noted it."""

    person: Person
    by: str | None
    at: datetime | None


def take_out(connection: Connection, by: Asker, person_id: str, talks: Talks, at: datetime) -> bool:
    """The owner takes an agent, or another owner, out of the shop; False: has left already. Raises `PermissionDenied`,
    `LookupError` for whoever is not of the shop, and for the platform's agents, `Oneself`, `LastOwner`.
    """
    person = _theirs(connection, by, person_id)
    if person.id == by.person_id:
        raise Oneself(person.login)
    return leave(connection, person, by.name, talks, at)


def bring_back(connection: Connection, by: Asker, person_id: str, at: datetime) -> bool:
    """The owner lets somebody who has left sign in again; False: has not left. Raises as `take_out` does."""
    return come_back(connection, _theirs(connection, by, person_id), by.name, at)


def leave(connection: Connection, person: Person, by_name: str, talks: Talks, at: datetime) -> bool:
    """That person has left; False: already. `by_name` is empty for the operator. Raises `LastOwner`."""
    if person.role is Role.OWNER and person.active and not _another_owner(connection, person):
        raise LastOwner(person.login)
    if not people.deactivate(connection, person.id):
        return False
    _end(connection, person, by_name, at)
    for place, chosen_by in telling.places_told(connection, person.shop_id).items():
        if _is_alone_there(connection, person, place, chosen_by, talks.get(place.channel)):
            telling.forget(connection, person.shop_id, place)
    permissions.note_person(connection, person, Change.LEFT, by_name, at)
    return True


def come_back(connection: Connection, person: Person, by_name: str, at: datetime) -> bool:
    """That person can sign in again, and nothing more; an owner is an owner again. False: has not left."""
    if not people.reactivate(connection, person.id):
        return False
    _end(connection, person, by_name, at)
    permissions.note_person(connection, person, Change.RETURNED, by_name, at)
    return True


def gone(connection: Connection, shop_id: str) -> list[Gone]:
    """Who has left the shop, the latest first; the platform's agents are not the shop's."""
    left = [p for p in people.of_shop(connection, shop_id) if not p.active and p.role is not Role.PLATFORM]
    mine = (grant_changes.c.shop_id == shop_id) & (grant_changes.c.change == Change.LEFT.value)
    newest = select(func.max(grant_changes.c.seq)).where(mine).group_by(grant_changes.c.person_id)
    rows = connection.execute(select(grant_changes).where(grant_changes.c.seq.in_(newest)))
    lines = {row.person_id: row for row in rows}
    found = [
        Gone(person, None, None) if line is None else Gone(person, line.by_name, line.at)
        for person in left
        for line in [lines.get(person.id)]
    ]
    return sorted(found, key=lambda one: 0.0 if one.at is None else one.at.timestamp(), reverse=True)


def _theirs(connection: Connection, by: Asker, person_id: str) -> Person:
    """Somebody whom this owner may take out. Another shop's people do not exist here, nor do the platform's."""
    if by.role is not Role.OWNER:
        raise PermissionDenied(None)
    person = people.get(connection, person_id)
    if person is None or person.shop_id != by.shop_id or person.role is Role.PLATFORM:
        raise LookupError(person_id)
    return person


def _another_owner(connection: Connection, person: Person) -> bool:
    """Whether the shop has an owner besides. Two who take each other out wait for each other here."""
    wanted = select(people_table.c.id, people_table.c.active).where(
        people_table.c.shop_id == person.shop_id, people_table.c.role == Role.OWNER.value
    )
    owners = connection.execute(wanted.order_by(people_table.c.id).with_for_update())
    return any(row.active and row.id != person.id for row in owners)


def _end(connection: Connection, person: Person, by_name: str, at: datetime) -> None:
    permissions.take_all(connection, person, by_name, at)
    chat_accounts.end_all(connection, person, by_name, at)


def _is_alone_there(
    connection: Connection, person: Person, place: Place, chosen_by: str | None, talks_of_two: tuple[str, ...] | None
) -> bool:
    """Whether that chat is a talk of the bot with this person alone. Where names of chats do not say, a colleague who
    was answered there proves that others read, as for cards (`channels/leaving.py`).
    """
    if talks_of_two is not None and not place.chat.startswith(talks_of_two):
        return False
    there = answered(connection, person.shop_id, place.channel, place.chat)
    if not there:  # cards are kept for some weeks only; whoever chose it stands beside it for good
        return chosen_by == person.name
    if talks_of_two is not None:
        return there[0].person_id == person.id  # an account that was bound anew: its talk is the latest one's
    others = any(one.active and one.person_id != person.id for one in there)
    return not others and any(one.person_id == person.id for one in there)
