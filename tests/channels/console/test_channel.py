"""The console's chat keeps what is said and what answers it, once, and never loses a result."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from bot.cards.card import Card
from bot.channels.console.channel import ConsoleChannel
from bot.channels.console.inbound import ConsoleChat
from bot.channels.contract import Place
from bot.channels.registry import all_channels
from bot.domain.people import Asker, Origin, Role
from bot.handlers.contract import SILENCE, Chat, Incoming, Reply, Shown
from bot.store.cards import messages
from bot.store.database import Database
from bot.store.events import since

AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
TALK = "7001"
LIN = Asker("demo", Origin.AGENT, "周琳", Role.AGENT, "p-1")


def card(name: str) -> Card:
    """A card that says nothing."""
    return Card(id=name, version=1, kind="result", state="pending", title="拦截中")


def reply(*targets: str) -> Reply:
    """An answer that shows these."""
    return Reply(tuple(Shown(target, card(target)) for target in targets))


class Desk:
    """Keeps what comes in, and answers in the console's way."""

    def __init__(self, database: Database, answer: Reply) -> None:
        self.database = database
        self.answer = answer
        self.heard: list[Incoming] = []

    async def take(self, incoming: Incoming) -> Reply:
        self.heard.append(incoming)
        await self.database.write(lambda c: ConsoleChannel().deliver(c, incoming, self.answer, AT))
        return self.answer

    async def card(self, target: str, asker: Asker, lang: str) -> Card | None:
        return card(target)


async def said(database: Database) -> list[tuple[str, dict[str, str]]]:
    """The talk: who said what, in order."""
    query = select(messages.c.author, messages.c.body).order_by(messages.c.seq)
    return [(row.author, row.body) for row in await database.read(lambda c: c.execute(query).all())]


async def test_what_is_typed_stands_before_what_answers_it(any_database: Database) -> None:
    """Both are kept in the transaction of the desk, and live pages are told of each."""
    desk = Desk(any_database, reply("fees", "help"))
    await ConsoleChat(desk).say(LIN, TALK, "/fees", "form-1", "zh")
    assert await said(any_database) == [
        ("周琳", {"text": "/fees"}),
        ("bot", {"target": "fees"}),
        ("bot", {"target": "help"}),
    ]
    told = await any_database.read(lambda c: since(c, "demo", 0))
    assert [event.target.partition(":")[0] for event in told] == ["message"] * 3
    assert desk.heard[0].message_id == "p-1:form-1"


async def test_talk_without_an_answer_is_kept(database: Database) -> None:
    """Staff may talk among themselves."""
    await ConsoleChat(Desk(database, SILENCE)).say(LIN, TALK, "我去吃饭", "", "zh")
    assert await said(database) == [("周琳", {"text": "我去吃饭"})]


async def test_a_confirmed_result_is_added_once(any_database: Database) -> None:
    """A click that begins an interception adds its card; any later click about it adds nothing."""
    desk = Desk(any_database, reply("case:1", "case:2"))
    chat = ConsoleChat(desk)
    for action in ("confirm.x", "confirm.x", "look_again.1", "cancel.2"):
        await chat.press(LIN, action, "zh", conversation=TALK, picked=["75400000000123"])
    assert await said(any_database) == [("bot", {"target": "case:1"}), ("bot", {"target": "case:2"})]
    assert desk.heard[0].values["parcels"] == ("75400000000123",)
    assert len({incoming.message_id for incoming in desk.heard}) == 4


async def test_a_clicked_card_gives_way_to_its_answer(any_database: Database) -> None:
    """On a card of the talk the answer takes its place; in a dialog it leaves the talk alone; nobody turns a card of
    another talk or another shop.
    """
    await ConsoleChat(Desk(any_database, reply("choice:1"))).say(LIN, TALK, "/intercept 1", "", "zh")
    number = str((await any_database.read(lambda c: c.execute(select(messages.c.seq)).scalars().all()))[-1])
    chat = ConsoleChat(Desk(any_database, reply("confirm:9")))
    await chat.press(LIN, "refresh.1", "zh", conversation=TALK)
    await chat.press(LIN, "refresh.1", "zh", conversation="7002", message=number)
    stranger = Asker("other", Origin.AGENT, "别人", Role.AGENT, "p-2")
    await chat.press(stranger, "refresh.1", "zh", conversation=TALK, message=number)
    assert (await said(any_database))[1] == ("bot", {"target": "choice:1"})
    await chat.press(LIN, "refresh.1", "zh", conversation=TALK, message=number)
    assert (await said(any_database))[1] == ("bot", {"target": "confirm:9"})


@pytest.mark.parametrize("message", ["", "x", "-1", "9" * 30])
async def test_a_message_that_is_none_changes_nothing(database: Database, message: str) -> None:
    """A made-up number is as good as none."""
    await ConsoleChat(Desk(database, reply("denied"))).press(LIN, "sign.1", "zh", conversation=TALK, message=message)
    assert await said(database) == []


async def test_showing_needs_nothing_but_the_present_version() -> None:
    """Pages draw the target themselves: there is no message to change and none to send."""
    channel = ConsoleChannel()
    place = Place(Chat("console", TALK), "demo", "case:1")
    assert (await channel.show(place, card("case:1"))).version_shown == 1
    assert not place.can_change(AT)
    assert all_channels(channel) == {"console": channel}
