"""企业微信 at the bot's door."""

from __future__ import annotations

import asyncio

from sqlalchemy import select

from bot.store.cards import inbox, outbox
from tests.channels.conftest import Open, Team
from tests.channels.peers import Seen, Sent, until
from tests.channels.wecom.peer import WecomPeer, encrypt, sealed, signed

HU = "7312045566778894003"
PARCEL = "75400000004003"


async def _bound(meeting: Open) -> tuple[Team, WecomPeer]:
    peer = WecomPeer()
    team = await meeting(peer)
    await team.bind()
    return team, peer


async def _card(peer: WecomPeer) -> Seen:
    found: list[Seen] = await until(peer.seen)
    return found[0]


async def test_the_one_answer_waits_for_the_result(meeting: Open) -> None:
    """Pressed, the card folds and says how it stands; the result comes as a new message, and nothing in between."""
    team, peer = await _bound(meeting)
    await team.bot.arm(PARCEL, "late_failure", later_s=0.6)
    await peer.say(f"/intercept {PARCEL}")
    card = await _card(peer)
    heard = await peer.press(card, "确认")
    assert heard.status == 200
    folded = peer.seen()[0]
    assert "拦截中" in folded.text
    assert not folded.buttons
    assert len(peer.kept) == 1
    await until(lambda: len(peer.kept) == 2)
    assert "拦截失败" in peer.seen()[1].text
    assert "0.00 元" in peer.seen()[1].text
    assert len(peer.used) == 2


async def test_it_introduces_itself(meeting: Open) -> None:
    """The echo comes back in the clear, bare."""
    team, peer = await _bound(meeting)
    before = await team.left()
    echo = encrypt(b"4567890123456789012")
    sent = signed(echo)
    heard = await peer.send(Sent(sent.path, b"", method="GET", query={**sent.query, "echostr": echo}))
    assert (heard.status, heard.body) == (200, b"4567890123456789012")
    assert await team.left() == before


async def test_a_message_again_is_one_message(meeting: Open) -> None:
    """The same msgid twice is answered once."""
    team, peer = await _bound(meeting)
    for _ in range(3):
        await peer.send(peer.message("@拦截 助手 /help", peer.person, msgid="m-same"))
    await until(peer.seen)
    await asyncio.sleep(0.5)
    assert len(peer.kept) == 1
    rows = await team.bot.database.read(
        lambda c: c.execute(select(inbox.c.seq).where(inbox.c.channel == "wecom")).all()
    )
    assert len(rows) == 1


async def test_a_talk_of_two_has_no_chat(meeting: Open) -> None:
    """Alone with the robot people write without its name, and are answered there."""
    team, peer = await _bound(meeting)
    await peer.send(peer.message("/help", peer.person, chattype="single", chatid=""))
    await until(peer.seen)
    chats = await team.bot.database.read(
        lambda c: c.execute(select(outbox.c.chat).where(outbox.c.channel == "wecom")).scalars().all()
    )
    assert chats == [f"single:{peer.person}"]


async def test_without_an_address_nothing_can_be_said(meeting: Open) -> None:
    """An address that leads elsewhere is not kept; the operator reads that the answer could not be given."""
    team, peer = await _bound(meeting)
    await peer.send(peer.message("@拦截 助手 /help", peer.person, response_url="https://evil.example/respond/1"))

    async def problem() -> str | None:
        wanted = select(outbox.c.problem).where(outbox.c.channel == "wecom")
        return await team.bot.database.read(lambda c: c.execute(wanted).scalar())

    assert "记录页" in await until(problem)
    assert peer.kept == []


async def test_the_platforms_no(meeting: Open) -> None:
    """Busy: tried again. Anything else: told to the operator."""
    team, peer = await _bound(meeting)
    peer.fails = [-1]
    await peer.say("/help")
    await until(peer.seen)
    peer.fails = [40058]
    await peer.say("/fees")

    async def problem() -> str | None:
        wanted = select(outbox.c.problem).where(outbox.c.channel == "wecom", outbox.c.target == "fees")
        return await team.bot.database.read(lambda c: c.execute(wanted).scalar())

    assert "40058" in await until(problem)


async def test_what_is_no_text_is_left_alone(meeting: Open) -> None:
    """Pictures, a greeting when the robot is opened, polls of a stream: taken without a word."""
    team, peer = await _bound(meeting)
    before = await team.left()
    for more in (
        {"msgtype": "image"},
        {"msgtype": "stream", "stream": {"id": "1"}},
        {"msgtype": "event", "event": {"eventtype": "enter_chat"}},
    ):
        assert (await peer.send(sealed(peer.received(peer.person, **more)))).status == 200
    assert await team.left() == before
