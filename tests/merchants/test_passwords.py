"""Passwords are kept as slow salted hashes."""

import asyncio
import time

import pytest

from bot.merchants import passwords
from bot.merchants.passwords import Checker, Cost, Hashed, hash_password, matches

QUICK = Cost(log_n=4, passes=1)


@pytest.mark.parametrize("password", ["abcd-efgh", "口令 密码", "", "x" * 200, "a\x00b"])
def test_a_password_matches_its_own_hash_alone(password: str) -> None:
    """The right password matches, another one does not."""
    hashed = hash_password(password, QUICK)
    assert matches(password, hashed)
    assert not matches(password + "x", hashed)


def test_a_hash_shows_nothing() -> None:
    """The same password is stored differently each time, and never stands in its hash."""
    first, second = hash_password("geheim", QUICK), hash_password("geheim", QUICK)
    assert first != second
    assert "geheim" not in first.text


def test_an_older_cost_is_still_read() -> None:
    """A hash carries its own cost, so that a dearer one later locks nobody out."""
    assert matches("geheim", hash_password("geheim", Cost(log_n=5, passes=2)))


@pytest.mark.parametrize("text", ["", "geheim", "scrypt$1$2", "scrypt$4$8$1$!!$!!", "md5$4$8$1$AAAA$AAAA"])
def test_a_broken_hash_matches_nothing(text: str) -> None:
    """A stored text that is no hash of ours lets nobody in."""
    assert not matches(text, Hashed(text))


def test_an_endless_password_is_not_hashed() -> None:
    """A password beyond the limit is wrong without any work."""
    long = "x" * (passwords.LONGEST + 1)
    assert not matches(long, hash_password(long, QUICK))


def test_new_passwords_differ() -> None:
    """A password that is made for somebody is long and new each time."""
    made = {passwords.new_password() for _ in range(50)}
    assert len(made) == 50
    assert min(map(len, made)) == 19


async def test_a_check_holds_up_nobody() -> None:
    """While passwords are checked at their full cost, the event loop goes on."""
    hashed = await asyncio.to_thread(hash_password, "geheim")
    checker = Checker()
    checks = asyncio.gather(*(checker.matches("geheim", hashed) for _ in range(3)))
    longest = 0.0
    while not checks.done():
        began = time.perf_counter()
        await asyncio.sleep(0.002)
        longest = max(longest, time.perf_counter() - began)
    assert await checks == [True, True, True]
    assert longest < 0.15


async def test_nobody_has_no_password() -> None:
    """Where there is no such person, every password is wrong."""
    assert not await Checker(QUICK).matches("", None)
