"""Chatwoot at the bot's door."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.channels.chatwoot.render import tame
from bot.channels.chatwoot.verify import is_genuine, signature
from bot.store.cards import outbox
from bot.store.database import now
from tests.channels.chatwoot.peer import OWN, ChatwootPeer
from tests.channels.conftest import Open, Team
from tests.channels.peers import until

VECTOR = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))
WU = "7312045566778894002"
PARCEL = "75400000004002"


async def _bound(meeting: Open) -> tuple[Team, ChatwootPeer]:
    peer = ChatwootPeer()
    team = await meeting(peer)
    await team.bind()
    return team, peer


def test_the_signature() -> None:
    """The vector has the signature that Ruby made with the product's own expression."""
    body = VECTOR["body"].encode()
    assert signature(VECTOR["secret"], VECTOR["timestamp"], body) == VECTOR["signature"]
    headers = {"x-chatwoot-timestamp": VECTOR["timestamp"], "x-chatwoot-signature": VECTOR["signature"]}
    at = float(VECTOR["timestamp"])
    for offset, fine in ((0, True), (300, True), (-300, True), (301, False), (-301, False)):
        assert is_genuine(VECTOR["secret"], headers, body, at + offset) is fine
    assert not is_genuine("", headers, body, at)
    assert not is_genuine(VECTOR["secret"], {}, body, at)
    assert not is_genuine(VECTOR["secret"], headers, body + b" ", at)


async def test_a_number_answers_the_card(meeting: Open) -> None:
    """The agent's number, as a private note, is the button of the card that answered last; each news is a new note."""
    team, peer = await _bound(meeting)
    await peer.say(f"/intercept {PARCEL}")
    card = (await until(peer.seen))[0]
    await asyncio.sleep(0.2)
    assert (await peer.say(card.button("确认"))).status == 200
    await until(lambda: any("拦截失败" in one.text for one in peer.seen()))
    assert len(await team.bot.cases(WU)) == 1
    assert all(status == 200 for status in peer.echoes)


async def test_numbers_of_others_and_of_long_ago_are_talk(meeting: Open) -> None:
    """A number from another agent, or ten minutes later, presses nothing."""
    team, peer = await _bound(meeting)
    await team.bind("owner", "4")
    await peer.say(f"/intercept {PARCEL}")
    await until(peer.seen)
    await asyncio.sleep(0.2)
    await peer.say("1", user="4")
    await peer.say("1", user=peer.stranger)
    older = update(outbox).where(outbox.c.channel == "chatwoot")
    await team.bot.database.write(lambda c: c.execute(older.values(sent_at=now(c).replace(year=2020))))
    await peer.say("1")
    await asyncio.sleep(0.3)
    assert await team.bot.cases(WU) == []


async def test_a_command_that_the_customer_read(meeting: Open) -> None:
    """Typed as a public reply it is not carried out, and a private note says so."""
    team, peer = await _bound(meeting)
    before = await team.left()
    await peer.send(peer.message(f"/intercept {PARCEL}", peer.person, private=False))
    await until(lambda: any("没有执行" in one.text for one in peer.seen()))
    await peer.send(peer.message("您好，已为您处理", peer.person, private=False))
    await asyncio.sleep(0.2)
    assert await team.left() == before
    assert len(peer.kept) == 1


@pytest.mark.parametrize("inbox, status, read", [(2, "pending", True), (2, "open", False), (5, "pending", False)])
async def test_a_customers_question(meeting: Open, inbox: int, status: str, *, read: bool) -> None:
    """The answer is a suggestion in a private note; the customer reads it only in an inbox that is set so, and only
    while no person has the conversation.
    """
    peer = ChatwootPeer(more='shop = "demo"\npublic_inboxes = [2]\n')
    await meeting(peer)
    await peer.send(peer.asked("快递拦截一般要多久能拦下来？", inbox=inbox, status=status))
    (told,) = await until(lambda: peer.replies if read else peer.kept)
    assert ("建议这样回复买家" in told.content) is not read
    assert "\\[1\\]" not in told.content
    assert len(peer.kept) + len(peer.replies) == 1


async def test_a_customer_commands_nothing(meeting: Open) -> None:
    """Commands, numbers and words of buttons from a customer order nothing and are told nothing about; what is said of
    the merchant's money is not either, and without a shop in the section nothing is read.
    """
    peer = ChatwootPeer(more='shop = "demo"\n')
    team = await meeting(peer)
    await team.bind()
    await peer.say(f"/intercept {PARCEL}")
    await until(peer.seen)
    for words in (f"/intercept {PARCEL}", f"拦截 {PARCEL}", "1", "确认拦截", "拦截费从哪个账户扣？", "在吗"):
        assert (await peer.send(peer.asked(words))).status == 200
    await peer.say("/help")
    await until(lambda: len(peer.kept) == 2)
    assert (await team.bot.cases(WU), peer.replies) == ([], [])
    assert not any("建议" in one.text for one in peer.seen())


async def test_it_never_answers_itself(meeting: Open) -> None:
    """Our own notes come back by the webhook, and name commands; none of them is one."""
    team, peer = await _bound(meeting)
    await team.bind("owner", str(OWN))
    await peer.say("/help")
    await until(lambda: peer.echoes)
    before = await team.left()
    await peer.send(peer.message("/help", str(OWN)))
    await peer.send(peer.message("/help", peer.person, content_attributes={"intercept_bot": True}))
    await asyncio.sleep(0.5)
    assert await team.left() == before
    assert len(peer.kept) == 1


async def test_a_note_again_is_one_note(meeting: Open) -> None:
    """Sent again, also under another delivery, it is taken once."""
    _, peer = await _bound(meeting)
    for _ in range(3):
        await peer.send(peer.message("/help", peer.person, id=12345))
    await until(peer.seen)
    await asyncio.sleep(0.5)
    assert len(peer.kept) == 1


async def test_what_was_said_is_not_said_again(meeting: Open) -> None:
    """Due once more without news, nothing is written."""
    team, peer = await _bound(meeting)
    await peer.say("/help")
    await until(peer.seen)
    await asyncio.sleep(0.2)
    again = update(outbox).where(outbox.c.channel == "chatwoot")
    await team.bot.database.write(lambda c: c.execute(again.values(due_at=now(c))))
    await asyncio.sleep(0.6)
    assert len(peer.kept) == 1


async def test_chatwoots_no(meeting: Open) -> None:
    """Ill: tried again. Not allowed: told to the operator."""
    team, peer = await _bound(meeting)
    peer.fails = [503]
    await peer.say("/help")
    await until(peer.seen)
    peer.fails = [404]
    await peer.say("/fees")

    async def problem() -> str | None:
        wanted = select(outbox.c.problem).where(outbox.c.channel == "chatwoot", outbox.c.target == "fees")
        return await team.bot.database.read(lambda c: c.execute(wanted).scalar())

    assert await until(problem) == "Chatwoot: HTTP 404"


@pytest.mark.parametrize("words", ["[a](http://x)", "**b**", "<b>", "`c`", "# d", "~~e~~", "a|b"])
def test_no_markdown_of_others(words: str) -> None:
    """What somebody wrote is shown with its signs."""
    assert tame(words) != words
