"""A command or a click that comes more than five minutes after it was made: refused in words, not carried out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.store.cards import offer
from bot.store.database import now
from tests.channels.chatwoot.peer import ChatwootPeer
from tests.channels.conftest import Open
from tests.channels.dingtalk.peer import DingtalkPeer
from tests.channels.feishu.peer import FeishuPeer
from tests.channels.matrix.peer import MatrixPeer
from tests.channels.peers import Sent, until
from tests.channels.platforms import PEERS
from tests.channels.slack.peer import SlackPeer
from tests.channels.wecom.peer import WecomPeer

ZHOU, FIRST = "7312045566778894001", "75400000004001"
LATE_S = 301


def _slack(peer: SlackPeer, text: str, at: float) -> Sent:
    """Slash commands come once, signed for five minutes; a mention comes again."""
    return peer.event({"type": "app_mention", "user": peer.person, "text": text, "ts": f"{at:.6f}"})


def _feishu(peer: FeishuPeer, text: str, at: float) -> Sent:
    return peer.message(text, peer.person, create_time=str(int(at * 1000)))


def _wecom(peer: WecomPeer, text: str, at: float) -> Sent:
    return peer.message(f"@拦截 助手 {text}", peer.person, create_time=int(at))


def _dingtalk(peer: DingtalkPeer, text: str, at: float) -> Sent:
    return peer.message(f" {text}", peer.person, createAt=int(at * 1000))


def _matrix(peer: MatrixPeer, text: str, at: float) -> Sent:
    return peer.transaction(peer.message(text, peer.person, origin_server_ts=int(at * 1000)))


def _chatwoot(peer: ChatwootPeer, text: str, at: float) -> Sent:
    return peer.message(text, peer.person, created_at=datetime.fromtimestamp(at, UTC).isoformat())


TYPED: Mapping[str, Callable[[Any, str, float], Sent]] = {
    "slack": _slack,
    "feishu": _feishu,
    "wecom": _wecom,
    "dingtalk": _dingtalk,
    "matrix": _matrix,
    "chatwoot": _chatwoot,
}
"""What somebody typed, at that time by the platform's own clock, delivered just now and rightly signed."""


def test_every_platform_is_tried() -> None:
    """A platform that is added says here how a late message of it looks."""
    assert TYPED.keys() == PEERS.keys()


@pytest.mark.parametrize("name", PEERS)
async def test_a_late_command_is_refused_visibly(meeting: Open, name: str) -> None:
    """The card says that it came too late and what to do; the same words sent now are answered."""
    peer = PEERS[name]()
    team = await meeting(peer)
    await team.bind()
    late = TYPED[name](peer, f"/intercept {FIRST}", time.time() - LATE_S)
    assert (await peer.send(late)).status == 200
    await until(lambda: any("送到得太晚" in one.text for one in peer.seen()))
    assert not any(FIRST in one.text for one in peer.seen())
    assert await team.bot.cases(ZHOU) == []
    in_time = TYPED[name](peer, f"/intercept {FIRST}", time.time() - 200)
    assert (await peer.send(in_time)).status == 200
    await until(lambda: any(FIRST in one.text for one in peer.seen()))


async def test_a_late_click_is_refused_visibly(meeting: Open) -> None:
    """A press of 确认拦截 that was on its way for too long sends nothing off."""
    peer = FeishuPeer()
    team = await meeting(peer)
    await team.bind()
    subject = {"after_sale_id": ZHOU, "picked": [FIRST]}
    made = await team.bot.database.write(lambda c: offer(c, "demo", "confirm", subject, now(c)))
    at = str(int((time.time() - LATE_S) * 1e6))
    heard = await peer.send(peer.click("om_1", f"confirm.{made.id}", peer.person, create_time=at))
    assert "送到得太晚" in json.loads(heard.body)["toast"]["content"]
    assert await team.bot.cases(ZHOU) == []
