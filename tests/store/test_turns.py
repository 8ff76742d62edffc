"""A pace holds, whoever keeps it: so many at once, then one each step, each with a turn of its own."""

import asyncio
from datetime import timedelta

from bot.store.database import Database
from bot.store.turns import Lane, hold, take
from tests.store.conftest import AT

LANE = Lane("slack", "C1", "answer", timedelta(seconds=2), 3)


def seconds(count: float) -> timedelta:
    """So long."""
    return timedelta(seconds=count)


async def test_a_burst_and_then_one_each_step(stored: Database) -> None:
    """Three at once, the fourth a step later, and so on; after a rest it begins anew."""
    turns = [await stored.write(lambda c: take(c, LANE, AT)) - AT for _ in range(6)]
    assert turns == [seconds(s) for s in (0, 0, 0, 2, 4, 6)]
    later = AT + seconds(600)
    assert [await stored.write(lambda c: take(c, LANE, later)) - later for _ in range(4)] == [
        seconds(s) for s in (0, 0, 0, 2)
    ]


async def test_everybody_has_his_own_turn(stored: Database) -> None:
    """Twenty that come at the same moment get twenty turns, none of them twice; another chat waits for none."""
    turns = await asyncio.gather(*(stored.write(lambda c: take(c, LANE, AT)) for _ in range(20)))
    assert sorted(turn - AT for turn in turns) == [seconds(max(0, n - 2) * 2) for n in range(20)]
    other = Lane("slack", "C2", "answer", timedelta(seconds=2), 3)
    assert await stored.write(lambda c: take(c, other, AT)) == AT


async def test_in_peace_until_then(stored: Database) -> None:
    """Held, also before its first turn, it gives none earlier; an earlier end changes nothing."""
    until = AT + seconds(30)
    await stored.write(lambda c: hold(c, LANE, until))
    await stored.write(lambda c: hold(c, LANE, AT + seconds(10)))
    assert [await stored.write(lambda c: take(c, LANE, AT)) - AT for _ in range(2)] == [seconds(30), seconds(32)]
