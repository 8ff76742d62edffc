"""The whole story over every platform and door: a stranger, a code, command, choice, confirmation, result, record."""

from __future__ import annotations

import pytest

from bot.store.cards import offer, offered
from bot.store.cases import of_after_sale
from bot.store.database import now
from tests.channels.conftest import Open
from tests.channels.peers import Peer, Seen, until
from tests.channels.platforms import DOORS

ZHOU = "7312045566778894001"
"""周**: two parcels, both may go."""
FIRST, SECOND = "75400000004001", "460000000004001"
FRESH, FRESH_PARCEL = "7312045566778897001", "YT7400000007001"
"""Of another shop."""


@pytest.fixture(params=DOORS)
def peer(request: pytest.FixtureRequest) -> Peer:
    """Each platform in turn, by each of its doors."""
    return DOORS[request.param]()


async def test_from_the_command_to_the_record(meeting: Open, peer: Peer) -> None:
    """A stranger is told how to bind; bound, the command leads over a choice to one interception and its result."""
    team = await meeting(peer)
    before = await team.left()
    assert (await peer.say(f"/intercept {ZHOU}")).status == 200
    await until(lambda: any("绑定" in words for words in peer.told()))
    assert await team.left() == before

    assert (await peer.say(f"/bind {await team.code()}")).status == 200
    await until(lambda: any("周琳" in words for words in peer.told()))

    assert (await peer.say(f"/intercept {ZHOU}")).status == 200
    card = await until(lambda: next((one for one in peer.seen() if FIRST in one.text and one.buttons), None))
    assert SECOND in card.text
    assert "3.00 元" in card.text
    words = "确认拦截" if card.boxes else "只拦中通"
    assert (await peer.press(card, words, picked=[FIRST])).status == 200

    result = await until(lambda: next((one for one in peer.seen() if "拦截成功" in one.text), None))
    assert FIRST in result.text
    assert "3.00 元 已从货款账户扣除" in result.text
    [case] = await team.bot.cases(ZHOU)
    assert (case.tracking_number, case.state, case.asked_by) == (FIRST, "succeeded", "周琳")
    assert await team.charged(ZHOU) == 300

    assert (await peer.say(f"/records {FIRST}")).status == 200
    await until(lambda: any("拦截记录" in one.text and "拦截成功" in one.text for one in peer.seen()))


async def test_pressed_twice_is_asked_once(meeting: Open, peer: Peer) -> None:
    """The same card pressed twice, also by two presses at once, leads to one interception."""
    team = await meeting(peer)
    await team.bind()
    await peer.say(f"/intercept {ZHOU}")
    card = await until(lambda: next((one for one in peer.seen() if FIRST in one.text and one.buttons), None))
    words = "确认拦截" if card.boxes else "只拦中通"
    await peer.press(card, words, picked=[FIRST])
    await peer.press(card, words, picked=[FIRST])
    await until(lambda: any("拦截成功" in one.text for one in peer.seen()))
    assert len(await team.bot.cases(ZHOU)) == 1
    assert sum("拦截成功" in one.text for one in peer.seen()) == 1


async def test_hostile_requests_leave_nothing_behind(meeting: Open, peer: Peer) -> None:
    """Unsigned, wrongly signed, stale, cut short, another tenant's, incomplete or oversized: refused."""
    team = await meeting(peer)
    await team.bind()
    before = await team.left()
    for what, sent in peer.hostile("confirm.0123456789"):
        heard = await peer.send(sent)
        assert heard.status == 200 if sent.silent else 400 <= heard.status < 500, what
        assert heard.body == b"" or b"signature" not in heard.body.lower(), what
        assert await team.left() == before, what
    assert peer.seen() == []


async def test_a_forged_button_does_nothing(meeting: Open, peer: Peer) -> None:
    """A value that was made up, or that belongs to another shop, finds nothing: no interception, no fee."""
    team = await meeting(peer)
    await team.bind()
    await peer.say("/intercept 75400000004002")
    card = await until(lambda: next((one for one in peer.seen() if one.buttons), None))
    for value in ("confirm.000000000000000000000000", "confirm.' or 1=1", "cancel.case-1", "nothing", "|", "open.x|y"):
        forged = Seen(card.ref, card.text, {"forged": value})
        assert (await peer.press(forged, "forged")).status == 200
    assert await team.bot.cases("7312045566778894002") == []


async def test_another_shops_parcel_and_card(meeting: Open, peer: Peer) -> None:
    """Another shop's number reads like one that nobody has, and its card is no card: nothing is asked for."""
    team = await meeting(peer)
    await team.bind()
    subject = {"after_sale_id": FRESH, "picked": [FRESH_PARCEL]}
    card_id = await team.bot.database.write(lambda c: offer(c, "fresh", "confirm", subject, now(c)).id)
    await peer.say(f"/intercept {FRESH_PARCEL}")
    card = await until(lambda: next((one for one in peer.seen() if FRESH_PARCEL in one.text), None))
    assert not card.buttons
    forged = Seen(card.ref, card.text, {"forged": f"confirm.{card_id}"})
    assert (await peer.press(forged, "forged")).status == 200
    await peer.press(Seen(card.ref, card.text, {"forged": f"open.{FRESH}"}), "forged")
    mine = await team.bot.database.read(lambda c: offered(c, "fresh", card_id))
    assert mine is not None
    assert mine.used_at is None
    assert await team.bot.database.read(lambda c: of_after_sale(c, "fresh", FRESH)) == []
