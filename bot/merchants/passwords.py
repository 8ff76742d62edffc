"""Passwords, kept as scrypt hashes: the standard library's, so nothing is added to the locks.

A hash costs about 0.2 s of one core and 16 MB, so it is made in a thread (the computation lets go of the interpreter)
and never inside a transaction.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass

_MOST_AT_ONCE = 2
_MAX_MEMORY = 64 * 1024 * 1024
_SALT_BYTES = 16
_HASH_BYTES = 32

LONGEST = 200
"""A longer password is wrong: nobody types it, and hashing it would be work for whoever sends it."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess costs: memory 128 × `block` × 2^`log_n` bytes, and that `passes` times."""

    log_n: int = 14
    block: int = 8
    passes: int = 5


@dataclass(frozen=True, slots=True)
class Hashed:
    """A hash as it is stored. A type of its own, so that no password is stored in its place by mistake."""

    text: str


def hash_password(password: str, cost: Cost | None = None) -> Hashed:
    """The salted hash of a password. Slow on purpose: call it in a thread where an event loop is running."""
    cost = cost or Cost()
    salt = os.urandom(_SALT_BYTES)
    return _written(cost, salt, _scrypt(password, salt, cost))


def matches(password: str, hashed: Hashed) -> bool:
    """Whether it is that password, compared in constant time. A hash that can't be read matches nothing."""
    try:
        kind, log_n, block, passes, salt, digest = hashed.text.split("$")
        cost = Cost(int(log_n), int(block), int(passes))
        expected = base64.b64decode(digest, validate=True)
        salt_bytes = base64.b64decode(salt, validate=True)
    except (ValueError, binascii.Error):
        return False
    if kind != "scrypt" or len(password) > LONGEST:
        return False
    return hmac.compare_digest(_scrypt(password, salt_bytes, cost), expected)


def new_password() -> str:
    """A password that is printed once (`person add`): 80 bits, without letters that look alike."""
    letters = "abcdefghijkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


class Checker:
    """Checks passwords beside the event loop, few at once: many sign-ins take turns, the memory stays bounded."""

    def __init__(self, cost: Cost | None = None) -> None:
        self._turns = asyncio.Semaphore(_MOST_AT_ONCE)
        # Compared with when there is no such person, so that the time of an answer does not tell who exists.
        self._nobody = _written(cost or Cost(), os.urandom(_SALT_BYTES), os.urandom(_HASH_BYTES))

    async def matches(self, password: str, hashed: Hashed | None) -> bool:
        """Whether it is that person's password; False, after the same time, when there is no such person."""
        async with self._turns:
            right = await asyncio.to_thread(matches, password, hashed or self._nobody)
        return right and hashed is not None


def _scrypt(password: str, salt: bytes, cost: Cost) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=1 << cost.log_n,
        r=cost.block,
        p=cost.passes,
        maxmem=_MAX_MEMORY,
        dklen=_HASH_BYTES,
    )


def _written(cost: Cost, salt: bytes, digest: bytes) -> Hashed:
    parts = (cost.log_n, cost.block, cost.passes, _base64(salt), _base64(digest))
    return Hashed("$".join(("scrypt", *map(str, parts))))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
