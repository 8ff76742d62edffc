"""飞书 at the bot's door."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from sqlalchemy import select, update

from bot.channels.feishu.inbound import moment, typed
from bot.channels.feishu.verify import decrypt
from bot.store.cards import inbox, outbox
from bot.store.database import now
from tests.channels.conftest import Open, Team
from tests.channels.feishu.peer import KEY, TOKEN, FeishuPeer, challenge, encrypt, sealed
from tests.channels.peers import Seen, Sent, until

WU = "7312045566778894002"
PARCEL = "75400000004002"


async def _bound(meeting: Open) -> tuple[Team, FeishuPeer]:
    peer = FeishuPeer()
    team = await meeting(peer)
    await team.bind()
    return team, peer


async def _card(peer: FeishuPeer) -> Seen:
    found: list[Seen] = await until(peer.seen)
    await asyncio.sleep(0.1)
    return found[0]


async def _due(team: Team, **values: object) -> None:
    wanted = update(outbox).where(outbox.c.channel == "feishu")
    await team.bot.database.write(lambda c: c.execute(wanted.values(due_at=now(c), **values)))


async def test_a_click_is_answered_with_a_line_and_the_card_changes(meeting: Open) -> None:
    """The press is answered at once in words; the same message then becomes the result."""
    team, peer = await _bound(meeting)
    await peer.say(f"/intercept {PARCEL}")
    card = await _card(peer)
    assert (await peer.press(card, "确认")).status == 200
    assert peer.toasts
    await until(lambda: peer.kept[0].edits)
    assert len(peer.kept) == 1
    await peer.press(card, "确认")
    assert "周琳" in peer.toasts[-1]
    assert len(await team.bot.cases(WU)) == 1


async def test_it_introduces_itself(meeting: Open) -> None:
    """The check of the address is encrypted and unsigned; the challenge comes back, signed or not."""
    team, peer = await _bound(meeting)
    before = await team.left()
    for signed_too in (False, True):
        heard = await peer.send(challenge(TOKEN, signed_too=signed_too))
        assert (heard.status, json.loads(heard.body)) == (200, {"challenge": "c-123"})
    assert await team.left() == before


async def test_who_signs_nothing_learns_nothing(meeting: Open) -> None:
    """Whether a cipher text without a signature opens to words, to nonsense or not at all: the same no."""
    _, peer = await _bound(meeting)
    bodies = [encrypt(b"no JSON"), encrypt(b"[]"), encrypt(b"{}"), encrypt(b"x", "another key"), "AAAA", "?"]
    heard = [
        await peer.send(Sent("/events", json.dumps({"encrypt": body}).encode(), {"Content-Type": "application/json"}))
        for body in bodies
    ]
    assert {(one.status, one.body) for one in heard} == {(401, b"")}


async def test_a_mention_that_begins_like_another(meeting: Open) -> None:
    """The tenth mention's key begins with the first's: all go, and nothing of them is left before the command."""
    _, peer = await _bound(meeting)
    event = peer.message("/help", peer.person)
    mentions = [{"key": f"@_user_{n}", "id": {"open_id": f"ou_{n}"}, "name": "x", "tenant_key": "t"} for n in (1, 10)]
    plain = json.loads(decrypt(KEY, json.loads(event.body)["encrypt"]) or b"")
    plain["event"]["message"] |= {"mentions": mentions, "content": json.dumps({"text": "@_user_10 @_user_1 /help"})}
    await peer.send(sealed("/events", plain))
    found = await until(peer.seen)
    assert "/intercept" in found[0].text


async def test_the_same_message_by_two_events(meeting: Open) -> None:
    """A repeat has the same message, also where its event has a new id."""
    team, peer = await _bound(meeting)
    for _ in range(3):
        await peer.send(peer.message("/help", peer.person, message_id="om_same"))
    await until(peer.seen)
    await asyncio.sleep(0.5)
    rows = await team.bot.database.read(
        lambda c: c.execute(select(inbox.c.seq).where(inbox.c.channel == "feishu")).all()
    )
    assert (len(rows), len(peer.kept)) == (1, 1)


async def test_a_command_hours_later_is_refused_in_words(meeting: Open) -> None:
    """飞书 delivers up to seven hours later: then nothing is carried out, and the person hears so."""
    team, peer = await _bound(meeting)
    old = str(int((time.time() - 3600) * 1000))
    assert (await peer.send(peer.message(f"/intercept {PARCEL}", peer.person, create_time=old))).status == 200
    card = await _card(peer)
    assert not card.buttons
    assert await team.bot.cases(WU) == []


async def test_bots_and_pictures_are_no_commands(meeting: Open) -> None:
    """Another bot's text, a picture, broken content, an event that was not asked for: taken without a word."""
    team, peer = await _bound(meeting)
    before = await team.left()
    assert (await peer.send(peer.message("/help", peer.person, kind="app"))).status == 200
    for more in ({"message_type": "image"}, {"content": "{"}, {"content": "[]"}, {"create_time": "x"}):
        assert (await peer.send(peer.message("/help", peer.person, **more))).status == 200
    other = {"schema": "2.0", "header": peer.header("im.chat.updated_v1"), "event": {}}
    assert (await peer.send(sealed("/events", other, key=KEY))).status == 200
    assert (await peer.send(peer.click("om_1", 7, peer.person))).status == 200
    assert await team.left() == before


async def test_a_stranger_who_clicks_is_told_at_once(meeting: Open) -> None:
    """Whoever is not bound hears how to bind in the answer to the press, and nothing is done."""
    team, peer = await _bound(meeting)
    await peer.say(f"/intercept {PARCEL}")
    card = await _card(peer)
    before = await team.left()
    await peer.press(card, "确认", user=peer.stranger)
    assert "bind" in peer.toasts[-1]
    assert await team.left() == before


async def test_a_token_that_ended_is_fetched_anew(meeting: Open) -> None:
    """Once for many messages, and again when 飞书 says that it is over."""
    _, peer = await _bound(meeting)
    await peer.say("/help")
    await until(peer.seen)
    peer.token = "t-2"
    await peer.say("/fees")
    await until(lambda: len(peer.kept) == 2)
    assert peer.calls.count("token") == 2


async def test_a_card_that_cannot_be_changed_any_more(meeting: Open) -> None:
    """After fourteen days, or taken back: a new message takes over."""
    team, peer = await _bound(meeting)
    await peer.say(f"/intercept {PARCEL}")
    await _card(peer)
    peer.fails = [(400, 230031)]
    await _due(team)
    await until(lambda: len(peer.kept) == 2)

    async def moved() -> bool:
        wanted = select(outbox.c.message_ref).where(outbox.c.channel == "feishu")
        refs = await team.bot.database.read(lambda c: c.execute(wanted).scalars().all())
        return refs == [peer.kept[1].message_id]

    await until(moved)


async def test_a_repeated_sending_is_one_message(meeting: Open) -> None:
    """Where nobody knows whether it got through, it is sent under the same id and then changed to now."""
    team, peer = await _bound(meeting)
    await peer.say("/help")
    await _card(peer)
    await _due(team, message_ref=None, version_shown=0, tries=1)
    await until(lambda: peer.kept[0].edits == 1)
    assert len(peer.kept) == 1


async def test_busy_is_tried_again(meeting: Open) -> None:
    """Too many at once, or a server that is ill: later. A wrong chat: never, and the operator reads why."""
    team, peer = await _bound(meeting)
    peer.fails = [(400, 99991400), (500, 1)]
    await peer.say("/help")
    await until(lambda: [one for one in peer.kept if one.edits])
    peer.fails = [(400, 230002)]
    await peer.say("/fees")

    async def problem() -> str | None:
        wanted = select(outbox.c.problem).where(outbox.c.channel == "feishu", outbox.c.target == "fees")
        return await team.bot.database.read(lambda c: c.execute(wanted).scalar())

    assert "230002" in await until(problem)


@pytest.mark.parametrize(
    "kind, content, words",
    [
        ("text", '{"text":"/help"}', "/help"),
        ("text", '{"text":7}', None),
        ("text", "{}", None),
        ("text", "null", None),
        (
            "post",
            '{"title":"t","content":[[{"tag":"text","text":"/intercept "},{"tag":"a","text":"1"}],[]]}',
            "/intercept 1\n",
        ),
        ("post", '{"content":7}', ""),
        ("post", '{"content":[7,[7,{"tag":"at"}]]}', "\n"),
        ("sticker", "{}", None),
    ],
)
def test_what_was_typed(kind: str, content: str, words: str | None) -> None:
    """Texts and rich texts are read, everything else is no text."""
    assert typed(kind, content) == words


@pytest.mark.parametrize("stamp, year", [("1700000000000", 2023), ("1700000000000000", 2023), ("", None), ("-1", None)])
def test_two_scales_of_time(stamp: str, year: int | None) -> None:
    """Messages count milliseconds, clicks microseconds."""
    found = moment(stamp)
    assert (found.year if found else None) == year
