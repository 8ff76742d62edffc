"""Signing in to the console, and who a session's cookie belongs to.

The token is 256 random bits; the table has its SHA-256 alone, so that whoever reads the database can't sign in with it.
The row of failures is raised before the password is looked at, so that guesses sent at once count one by one.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select

from bot.domain.people import Asker
from bot.merchants import people as persons
from bot.merchants.passwords import Checker, Cost, Hashed
from bot.merchants.people import Person, person_of
from bot.merchants.permissions import asker
from bot.store.database import Database, now
from bot.store.people import people, sessions, sign_in_failures
from bot.store.prepared import Prepared
from bot.store.sql import insert_new

_LONGEST_LOGIN = 64


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in, with the permissions of this moment.

    `csrf` goes into each form and is compared by `is_from`; `token` is the cookie's value.
    """

    token: str
    csrf: str
    person: Person
    asker: Asker
    expires_at: datetime

    def is_from(self, csrf: str | None) -> bool:
        """Whether a form that carries this value was drawn for this session."""
        return csrf is not None and secrets.compare_digest(csrf.encode("utf-8", "replace"), self.csrf.encode())


@dataclass(frozen=True, slots=True)
class Wrong:
    """Login or password is wrong, which of them is not told; so many tries are left before the lock."""

    left: int


@dataclass(frozen=True, slots=True)
class Locked:
    """Too many wrong tries: not even the right password opens before then."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lasts, and when a login is locked (ruling 21)."""

    session: timedelta = timedelta(hours=12)
    tries: int = 5
    lock: timedelta = timedelta(minutes=10)


class Sessions:
    """What the console asks about who is there. Nothing is remembered between two questions (ruling 9)."""

    def __init__(self, database: Database, limits: Limits | None = None, cost: Cost | None = None) -> None:
        self._database = database
        self._limits = limits or Limits()
        self._checker = Checker(cost)

    async def open(self, login: str, password: str) -> Session | Wrong | Locked:
        """Signs in. The same answer and the same time, whether the login or the password is wrong."""
        login = persons.fold(login)[:_LONGEST_LOGIN]
        attempt = await self._database.write(lambda c: self._attempt(c, login))
        if isinstance(attempt, Locked):
            return attempt
        right = await self._checker.matches(password, attempt.hashed)
        if right and attempt.person is not None:
            person_id = attempt.person.id
            session = await self._database.write(lambda c: self._signed_in(c, login, person_id))
            if session is not None:
                return session
        return Wrong(attempt.left) if attempt.locked_until is None else Locked(attempt.locked_until)

    async def begin(self, person_id: str) -> Session | None:
        """A session for somebody whom another way has identified: the demo's sign-ins with one press."""
        return await self._database.write(lambda c: self._begin(c, person_id))

    async def find(self, token: str) -> Session | None:
        """Whose cookie it is; None when it is nobody's, has expired, or its person has left."""
        return await self._database.read(lambda c: _find(c, token))

    async def close(self, token: str) -> None:
        """Signs out; the token is worth nothing from here on."""
        await self._database.write(
            lambda c: c.execute(sessions.delete().where(sessions.c.token_hash == _hash(token))).rowcount
        )

    def _attempt(self, connection: Connection, login: str) -> _Attempt | Locked:
        at = now(connection)
        self._forget(connection, at)
        mine = sign_in_failures.c.login == login
        insert_new(connection, sign_in_failures, {"login": login, "count": 0, "last_at": at})
        count, locked_until = connection.execute(
            select(sign_in_failures.c.count, sign_in_failures.c.locked_until).where(mine).with_for_update()
        ).one()
        if locked_until is not None:
            return Locked(locked_until)
        count += 1
        until = at + self._limits.lock if count >= self._limits.tries else None
        connection.execute(sign_in_failures.update().where(mine).values(count=count, locked_until=until, last_at=at))
        found = connection.execute(select(people).where(people.c.login == login, people.c.active)).first()
        return _Attempt(
            None if found is None else person_of(found),
            None if found is None else Hashed(found.password_hash),
            max(self._limits.tries - count, 0),
            until,
        )

    def _forget(self, connection: Connection, at: datetime) -> None:
        """Failures older than the lock lasts count no more, and neither do sessions that have ended."""
        connection.execute(sign_in_failures.delete().where(sign_in_failures.c.last_at <= at - self._limits.lock))
        connection.execute(sessions.delete().where(sessions.c.expires_at <= at))

    def _signed_in(self, connection: Connection, login: str, person_id: str) -> Session | None:
        connection.execute(sign_in_failures.delete().where(sign_in_failures.c.login == login))
        return self._begin(connection, person_id)

    def _begin(self, connection: Connection, person_id: str) -> Session | None:
        at = now(connection)
        person = persons.get(connection, person_id)
        if person is None or not person.active:
            return None
        token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        expires_at = at + self._limits.session
        connection.execute(
            sessions.insert(),
            {
                "token_hash": _hash(token),
                "person_id": person.id,
                "csrf": csrf,
                "created_at": at,
                "expires_at": expires_at,
            },
        )
        connection.execute(people.update().where(people.c.id == person.id).values(last_seen_at=at))
        return Session(token, csrf, replace(person, last_seen_at=at), asker(connection, person), expires_at)


@dataclass(frozen=True, slots=True)
class _Attempt:
    person: Person | None
    hashed: Hashed | None
    left: int
    locked_until: datetime | None


def _find(connection: Connection, token: str) -> Session | None:
    row = _FOUND.first(connection, {"hash": _hash(token)})
    if row is None or row.expires_at <= now(connection):
        return None
    person = person_of(row)
    return Session(token, row.csrf, person, asker(connection, person), row.expires_at)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


_FOUND = Prepared(
    select(people, sessions.c.csrf, sessions.c.expires_at)
    .join(sessions, sessions.c.person_id == people.c.id)
    .where(sessions.c.token_hash == bindparam("hash"), people.c.active)
)
