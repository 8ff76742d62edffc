"""飞书 by its long connection."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import select

from bot.channels.contract import Answer, NotKept
from bot.channels.feishu.channel import CLICK, FeishuChannel, FeishuSettings
from bot.channels.feishu.client import FeishuClient
from bot.channels.feishu.frame import NotAFrame
from bot.channels.feishu.listen import INCOMPLETE, FeishuListener, Parts
from bot.channels.line import Line
from bot.outbound import Outbound
from bot.store.cards import inbox
from tests.channels.conftest import Open, Team
from tests.channels.feishu.gateway import FeishuLinePeer
from tests.channels.feishu.peer import APP, KEY, SECRET, TOKEN, FeishuPeer
from tests.channels.peers import send, until
from tests.channels.receptions import nobody

MENU = "application.bot.menu_v6"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
WU, PARCEL = "7312045566778894002", "75400000004002"
ZHOU, FIRST = "7312045566778894001", "75400000004001"


async def _bound(meeting: Open, peer: FeishuLinePeer | None = None) -> tuple[Team, FeishuLinePeer]:
    peer = peer or FeishuLinePeer()
    team = await meeting(peer)
    await team.bind()
    return team, peer


async def _kept(team: Team) -> int:
    rows = select(inbox.c.seq).where(inbox.c.channel == "feishu")
    return len(await team.bot.database.read(lambda c: c.execute(rows).all()))


async def test_a_frame_is_acknowledged_with_what_the_click_shows(meeting: Open) -> None:
    """A message is acknowledged with a code alone, a click with the line that the person sees, both when committed."""
    team, peer = await _bound(meeting)
    await peer.say(f"/intercept {PARCEL}")
    assert peer.acks[-1][1:] == (200, b"")
    assert await _kept(team) == 1
    card = (await until(peer.seen))[0]
    await peer.press(card, "确认")
    code, body = peer.acks[-1][1:]
    assert (code, set(json.loads(body)["toast"])) == (200, {"type", "content"})
    await until(lambda: peer.kept[0].edits)
    assert len(await team.bot.cases(WU)) == 1


async def test_messages_in_several_frames(meeting: Open) -> None:
    """A long message comes in parts and is one."""
    team, peer = await _bound(meeting, FeishuLinePeer(split=5))
    await peer.say("/help")
    assert await _kept(team) == 1
    assert len([code for _, code, _ in peer.acks if code == 200]) == 1


async def test_cut_between_frame_and_acknowledgement(meeting: Open) -> None:
    """The connection breaks before the acknowledgement arrives: the event comes again by the next one, and is one, also
    where 飞书 makes another event of the same message.
    """
    team, peer = await _bound(meeting)
    sent = peer.message("/help", peer.person, message_id="om_same")
    peer.loses = 1
    assert (await peer.send(sent)).status == 200
    assert peer.opened == 2
    again = peer.message("/help", peer.person, message_id="om_same")
    assert (await peer.send(again)).status == 200
    assert await _kept(team) == 1
    await until(peer.seen)
    assert len(peer.seen()) == 1


async def test_a_click_cut_off_is_one_interception(meeting: Open) -> None:
    """The confirming click loses its acknowledgement twice and is sent three times: one interception, one fee."""
    team, peer = await _bound(meeting)
    await peer.say(f"/intercept {ZHOU}")
    card = (await until(peer.seen))[0]
    peer.loses = 2
    assert (await peer.press(card, "确认", picked=[FIRST])).status == 200
    assert peer.opened == 3
    await until(lambda: any("拦截成功" in one.text for one in peer.seen()))
    assert len(await team.bot.cases(ZHOU)) == 1
    assert await team.charged(ZHOU) == 300


async def test_both_doors_share_what_they_know(meeting: Open) -> None:
    """With an Encrypt Key as well the bot is called and connected: a message that comes by both doors is one."""

    class Both(FeishuLinePeer):
        def section(self) -> str:
            return f'{super().section()}encrypt_key = "{KEY}"\nverification_token = "{TOKEN}"\n'

    team, peer = await _bound(meeting, Both())
    sent = peer.message("/help", peer.person)
    assert (await peer.send(sent)).status == 200
    assert (await send(team.bot.base, "feishu", sent)).status == 200
    assert await _kept(team) == 1


async def test_without_its_key_nobody_can_call(meeting: Open) -> None:
    """A bot that only connects has no address for events: there is no secret by which it would know 飞书."""
    team, peer = await _bound(meeting)
    for sent in (peer.message("/help", peer.person), FeishuPeer().message("/help", peer.person)):
        assert (await send(team.bot.base, "feishu", sent)).status == 404
    assert await _kept(team) == 0


async def test_the_menu(meeting: Open) -> None:
    """An entry of the bot's menu is that command, answered in the talk of the two; the same press again is one."""
    team, peer = await _bound(meeting)
    sent = peer.menu("records", peer.person)
    for _ in range(2):
        assert (await peer.send(sent)).status == 200
    await until(lambda: any("拦截记录" in one.text for one in peer.seen()))
    for key in ("help", "/fees"):
        await peer.send(peer.menu(key, peer.person))
    await until(lambda: len(peer.seen()) == 3)
    assert await _kept(team) == 3
    for key in ("website", "绑定", "x" * 60):
        assert (await peer.send(peer.menu(key, peer.person))).status == 200
    assert await _kept(team) == 3
    await peer.send(peer.menu("help", peer.stranger))
    await until(lambda: any("绑定" in words for words in peer.told()))
    old = str(int((time.time() - 3600) * 1000))
    assert (await peer.send(peer.menu("fees", peer.person, create_time=old))).status == 200
    assert await _kept(team) == 4


async def _ready(team: Team) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{team.bot.base}/readyz") as answer:
        assert answer.status == 200
        found: dict[str, Any] = await answer.json()
        return found


async def _figure(team: Team) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"{team.bot.base}/metrics") as answer:
        text = await answer.text()
    return next(line for line in text.splitlines() if line.startswith("intercept_channel_up{"))


async def test_how_it_is_can_be_seen(meeting: Open) -> None:
    """It pings as it is told, with the service's number. Ready either way, and `/readyz` and the figures tell whether
    it is connected, and why not.
    """
    team, peer = await _bound(meeting)
    await until(lambda: len(peer.pings) >= 2)
    assert set(peer.pings) == {7}
    assert (await _ready(team))["channels"] == {"feishu": "up"}
    assert await _figure(team) == 'intercept_channel_up{channel="feishu"} 1.0'
    peer.refuses = [514]
    peer.cut()

    async def told() -> bool:
        return (await _ready(team))["channels"] == {"feishu": "code 514"}

    await until(told)
    assert await _figure(team) == 'intercept_channel_up{channel="feishu"} 0.0'


async def test_it_comes_back(meeting: Open) -> None:
    """Busy, too many connections, a broken answer: tried again until the gateway lets it in."""
    _, peer = await _bound(meeting)
    peer.refuses = [1, 1000040350, {"handshake-status": "514", "handshake-autherrcode": "1000040350"}]
    peer.cut()
    await until(lambda: peer.opened == 2)
    assert peer.refuses == []


async def test_the_end_answers_what_has_come(meeting: Open) -> None:
    """Told to stop, the bot answers the frame that it is dealing with, and then says goodbye."""
    team, peer = await _bound(meeting)
    sending = asyncio.create_task(peer.say("/help"))
    await until(lambda: peer._waiting)
    await team.bot.server.close()
    assert (await sending).status == 200
    await until(lambda: not peer.sockets)


def test_parts_in_any_order() -> None:
    """Whole once every part is there, also repeated ones; too long, or too many open at once, is not kept."""
    now = [0.0]
    parts = Parts(10, lambda: now[0])
    assert parts.add("a", 3, 2, b"c") is None
    assert parts.add("a", 3, 0, b"a") is None
    assert parts.add("a", 3, 0, b"a") is None
    assert parts.add("a", 3, 1, b"b") == b"abc"
    assert parts.add("b", 1, 0, b"x" * 99) == b"x" * 99
    assert parts.add("c", 3, 0, b"x" * 6) is None
    with pytest.raises(NotAFrame):
        parts.add("c", 3, 1, b"x" * 6)
    assert parts.add("d", 2, 0, b"1") is None
    now[0] = 5.1
    assert parts.add("d", 2, 1, b"2") is None
    for number in range(INCOMPLETE):
        assert parts.add(f"e{number}", 2, 0, b"1") is None
    assert parts.add("d", 2, 0, b"1") is None


async def test_what_is_not_kept_is_not_acknowledged() -> None:
    """Not committed, refused, or an error of ours: 飞书 hears 500 and sends it again; the connection stays."""
    peer = FeishuLinePeer()
    await peer.start()
    answers: list[Answer | Exception] = [NotKept(), Answer(403), ValueError("x"), Answer(body=b'{"toast":{}}')]

    async def hear(_plain: bytes) -> Answer:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with Outbound() as outbound:
        client = FeishuClient(outbound, f"http://127.0.0.1:{peer._server.port}", APP, SECRET)
        listener = FeishuListener(Line("feishu"), client, outbound, hear, 1000)
        listening = asyncio.create_task(listener.listen())
        try:
            said = [await peer.event(b"{}") for _ in range(4)]
            assert (await peer.event(b"x" * 1001)).status == 400
            assert peer.opened == 1
        finally:
            listening.cancel()
            await asyncio.wait([listening])
            await peer.close()
    assert [code for _, code, _ in peer.acks] == [500, 500, 500, 200, 500]
    assert said[-1].body == b'{"toast":{}}'


@given(VALUES, st.sampled_from(["im.message.receive_v1", CLICK, MENU]))
def test_whatever_an_event_holds(event: Any, kind: str) -> None:
    """Any JSON as an event by the connection: taken without doing anything, or refused, and nothing breaks."""
    header = {"event_id": "e", "event_type": kind, "tenant_key": "tk-1", "app_id": APP, "create_time": "1700000000000"}
    settings = FeishuSettings(mode="long_connection", app_id=APP, app_secret=SecretStr(SECRET), tenant_key="tk-1")
    channel = FeishuChannel("feishu", settings, nobody(), Outbound())
    plain = json.dumps({"schema": "2.0", "header": header, "event": event}).encode()
    assert asyncio.run(channel._framed(plain)).status in (200, 400, 403)
