"""The outbox: nothing is lost, nothing older replaces something newer, a message belongs to one card at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import Connection, select, update

from bot.cards.card import Card
from bot.channels import posting
from bot.channels.budget import Budget, Rate
from bot.channels.contract import Channel, ChannelFacts, NotHere, NotPosted, Place, Posted
from bot.channels.origin import MessageOrigin, Token, noted, origin_of
from bot.channels.posting import Posting
from bot.channels.sealing import Seal
from bot.channels.sparing import Sparing
from bot.domain.people import Asker, Origin
from bot.handlers.contract import Chat, Desk, Incoming, Reply, Shown
from bot.store.cards import outbox
from bot.store.database import Database, now

CHAT = Chat("there", "c1")
ASKER = Asker("s1", Origin.AGENT, "周琳", person_id="p1")
THERE = ChannelFacts("there", "There")
CARD = Card("case:1", 1, "result", "pending", "拦截中")


@pytest.fixture
def database(any_database: Database) -> Database:
    """Both kinds: rows are claimed and given back the same way."""
    return any_database


@dataclass
class There:
    """A channel that does as it is told."""

    facts: ChannelFacts = THERE
    places: list[Place] = field(default_factory=list)
    refuses: NotPosted | None = None
    meanwhile: Callable[[], Any] | None = None

    async def show(self, place: Place, card: Card) -> Posted:
        self.places.append(place)
        if self.meanwhile is not None:
            await self.meanwhile()
        if self.refuses is not None:
            raise self.refuses
        return Posted(place.message_ref or f"m{len(self.places)}", card.version)


@dataclass
class Drawn:
    """A desk that draws one card."""

    card_now: Card | None = CARD

    async def take(self, incoming: Incoming) -> Reply:
        return Reply()

    async def card(self, target: str, asker: Asker, lang: str) -> Card | None:
        return self.card_now


def _incoming(origin: MessageOrigin | None = None, asker: Asker = ASKER) -> Incoming:
    return Incoming("m", CHAT, asker, text="/x", values=noted({}, origin or MessageOrigin()))


def _reply(*targets: str) -> Reply:
    return Reply(tuple(Shown(target, CARD) for target in targets))


async def _rows(database: Database) -> list[Any]:
    return await database.read(lambda c: list(c.execute(select(outbox).order_by(outbox.c.seq)).all()))


async def _due_now(database: Database) -> None:
    past = datetime(2020, 1, 1, tzinfo=UTC)
    await database.write(lambda c: c.execute(update(outbox).values(due_at=past)))


def _posting(database: Database, there: There, desk: Drawn | None = None, asker: Asker | None = ASKER) -> Posting:
    channels = {"there": cast("Channel", there)}
    return Posting(database, cast("Desk", desk or Drawn()), channels, lambda *_: asker)


async def _keep(database: Database, reply: Reply, origin: MessageOrigin | None = None, asker: Asker = ASKER) -> None:
    def deliver(connection: Connection) -> None:
        posting.deliver(connection, _incoming(origin, asker), reply, now(connection))

    await database.write(deliver)


async def test_a_click_takes_its_message_over(database: Database) -> None:
    """A confirmation gives way to what its button led to; the second card is a new message."""
    await _keep(database, _reply("confirm:1"))
    await _posting(database, There())("1")
    await _keep(database, _reply("case:1", "case:2"), MessageOrigin("m1"))
    rows = await _rows(database)
    assert [(row.target, row.message_ref) for row in rows] == [("case:1", "m1"), ("case:2", None)]


async def test_an_interception_keeps_its_message(database: Database) -> None:
    """What a result card's button leads to is a new message, and news of the interception goes on where it was."""
    await _keep(database, _reply("case:1"))
    await _posting(database, There())("1")
    await _keep(database, _reply("confirm:9"), MessageOrigin("m1"))
    await _keep(database, _reply("case:1"), MessageOrigin("m1"))
    rows = await _rows(database)
    assert [(row.target, row.message_ref, row.due_at is None) for row in rows] == [
        ("case:1", "m1", False),
        ("confirm:9", None, False),
    ]


async def test_nobodys_card_gives_way_to_a_no_to_somebody_else(database: Database) -> None:
    """Who reads along and may not is told so in a message of its own; the card stays, for whoever may."""
    await _keep(database, _reply("confirm:1"))
    await _posting(database, There())("1")
    await _keep(database, _reply("denied"), MessageOrigin("m1"), replace(ASKER, person_id="p2"))
    await _keep(database, _reply("not_found:x"), MessageOrigin("m1"), replace(ASKER, shop_id="s2", person_id="p3"))
    await _keep(database, _reply("confirm:2"), MessageOrigin("m1"), replace(ASKER, shop_id="s2", person_id="p3"))
    await _keep(database, _reply("confirm:1"), MessageOrigin("m1"), replace(ASKER, shop_id="s2", person_id="p3"))
    kept = [(row.target, row.message_ref) for row in await _rows(database)]
    mine, *others = kept
    assert mine == ("confirm:1", "m1")
    assert others == [("denied", None), ("not_found:x", None), ("confirm:2", None), ("confirm:1", None)]
    await _keep(database, _reply("case:1"), MessageOrigin("m1"), replace(ASKER, person_id="p2"))
    assert [row.target for row in await _rows(database) if row.message_ref == "m1"] == ["case:1"]


async def test_shown_and_at_rest(database: Database) -> None:
    """Shown once, it is due no more, and remembers where."""
    there = There()
    await _keep(database, _reply("case:1"), MessageOrigin(None, Token("sealed", datetime(2030, 1, 1, tzinfo=UTC), 5)))
    await _posting(database, there)("1")
    [row] = await _rows(database)
    assert (row.message_ref, row.version_shown, row.due_at, row.tries) == ("m1", 1, None, 0)
    assert (there.places[0].token, there.places[0].uses_left, there.places[0].repeated) == ("sealed", 5, False)
    await _posting(database, there)("1")
    assert len(there.places) == 1


async def test_a_token_that_has_ended_is_forgotten(database: Database) -> None:
    """The next reply in that chat takes away what can answer nothing any more, and leaves what still can."""
    for name, year in (("old", 2020), ("new", 2090)):
        token = Token(name, datetime(year, 1, 1, tzinfo=UTC), 5)
        await _keep(database, _reply(f"case:{name}"), MessageOrigin(None, token))
    await _keep(database, _reply("help"))
    assert [(row.target, row.token) for row in await _rows(database)] == [
        ("case:old", None),
        ("case:new", "new"),
        ("help", None),
    ]


async def test_a_change_while_it_is_shown_is_shown_too(database: Database) -> None:
    """Made due anew between drawing and answer, it stays due."""
    there = There(meanwhile=lambda: _due_now(database))
    await _keep(database, _reply("case:1"))
    await _posting(database, there)("1")
    [row] = await _rows(database)
    assert row.due_at is not None
    assert row.due_at.year == 2020


async def test_nothing_older_is_shown(database: Database) -> None:
    """A card drawn from an older state than what stands there is left out."""
    there = There()
    await _keep(database, _reply("case:1"))
    await _posting(database, there, Drawn(replace(CARD, version=3)))("1")
    await _due_now(database)
    await _posting(database, there, Drawn(replace(CARD, version=2)))("1")
    assert len(there.places) == 1


async def test_tried_again_and_then_told(database: Database) -> None:
    """What the platform does not take now comes due later; what it never takes rests with its problem in words."""
    there = There(refuses=NotPosted("busy", 1.0))
    await _keep(database, _reply("case:1"))
    await _posting(database, there)("1")
    [row] = await _rows(database)
    assert row.due_at is not None
    assert (row.problem, row.tries) == ("busy", 1)
    there.refuses = NotPosted("gone", None)
    await _due_now(database)
    await _posting(database, there)("1")
    [row] = await _rows(database)
    assert (row.due_at, row.problem) == (None, "gone")
    assert there.places[1].repeated
    assert there.places[0].key == there.places[1].key


async def test_a_process_that_cannot_speak_leaves_it_to_others(database: Database) -> None:
    """Where another process has the connection it is no try: due again soon, however often, with its turn."""
    facts = replace(THERE, budget=Budget(chat=Rate(1, 3600)))
    there = There(facts, refuses=NotHere("not connected", 2.0))
    await _keep(database, _reply("case:1"))
    for _ in range(posting.MOST_TRIES + 2):
        await _due_now(database)
        await _posting(database, there)("1")
    [row] = await _rows(database)
    assert row.due_at is not None
    assert (row.tries, row.problem, len(there.places)) == (0, "not connected", posting.MOST_TRIES + 2)
    there.refuses = None
    await _due_now(database)
    await _posting(database, there)("1")
    [row] = await _rows(database)
    assert (row.due_at, row.problem, there.places[-1].repeated) == (None, None, False)


async def test_it_is_not_tried_for_ever(database: Database) -> None:
    """After so many failures it rests; the next change tries again."""
    there = There(refuses=NotPosted("busy", 1.0))
    await _keep(database, _reply("case:1"))
    for _ in range(posting.MOST_TRIES):
        await _due_now(database)
        await _posting(database, there)("1")
    [row] = await _rows(database)
    assert row.due_at is None
    assert len(there.places) == posting.MOST_TRIES


async def test_a_platform_that_was_away_for_hours_gets_the_result(database: Database) -> None:
    """Tries go on for a day, a quarter of an hour apart at most."""
    there = There(refuses=NotPosted("away", 2.0))
    await _keep(database, _reply("case:1"))
    waited = timedelta(0)
    for _ in range(posting.MOST_TRIES - 1):
        await _due_now(database)
        await _posting(database, there)("1")
        [row] = await _rows(database)
        wait = row.due_at - await database.read(now)
        assert wait <= timedelta(minutes=15)
        waited += wait
    assert timedelta(hours=23) < waited < timedelta(hours=26)


async def test_a_defect_is_no_endless_try(database: Database) -> None:
    """What cannot be drawn rests after as many tries as what no platform takes, and stands in the row."""
    there = There(meanwhile=lambda: {}["no"])
    await _keep(database, _reply("case:1"))
    await _posting(database, there)("1")
    [row] = await _rows(database)
    assert (row.problem, row.tries) == ("failed", 1)
    await database.write(lambda c: c.execute(update(outbox).values(tries=posting.MOST_TRIES - 1)))
    await _due_now(database)
    await _posting(database, there)("1")
    [row] = await _rows(database)
    assert row.due_at is None


async def test_a_channel_that_is_no_longer_there(database: Database) -> None:
    """Its rows rest and say why."""
    await _keep(database, _reply("case:1"))
    await Posting(database, cast("Desk", Drawn()), {}, lambda *_: ASKER)("1")
    [row] = await _rows(database)
    assert (row.due_at, row.problem) == (None, "no such channel")


@pytest.mark.parametrize("asker, card", [(None, CARD), (ASKER, None)])
async def test_nothing_to_show(database: Database, asker: Asker | None, card: Card | None) -> None:
    """Who has left, and what may not be seen any more, is not shown."""
    there = There()
    await _keep(database, _reply("case:1"))
    await _posting(database, there, Drawn(card), asker)("1")
    [row] = await _rows(database)
    assert (row.due_at, row.problem, there.places) == (None, "nothing to show", [])


def test_an_origin_survives_the_inbox() -> None:
    """Message and token come back as they were noted."""
    origin = MessageOrigin("m1", Token("sealed", datetime(2026, 1, 1, tzinfo=UTC), 5))
    assert origin_of(_incoming(origin)) == origin
    assert origin_of(_incoming()) == MessageOrigin()


def test_a_seal_opens_with_its_secret_alone() -> None:
    """Another secret, another text, or no seal at all opens nothing."""
    seal = Seal("one secret")
    closed = seal.close("https://hooks.slack.com/x")
    assert "slack" not in closed
    assert seal.open(closed) == "https://hooks.slack.com/x"
    assert Seal("another").open(closed) is None
    assert seal.open(closed[:-4]) is None
    assert seal.open("nothing") is None
    assert seal.close("same") != seal.close("same")


def test_so_often_within_so_long() -> None:
    """Counted for each, forgotten with time."""
    at = [0.0]
    sparing = Sparing(2, 10.0, lambda: at[0])
    assert [sparing.may("a"), sparing.may("a"), sparing.may("a"), sparing.may("b")] == [True, True, False, True]
    at[0] = timedelta(seconds=10).total_seconds()
    assert sparing.may("a")
