"""Questions in a chat whose messages are never changed: each news of an answer is a note of its own."""

from __future__ import annotations

from sqlalchemy import func, select

from bot.store import questions
from bot.store.cards import outbox
from bot.store.database import now
from tests.channels.chatwoot.peer import ChatwootPeer
from tests.channels.conftest import Open, Team
from tests.channels.peers import until


async def test_a_choice_from_the_menu_and_a_second_opinion_are_told(meeting: Open) -> None:
    """A topic that is chosen by its number is answered; 有用 and then 没用 are both acknowledged."""
    peer = ChatwootPeer()
    team = await meeting(peer)
    await team.bind()
    await team.bot.database.write(lambda c: questions.set_mode(c, "demo", "chatwoot", "suggest", "吴岚", now(c)))
    await peer.say("拦截要多少钱一次")
    menu = (await until(lambda: [one for one in peer.seen() if "你是想问" in one.text]))[0]
    await until(lambda: _shown(team))
    await peer.say(menu.button("多少钱"))
    answer = (await until(lambda: [one for one in peer.seen() if "一个包裹" in one.text]))[0]
    for label in ("有用", "没用"):
        await until(lambda: _shown(team))
        await peer.say(answer.button(label))
        await until(lambda said=label: any(f"已记下：{said}" in one.text for one in peer.seen()))


async def _shown(team: Team) -> bool:
    """Whether nothing is due any more: a number answers what was sent."""
    due = select(func.count()).select_from(outbox).where(outbox.c.due_at.is_not(None))
    return await team.bot.database.read(lambda c: c.execute(due).scalar_one()) == 0
