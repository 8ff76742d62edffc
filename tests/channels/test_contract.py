"""What every channel owes, over every platform that can be configured."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest

from bot.cards.card import Card, CardParcel, CardReason, Fact, Goods
from bot.channels.contract import Channel, Listening, Webhook
from bot.channels.registry import PLATFORMS, build, talks_of_two
from bot.outbound import Outbound
from tests.cards.samples import EN, ZH, everything
from tests.channels.peers import Peer
from tests.channels.platforms import DOORS, LINES, PEERS
from tests.channels.receptions import nobody

CARDS = {f"{draw.lang}:{name}": card for draw in (ZH, EN) for name, card in everything(draw).items()}


DRAWN = {**PEERS, "dingtalk, cards": DOORS["dingtalk, cards"]}


@pytest.fixture(params=DRAWN)
def peer(request: pytest.FixtureRequest) -> Peer:
    """Each platform in turn, in each way that it draws cards."""
    return DRAWN[request.param]()


def _words(card: Card, shown: str) -> None:
    assert card.title in shown
    for fact in card.facts:
        if "元" in fact.strong or "¥" in fact.strong:
            assert fact.strong in shown or any(p.fee and p.fee.strong in shown for p in card.parcels), fact
        assert all(rule in shown for rule in fact.rules)
    for parcel in card.parcels:
        assert all(reason.rule is None or reason.rule in shown for reason in parcel.reasons)


def test_every_platform_has_another_end() -> None:
    """A platform without a simulator and without this set of tests does not get in."""
    assert set(PLATFORMS) == set(PEERS)


async def test_talks_of_two_are_known_without_a_channel(peer: Peer) -> None:
    """A command that makes no channel tells a team's chat from a talk of two as the channel itself does."""
    await peer.start()
    try:
        sections = tomllib.loads(peer.section())
        async with Outbound() as outbound:
            [channel] = build(sections, nobody(), outbound)
    finally:
        await peer.close()
    assert talks_of_two(sections) == {channel.facts.name: channel.facts.talks_of_two}


@pytest.mark.parametrize("name", CARDS)
def test_every_card_can_be_drawn(peer: Peer, name: str) -> None:
    """Each card keeps within the platform's limits and says result, fee, rule and next step."""
    card = CARDS[name]
    seen = peer.drawn(card, "https://bot.example")
    _words(card, seen.text)
    if card.next_step and not seen.boxes:
        assert card.next_step in seen.text
    for button in card.buttons:
        if button.kind in ("plain", "primary") and not button.why_not and not card.ticks and not card.parcels:
            assert button.action in seen.buttons.values()


def test_a_card_of_many_parcels_fits(peer: Peer) -> None:
    """Twenty parcels with every reason: gauge and goods go first, then the words of the reasons, never a rule."""
    card = CARDS["zh:confirm"] if "zh:confirm" in CARDS else next(c for c in CARDS.values() if c.kind == "confirm")
    reasons = tuple(CardReason(f"r{n}", f"R{n}", "说明" * 40, "办法" * 40) for n in range(1, 12))
    refused = replace(card.parcels[0], pickable=False, picked=False, reasons=reasons, fee=Fact("费用", "0.00 元"))
    parcels: list[CardParcel] = [replace(refused, tracking_number=f"7540000000{n:04}") for n in range(20)]
    seen = peer.drawn(replace(card, parcels=tuple(parcels)), "")
    assert card.title in seen.text
    assert "R11" in seen.text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_button_without_its_fee(peer: Peer, lang: str) -> None:
    """However many parcels may go: what can be pressed or ticked says which parcel it is and what that one costs."""
    card = CARDS[f"{lang}:confirm"]
    goods = tuple(Goods("超长的商品名" * 60, 1, 100) for _ in range(5))
    for count in (2, 6, 7, 20, 40):
        parcels: list[CardParcel] = [
            replace(
                card.parcels[0],
                tracking_number=f"7540000000{n:04}",
                fee_fen=n * 100,
                fee=Fact("费用", f"{n}.00 元"),
                pickable=True,
                picked=False,
                goods=goods,
            )
            for n in range(count)
        ]
        seen = peer.drawn(replace(card, parcels=tuple(parcels)), "")
        words = " ".join((seen.text, *seen.buttons, *seen.boxes))
        offered = " ".join((*seen.buttons.values(), *seen.boxes.values(), *seen.boxes))
        shown = [parcel for parcel in parcels if parcel.tracking_number in offered]
        assert len(shown) == count or len(shown) >= 6
        for parcel in shown:
            assert f"{parcel.fee_fen // 100}.00" in words


def test_long_goods_cut_no_rule(peer: Peer) -> None:
    """The rules stand behind the goods, and are there when the goods are too many."""
    card = CARDS["zh:confirm"]
    goods = tuple(Goods("超长的商品名" * 60, 1, 100) for _ in range(10))
    refused = replace(
        card.parcels[0], pickable=False, picked=False, goods=goods, reasons=(CardReason("r", "R11", "x"),)
    )
    assert "R11" in peer.drawn(replace(card, parcels=(refused,)), "").text


def test_nobodys_name_writes_lines_of_a_card(peer: Peer) -> None:
    """A line break or a turned direction in the name of goods, of a buyer or of a place forges neither result nor
    button.
    """
    card = CARDS["zh:confirm"]
    evil = "短袖\n[1] 先不拦\r\n【拦截成功】\u2028# 大字\u2029(2) 好\u202e元00.0\u2066"
    goods = (Goods(evil, 1, 100),)
    parcels = tuple(replace(parcel, goods=goods, other_goods=goods, foreign="x") for parcel in card.parcels)
    seen = peer.drawn(
        replace(card, subject=evil, aside=evil, facts=(Fact("费用", "0.00 元", evil),), parcels=parcels), ""
    )
    assert not [
        line
        for line in seen.text.splitlines()
        if line.lstrip(" *-\\").startswith(("[1] 先", "【", "#", "(2) 好")) and "确认拦截" not in line
    ]
    assert not {"\u202e", "\u2066", "\u2028"} & set(seen.raw or seen.text)


def test_nobody_rings_everybody(peer: Peer) -> None:
    """What buyers and carriers wrote is shown and commands nothing."""
    card = next(c for c in CARDS.values() if c.kind == "result")
    evil = "<!channel> <https://evil.example|点我> @all <at id=all></at> **x** `y` [a](http://evil.example) \u202e"
    seen = peer.drawn(replace(card, facts=(Fact("费用", "0.00 元", evil),)), "")
    assert [words for words in peer.commands if words in (seen.raw or seen.text)] == []


async def test_a_channel_says_what_it_is(peer: Peer) -> None:
    """Each meets the contract, answers in time, and is found under its own name."""
    await peer.start()
    try:
        async with Outbound() as outbound:
            [channel] = build(tomllib.loads(peer.section()), nobody(), outbound)
        made: Channel = channel
        assert made.facts.name == peer.name
        assert made.facts.title
        assert isinstance(channel, Webhook)
        assert channel.hooks
    finally:
        await peer.close()


@pytest.mark.parametrize("door", DOORS)
async def test_each_door_is_open_or_shut(door: str) -> None:
    """What the settings choose is open and nothing else: addresses to call, or a connection, which says how it is."""
    peer = DOORS[door]()
    await peer.start()
    try:
        async with Outbound() as outbound:
            [channel] = build(tomllib.loads(peer.section()), nobody(), outbound)
    finally:
        await peer.close()
    line = channel.line if isinstance(channel, Listening) else None
    assert (line is not None) == (door in LINES)
    assert line is None or (line.name, line.up) == (peer.name, False)
    assert isinstance(channel, Webhook)
    assert bool(channel.hooks) == (door not in LINES)
