"""钉钉 by Stream."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientWebSocketResponse
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot.channels import line
from bot.channels.contract import NotKept
from bot.channels.dingtalk.client import DingtalkClient
from bot.channels.dingtalk.listen import DingtalkListener, _Link
from bot.channels.dingtalk.wire import Frame
from bot.channels.line import Line
from bot.outbound import Outbound
from bot.store.cards import inbox
from tests.channels.conftest import Open, Team
from tests.channels.dingtalk.gateway import BOT, CARD, DingtalkStreamPeer, framed
from tests.channels.dingtalk.peer import KEY, PATH, ROBOT, SECRET
from tests.channels.peers import send, until

WU, PARCEL = "7312045566778894002", "75400000004002"


async def _bound(meeting: Open, peer: DingtalkStreamPeer | None = None) -> tuple[Team, DingtalkStreamPeer]:
    peer = peer or DingtalkStreamPeer()
    team = await meeting(peer)
    await team.bind()
    return team, peer


async def _kept(team: Team) -> int:
    rows = select(inbox.c.seq).where(inbox.c.channel == "dingtalk")
    return len(await team.bot.database.read(lambda c: c.execute(rows).all()))


async def _connection(team: Team) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"{team.bot.base}/readyz") as answer:
        found: dict[str, Any] = await answer.json()
        assert answer.status == 200
        return str(found["channels"]["dingtalk"])


async def test_it_asks_for_messages_and_presses(meeting: Open) -> None:
    """Both, and no events; a ping is echoed."""
    team, peer = await _bound(meeting)
    assert peer.subscribed == {BOT, CARD}
    assert peer.opened == 1
    assert await _connection(team) == "up"
    heard = await peer.frame("SYSTEM", "ping", '{"opaque":"0d94-x"}')
    assert json.loads(heard.body) == {"opaque": "0d94-x"}


async def test_a_message_is_acknowledged_when_it_is_kept(meeting: Open) -> None:
    """By its id, with an empty response; the same message by another frame is the same message."""
    team, peer = await _bound(meeting)
    sent = peer.message(" /help", peer.person)
    for _ in range(2):
        heard = await peer.send(sent)
        assert (heard.status, json.loads(heard.body)) == (200, {})
    assert await _kept(team) == 1
    await until(lambda: len(peer.cards) == 1)


async def test_the_next_connection_is_open_before_the_old_one_goes(meeting: Open) -> None:
    """钉钉 says that it ends the connection: another one is opened first, what still comes by the old one is answered,
    and no message finds nobody.
    """
    team, peer = await _bound(meeting)
    for number in (2, 3):
        [old] = peer.sockets
        await peer.disconnect()
        await until(lambda: len(peer.sockets) == 2)
        assert peer.opened == number
        await old.send_json(framed("SYSTEM", "ping", f"late-{number}", "{}"))
        await until(lambda: any(ack["headers"]["messageId"] == f"late-{number}" for ack in peer.acks))  # noqa: B023
        await old.close()
        assert (await peer.say("/help")).status == 200
        assert await _connection(team) == "up"
    assert await _kept(team) == 2


async def test_where_no_other_connection_can_be_had_the_old_one_serves(meeting: Open) -> None:
    """钉钉 wants to end the connection and gives no other: the old one is used as long as it lasts."""
    team, peer = await _bound(meeting)
    peer.denies = [503]
    await peer.disconnect()
    await until(lambda: not peer.denies)
    assert (await peer.say("/help")).status == 200
    await peer.sockets[0].close()
    await until(lambda: peer.opened == 2)
    assert (await peer.say("/fees")).status == 200
    assert await _kept(team) == 2


async def test_it_comes_back(meeting: Open) -> None:
    """The network breaks, 钉钉 is ill: tried again until it works."""
    _, peer = await _bound(meeting)
    peer.denies = [500, 502]
    peer.cut()
    await until(lambda: peer.opened == 2)
    assert peer.denies == []
    assert (await peer.say("/help")).status == 200


async def test_a_wrong_secret_is_told(meeting: Open) -> None:
    """Only a person can mend that: the operator reads it, and 钉钉 is left alone for a while."""
    team, peer = await _bound(meeting)
    peer.denies = [401]
    peer.cut()

    async def told() -> bool:
        return await _connection(team) == "open unavailable"

    await until(told)
    assert peer.opened == 1
    assert line.REFUSED_S > 60


async def test_a_press_is_answered_in_its_acknowledgement(meeting: Open) -> None:
    """The same press by another frame is another press; by the same frame it is the same."""
    team, peer = await _bound(meeting)
    await peer.say(f"/intercept {PARCEL}")
    card = (await until(peer.seen))[0]
    heard = await peer.pressed(card.ref, card.button("确认"), peer.person)
    assert json.loads(heard.body)["cardData"]["cardParamMap"]["note"]
    await until(lambda: "拦截失败" in peer.seen()[0].text)
    assert len(peer.kept) == 1
    await peer.pressed(card.ref, card.button("确认"), peer.person)
    assert len(await team.bot.cases(WU)) == 1


async def test_a_late_press_is_refused_in_words(meeting: Open) -> None:
    """A press that was on its way for more than five minutes sends nothing off."""
    team, peer = await _bound(meeting)
    await peer.say(f"/intercept {PARCEL}")
    card = (await until(peer.seen))[0]
    click = peer.click(card.ref, card.button("确认"), peer.person).body.decode()
    late = str(int((time.time() - 301) * 1000))
    assert (await peer.frame("CALLBACK", CARD, click, time=late)).status == 200
    await until(lambda: any("送到得太晚" in one.text for one in peer.seen()))
    assert await team.bot.cases(WU) == []


async def test_both_doors_share_what_they_know(meeting: Open) -> None:
    """With a secret for its address as well, the same message by both doors is one; without it nobody can call."""

    class Both(DingtalkStreamPeer):
        def section(self) -> str:
            return f'{super().section()}path_secret = "{PATH}"\n'

    team, peer = await _bound(meeting, Both())
    sent = peer.message("/help", peer.person)
    assert (await peer.send(sent)).status == 200
    assert (await send(team.bot.base, "dingtalk", sent)).status == 200
    assert await _kept(team) == 1


async def test_without_a_secret_for_its_address_nobody_can_call(meeting: Open) -> None:
    """There is no address. The end answers what has come."""
    team, peer = await _bound(meeting)
    sent = peer.message("/help", peer.person)
    assert (await send(team.bot.base, "dingtalk", sent)).status == 404
    assert (await send(team.bot.base, "dingtalk", peer.click("ibc-1", "x", peer.person))).status == 404
    assert await _kept(team) == 0
    sending = asyncio.create_task(peer.say("/help"))
    await until(lambda: peer._waiting)
    await team.bot.server.close()
    assert (await sending).status == 200
    await until(lambda: not peer.sockets)


class _Deaf(ClientWebSocketResponse):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[Any] = []

    async def send_str(self, data: str, compress: int | None = None) -> None:
        self.said.append(json.loads(data))


async def _acknowledged(data: str, problem: Exception | None = None) -> list[Any]:
    async def hear(frame: Frame) -> tuple[int, Any]:
        if problem is not None:
            raise problem
        return 200, {"topic": frame.headers.topic}

    async with Outbound() as outbound:
        client = DingtalkClient(outbound, "http://127.0.0.1:9", (KEY, SECRET), ROBOT)
        listener = DingtalkListener(Line("dingtalk"), client, outbound, hear, 10_000)
        socket = _Deaf()
        await listener._take(_Link(socket), data)
        return socket.said


@pytest.mark.parametrize("problem", [NotKept(), ValueError("x")])
async def test_what_is_not_kept_is_not_said_to_be_taken(problem: Exception) -> None:
    """Not committed, or an error of ours: an acknowledgement of failure, and the connection stays."""
    [ack] = await _acknowledged(json.dumps(framed("CALLBACK", BOT, "m-1", "{}")), problem)
    assert (ack["code"], ack["headers"]["messageId"]) == (500, "m-1")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KINDS = st.sampled_from(["SYSTEM", "EVENT", "CALLBACK", "x"])


@given(
    frame=JSON | st.fixed_dictionaries({"type": KINDS | JSON, "headers": JSON | st.just({"topic": BOT}), "data": JSON}),
)
def test_any_frame(frame: Any) -> None:
    """Whatever a frame holds: one acknowledgement or none, and nothing breaks."""
    said = asyncio.run(_acknowledged(json.dumps(frame)))
    assert len(said) <= 1
