"""Cards that answer nobody: how many messages they become, when, and what is worth a new one; the pace of a chat."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import Connection, func, select, update

from bot.cards.card import Card
from bot.channels import pushing
from bot.channels.budget import Budget, Rate, Sending, asked_to_wait_s, turn
from bot.channels.contract import Channel, ChannelFacts, NotPosted, Place, Posted, Throttled
from bot.channels.posting import Posting
from bot.domain.after_sale import AfterSale, AfterSaleStatus, AfterSaleType
from bot.domain.parcel import Parcel
from bot.domain.people import Asker, Origin
from bot.handlers.contract import Desk, Incoming, Reply
from bot.outbound import Response
from bot.store import telling, told
from bot.store.after_sales import save, version_of
from bot.store.cards import OUTBOX_DUE, outbox
from bot.store.cases import cases
from bot.store.database import Database, now, open_database
from bot.store.shops import shops
from bot.store.telling import Quiet
from bot.store.told import told_after_sales
from tests.store.conftest import case_row

AT = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
"""14:00 in Beijing."""
HERE = told.Place("there", "C1")
FACTS = ChannelFacts("there", "There")
NEVER = replace(FACTS, changes_for=timedelta(0), changes=0)


@dataclass
class Now:
    """A clock that a test moves."""

    at: datetime = AT

    def now(self) -> datetime:
        return self.at

    def steady(self) -> float:
        return self.at.timestamp()


@dataclass
class There:
    """A channel that remembers what it showed."""

    facts: ChannelFacts = FACTS
    shown: list[tuple[Place, Card]] = field(default_factory=list)
    refuses: NotPosted | None = None

    async def show(self, place: Place, card: Card) -> Posted:
        if self.refuses is not None:
            raise self.refuses
        self.shown.append((place, card))
        return Posted(place.message_ref or f"m{len(self.shown)}", card.version)

    @property
    def targets(self) -> list[str]:
        return [place.target for place, _ in self.shown]


@dataclass
class Drawn:
    """A desk that draws after-sales by their version, lists by their names, and everything else as it is."""

    database: Database
    state: str = "eligible"
    askers: list[Asker] = field(default_factory=list)

    async def take(self, incoming: Incoming) -> Reply:
        return Reply()

    async def card(self, target: str, asker: Asker, lang: str) -> Card | None:
        self.askers.append(asker)
        kind, _, rest = target.partition(":")
        if kind == "listed":
            found = await self.database.read(lambda c: telling.listed(c, "demo", target))
            names = " ".join(one.after_sale_id for one in found)
            return Card(target, sum(one.version for one in found), kind, self.state, "名单", subject=names)
        if kind == "after_sale":
            version = await self.database.read(lambda c: version_of(c, "demo", rest))
            return None if version is None else Card(target, version, kind, self.state, "售后")
        return Card(target, 1, kind, "info", "回答")


@dataclass
class World:
    """The outbox, its clock, its channel."""

    database: Database
    clock: Now
    there: There
    desk: Drawn
    looks: list[int] = field(default_factory=list)
    moved: int = 0

    async def enter(self, *numbers: int, **fields: Any) -> None:
        """After-sales, each in a transaction of its own."""
        for number in numbers:
            await self.database.write(lambda c, n=number: save(c, "demo", _sale(n, **fields), now(c)))

    async def run(self, seconds: float, step: float = 1.0) -> None:
        """Lets that much time pass, and moves on what comes due."""
        posting = Posting(
            self.database,
            cast("Desk", self.desk),
            {"there": cast("Channel", self.there)},
            lambda _c, shop, person, _on: Asker(shop, Origin.AGENT, "周琳", person_id=person) if person else None,
        )
        ends = self.clock.at + timedelta(seconds=seconds)
        while self.clock.at < ends:
            self.clock.at = min(self.clock.at + timedelta(seconds=step), ends)
            rows = await self.database.read(lambda c: OUTBOX_DUE.due(c, (), 1000))
            self.looks.append(len(rows))
            for row in rows:
                self.moved += 1
                await posting(row)

    async def answer(self, target: str) -> None:
        """Somebody is answered in the same chat."""
        row = {"channel": "there", "chat": "C1", "shop_id": "demo", "target": target, "asker_id": "p1", "tries": 0}
        at = self.clock.at
        await self.database.write(lambda c: c.execute(outbox.insert(), {**row, "version_shown": 0, "due_at": at}))

    async def count(self, *where: Any) -> int:
        """So many rows of the outbox."""
        wanted = select(func.count()).select_from(outbox).where(*where)
        return int(await self.database.read(lambda c: c.execute(wanted).scalar_one()))


def _sale(number: int, **fields: Any) -> AfterSale:
    return AfterSale(
        **{
            "after_sale_id": str(7_000_000 + number),
            "order_id": f"6{number}",
            "type": AfterSaleType.REFUND_ONLY,
            "status": AfterSaleStatus.OPEN,
            "in_arbitration": False,
            "applied_at": AT,
            "refund_fen": 1990,
            "parcels": (Parcel(f"YT{number:013}", "yto"),),
            **fields,
        }
    )


def _prepare(connection: Connection, quiet: Quiet | None = None) -> None:
    row = {"id": "demo", "name": "demo", "active": True, "cross_border": False, "created_at": AT}
    connection.execute(shops.insert(), row)
    telling.choose(connection, "demo", HERE, "王店主", quiet, AT)


@pytest.fixture
async def world(any_url: str) -> AsyncIterator[World]:
    """A shop with one chat that is told, on both databases."""
    clock = Now()
    database = open_database(any_url, clock=clock)
    await database.write(_prepare)
    yield World(database, clock, There(), Drawn(database))
    await database.close()


async def test_a_few_are_cards_of_their_own(world: World) -> None:
    """Three at once are three cards, drawn for nobody in particular; entered again, they are not told again."""
    await world.enter(1, 2, 3)
    await world.enter(1, 2, 3)
    await world.run(10)
    assert sorted(set(world.there.targets)) == ["after_sale:7000001", "after_sale:7000002", "after_sale:7000003"]
    assert {asker.person_id for asker in world.desk.askers} == {None}
    assert {asker.permissions for asker in world.desk.askers} == {frozenset()}
    assert await world.count(outbox.c.due_at.is_not(None)) == 0


async def test_many_are_one_list_and_the_next_wait(world: World) -> None:
    """Four are a list; what comes within two minutes after it is told together when they are over."""
    await world.enter(1, 2, 3, 4)
    await world.run(10)
    await world.enter(5)
    await world.run(60)
    await world.enter(6)
    assert len(world.there.shown) == 1
    assert world.there.shown[0][1].subject == "7000001 7000002 7000003 7000004"
    await world.run(60)
    assert world.there.targets[1:] == ["after_sale:7000005", "after_sale:7000006"]


async def test_a_card_changes_in_its_message(world: World) -> None:
    """Each change is shown in the same message, and several at once are one."""
    await world.enter(1)
    await world.run(10)
    await world.enter(1, status=AfterSaleStatus.CLOSED)
    await world.enter(1, refund_fen=5)
    await world.run(10)
    assert world.there.targets == ["after_sale:7000001"] * 2
    assert [place.message_ref for place, _ in world.there.shown] == [None, "m1"]


async def test_a_list_changes_in_peace(world: World) -> None:
    """However many of its after-sales change, the list is shown anew twice a minute at most."""
    await world.enter(*range(20))
    await world.run(10)
    for number in range(20):
        await world.enter(number, status=AfterSaleStatus.CLOSED)
        await world.run(3)
    await world.run(60)
    assert 2 <= len(world.there.shown) <= 5
    assert {place.target.partition(":")[0] for place, _ in world.there.shown} == {"listed"}
    assert world.there.shown[-1][1].version == 40


async def test_where_nothing_can_be_changed(world: World) -> None:
    """News of the way there is told nobody again; an end is, once, unless the chat has had it already."""
    world.there.facts = NEVER
    await world.enter(1, 2)
    await world.run(10)
    for state in ("eligible", "pending", "succeeded", "succeeded"):
        world.desk.state = state
        await world.enter(1)
        await world.run(10)
    assert world.there.targets == ["after_sale:7000001", "after_sale:7000002", "after_sale:7000001"]
    row = case_row("i1", after_sale_id="7000002")
    await world.database.write(lambda c: c.execute(cases.insert(), row))
    await world.answer("case:i1")
    await world.enter(2)
    await world.run(10)
    assert world.there.targets[3:] == ["case:i1"]
    assert await world.count(outbox.c.due_at.is_not(None)) == 0


async def test_a_list_that_cannot_be_changed_stays(world: World) -> None:
    """It is not said again: whoever asks for one of its numbers gets the truth."""
    world.there.facts = NEVER
    await world.enter(*range(5))
    await world.run(10)
    world.desk.state = "closed"
    await world.enter(*range(5), status=AfterSaleStatus.CLOSED)
    await world.run(200)
    assert len(world.there.shown) == 1


async def test_quiet_hours(world: World) -> None:
    """From 22:00 to 8:00 nothing new is told, changes in place and answers are; at eight all of it comes, as a list."""
    await world.enter(1)
    await world.run(10)
    await world.database.write(lambda c: telling.choose(c, "demo", HERE, "王店主", Quiet(22 * 60, 8 * 60), now(c)))
    world.clock.at = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
    await world.enter(*range(2, 12))
    await world.enter(1, refund_fen=5)
    await world.answer("fees")
    await world.run(3600, step=60)
    assert world.there.targets == ["after_sale:7000001", "after_sale:7000001", "fees"]
    world.clock.at = datetime(2026, 11, 24, 23, 59, tzinfo=UTC)
    await world.run(50)
    assert len(world.there.shown) == 3
    await world.run(30)
    assert [target.partition(":")[0] for target in world.there.targets[3:]] == ["listed"]


@pytest.mark.parametrize(
    "begin, end, at, until",
    [
        ("22:00", "08:00", "23:00", "08:00+1"),
        ("22:00", "08:00", "22:00", "08:00+1"),
        ("22:00", "08:00", "00:00", "08:00"),
        ("22:00", "08:00", "07:59", "08:00"),
        ("22:00", "08:00", "08:00", None),
        ("22:00", "08:00", "21:59", None),
        ("12:00", "14:00", "12:30", "14:00"),
        ("12:00", "14:00", "14:00", None),
        ("22:00", "00:00", "23:30", "00:00+1"),
    ],
)
def test_when_quiet_hours_end(begin: str, end: str, at: str, until: str | None) -> None:
    """In Beijing's day, also over midnight; the end itself is outside."""

    def minute(words: str) -> int:
        return int(words[:2]) * 60 + int(words[3:5])

    day = datetime(2026, 11, 24, tzinfo=pushing.BEIJING)
    found = pushing.quiet_until(Quiet(minute(begin), minute(end)), day + timedelta(minutes=minute(at)))
    if until is None:
        assert found is None
    else:
        assert found == day + timedelta(minutes=minute(until), days=until.endswith("+1"))


async def test_a_chats_pace(world: World) -> None:
    """Thirty answers at once in a chat that takes one a second are sent one a second, each looked at twice at most."""
    world.there.facts = replace(FACTS, budget=Budget(chat=Rate(1, burst=4)))
    for number in range(30):
        await world.answer(f"case:{number}")
    await world.run(20)
    assert 10 <= len(world.there.shown) <= 20
    await world.run(60)
    assert sorted(world.there.targets) == sorted(f"case:{n}" for n in range(30))
    assert world.moved <= 60


async def test_an_answer_waits_for_no_pushed_card(world: World) -> None:
    """While pushed cards queue, whoever asks is answered at once."""
    world.there.facts = replace(FACTS, budget=Budget(chat=Rate(1, 60, burst=4)))
    await world.enter(1, 2, 3)
    await world.run(5)
    assert len(world.there.shown) == 1
    await world.answer("fees")
    await world.run(2)
    assert world.there.targets[1:] == ["fees"]
    await world.run(600, step=10)
    assert len(world.there.shown) == 4, "and those that queued are all told"


async def test_too_many_is_no_failure(world: World) -> None:
    """A platform that wants peace gets it, from every card that counts together, and nothing is given up for it."""
    world.there.facts = replace(FACTS, budget=Budget(channel=Rate(100, burst=100)))
    world.there.refuses = Throttled("429", 30.0)
    for _ in range(20):
        await world.answer("fees")
    await world.run(1)
    world.there.refuses = None
    await world.answer("case:1")
    await world.run(25)
    assert world.there.shown == []
    await world.run(20)
    assert len(world.there.shown) == 21
    assert await world.count(outbox.c.problem.is_not(None)) == 0


async def test_asked_to_wait_for_longer_than_twelve_tries(world: World) -> None:
    """However often it says that there were too many: sent in the end."""
    world.there.refuses = Throttled("429", 10.0)
    await world.answer("fees")
    await world.run(300, step=5)
    world.there.refuses = None
    await world.run(20)
    assert world.there.targets == ["fees"]


async def test_a_day_of_thousands(sqlite_url: str) -> None:
    """Three thousand after-sales in an hour: each is named, in fewer than fifty messages; the outbox holds one row for
    each message, no look finds more than a handful, and no row is looked at in vain more than once.
    """
    clock = Now()
    database = open_database(sqlite_url, clock=clock)
    await database.write(_prepare)
    there = There(replace(FACTS, budget=Budget(chat=Rate(1, burst=20))))
    world = World(database, clock, there, Drawn(database))
    for minute in range(60):
        batch = range(minute * 50, minute * 50 + 50)
        await database.write(lambda c, batch=batch: [save(c, "demo", _sale(n), now(c)) for n in batch])
        await world.run(60, step=5)
    await world.run(300, step=5)
    named = re.findall(r"\d+", " ".join(card.subject for _, card in there.shown))
    assert sorted(map(int, set(named))) == [7_000_000 + n for n in range(3000)]
    assert len(there.shown) < 50
    assert await world.count() <= len(there.shown) + 1
    assert max(world.looks) <= 5
    assert world.moved < 200
    left = select(func.count()).select_from(told_after_sales).where(told_after_sales.c.target.is_(None))
    assert await database.read(lambda c: c.execute(left).scalar_one()) == 0
    await database.close()


async def test_killed_between_showing_and_noting(world: World) -> None:
    """A process that dies with a card in hand leaves it due again under the same key: a platform that knows it by its
    key shows one message.
    """
    await world.enter(1)
    await world.run(4)
    [place] = [place for place, _ in world.there.shown]
    due = {"due_at": world.clock.at, "message_ref": None, "sent_at": None, "tries": 1, "not_before": None}
    this = outbox.c.target == "after_sale:7000001"
    await world.database.write(lambda c: c.execute(update(outbox).where(this).values(**due)))
    await world.run(10)
    [_, again] = [place for place, _ in world.there.shown]
    assert (again.key, again.repeated) == (place.key, True)


async def test_answers_and_pushed_cards_share_the_limit(world: World) -> None:
    """Together they stay within what the channel's page allows."""
    budget = Budget(chat=Rate(12, 60, burst=8))

    def all_turns(connection: Connection) -> list[datetime]:
        kinds = [Sending("there", "C1"), Sending("there", "C1", pushed=True)]
        return [turn(connection, budget, kind, AT) for kind in kinds for _ in range(40)]

    turns = await world.database.write(all_turns)
    for begin in turns:
        assert sum(begin <= other < begin + timedelta(seconds=60) for other in turns) <= 20


@pytest.mark.parametrize(
    "said, seconds", [("30", 30.0), ("0", 7.0), ("", 7.0), ("soon", 7.0), ("nan", 7.0), ("-3", 7.0), ("1e9", 3600.0)]
)
def test_what_a_platform_asks_for(said: str, seconds: float) -> None:
    """`Retry-After` in seconds is obeyed within an hour; anything else counts as not said."""
    assert asked_to_wait_s(Response(429, b"", 1, "", said), 7.0) == seconds
