"""钉钉 at the bot's door."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.channels.dingtalk.verify import is_genuine, is_secret, sign
from bot.store.cards import inbox, outbox
from tests.channels.conftest import Open, Team
from tests.channels.dingtalk.peer import DingtalkPeer
from tests.channels.peers import until

VECTOR = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))["robot_http"]
WU = "7312045566778894002"
PARCEL = "75400000004002"


async def _bound(meeting: Open) -> tuple[Team, DingtalkPeer]:
    peer = DingtalkPeer()
    team = await meeting(peer)
    await team.bind()
    return team, peer


def test_the_header() -> None:
    """The vector has the sign that 钉钉's formula gives it; ten minutes either way are let pass."""
    secret, at = VECTOR["app_secret"], VECTOR["timestamp"]
    assert sign(secret, at) == VECTOR["sign"]
    headers = {"timestamp": at, "sign": VECTOR["sign"]}
    for offset, fine in ((0, True), (600_000, True), (-600_000, True), (600_001, False), (-600_001, False)):
        assert is_genuine(secret, headers, float(at) + offset) is fine
    assert not is_genuine("", {"timestamp": at, "sign": sign("", at)}, float(at))
    for broken in ({}, {"timestamp": at}, {"timestamp": "x", "sign": "x"}, {"timestamp": at, "sign": "é"}):
        assert not is_genuine(secret, broken, float(at))


def test_the_secret_of_the_address() -> None:
    """The whole of it, and never nothing."""
    assert is_secret("abc", "abc")
    assert not is_secret("abc", "ab")
    assert not is_secret("abc", "é")
    assert not is_secret("", "")


async def test_a_number_answers_the_card(meeting: Open) -> None:
    """Mentioned with a number, the robot takes it for the button of the card that answered this person last."""
    team, peer = await _bound(meeting)
    await peer.say(f"/intercept {PARCEL}")
    card = (await until(peer.seen))[0]
    await asyncio.sleep(0.2)
    assert (await peer.say(card.button("确认"))).status == 200
    await until(lambda: any("拦截失败" in one.text for one in peer.seen()))
    assert len(await team.bot.cases(WU)) == 1
    assert {one.by for one in peer.kept} == {"session"}


async def test_after_the_address_has_ended(meeting: Open) -> None:
    """The robot then writes on its own account, to the group or to the person, with a token fetched once."""
    _, peer = await _bound(meeting)
    peer.session_s = -1
    await peer.say("/help")
    await until(lambda: len(peer.kept) == 1)
    single = {"conversationType": "1", "conversationId": "cid2"}
    await peer.send(peer.message("/fees", peer.person, **single))
    await until(lambda: len(peer.kept) == 2)
    assert {one.by for one in peer.kept} == {"robot"}
    assert peer.calls == ["token", "groupMessages", "oToMessages"]


async def test_an_address_that_ended_early(meeting: Open) -> None:
    """What 钉钉 does not take by the address goes by the robot's own account."""
    _, peer = await _bound(meeting)
    peer.fails = [(200, 300001)]
    await peer.say("/help")
    await until(lambda: len(peer.kept) == 1)
    assert peer.calls == ["session", "token", "groupMessages"]


async def test_answers_go_to_dingtalk_alone(meeting: Open) -> None:
    """An address that leads elsewhere is not kept; a kept one is sealed."""
    team, peer = await _bound(meeting)
    await peer.send(peer.message("/help", peer.person, sessionWebhook="https://evil.example/robot"))
    await peer.say("/fees")
    await until(lambda: len(peer.kept) == 2)
    assert sorted(one.by for one in peer.kept) == ["robot", "session"]
    kept = await team.bot.database.read(
        lambda c: c.execute(select(inbox.c.payload["values"].as_json()).where(inbox.c.channel == "dingtalk")).all()
    )
    assert peer.url not in json.dumps([list(row) for row in kept])
    assert "evil" not in json.dumps([list(row) for row in kept])


async def test_a_message_again_is_one_message(meeting: Open) -> None:
    """The header may be used again within its time; the message's id may not."""
    _, peer = await _bound(meeting)
    sent = peer.message("/help", peer.person)
    for _ in range(3):
        await peer.send(sent)
    await until(peer.seen)
    await asyncio.sleep(0.5)
    assert len(peer.kept) == 1


async def test_an_old_command_is_refused_in_words(meeting: Open) -> None:
    """A body that was made long ago is not carried out under a fresh header."""
    team, peer = await _bound(meeting)
    await peer.send(peer.message(f"/intercept {PARCEL}", peer.person, createAt=int((time.time() - 400) * 1000)))
    card = (await until(peer.seen))[0]
    assert not card.buttons
    assert await team.bot.cases(WU) == []


async def test_a_quota_that_is_used_up(meeting: Open) -> None:
    """钉钉 then delivers messages without their words: that is for the operator, no command that is not understood."""
    team, peer = await _bound(meeting)
    before = await team.left()
    await peer.send(peer.message("", peer.person, errorCode="20001"))
    await peer.send(peer.message("", peer.person, msgtype="picture", text=None))
    assert await team.left() == before


async def test_a_rich_text_is_read(meeting: Open) -> None:
    """A command in a rich text counts as one."""
    _, peer = await _bound(meeting)
    rich = {"richText": [{"text": "/he"}, {"type": "picture"}, {"text": "lp"}]}
    await peer.send(peer.message("", peer.person, msgtype="richText", text=None, content=rich))
    await until(lambda: any("拦截助手" in one.text for one in peer.seen()))


@pytest.mark.parametrize("session_s", [5400.0, -1.0])
async def test_dingtalks_no(meeting: Open, session_s: float) -> None:
    """Not allowed: told to the operator. Ill: tried again."""
    team, peer = await _bound(meeting)
    peer.session_s = session_s
    peer.fails = [(503, "x")]
    await peer.say("/help")
    await until(peer.seen)
    peer.session_s = -1
    peer.fails = [(403, "Forbidden.AccessDenied")]
    await peer.say("/fees")

    async def problem() -> str | None:
        wanted = select(outbox.c.problem).where(outbox.c.channel == "dingtalk", outbox.c.target == "fees")
        return await team.bot.database.read(lambda c: c.execute(wanted).scalar())

    assert await until(problem) == "钉钉: Forbidden.AccessDenied"
