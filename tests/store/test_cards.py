"""The inbox and what buttons stand for: kept once, dealt with once, and the first press decides."""

import asyncio
from datetime import timedelta

from sqlalchemy import select

from bot.store.cards import (
    INBOX_DUE,
    Received,
    dealt_with,
    inbox,
    offer,
    offered,
    receive,
    received,
    try_later,
    use,
)
from bot.store.database import Database
from bot.store.events import since
from tests.store.conftest import AT, minutes

TAKEOVER = timedelta(seconds=10)


async def take(database: Database, message_id: str = "m1", text: str = "拦截", channel: str = "console") -> Received:
    """A message comes in."""
    return await database.write(lambda c: receive(c, channel, message_id, {"text": text}, AT, TAKEOVER))


async def test_a_message_is_kept_once(stored: Database) -> None:
    """The same message again finds what was kept of the first; another channel may use the same id."""
    first, again = await take(stored), await take(stored, text="anders")
    assert first.is_new
    assert not again.is_new
    assert (again.seq, again.payload, again.result) == (first.seq, {"text": "拦截"}, None)
    assert (await take(stored, channel="feishu")).is_new


async def test_the_same_message_at_once_is_kept_once(stored: Database) -> None:
    """Of many deliveries at the same moment one is new, and all are the same message."""
    taken = await asyncio.gather(*(take(stored) for _ in range(16)))
    assert sum(one.is_new for one in taken) == 1
    assert len({one.seq for one in taken}) == 1


async def test_a_message_comes_due_until_it_is_dealt_with(stored: Database) -> None:
    """If whoever took it is gone, a message comes due after a while; never again once it was dealt with."""
    kept = await take(stored)

    async def next_at() -> object:
        return await stored.read(lambda c: c.execute(select(inbox.c.next_at)).scalar_one())

    assert await next_at() == AT + TAKEOVER
    await stored.write(lambda c: try_later(c, kept.seq, minutes(1)))
    assert await next_at() == minutes(1)
    assert await stored.write(lambda c: dealt_with(c, kept.seq, ["case:a"], minutes(2)))
    assert await next_at() is None
    assert await stored.read(lambda c: INBOX_DUE.due(c, (), 5)) == []


async def test_the_first_to_deal_with_a_message_closes_it(stored: Database) -> None:
    """What was shown first stays what the message led to; a second end changes nothing and says so."""
    kept = await take(stored)
    assert await stored.write(lambda c: dealt_with(c, kept.seq, ["case:a"], AT))
    assert not await stored.write(lambda c: dealt_with(c, kept.seq, ["case:b"], AT))
    found = await stored.read(lambda c: received(c, kept.seq))
    assert found is not None
    assert found.result == ["case:a"]
    assert (await take(stored)).result == ["case:a"]
    assert await stored.read(lambda c: received(c, kept.seq + 1)) is None


async def test_the_first_press_uses_an_offer(stored: Database) -> None:
    """Of many presses at once one counts; everybody finds who it was and what it did, and pages are told once."""
    subject = {"after_sale_id": "7001", "picked": ["731"]}
    action = await stored.write(lambda c: offer(c, "demo", "confirm", subject, AT).id)

    async def press(name: str) -> bool:
        return await stored.write(lambda c: use(c, action, name, [f"case:{name}"], minutes(1)))

    names = [f"p{number}" for number in range(8)]
    pressed = await asyncio.gather(*map(press, names))
    (winner,) = (name for name, first in zip(names, pressed, strict=True) if first)
    found = await stored.read(lambda c: offered(c, "demo", action))
    assert found is not None
    assert (found.used_by, found.used_at, found.result) == (winner, minutes(1), [f"case:{winner}"])
    assert (found.verb, found.subject, found.created_at) == ("confirm", subject, AT)
    assert [event.target for event in await stored.read(lambda c: since(c, "demo", 0))] == [f"confirm:{action}"]


async def test_an_offer_belongs_to_its_shop(stored: Database) -> None:
    """Another shop does not find it, an unknown one is nobody's, and its id is opaque."""
    first, second = [await stored.write(lambda c: offer(c, "demo", "confirm", {}, AT).id) for _ in range(2)]
    assert await stored.read(lambda c: offered(c, "other", first)) is None
    assert await stored.read(lambda c: offered(c, "demo", "nothing")) is None
    assert first != second
    assert len(first) == 24
