"""Cards of somebody who has left, or has no account on that platform any more."""

from __future__ import annotations

import secrets
from typing import cast

import pytest
from sqlalchemy import Connection, select, update

from bot.channels.contract import Channel, ChannelFacts
from bot.channels.posting import Posting, keep
from bot.domain.people import Asker, Origin, Role
from bot.handlers.contract import Chat, Desk, Incoming, Reply, Shown
from bot.merchants import passwords, people, shops
from bot.merchants.passwords import Cost
from bot.store import chats
from bot.store.cards import outbox
from bot.store.database import Database, now
from tests.channels.conftest import Open, Team
from tests.channels.feishu.peer import FeishuPeer
from tests.channels.peers import Peer, Seen, until
from tests.channels.slack.peer import SlackPeer
from tests.channels.test_posting import CARD, Drawn, There
from tests.channels.test_telling import document, with_words
from tests.channels.test_telling import enter as import_sales

WU, PARCEL = "7312045566778894002", "75400000004002"
PASSWORD = passwords.hash_password("demo", Cost(passes=1))
KNOWN = ChannelFacts("there", "There", talks_of_two=("two:",))
NEVER_ALONE = ChannelFacts("there", "There", talks_of_two=())
UNKNOWN = ChannelFacts("there", "There")


class Viewed(Drawn):
    """A desk that remembers for whom it drew."""

    def __init__(self) -> None:
        super().__init__()
        self.askers: list[Asker] = []

    async def card(self, target: str, asker: Asker, lang: str) -> object:  # type: ignore[override]
        self.askers.append(asker)
        return CARD


async def _person(database: Database) -> str:
    """Somebody of the shop."""

    def enter(connection: Connection) -> str:
        at = now(connection)
        shops.create(connection, "s1", "栗木家居", at)
        login = secrets.token_hex(4)
        return people.create(connection, "s1", login, "周琳", Role.AGENT, password=PASSWORD, at=at)

    return await database.write(enter)


async def _answered(database: Database, target: str, chat: str, person: str) -> None:
    """The outbox has a card that answers that person there."""
    asker = Asker("s1", Origin.AGENT, "周琳", Role.AGENT, person_id=person)
    incoming = Incoming(secrets.token_hex(4), Chat("there", chat), asker, text="/x")
    await database.write(lambda c: keep(c, incoming, Reply((Shown(target, CARD),)), now(c)))


async def _shown_for(database: Database, facts: ChannelFacts, *gone: str) -> list[Asker]:
    """For whom the first card of the outbox is drawn once these people have gone."""
    there, desk = There(facts), Viewed()

    def find(_c: Connection, shop: str, person: str | None, _channel: str) -> Asker | None:
        return None if person in gone else Asker(shop, Origin.AGENT, "周琳", person_id=person)

    await Posting(database, cast("Desk", desk), {"there": cast("Channel", there)}, find)("1")
    [first, *_] = await database.read(lambda c: c.execute(select(outbox).order_by(outbox.c.seq)).all())
    assert (first.problem is None) == bool(there.places)
    assert len(there.places) == len(desk.askers)
    return desk.askers


@pytest.mark.parametrize(
    "facts, chat, target, told",
    [
        (KNOWN, "team", "case:1", True),
        (KNOWN, "team", "batch:1", True),
        (KNOWN, "team", "confirm:1", False),
        (KNOWN, "two:1", "case:1", False),
        (NEVER_ALONE, "two:1", "case:1", True),
        (UNKNOWN, "team", "case:1", False),
    ],
)
async def test_who_has_left(any_database: Database, facts: ChannelFacts, chat: str, target: str, *, told: bool) -> None:
    """News goes on where others read, drawn for nobody in particular; a talk of two, and what answered the leaver
    alone, is left as it is. Where nobody knows which it is nothing is told.
    """
    leaver = await _person(any_database)
    await _answered(any_database, target, chat, leaver)
    askers = await _shown_for(any_database, facts, leaver)
    assert [(asker.shop_id, asker.person_id, asker.name) for asker in askers] == ([("s1", None, "")] if told else [])


async def test_a_colleague_proves_that_others_read(any_database: Database) -> None:
    """Where names of chats say nothing, news goes on in a chat in which a colleague was answered as well."""
    leaver, colleague = await _person(any_database), await _person(any_database)
    await _answered(any_database, "case:1", "room", leaver)
    await _answered(any_database, "help", "room", colleague)
    assert [asker.person_id for asker in await _shown_for(any_database, UNKNOWN, leaver)] == [None]


async def test_a_colleague_elsewhere_or_gone_proves_nothing(any_database: Database) -> None:
    """Neither somebody of another chat nor one who has left as well is a reader."""
    leaver, colleague, gone = [await _person(any_database) for _ in range(3)]
    await _answered(any_database, "case:1", "room", leaver)
    await _answered(any_database, "help", "another room", colleague)
    await _answered(any_database, "help", "room", gone)
    await any_database.write(lambda c: people.deactivate(c, gone))
    assert await _shown_for(any_database, UNKNOWN, leaver, gone) == []


async def test_who_is_there_is_drawn_for(any_database: Database) -> None:
    """Whoever has not left sees what he may see."""
    person = await _person(any_database)
    await _answered(any_database, "case:1", "two:1", person)
    assert [asker.person_id for asker in await _shown_for(any_database, KNOWN)] == [person]


async def _unbind(team: Team) -> None:
    def end(connection: Connection) -> None:
        person = people.by_login(connection, "agent")
        assert person is not None
        assert chats.unbind(connection, person.id, team.peer.name, team.peer.tenant, team.peer.person)

    await team.bot.database.write(end)


async def _deactivate(team: Team) -> None:
    def leave(connection: Connection) -> None:
        person = people.by_login(connection, "agent")
        assert person is not None
        people.deactivate(connection, person.id)

    await team.bot.database.write(leave)


@pytest.mark.parametrize("leave", [_unbind, _deactivate])
@pytest.mark.parametrize("kind", [SlackPeer, FeishuPeer])
async def test_the_team_hears_how_a_leavers_interception_ends(meeting: Open, kind: type[Peer], leave: object) -> None:
    """Confirmed in the team's chat by somebody who is gone before the carrier decides: the card there tells the end."""
    peer = kind()
    team = await meeting(peer)
    await team.bind()
    await team.bind("agent2", peer.stranger)
    await team.bot.arm(PARCEL, "late_success", later_s=1.5)
    await peer.say("/fees", peer.stranger)
    await peer.say(f"/intercept {PARCEL}")
    card = await until(lambda: next((one for one in peer.seen() if PARCEL in one.text and one.buttons), None))
    await peer.press(card, "确认拦截")

    def there() -> Seen:
        return next(one for one in peer.seen() if one.ref == card.ref)

    await until(lambda: "确认拦截" not in there().text)
    await leave(team)  # type: ignore[operator]
    await team.bot.settled(WU, "succeeded")
    await until(lambda: "拦截成功" in there().text)


async def _taken_out(team: Team) -> None:
    """The owner does it on the page."""
    owner = team.bot.visitor()
    await owner.enter("owner", "/permissions")
    person = await team.bot.database.read(lambda c: people.by_login(c, "agent"))
    assert person is not None
    assert (await owner.post("/permissions/people", {"person": person.id, "to": "leave"})).status == 303


@pytest.mark.parametrize("kind", [SlackPeer, FeishuPeer])
async def test_a_press_after_leaving_is_refused_in_words(meeting: Open, kind: type[Peer]) -> None:
    """A confirmation that stands in the chat when its person is taken out sends nothing: the press, and what is typed,
    are answered by how one is bound; a colleague's own still go through.
    """
    peer = kind()
    team = await meeting(peer)
    await team.bind()
    await team.bind("agent2", peer.stranger)
    await team.bot.arm(PARCEL, "success")
    await peer.say(f"/intercept {PARCEL}")
    card = await until(lambda: next((one for one in peer.seen() if PARCEL in one.text and one.buttons), None))
    await _taken_out(team)
    before = await team.left()
    await peer.press(card, "确认拦截")
    await until(lambda: "先绑定" in "".join(peer.told()))
    await peer.say(f"/intercept {PARCEL}")
    assert await team.left() == before
    assert await team.bot.cases(WU) == []
    await peer.say(f"/intercept {PARCEL}", peer.stranger)
    own = await until(lambda: next((one for one in peer.seen() if one.buttons and one.ref != card.ref), None))
    await peer.press(own, "确认拦截", user=peer.stranger)
    await team.bot.settled(WU, "succeeded")


async def test_a_talk_of_two_is_told_nothing_more(meeting: Open) -> None:
    """Both chats that the leaver chose were told; taken out, the team's is told of the next one, the talk of two is
    not, and neither is how the earlier one ended.
    """
    peer = SlackPeer()
    team = await meeting(peer)
    await team.bind()
    channel = peer.channel
    for peer.channel in (channel, "D0LEAVER"):
        told = len(with_words(peer, "会收到新售后"))
        await peer.say("/subscribe")
        await until(lambda told=told: len(with_words(peer, "会收到新售后")) > told)

    def there(where: str, *words: str) -> list[Seen]:
        return [one for one in with_words(peer, *words) if one.ref.startswith(where)]

    await import_sales(team, [document(31)])
    for where in (channel, "D0LEAVER"):
        await until(lambda where=where: there(where, f"YT{31:013}"))
    await _taken_out(team)
    rest = update(outbox).where(outbox.c.target.startswith("fresh:")).values(not_before=None)
    await team.bot.database.write(lambda c: c.execute(rest))
    await import_sales(team, [document(32), {**document(31), "status": "closed"}])
    await until(lambda: there(channel, f"YT{32:013}"))
    await until(lambda: there(channel, f"YT{31:013}", "售后单已结束"))
    assert there("D0LEAVER", f"YT{32:013}") == []
    assert there("D0LEAVER", "售后单已结束") == []
