"""Several people in one chat: whoever may not press is told so, and takes nobody's card away."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from bot.domain.people import Permission
from bot.merchants import people, permissions
from bot.store.database import now
from tests.channels.conftest import Open, Team
from tests.channels.dingtalk.cards import DingtalkCardsPeer
from tests.channels.feishu.peer import FeishuPeer
from tests.channels.peers import Peer, until
from tests.channels.slack.peer import SlackPeer

WU, PARCEL = "7312045566778894002", "75400000004002"


async def _without_tools(team: Team, login: str) -> None:
    def revoke(connection: Connection) -> None:
        owner, person = people.by_login(connection, "owner"), people.by_login(connection, login)
        assert owner is not None
        assert person is not None
        asker = permissions.asker(connection, owner)
        permissions.revoke(connection, asker, person.id, Permission.LOGISTICS_TOOLS, now(connection))

    await team.bot.database.write(revoke)


@pytest.mark.parametrize("kind", [SlackPeer, FeishuPeer, DingtalkCardsPeer])
async def test_a_colleague_who_may_not(meeting: Open, kind: type[Peer]) -> None:
    """Pressed by somebody without the permission the card does nothing but say so, in a message of its own; pressed by
    whom it answers it still leads to the interception.
    """
    peer = kind()
    team = await meeting(peer)
    await team.bind()
    await team.bind("agent2", peer.stranger)
    await _without_tools(team, "agent2")
    await peer.say(f"/intercept {PARCEL}")
    card = await until(lambda: next((one for one in peer.seen() if PARCEL in one.text and one.buttons), None))
    await peer.press(card, "确认拦截", user=peer.stranger)
    await until(lambda: [one for one in peer.seen() if "你还不能拦截" in one.text])
    assert await team.bot.cases(WU) == []
    [still] = [one for one in peer.seen() if one.ref == card.ref]
    assert still.button("确认拦截") == card.button("确认拦截")
    await peer.press(still, "确认拦截")
    await until(lambda: [one for one in peer.seen() if one.ref == card.ref and "确认拦截" not in one.text])
    [case] = await team.bot.cases(WU)
    assert case.asked_by == "周琳"
