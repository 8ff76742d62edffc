"""What live pages replay: nothing is passed over, whoever commits first (ruling 24)."""

import random
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import Connection, text

from bot.store.database import Database, PostgresDatabase, open_database
from bot.store.events import LiveEvent, latest, publish, since
from tests.store.conftest import AT, enter_shops
from tests.stored import connected


async def publish_one(database: Database, target: str, shop_id: str = "demo") -> None:
    """One change, in a transaction of its own."""
    await database.write(lambda c: publish(c, shop_id, target, 1, AT))


async def targets(database: Database, after: int = 0) -> list[str]:
    """What a page that has seen `after` is told."""
    return [event.target for event in await database.read(lambda c: since(c, "demo", after))]


async def test_a_page_hears_what_came_after_it_was_drawn(stored: Database) -> None:
    """From the id at which a page was drawn, later changes of its shop come in order, none earlier, none of others."""
    await publish_one(stored, "case:a")
    drawn = await stored.read(lambda c: latest(c, "demo"))
    await publish_one(stored, "case:b")
    await publish_one(stored, "case:x", "other")
    await publish_one(stored, "case:c")
    assert await targets(stored, drawn) == ["case:b", "case:c"]
    assert await targets(stored) == ["case:a", "case:b", "case:c"]


async def test_a_page_hears_in_portions(stored: Database) -> None:
    """At most so many at once; the last id of a portion leads to the next."""
    for number in range(5):
        await publish_one(stored, f"case:{number}")
    first = await stored.read(lambda c: since(c, "demo", 0, 3))
    rest = await stored.read(lambda c: since(c, "demo", first[-1].id, 3))
    assert [event.target for event in first + rest] == [f"case:{number}" for number in range(5)]


async def test_an_empty_shop_begins_at_nought(stored: Database) -> None:
    """A page of a shop in which nothing ever changed begins at id 0 and hears nothing."""
    assert await stored.read(lambda c: latest(c, "demo")) == 0
    assert await targets(stored) == []


async def test_a_change_that_was_rolled_back_is_never_heard(stored: Database) -> None:
    """What a transaction told before it failed is gone with it."""

    def fail(connection: Connection) -> None:
        publish(connection, "demo", "case:never", 1, AT)
        raise LookupError("on purpose")

    with pytest.raises(LookupError, match="on purpose"):
        await stored.write(fail)
    await publish_one(stored, "case:a")
    assert await targets(stored) == ["case:a"]


@pytest.fixture
async def shared(shared_url: str) -> PostgresDatabase:
    """PostgreSQL with both shops."""
    opened = open_database(shared_url)
    assert isinstance(opened, PostgresDatabase)
    await opened.write(enter_shops)
    return opened


async def test_no_reader_passes_a_smaller_id_that_may_still_commit(shared: PostgresDatabase) -> None:
    """While the writer of a smaller id has not committed, the larger id of a quicker one is not shown, and no page is
    drawn from it; afterwards both come in order.
    """
    async with connected(shared) as slow:
        await slow.run_sync(lambda c: publish(c, "demo", "case:slow", 1, AT))
        await publish_one(shared, "case:quick")
        assert await targets(shared) == []
        assert await shared.read(lambda c: latest(c, "demo")) == 0
        await slow.commit()
    assert await targets(shared) == ["case:slow", "case:quick"]
    await shared.close()


async def test_a_smaller_id_that_is_given_up_holds_nobody(shared: PostgresDatabase) -> None:
    """When the writer of the smaller id rolls back, the larger one is shown."""
    async with connected(shared) as slow:
        await slow.run_sync(lambda c: publish(c, "demo", "case:slow", 1, AT))
        await publish_one(shared, "case:quick")
        await slow.rollback()
    assert await targets(shared) == ["case:quick"]
    await shared.close()


async def test_a_reader_sees_its_own_transaction_only_when_it_is_committed(shared: PostgresDatabase) -> None:
    """A page that is drawn while readers alone are open is told of everything that is committed."""
    async with connected(shared) as reading:
        await reading.run_sync(lambda c: latest(c, "demo"))
        await publish_one(shared, "case:a")
        assert await targets(shared) == ["case:a"]
    await shared.close()


async def test_whatever_the_order_of_commits_a_page_hears_each_change_once(shared: PostgresDatabase) -> None:
    """Writers begin, publish and commit in any order; a page that asks in between hears every change exactly once."""
    chance = random.Random(20261124)
    written: list[str] = []
    heard: list[LiveEvent] = []

    async def ask() -> None:
        last = heard[-1].id if heard else 0
        heard.extend(await shared.read(lambda c: since(c, "demo", last, 3)))

    async with AsyncExitStack() as stack:
        writers = [await stack.enter_async_context(connected(shared)) for _ in range(4)]
        for number in range(160):
            writer = chance.choice(writers)
            step = chance.choice(["begin", "publish", "publish", "commit", "commit", "ask"])
            if step == "begin":
                await writer.execute(text("SELECT pg_current_xact_id()"))
            elif step == "publish":
                target = f"case:{number}"
                written.append(target)
                await writer.run_sync(lambda c, t=target: publish(c, "demo", t, 1, AT))  # type: ignore[misc]
            elif step == "commit":
                await writer.commit()
            else:
                await ask()
        for writer in writers:
            await writer.commit()
    for _ in written:
        await ask()
    assert sorted(event.target for event in heard) == sorted(written)
    await shared.close()
