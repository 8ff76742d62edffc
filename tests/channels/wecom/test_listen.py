"""企业微信 by its long connection."""

from __future__ import annotations

import asyncio
import json
import tomllib
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientWebSocketResponse
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot.channels import line
from bot.channels.contract import NotHere, NotKept, NotPosted, Place, Throttled
from bot.channels.line import Line
from bot.channels.registry import build
from bot.channels.wecom import listen
from bot.channels.wecom.channel import WecomChannel
from bot.channels.wecom.listen import WecomListener, _Link
from bot.handlers.contract import Chat
from bot.outbound import Outbound
from bot.store.cards import inbox, outbox
from tests.cards.samples import ZH, everything
from tests.channels.conftest import Open, Team
from tests.channels.peers import until
from tests.channels.receptions import nobody
from tests.channels.wecom.gateway import SECRET, WecomLinePeer, framed
from tests.channels.wecom.peer import AES_KEY, ROBOT, TOKEN

HU, PARCEL = "7312045566778894003", "75400000004003"


async def _bound(meeting: Open, peer: WecomLinePeer | None = None) -> tuple[Team, WecomLinePeer]:
    peer = peer or WecomLinePeer()
    team = await meeting(peer)
    await team.bind()
    return team, peer


async def _connection(team: Team) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"{team.bot.base}/readyz") as answer:
        found: dict[str, Any] = await answer.json()
        assert answer.status == 200
        return str(found["channels"]["wecom"])


async def _kept(team: Team) -> int:
    rows = select(inbox.c.seq).where(inbox.c.channel == "wecom")
    return len(await team.bot.database.read(lambda c: c.execute(rows).all()))


async def test_it_speaks_by_the_connection(meeting: Open) -> None:
    """The folded card says how it stands, the result is a message of its own, and no answer's address is used."""
    team, peer = await _bound(meeting)
    assert await _connection(team) == "up"
    await team.bot.arm(PARCEL, "late_failure", later_s=0.6)
    await peer.say(f"/intercept {PARCEL}")
    card = (await until(peer.seen))[0]
    await peer.press(card, "确认")
    await until(lambda: peer.kept[0].edits == 1)
    assert "拦截中" in peer.seen()[0].text
    await until(lambda: len(peer.kept) == 2)
    assert "拦截失败" in peer.seen()[1].text
    assert peer.used == []


async def test_a_result_later_than_the_address_holds(meeting: Open) -> None:
    """What comes of it after the first result is said as well: there is no number of answers to use up."""
    team, peer = await _bound(meeting)
    await team.bot.arm(PARCEL, "contradict", later_s=0.5)
    await peer.say(f"/intercept {PARCEL}")
    await peer.press((await until(peer.seen))[0], "确认")
    await until(lambda: any("拦截成功" in one.text for one in peer.seen()[1:]))
    await until(lambda: any("派送" in one.text for one in peer.seen()[2:]), 25)


async def test_a_talk_of_two(meeting: Open) -> None:
    """Alone with the robot people are written to by their own name."""
    _, peer = await _bound(meeting)
    await peer.hand(peer.typed("/help", peer.person, chattype="single", chatid=""))
    await until(peer.seen)
    assert (peer.kept[0].body["chatid"], peer.kept[0].body["chat_type"]) == (peer.person, 1)


async def test_a_message_again_is_one_message(meeting: Open) -> None:
    """The same msgid twice is answered once."""
    team, peer = await _bound(meeting)
    for _ in range(3):
        await peer.hand(peer.typed("@拦截 助手 /help", peer.person, msgid="m-same"))
    await until(peer.seen)
    await peer.say("/fees")
    await until(lambda: len(peer.kept) == 2)
    assert await _kept(team) == 2


async def test_it_comes_back(meeting: Open) -> None:
    """The network breaks and 企业微信 is busy: tried again until it works. What was owed meanwhile is said then."""
    team, peer = await _bound(meeting)
    peer.refuses = [-1]
    await team.bot.arm(PARCEL, "late_failure", later_s=0.3)
    await peer.say(f"/intercept {PARCEL}")
    card = (await until(peer.seen))[0]
    await peer.press(card, "确认")
    await until(lambda: peer.kept[0].edits == 1)
    peer.cut()
    await until(lambda: peer.opened == 2, 30)
    await until(lambda: any("拦截失败" in one.text for one in peer.seen()), 30)
    assert peer.refuses == []
    assert len(await team.bot.cases(HU)) == 1


async def test_a_wrong_secret_is_told(meeting: Open) -> None:
    """Only a person can mend that: the operator reads it, and 企业微信 is left alone for a while."""
    team, peer = await _bound(meeting)
    peer.refuses = [40001]
    peer.cut()

    async def told() -> bool:
        return await _connection(team) == "subscribe 40001"

    await until(told)
    assert peer.opened == 1
    assert line.REFUSED_S > 60


async def test_taken_over_by_another(meeting: Open) -> None:
    """Somebody else connects as this robot: the two do not put each other out in turns."""
    team, peer = await _bound(meeting)
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{peer.url}/line") as socket:
        body = {"bot_id": ROBOT, "secret": SECRET}
        await socket.send_json({"cmd": "aibot_subscribe", "headers": {"req_id": "aibot_subscribe_1"}, "body": body})
        assert (await socket.receive_json())["errcode"] == 0

        async def told() -> bool:
            return await _connection(team) == "taken over"

        await until(told)
        assert peer.opened == 2


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
    """Pictures, a greeting when the robot is opened, somebody's opinion of an answer: without a word."""
    team, peer = await _bound(meeting)
    before = await team.left()
    await peer.hand(peer.received(peer.person, msgtype="image"))
    for kind in ("enter_chat", "feedback_event"):
        await peer.hand(peer.received(peer.person, msgtype="event", event={"eventtype": kind}))
    await peer.say("/help", user=peer.stranger)
    await until(peer.told)
    assert await team.left() == before


async def test_both_doors(meeting: Open) -> None:
    """With a token as well there is an address to call; without one there is none."""

    class Both(WecomLinePeer):
        def section(self) -> str:
            return f'{super().section()}token = "{TOKEN}"\naes_key = "{AES_KEY}"\n'

    team, _ = await _bound(meeting, Both())
    async with aiohttp.ClientSession() as session, session.get(f"{team.bot.base}/channels/wecom/callback") as answer:
        assert answer.status == 401


async def test_without_a_token_nobody_can_call(meeting: Open) -> None:
    """There is no address. The end answers what has come."""
    team, peer = await _bound(meeting)
    async with aiohttp.ClientSession() as session, session.get(f"{team.bot.base}/channels/wecom/callback") as answer:
        assert answer.status == 404
    await team.bot.server.close()
    await until(lambda: not peer.sockets)


class _Deaf(ClientWebSocketResponse):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[Any] = []

    async def send_str(self, data: str, compress: int | None = None) -> None:
        self.said.append(json.loads(data))

    async def close(self, *, code: int = 1000, message: bytes = b"", drain: bool = True) -> bool:
        return True


def _listener(outbound: Outbound, hear: Any, url: str = "ws://127.0.0.1:9") -> WecomListener:
    return WecomListener(Line("wecom"), outbound, url, (ROBOT, SECRET), hear, 10_000)


async def _said(data: str, problem: Exception | None = None) -> list[Any]:
    async def hear(body: Any) -> Any:
        if problem is not None:
            raise problem
        return {"response_type": "update_template_card"}

    async with Outbound() as outbound:
        socket = _Deaf()
        await _listener(outbound, hear)._take(_Link(socket), data)
        return socket.said


async def test_what_is_not_kept_changes_no_card() -> None:
    """A press that could not be kept leaves its card as it is, button and all."""
    frame = json.dumps(framed("aibot_event_callback", "cb-1", {"msgid": "1"}))
    assert await _said(frame, NotKept()) == []
    [update] = await _said(frame)
    assert (update["cmd"], update["headers"]) == ("aibot_respond_update_msg", {"req_id": "cb-1"})


async def test_a_process_without_the_connection() -> None:
    """It cannot speak, which is no failure; a message that was refused is one, and too many have to wait."""
    async with Outbound() as outbound:
        listener = _listener(outbound, None)
        with pytest.raises(NotHere):
            await listener.send("c1", {}, single=False)
        peer = WecomLinePeer()
        await peer.start()
        listener = _listener(outbound, None, f"{peer.url}/line")
        listening = asyncio.create_task(listener.listen())
        try:
            await until(lambda: listener._link)
            peer._talked.add("2:c1")
            peer.fails = [40058, 45009]
            with pytest.raises(NotPosted, match="40058") as refused:
                await listener.send("c1", {"msgtype": "markdown"}, single=False)
            assert refused.value.again_in_s is None
            with pytest.raises(Throttled):
                await listener.send("c1", {"msgtype": "markdown"}, single=False)
        finally:
            listening.cancel()
            await asyncio.wait([listening])
            await peer.close()


async def test_without_the_connection_the_one_answer_is_used() -> None:
    """A process that cannot speak answers by the address that came with the message, once; then it leaves it to others.
    What is said already is not said again.
    """
    peer = WecomLinePeer()
    await peer.start()
    try:
        async with Outbound() as outbound:
            [channel] = build(tomllib.loads(peer.section()), nobody(), outbound)
            assert isinstance(channel, WecomChannel)
            token = channel._seal.close(f"{peer.url}/respond/7")
            place = Place(Chat("wecom", "c1", "zh"), "demo", "help", key="1", token=token, uses_left=1)
            card = everything(ZH)["help"]
            posted = await channel.show(place, card)
            assert (peer.used, posted.token, posted.version_shown) == (["7"], None, card.version)
            there = replace(place, message_ref=posted.message_ref, version_shown=posted.version_shown, token=None)
            assert (await channel.show(there, card)).message_ref == posted.message_ref
            with pytest.raises(NotHere):
                await channel.show(there, replace(card, version=card.version + 1))
    finally:
        await peer.close()


async def test_a_connection_that_has_died(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pings without a receipt: another connection is opened."""
    monkeypatch.setattr(listen, "PING_S", 0.02)
    monkeypatch.setattr(listen, "RECEIPT_S", 0.2)
    async with Outbound() as outbound:
        peer = WecomLinePeer()
        await peer.start()
        listener = _listener(outbound, None, f"{peer.url}/line")
        listening = asyncio.create_task(listener.listen())
        try:
            await until(lambda: peer.pings > 2)
            peer.deaf = True
            await until(lambda: not peer.sockets)
            peer.deaf = False
            await until(lambda: peer.opened == 2)
        finally:
            listening.cancel()
            await asyncio.wait([listening])
            await peer.close()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
COMMANDS = st.sampled_from(["aibot_msg_callback", "aibot_event_callback", "ping", ""])


@given(
    frame=JSON
    | st.fixed_dictionaries(
        {"cmd": COMMANDS | JSON, "headers": JSON | st.just({"req_id": "x"}), "body": JSON, "errcode": JSON}
    )
)
def test_any_frame(frame: Any) -> None:
    """Whatever a frame holds: nothing breaks."""
    assert len(asyncio.run(_said(json.dumps(frame)))) <= 1
