"""Slack by Socket Mode."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from sqlalchemy import select

from bot.channels import line
from bot.channels.contract import Answer, NotKept
from bot.channels.line import Line
from bot.channels.slack.client import SlackClient
from bot.channels.slack.listen import SlackListener
from bot.outbound import Outbound
from bot.store.cards import inbox
from tests.channels.conftest import Open, Team
from tests.channels.peers import send, until
from tests.channels.slack.gateway import APP_TOKEN, SlackSocketPeer
from tests.channels.slack.peer import SECRET

ZHOU, FIRST = "7312045566778894001", "75400000004001"


async def _bound(meeting: Open, peer: SlackSocketPeer | None = None) -> tuple[Team, SlackSocketPeer]:
    peer = peer or SlackSocketPeer()
    team = await meeting(peer)
    await team.bind()
    return team, peer


async def _kept(team: Team) -> int:
    rows = select(inbox.c.seq).where(inbox.c.channel == "slack")
    return len(await team.bot.database.read(lambda c: c.execute(rows).all()))


async def _connection(team: Team) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"{team.bot.base}/readyz") as answer:
        found: dict[str, Any] = await answer.json()
        assert answer.status == 200
        return str(found["channels"]["slack"])


async def test_an_envelope_is_acknowledged_when_it_is_kept(meeting: Open) -> None:
    """By its id alone; what only the sender is told goes back with it. Mentions and talks of two come the same way."""
    team, peer = await _bound(meeting)
    await peer.say("/help")
    assert set(peer.acks[-1]) == {"envelope_id"}
    assert await _kept(team) == 1
    await peer.send(peer.event({"type": "app_mention", "user": peer.person, "text": "<@UBOT> /fees"}))
    await until(lambda: len(peer.seen()) == 2)
    await peer.say("/help", user=peer.stranger)
    assert peer.acks[-1]["payload"]["response_type"] == "ephemeral"
    assert await _kept(team) == 2


async def test_the_next_connection_is_open_before_the_old_one_goes(meeting: Open) -> None:
    """Slack wants another connection: it is opened first, what still comes by the old one is answered, nothing is lost
    in between; and when Slack then closes the old one, that is no fault.
    """
    team, peer = await _bound(meeting)
    for number, reason in enumerate(("warning", "refresh_requested"), 2):
        [old] = peer.sockets
        await peer.renew(reason)
        await until(lambda: len(peer.sockets) == 2)
        assert peer.opened == number
        late = {"type": "slash_commands", "envelope_id": f"late-{number}"}
        await old.send_json({**late, "payload": {"team_id": "T1"}, "accepts_response_payload": True})
        await until(lambda: any(ack["envelope_id"] == late["envelope_id"] for ack in peer.acks))  # noqa: B023
        await old.close()
        assert (await peer.say("/help")).status == 200
        assert await _connection(team) == "up"
    assert await _kept(team) == 2


async def test_where_no_other_connection_can_be_had_the_old_one_serves(meeting: Open) -> None:
    """Slack wants another connection and gives none: the old one is used as long as it lasts."""
    team, peer = await _bound(meeting)
    peer.errors = ["internal_error"]
    await peer.renew("refresh_requested")
    await until(lambda: not peer.errors)
    assert (await peer.say("/help")).status == 200
    await peer.sockets[0].close()
    await until(lambda: peer.opened == 2)
    assert (await peer.say("/fees")).status == 200
    assert await _kept(team) == 2


async def test_a_click_cut_off_is_one_interception(meeting: Open) -> None:
    """The confirming click loses its acknowledgement twice and comes three times: one interception, one fee."""
    team, peer = await _bound(meeting)
    await peer.say(f"/intercept {ZHOU}")
    card = (await until(peer.seen))[0]
    peer.loses = 2
    assert (await peer.press(card, "确认", picked=[FIRST])).status == 200
    assert peer.opened == 3
    await until(lambda: any("拦截成功" in one.text for one in peer.seen()))
    assert len(await team.bot.cases(ZHOU)) == 1
    assert await team.charged(ZHOU) == 300


async def test_it_comes_back(meeting: Open) -> None:
    """Slack is ill, does not greet, has too many connections: tried again until it works."""
    _, peer = await _bound(meeting)
    peer.errors, peer.silent = ["internal_error"], 1
    await peer.sockets[0].send_json({"type": "disconnect", "reason": "too_many_websockets"})
    await until(lambda: peer.opened == 2)
    assert (peer.errors, peer.silent) == ([], 0)
    assert (await peer.say("/help")).status == 200


async def test_switched_off_is_told(meeting: Open) -> None:
    """Somebody switches Socket Mode off: the operator can read so, and Slack is left alone for a while."""
    team, peer = await _bound(meeting)
    await peer.renew("link_disabled")

    async def told() -> bool:
        return await _connection(team) == "link_disabled"

    await until(told)
    assert peer.opened == 1
    assert line.REFUSED_S > 60


async def test_both_doors_share_what_they_know(meeting: Open) -> None:
    """With a signing secret as well, the same command by both doors is one; without it there is no address to call."""

    class Both(SlackSocketPeer):
        def section(self) -> str:
            return f'{super().section()}signing_secret = "{SECRET}"\n'

    team, peer = await _bound(meeting, Both())
    sent = peer.slash("/help", peer.person)
    assert (await peer.send(sent)).status == 200
    assert (await send(team.bot.base, "slack", sent)).status == 200
    assert await _kept(team) == 1


async def test_without_a_signing_secret_nobody_can_call(meeting: Open) -> None:
    """There is nothing by which a caller could prove to be Slack. The end answers what has come."""
    team, peer = await _bound(meeting)
    assert (await send(team.bot.base, "slack", peer.slash("/help", peer.person))).status == 404
    assert await _kept(team) == 0
    sending = asyncio.create_task(peer.say("/help"))
    await until(lambda: peer._waiting)
    await team.bot.server.close()
    assert (await sending).status == 200
    await until(lambda: not peer.sockets)


async def test_what_is_not_kept_is_not_acknowledged() -> None:
    """Not committed, or an error of ours: no acknowledgement, so that Slack sends it again. Refused: acknowledged
    without a word. Words go back only where Slack takes them. The connection stays.
    """
    peer = SlackSocketPeer()
    await peer.start()
    answers: list[Answer | Exception] = [NotKept(), ValueError("x"), Answer(403), Answer(body=b'{"text":"x"}')]
    heard: list[str] = []

    async def hear(kind: str, _payload: Any) -> Answer:
        heard.append(kind)
        answer = answers.pop(0) if answers else Answer(body=b'{"text":"x"}')
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with Outbound() as outbound:
        listener = SlackListener(Line("slack"), SlackClient(outbound, f"{peer.url}/api", ""), outbound, hear, 1000)
        listening = asyncio.create_task(listener.listen(APP_TOKEN))
        try:
            await until(lambda: peer.sockets)
            for name in ("not kept", "broken"):
                await peer.sockets[0].send_json({"type": "events_api", "envelope_id": name, "payload": {}})
            await until(lambda: len(heard) == 2)
            said = [await peer.envelope("interactive", {}) for _ in range(2)]
            said.append(await peer.envelope("events_api", {}))
        finally:
            listening.cancel()
            await asyncio.wait([listening])
            await peer.close()
    assert [one.body for one in said] == [b"", b'{"text": "x"}', b""]
    assert len(peer.acks) == 3
    assert peer.opened == 1
