"""Slack at the bot's door."""

from __future__ import annotations

import asyncio
import json
import time

from sqlalchemy import select

from bot.store.cards import inbox, outbox
from tests.channels.conftest import Open, Team
from tests.channels.peers import Sent, until
from tests.channels.slack.peer import FORM, SlackPeer, signed

ZHOU = "7312045566778894001"
FIRST = "75400000004001"
WU = "7312045566778894002"


async def _bound(meeting: Open) -> tuple[Team, SlackPeer]:
    peer = SlackPeer()
    team = await meeting(peer)
    await team.bind()
    return team, peer


async def test_a_card_is_changed_in_place(meeting: Open) -> None:
    """Command, boxes, confirm: the same message becomes the result; each request is answered empty and at once."""
    _, peer = await _bound(meeting)
    began = time.monotonic()
    heard = await peer.say(f"/intercept {ZHOU}")
    assert (heard.status, heard.body) == (200, b"")
    assert time.monotonic() - began < 3
    await until(peer.seen)
    card = peer.seen()[0]
    assert len(card.boxes) == 2
    await peer.press(card, "确认", picked=[FIRST])
    await until(lambda: "拦截成功" in peer.seen()[0].text)
    assert len(peer.kept) == 1
    assert {method for method, _ in peer.calls} == {"chat.postMessage", "chat.update"}


async def test_nothing_ticked_is_nothing_asked(meeting: Open) -> None:
    """Confirming without a tick shows the confirmation again."""
    team, peer = await _bound(meeting)
    await peer.say(f"/intercept {ZHOU}")
    card = (await until(peer.seen))[0]
    empty = {"parcels:0": {"boxes": {"type": "checkboxes", "selected_options": []}}}
    await peer.send(peer.click(card.ref, card.button("确认"), peer.person, state={"values": empty}))
    await until(lambda: peer.kept[0].edits)
    assert peer.seen()[0].boxes == card.boxes
    assert await team.bot.cases(ZHOU) == []


async def test_the_same_command_again_is_the_same_command(meeting: Open) -> None:
    """A request that is sent twice, byte for byte, is answered twice and taken once."""
    team, peer = await _bound(meeting)
    sent = peer.slash(f"/intercept {WU}", peer.person)
    assert [(await peer.send(sent)).status for _ in range(3)] == [200, 200, 200]
    await until(peer.seen)
    await asyncio.sleep(0.6)
    assert len(peer.seen()) == 1
    rows = await team.bot.database.read(
        lambda c: c.execute(select(inbox.c.seq).where(inbox.c.channel == "slack")).all()
    )
    assert len(rows) == 1


async def test_where_the_bot_may_not_write_it_answers_who_asked(meeting: Open) -> None:
    """In a channel that it is no member of, the address that came with the command is used, and only there."""
    team, peer = await _bound(meeting)
    peer.refuses["chat.postMessage"] = "not_in_channel"
    peer.refuses["chat.update"] = "channel_not_found"
    await peer.say(f"/intercept {WU}")
    card = (await until(peer.seen))[0]
    hooked = [call for call in peer.calls if call[0].startswith("hook:commands/")]
    assert hooked[0][1]["response_type"] == "in_channel"
    await peer.press(card, "确认")
    await until(lambda: any(name.startswith("hook:actions/") for name, _ in peer.calls))
    last = peer.calls[-1][1]
    assert last["replace_original"] is True
    [case] = await team.bot.cases(WU)
    assert case.state in ("failed", "pending")


async def test_answers_go_to_slack_alone(meeting: Open) -> None:
    """An address that leads elsewhere is not kept, let alone called; a kept one is sealed."""
    team, peer = await _bound(meeting)
    await peer.send(peer.slash("/help", peer.person, response_url="https://evil.example/hooks/1"))
    await peer.say("/fees")
    await until(lambda: len(peer.seen()) == 2)
    kept = await team.bot.database.read(
        lambda c: c.execute(
            select(inbox.c.payload["values"].as_json()).where(inbox.c.channel == "slack").order_by(inbox.c.seq)
        ).all()
    )
    assert kept[0][0] == {}
    assert "from.token" in kept[1][0]
    assert peer.url not in json.dumps([list(row) for row in kept])
    tokens = await team.bot.database.read(
        lambda c: c.execute(select(outbox.c.token).where(outbox.c.channel == "slack")).all()
    )
    assert not any(peer.url in (row.token or "") for row in tokens)


async def test_a_mention_is_a_command_and_talk_is_none(meeting: Open) -> None:
    """A mention and a talk of two reach the desk; other bots, edits and joins do not."""
    team, peer = await _bound(meeting)
    await peer.send(peer.event({"type": "app_mention", "user": "U1", "text": f"<@UBOT> /intercept {WU}"}))
    await until(peer.seen)
    before = await team.left()
    for event in (
        {"type": "message", "channel_type": "channel", "user": "U1", "text": "/help"},
        {"type": "message", "channel_type": "im", "user": "U1", "text": "/help", "bot_id": "B1"},
        {"type": "message", "channel_type": "im", "user": "U1", "text": "/help", "subtype": "message_changed"},
        {"type": "reaction_added", "user": "U1"},
        {"type": "message", "channel_type": "im", "user": "U1", "text": "/help", "ts": ""},
    ):
        assert (await peer.send(peer.event(event))).status == 200
    assert await team.left() == before
    await peer.send(peer.event({"type": "message", "channel_type": "im", "user": "U1", "text": "/help"}))
    await until(lambda: any("拦截助手" in one.text for one in peer.seen()))


async def test_an_event_again_is_no_second_event(meeting: Open) -> None:
    """Slack sends an event up to three times more; its id says so."""
    _, peer = await _bound(meeting)
    for _ in range(3):
        event = {"type": "app_mention", "user": "U1", "text": f"<@UBOT> /intercept {WU}", "ts": f"{time.time():.6f}"}
        await peer.send(peer.event(event, event_id="Ev0001"))
    await until(peer.seen)
    await asyncio.sleep(0.5)
    assert len(peer.seen()) == 1


async def test_a_command_that_comes_late_is_refused_in_words(meeting: Open) -> None:
    """After an outage an old event is not carried out, and the person hears so."""
    team, peer = await _bound(meeting)
    old = {"type": "app_mention", "user": "U1", "text": f"<@UBOT> /intercept {WU}", "ts": f"{time.time() - 400:.6f}"}
    await peer.send(peer.event(old))
    card = (await until(peer.seen))[0]
    assert not card.buttons
    assert await team.bot.cases(WU) == []


async def test_slack_introduces_itself(meeting: Open) -> None:
    """A signed challenge comes back; the probe of the certificate is unsigned and does nothing else."""
    team, peer = await _bound(meeting)
    heard = await peer.send(signed("/events", b'{"type":"url_verification","challenge":"c-123"}', "application/json"))
    assert json.loads(heard.body) == {"challenge": "c-123"}
    before = await team.left()
    probe = b"ssl_check=1&command=%2Fintercept&text=" + WU.encode() + b"&team_id=T1&user_id=U1&channel_id=C1"
    assert (await peer.send(Sent("/commands", probe, {"Content-Type": FORM}))).status == 200
    assert (await peer.send(Sent("/commands", b"", method="GET", query={"ssl_check": "1"}))).status == 200
    assert (await peer.send(Sent("/commands", b"", method="GET"))).status == 401
    assert await team.left() == before


async def test_a_stranger_is_told_once(meeting: Open) -> None:
    """Whoever is not bound hears how to bind, and then nothing for a while; a code that was guessed binds nobody."""
    team, peer = await _bound(meeting)
    before = await team.left()
    assert "bind" in (await peer.say("/intercept 1", user=peer.stranger)).body.decode()
    assert (await peer.say("/intercept 1", user=peer.stranger)).body == b""
    for _ in range(6):
        await peer.say("/bind 00000000", user=peer.stranger)
    assert "5 次" in peer.ephemeral[-1]
    assert await team.left() == before


async def test_a_stranger_who_mentions_the_bot_is_told_alone(meeting: Open) -> None:
    """In a channel only the stranger reads how to bind."""
    team, peer = await _bound(meeting)
    before = await team.left()
    await peer.send(peer.event({"type": "app_mention", "user": peer.stranger, "text": "<@UBOT> /help"}))
    await until(lambda: peer.ephemeral)
    assert peer.kept == []
    assert await team.left() == before


async def test_another_shops_number_is_not_found(meeting: Open) -> None:
    """A number of another shop reads like one that nobody has, and its button finds nothing."""
    team, peer = await _bound(meeting)
    await peer.say("/intercept 9999999999999999999")
    await peer.say("/intercept 75400000000999")
    cards = await until(lambda: peer.seen() if len(peer.seen()) == 2 else None)
    assert not any(one.buttons for one in cards)
    assert await team.bot.cases("9999999999999999999") == []
