"""钉钉's interactive cards."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot.channels.dingtalk.render import MOST_VALUE, ROWS, variables
from bot.channels.dingtalk.verify import is_genuine_press, sign_press
from bot.store.cards import inbox, offer, outbox
from bot.store.database import now
from tests.cards.samples import ZH, everything
from tests.channels.conftest import Open, Team
from tests.channels.dingtalk.cards import DingtalkCardsPeer
from tests.channels.peers import until

VECTOR = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))["card_http"]
WU, PARCEL = "7312045566778894002", "75400000004002"
ZHOU, FIRST = "7312045566778894001", "75400000004001"


async def _bound(meeting: Open, peer: DingtalkCardsPeer | None = None) -> tuple[Team, DingtalkCardsPeer]:
    peer = peer or DingtalkCardsPeer()
    team = await meeting(peer)
    await team.bind()
    return team, peer


async def _kept(team: Team) -> int:
    rows = select(inbox.c.seq).where(inbox.c.channel == "dingtalk")
    return len(await team.bot.database.read(lambda c: c.execute(rows).all()))


def test_the_header_of_a_press() -> None:
    """The vector has the signature of the published formula; ten minutes either way are let pass."""
    secret, at = VECTOR["api_secret"], VECTOR["timestamp"]
    assert sign_press(secret, at) == VECTOR["signature"]
    headers = {"x-ddpaas-signature-timestamp": at, "x-ddpaas-signature": VECTOR["signature"]}
    for offset, fine in ((0, True), (600_000, True), (-600_001, False), (600_001, False)):
        assert is_genuine_press(secret, headers, float(at) + offset) is fine
    assert not is_genuine_press("", {**headers, "x-ddpaas-signature": sign_press("", at)}, float(at))
    for broken in ({}, {"x-ddpaas-signature-timestamp": at}, {**headers, "x-ddpaas-signature-timestamp": "x"}):
        assert not is_genuine_press(secret, broken, float(at))


async def test_a_card_is_one_from_the_question_to_the_result(meeting: Open) -> None:
    """The card that asks becomes the card of the interception; a press is answered by a line with the time."""
    team, peer = await _bound(meeting)
    await team.bot.arm(PARCEL, "late_failure", later_s=0.6)
    await peer.say(f"/intercept {PARCEL}")
    card = (await until(peer.seen))[0]
    await peer.press(card, "确认")
    assert peer.notes[0][2] == ":"
    assert "拦截" in peer.notes[0]
    await until(lambda: "拦截失败" in peer.seen()[0].text)
    assert len(peer.kept) == 1
    assert peer.cards[0].variables["status"] == "failed"
    assert peer.cards[0].variables["note"] == ""
    assert peer.cards[0].variables["press1"] != card.button("确认")


async def test_presses_are_registered_once_and_signed(meeting: Open) -> None:
    """Before the first card 钉钉 is told the address and a secret of its own, which is not the app's."""
    _, peer = await _bound(meeting)
    await peer.say("/help")
    await until(lambda: len(peer.cards) == 1)
    await peer.say("/fees")
    await until(lambda: len(peer.cards) == 2)
    assert peer.calls == ["token", "register", "show", "show"]
    assert peer.registered["forceUpdate"] is True
    assert peer.registered["apiSecret"] not in peer.section()


async def test_a_press_twice_is_one_press(meeting: Open) -> None:
    """The same request again is the same press, whatever its header still allows; another press is another one."""
    team, peer = await _bound(meeting)
    await peer.say(f"/intercept {PARCEL}")
    card = (await until(peer.seen))[0]
    sent = peer.click(card.ref, card.button("不拦"), peer.person)
    for _ in range(3):
        assert (await peer.send(sent)).status == 200
    assert await _kept(team) == 2
    await asyncio.sleep(0.002)
    assert (await peer.send(peer.click(card.ref, card.button("不拦"), peer.person))).status == 200
    assert await _kept(team) == 3
    assert await team.bot.cases(WU) == []


async def test_a_late_press_is_refused_in_words(meeting: Open) -> None:
    """A press that was signed more than five minutes ago sends nothing off."""
    team, peer = await _bound(meeting)
    await peer.say(f"/intercept {PARCEL}")
    card = (await until(peer.seen))[0]
    body = json.loads(peer.click(card.ref, card.button("确认"), peer.person).body)
    assert (await peer.send(peer.pressing(body, at=time.time() - 301))).status == 200
    await until(lambda: any("送到得太晚" in one.text for one in peer.seen()))
    assert await team.bot.cases(WU) == []


async def test_a_stranger_presses(meeting: Open) -> None:
    """Somebody whom nobody has bound is told alone how to bind, and nothing happens to the card."""
    team, peer = await _bound(meeting)
    await peer.say(f"/intercept {PARCEL}")
    card = (await until(peer.seen))[0]
    await peer.press(card, "确认", user=peer.stranger)
    await until(lambda: any("绑定" in words for words in peer.told()))
    assert peer.calls[-1] == "oToMessages"
    assert peer.notes == []
    assert await team.bot.cases(WU) == []


async def test_a_card_of_another_chat(meeting: Open) -> None:
    """Where a card is shown we know ourselves: what is pressed in a talk of two is answered there."""
    team, peer = await _bound(meeting)
    single = {"conversationType": "1", "conversationId": "cid2"}
    await peer.send(peer.message(f"/intercept {PARCEL}", peer.person, **single))
    card = (await until(peer.seen))[0]
    await peer.press(card, "确认")
    await until(lambda: "拦截失败" in peer.seen()[0].text)
    where = select(outbox.c.chat).where(outbox.c.channel == "dingtalk").distinct()
    assert await team.bot.database.read(lambda c: c.execute(where).scalars().all()) == [f"user:{peer.person}"]


async def test_without_the_template_it_is_text(meeting: Open) -> None:
    """钉钉 refuses the card: the answer goes by the address that came with the message, with numbers for buttons."""
    team, peer = await _bound(meeting, DingtalkCardsPeer(fallen=True))
    await peer.say(f"/intercept {PARCEL}")
    card = (await until(peer.seen))[0]
    assert [one.by for one in peer.kept] == ["session"]
    await peer.press(card, "确认")
    await until(lambda: any("拦截失败" in one.text for one in peer.seen()))
    assert {one.by for one in peer.kept} == {"session"}
    assert len(await team.bot.cases(WU)) == 1


async def test_shown_nowhere_is_not_shown(meeting: Open) -> None:
    """钉钉 answers 200 and has shown the card to nobody: text then."""
    delivered = {"deliverResults": [{"success": False, "errorMsg": "spaces of card is empty"}]}
    refuses: list[tuple[int, Any]] = [(200, {"success": True, "result": delivered})]
    _, peer = await _bound(meeting, DingtalkCardsPeer(refuses=refuses))
    await peer.say("/help")
    await until(lambda: len(peer.kept) == 1)
    assert peer.kept[0].by == "session"


async def test_a_card_that_is_gone(meeting: Open) -> None:
    """A card that 钉钉 does not know any more is followed by a new one, which goes on from there."""
    _, peer = await _bound(meeting)
    await peer.say(f"/intercept {PARCEL}")
    card = (await until(peer.seen))[0]
    peer.refuses = [(400, {"code": "param.outTrackIdNotExist"})]
    await peer.press(card, "确认")
    await until(lambda: len(peer.cards) == 2 and "拦截失败" in peer.seen()[1].text)


async def test_ill_is_tried_again(meeting: Open) -> None:
    """A sending without an answer may have got through: changing comes before making, and it is one card."""
    _, peer = await _bound(meeting)
    peer.refuses = [(503, {"code": "unavailable"}), (400, {"code": "param.outTrackIdNotExist"})]
    await peer.say("/help")
    await until(lambda: len(peer.cards) == 1)
    assert peer.calls == ["token", "register", "show", "change", "show"]


async def test_a_number_presses_as_well(meeting: Open) -> None:
    """Whoever cannot press, such as in an old client, mentions the robot with the button's number."""
    team, peer = await _bound(meeting)
    await peer.say(f"/intercept {PARCEL}")
    await until(peer.seen)

    async def answered() -> bool:
        await peer.say("1")
        return bool(await team.bot.cases(WU))

    await until(answered)
    await until(lambda: "拦截失败" in peer.seen()[0].text)


async def test_without_an_address_there_are_no_buttons(meeting: Open) -> None:
    """Presses over HTTP need an address to go to; without one cards are text, whose numbers work."""

    class Nowhere(DingtalkCardsPeer):
        def section(self) -> str:
            return "\n".join(line for line in super().section().splitlines() if not line.startswith("address"))

    _, peer = await _bound(meeting, Nowhere())
    await peer.say("/help")
    await until(lambda: len(peer.kept) == 1)
    assert peer.kept[0].by == "session"


async def test_another_shops_button(meeting: Open) -> None:
    """A press that names an offer of another shop finds nothing."""
    team, peer = await _bound(meeting)
    await peer.say("/help")
    card = (await until(peer.seen))[0]
    subject = {"after_sale_id": ZHOU, "picked": [FIRST]}
    theirs = await team.bot.database.write(lambda c: offer(c, "fresh", "confirm", subject, now(c)))
    assert (await peer.pressed(card.ref, f"confirm.{theirs.id}", peer.person)).status == 200
    assert await team.bot.cases(ZHOU) == []


@given(lines=st.integers(1, 400), length=st.integers(1, 60))
def test_many_rows_share_or_do_not_fit(lines: int, length: int) -> None:
    """However much is on a card: within 钉钉's limits with nothing lost, or no card at all."""
    card = next(card for card in everything(ZH).values() if card.facts and not card.parcels)
    fact = card.facts[0]
    facts = tuple(replace(fact, label=f"第{n}行", strong="行" * length, text="", rules=()) for n in range(lines))
    drawn = variables(replace(card, facts=facts), "https://bot.example")
    if drawn is None:
        assert lines * length * 3 > MOST_VALUE * ROWS / 4
        return
    assert all(len(value.encode()) <= MOST_VALUE for value in drawn.values())
    rows = "\n".join(drawn[f"row{number}"] for number in range(1, ROWS + 1))
    assert all(f"第{n}行" in rows for n in range(lines))
