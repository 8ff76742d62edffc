"""Matrix at the bot's door, with a homeserver that does what a test wants."""

from __future__ import annotations

import asyncio
import time

import pytest
from sqlalchemy import select, update

from bot.channels.matrix.inbound import MatrixInbound, Pressed, meant
from bot.channels.matrix.verify import is_homeserver
from bot.channels.matrix.wire import Event
from bot.channels.reception import Sender
from bot.channels.sketch import Press
from bot.handlers.contract import Chat
from bot.store.cards import outbox
from bot.store.database import now
from tests.channels.conftest import Open, Team
from tests.channels.matrix.peer import BOT, HS_TOKEN, SERVER, MatrixPeer
from tests.channels.peers import Seen, until

WU = "7312045566778894002"
PARCEL = "75400000004002"


async def _bound(meeting: Open) -> tuple[Team, MatrixPeer]:
    peer = MatrixPeer()
    team = await meeting(peer)
    await team.bind()
    return team, peer


async def _card(peer: MatrixPeer) -> Seen:
    found: list[Seen] = await until(peer.seen)
    await asyncio.sleep(0.1)
    return found[0]


@pytest.mark.parametrize(
    "headers, expected",
    [
        ({"authorization": f"Bearer {HS_TOKEN}"}, True),
        ({"authorization": "Bearer no"}, False),
        ({"authorization": "Bearer " + "é" * 9}, False),
        ({"authorization": HS_TOKEN}, None),
        ({"authorization": f"bearer {HS_TOKEN}"}, None),
        ({}, None),
    ],
)
def test_the_token_alone(headers: dict[str, str], *, expected: bool | None) -> None:
    """The homeserver is known by the token of the registration, in the header and nowhere else."""
    assert is_homeserver(HS_TOKEN, headers) is expected
    assert is_homeserver("", headers) is None


@pytest.mark.parametrize(
    "said, reaction, expected",
    [
        ("1", True, "a"),
        ("1️⃣", True, "a"),
        ("2\ufe0f\u20e3", True, "b"),
        ("✅", True, "b"),
        ("👍🏽", True, "b"),
        ("✔️", True, "b"),
        ("1", False, "a"),
        ("２", False, "b"),
        ("确认拦截", False, "b"),
        ("  先不拦 ", False, "a"),
        ("✅", False, None),
        ("0", False, None),
        ("3", False, None),
        ("-1", False, None),
        ("1.", False, None),
        ("١", False, None),
        ("99999999999", False, None),
        ("确认", False, None),
        ("👎", True, None),
        ("", False, None),
    ],
)
def test_what_counts_as_a_press(said: str, *, reaction: bool, expected: str | None) -> None:
    """A number, the very words, or a tick for the main button; anything else presses nothing."""
    buttons = (Press("a", "先不拦"), Press("b", "确认拦截", primary=True))
    click = Pressed(Sender("m", "t", "u"), Chat("m", "r"), "$1", said, is_reaction=reaction)
    found = meant(click, buttons)
    assert (found.value if found else None) == expected


def test_two_buttons_of_one_name_are_told_by_number_alone() -> None:
    """Where words fit two buttons none of them is meant."""
    buttons = (Press("a", "售后 …9118"), Press("b", "售后 …9118"))
    said = Pressed(Sender("m", "t", "u"), Chat("m", "r"), "$1", "售后 …9118", is_reaction=False)
    assert meant(said, buttons) is None


@pytest.mark.parametrize(
    "typed, text",
    [
        ("!intercept 1", "/intercept 1"),
        ("！拦截 1", "/拦截 1"),
        ("//intercept 1", "/intercept 1"),
        ("/intercept 1", "/intercept 1"),
        (f"{BOT}: /intercept 1", ": /intercept 1"),
        ("intercept: /help", "/help"),
        ("!!", "!!"),
        ("> <@a:b> old\n> more\n\n!help", "/help"),
    ],
)
def test_how_a_command_begins(typed: str, text: str) -> None:
    """Clients keep the slash for themselves: an exclamation mark, or two slashes, begin a command as well."""
    inbound = MatrixInbound("matrix", SERVER, BOT, frozenset({SERVER}), "zh")
    event = MatrixPeer().message(typed, f"@li:{SERVER}")
    message = inbound.typed(Event.model_validate(event))
    assert message is not None
    assert message.text == text


async def test_a_number_or_a_tick_presses(meeting: Open) -> None:
    """A reaction on the card is its button, and the card becomes the result."""
    team, peer = await _bound(meeting)
    await peer.say(f"!intercept {PARCEL}")
    card = await _card(peer)
    await peer.react(card.ref, "✅")
    await until(lambda: peer.kept[0].edits)
    assert len(await team.bot.cases(WU)) == 1
    assert len(peer.kept) == 1


async def test_a_strangers_tick_is_nothing(meeting: Open) -> None:
    """Only somebody who is bound presses anything."""
    team, peer = await _bound(meeting)
    await peer.say(f"!intercept {PARCEL}")
    card = await _card(peer)
    before = await team.left()
    assert (await peer.react(card.ref, "✅", peer.stranger)).status == 200
    assert await team.left() == before
    assert await team.bot.cases(WU) == []


async def test_a_number_means_the_card_that_was_seen(meeting: Open) -> None:
    """Between a change and its edit a number could mean another button: then it presses nothing."""
    team, peer = await _bound(meeting)
    await peer.say(f"!intercept {PARCEL}")
    card = await _card(peer)
    older = update(outbox).where(outbox.c.channel == "matrix").values(version_shown=0)
    await team.bot.database.write(lambda c: c.execute(older))
    await peer.answer(card.ref, "1")
    await asyncio.sleep(0.2)
    assert await team.bot.cases(WU) == []


async def test_the_same_transaction_again(meeting: Open) -> None:
    """Sent again by its id, or in another transaction after a restart, an event is taken once."""
    _, peer = await _bound(meeting)
    event = peer.message("!help", peer.person)
    for txn in ("7", "7", "8", "9"):
        assert (await peer.send(peer.transaction(event, txn=txn))).status == 200
    await until(peer.seen)
    await asyncio.sleep(0.6)
    assert len(peer.kept) == 1


async def test_what_cannot_be_read_holds_up_nothing(meeting: Open) -> None:
    """An event that nobody can read stands before one that somebody can."""
    _, peer = await _bound(meeting)
    await peer.send(peer.transaction({"type": 1}, {}, peer.message("!help", peer.person)))
    await until(peer.seen)


async def test_an_old_command_is_refused_in_words(meeting: Open) -> None:
    """After an outage the homeserver brings everything; what is old is not carried out."""
    team, peer = await _bound(meeting)
    old = peer.message(f"!intercept {PARCEL}", peer.person, origin_server_ts=int((time.time() - 400) * 1000))
    await peer.send(peer.transaction(old))
    card = await _card(peer)
    assert not card.buttons
    assert await team.bot.cases(WU) == []


async def test_only_messages_count(meeting: Open) -> None:
    """Edits, notices, pictures and answers to people are no commands."""
    team, peer = await _bound(meeting)
    before = await team.left()
    edited = {"msgtype": "m.text", "body": "* !help", "m.relates_to": {"rel_type": "m.replace", "event_id": "$1"}}
    for content in ({"msgtype": "m.notice", "body": "!help"}, {"msgtype": "m.image", "body": "!help"}, {}, edited):
        await peer.send(peer.transaction(peer.event("m.room.message", content, peer.person)))
    await peer.send(peer.transaction(peer.event("m.room.encrypted", {"body": "!help"}, peer.person)))
    assert await team.left() == before


async def test_it_follows_invitations_of_its_own_people(meeting: Open) -> None:
    """Invited by somebody who is served it comes, also at the second try; by anybody else it stays away."""
    _, peer = await _bound(meeting)
    peer.fails = [(500, "M_UNKNOWN")]
    for sender in ("@li:evil.example", f"@li:{SERVER}"):
        invited = peer.event("m.room.member", {"membership": "invite"}, sender, state_key=BOT)
        await peer.send(peer.transaction(invited))
    others = peer.event("m.room.member", {"membership": "invite"}, f"@li:{SERVER}", state_key="@wang:shop.example")
    await peer.send(peer.transaction(others))
    await until(lambda: peer.joined)
    assert peer.joined == [peer.room]


async def test_a_repeated_sending_is_one_message(meeting: Open) -> None:
    """Where nobody knows whether the message got through it is sent again under the same id, then edited to now."""
    team, peer = await _bound(meeting)
    await peer.say("!help")
    await until(peer.seen)
    await asyncio.sleep(0.3)

    def forget(connection):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
        values = {"message_ref": None, "version_shown": 0, "tries": 1, "due_at": now(connection)}
        connection.execute(update(outbox).where(outbox.c.channel == "matrix").values(**values))

    await team.bot.database.write(forget)
    await until(lambda: peer.kept[0].edits == 1)
    assert len(peer.kept) == 1


async def test_the_servers_no(meeting: Open) -> None:
    """Busy: tried again. Not allowed: told to the operator, and tried no more."""
    team, peer = await _bound(meeting)
    peer.fails = [(503, "M_UNKNOWN")]
    await peer.say("!help")
    await until(lambda: [one for one in peer.kept if one.edits])
    peer.fails = [(403, "M_FORBIDDEN")]
    await peer.say("!fees")

    async def problem() -> str | None:
        wanted = select(outbox.c.problem).where(outbox.c.channel == "matrix", outbox.c.target == "fees")
        return await team.bot.database.read(lambda c: c.execute(wanted).scalar())

    assert await until(problem) == "Matrix: M_FORBIDDEN"


async def test_ping_and_questions(meeting: Open) -> None:
    """The homeserver may ask whether we are there; users and rooms are not made on demand."""
    _, peer = await _bound(meeting)
    sent = peer.transaction()
    for method, path, status in (
        ("POST", "/_matrix/app/v1/ping", 200),
        ("GET", "/_matrix/app/v1/users/@x:shop.example", 404),
        ("GET", "/_matrix/app/v1/rooms/x", 404),
    ):
        one = type(sent)(path, b"", sent.headers, method)
        assert (await peer.send(one)).status == status
        assert (await peer.send(type(sent)(path, b"", {}, method))).status == 401
