"""Chats that are told of new after-sales, over every platform that can speak first: one card, one case, one truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select, update

from bot.cards.after_sale import GRAVITY, ListedView, list_card
from bot.cards.views import Draw
from bot.channels.pushing import ON_A_LIST
from bot.domain.people import Scope
from bot.merchants import keys
from bot.store.cards import outbox
from bot.store.database import now
from bot.store.told import told_after_sales
from tests.cards.samples import EN, ZH
from tests.channels.conftest import Open, Team
from tests.channels.dingtalk.cards import DingtalkCardsPeer
from tests.channels.dingtalk.peer import DingtalkPeer
from tests.channels.peers import Peer, Seen, until
from tests.channels.platforms import DOORS, PEERS
from tests.channels.slack.peer import SlackPeer
from tests.channels.wecom.gateway import WecomLinePeer

NEVER_FIRST = frozenset({"wecom", "chatwoot"})
"""Over callbacks 企业微信 only answers; Chatwoot's conversations are customers'."""


FIRST = [*(name for name in PEERS if name not in NEVER_FIRST), "dingtalk, cards", "wecom, long connection"]


@pytest.fixture(params=FIRST)
def peer(request: pytest.FixtureRequest) -> Peer:
    """Each platform on which the bot can write first, in each way that it does."""
    return DOORS[request.param]()


def document(number: int, **more: Any) -> dict[str, Any]:
    """An after-sale of 圆通, as a merchant's own system sends it."""
    at = datetime.now(UTC)
    item = {"name": "帆布鞋", "category": "apparel", "quantity": 1, "price_fen": 8900, "order_id": f"69{number:017}"}
    seen = {"at": (at - timedelta(hours=2)).isoformat(), "text": "【杭州转运中心】已发出", "place": "杭州"}
    parcel = {"tracking_number": f"YT{number:013}", "carrier": "yto", "value_fen": 8900, "items": [item]}
    parcel["shipped_at"] = seen["at"]
    whole = {
        "after_sale_id": f"73{number:017}",
        "order_id": f"69{number:017}",
        "type": "refund_only",
        "status": "open",
        "in_arbitration": False,
        "applied_at": (at - timedelta(minutes=1)).isoformat(),
        "deadline": (at + timedelta(days=2)).isoformat(),
        "refund_fen": 8900,
        "reason": "不想要了",
        "buyer": "秦**",
        "parcels": [{**parcel, "trace": [seen]}],
    }
    return whole | more


async def enter(team: Team, documents: Sequence[dict[str, Any]]) -> None:
    """Over the HTTP API, as a merchant's system does."""
    _, key = await team.bot.database.write(lambda c: keys.create(c, "demo", [Scope.DATA_WRITE], "erp", now(c)))
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{team.bot.base}/api/v1/after-sales", json=list(documents), headers=headers) as answer,
    ):
        assert answer.status == 200
        assert await answer.json() == {"accepted": len(documents), "rejected": []}
    await hurry(team)


async def hurry(team: Team) -> None:
    """Nobody waits for what gathers: how long that takes is told in `test_pushing.py`."""
    this = outbox.c.target.startswith("fresh:") & outbox.c.due_at.is_not(None)
    await team.bot.database.write(lambda c: c.execute(update(outbox).where(this).values(due_at=now(c))))


async def subscribed(meeting: Open, peer: Peer) -> Team:
    """A running bot whose chat is told."""
    team = await meeting(peer)
    await team.bind()
    assert (await peer.say("/subscribe")).status == 200
    await until(lambda: any("会收到新售后" in one.text for one in peer.seen()))
    return team


def with_words(peer: Peer, *words: str) -> list[Seen]:
    """The bot's messages that hold all of these."""
    return [one for one in peer.seen() if all(word in one.text for word in words)]


async def test_a_new_after_sale_posts_its_card(meeting: Open, peer: Peer) -> None:
    """It posts one card with its button, entered twice too; pressed, the button leads over the confirmation to the
    result, and afterwards no message of the chat says anything else or offers the interception.
    """
    team = await subscribed(meeting, peer)
    new = document(1)
    number, parcel = new["after_sale_id"], new["parcels"][0]["tracking_number"]
    await enter(team, [new])
    await enter(team, [new])
    card = await until(lambda: next(iter(with_words(peer, "新的仅退款售后", parcel)), None))
    assert "89.00 元" in card.text
    assert "4.00 元" in card.text
    assert (await peer.press(card, "发起拦截")).status == 200
    confirm = await until(lambda: next(iter(with_words(peer, "确认拦截", parcel)), None))
    assert (await peer.press(confirm, "确认拦截")).status == 200
    await until(lambda: with_words(peer, "拦截成功", parcel))
    assert len(await team.bot.cases(number)) == 1

    async def at_rest() -> bool:
        mine = outbox.c.target.in_([f"after_sale:{number}"])
        rows = await team.bot.database.read(lambda c: c.execute(select(outbox).where(mine)).all())
        return len(rows) == 1 and rows[0].due_at is None

    await until(at_rest)
    if card.ref in {one.ref for one in peer.seen() if one.edits}:
        [now_there] = [one for one in peer.seen() if one.ref == card.ref]
        assert "新的仅退款售后" not in now_there.text
        assert not any("发起拦截" in label for label in now_there.buttons)
    assert len(with_words(peer, "新的仅退款售后", parcel)) <= 1


@pytest.mark.parametrize("kind", [SlackPeer, DingtalkPeer, DingtalkCardsPeer, WecomLinePeer])
async def test_a_closed_one_loses_its_button(meeting: Open, kind: Callable[[], Peer]) -> None:
    """Closed elsewhere, the card says so and offers nothing: in its place, or in a message of its own."""
    peer = kind()
    team = await subscribed(meeting, peer)
    new = document(2)
    await enter(team, [new])
    parcel = new["parcels"][0]["tracking_number"]
    await until(lambda: with_words(peer, "新的仅退款售后", parcel))
    await enter(team, [{**new, "status": "closed"}])
    closed = await until(lambda: next(iter(with_words(peer, "售后单已结束", parcel)), None))
    assert not any("发起拦截" in label for label in closed.buttons)


async def test_many_at_once_are_one_list(meeting: Open, peer: Peer) -> None:
    """Forty at once are one message that names each of them, and no card of their own."""
    team = await subscribed(meeting, peer)
    before = len(peer.seen())
    await enter(team, [document(100 + number) for number in range(40)])
    card = await until(lambda: next(iter(with_words(peer, "40 个")), None))
    assert [n for n in range(40) if f"YT{100 + n:013}" not in card.text] == []
    assert len(peer.seen()) == before + 1


async def test_left_is_told_no_more(meeting: Open) -> None:
    """After `/unsubscribe` nothing new comes; the card that is there still tells the truth."""
    peer: Peer = SlackPeer()
    team = await subscribed(meeting, peer)
    await enter(team, [document(3)])
    await until(lambda: with_words(peer, f"YT{3:013}"))
    await peer.say("/unsubscribe")
    await until(lambda: with_words(peer, "不再收到新售后"))
    await enter(team, [document(4), {**document(3), "status": "closed"}])
    await until(lambda: with_words(peer, "售后单已结束", f"YT{3:013}"))
    assert with_words(peer, f"YT{4:013}") == []


async def test_quiet_hours_hold_back_what_can_wait(meeting: Open) -> None:
    """In the quiet hours a new after-sale waits, and an answer does not."""
    peer: Peer = SlackPeer()
    team = await subscribed(meeting, peer)
    here = datetime.now(UTC) + timedelta(hours=8)
    begin, end = ((here + timedelta(hours=by)).strftime("%H:%M") for by in (-1, 2))
    await peer.say(f"/subscribe {begin}-{end}")
    await until(lambda: with_words(peer, f"{begin}–{end}"))
    await enter(team, [document(5)])

    async def held() -> bool:
        wanted = select(outbox.c.due_at, outbox.c.not_before).where(outbox.c.target == "fresh:demo")
        row = await team.bot.database.read(lambda c: c.execute(wanted).one())
        return row.not_before is not None and row.not_before - datetime.now(UTC) > timedelta(minutes=90)

    await until(held)
    await peer.say("/fees")
    await until(lambda: with_words(peer, "拦截费用"))
    assert with_words(peer, f"YT{5:013}") == []
    waits = select(told_after_sales.c.after_sale_id).where(told_after_sales.c.target.is_(None))
    assert await team.bot.database.read(lambda c: c.execute(waits).scalars().all()) == [document(5)["after_sale_id"]]


async def test_nobody_else_may_choose(meeting: Open) -> None:
    """Who may not use the logistics tools chooses no chat."""
    peer: Peer = SlackPeer()
    team = await meeting(peer)
    await team.bind("newcomer")
    await peer.say("/subscribe")
    await until(peer.seen)
    await enter(team, [document(6)])
    notes = await team.bot.database.read(lambda c: c.execute(select(told_after_sales)).all())
    assert notes == []


@pytest.mark.parametrize("name", sorted(NEVER_FIRST))
async def test_where_nothing_can_be_pushed(meeting: Open, name: str) -> None:
    """A platform on which the bot cannot speak first says so, and nothing is chosen."""
    peer = PEERS[name]()
    team = await meeting(peer)
    await team.bind()
    await peer.say("/subscribe")
    await until(lambda: with_words(peer, "这里不能推送"))
    await enter(team, [document(7)])
    assert await team.bot.database.read(lambda c: c.execute(select(told_after_sales)).all()) == []


@pytest.mark.parametrize("draw", [ZH, EN], ids=["zh", "en"])
@pytest.mark.parametrize("name", PEERS)
def test_a_full_list_names_everybody(name: str, draw: Draw) -> None:
    """As many as one message is given to name are all in it on every platform, also under their longest numbers."""
    states = ["eligible", *GRAVITY, "succeeded", "closed"]
    names = [f"中国邮政速递 EMS{n:022}" for n in range(ON_A_LIST)]
    sales = [ListedView(name, states[n % len(states)]) for n, name in enumerate(names)]
    seen = PEERS[name]().drawn(list_card("listed:1", 1, sales, draw), "https://bot.example")
    assert [one for one in names if one not in seen.text] == []
