"""Chats that are told of new after-sales, on the owner's page: what is seen of each, and ending it."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from bot.console.views.told_chats import shortened
from bot.merchants import shops
from bot.store import telling
from bot.store.database import now
from bot.store.telling import Quiet
from bot.store.told import Place
from tests.console.served import Demo

CHAT = "oc_5ad11d72b830411d72b836c20ff1a9e4"
HERE = {"channel": "feishu", "chat": CHAT}


async def _chosen(bot: Demo, quiet: Quiet | None = None) -> None:
    await bot.database.write(lambda c: telling.choose(c, "demo", Place("feishu", CHAT), "客服", quiet, now(c)))


async def _told(bot: Demo) -> list[str]:
    found = await bot.database.read(lambda c: telling.chosen(c, "demo"))
    return [one.place.chat for one in found]


async def test_the_page_says_how_a_chat_is_chosen(bot: Demo) -> None:
    """Where none is told the page names the command, in both languages; whoever is not the owner sees nothing of it."""
    owner, agent = bot.visitor(), bot.visitor()
    page = (await owner.enter("owner", "/permissions")).text
    assert "还没有聊天会收到新售后。在群里发 /subscribe" in page
    await owner.get("/lang/en?next=/permissions")
    assert "No chat is told of new after-sales yet. Send /subscribe" in (await owner.get("/permissions")).text
    await _chosen(bot)
    assert shortened(CHAT) not in (await agent.enter("agent", "/permissions")).text


@pytest.mark.parametrize("quiet, words", [(None, "没有设"), (Quiet(22 * 60, 8 * 60 + 5), "22:00–08:05")])
async def test_a_chat_with_all_that_is_kept_of_it(bot: Demo, quiet: Quiet | None, words: str) -> None:
    """Its platform, its shortened id with the whole one beside it, who chose it, and when it is left in peace."""
    await _chosen(bot, quiet)
    page = (await bot.visitor().enter("owner", "/permissions")).text
    section = page.split('id="told-chats"')[1].split("</section>")[0]
    assert f'title="{CHAT}">{shortened(CHAT)}<' in section
    for one in ("feishu", "客服", "<time ", words, "不再推送", "1 个"):
        assert one in section


async def test_only_the_owner_ends_it(bot: Demo) -> None:
    """Not an agent, not without the form's token, not another shop's chat; ended twice it is ended once."""
    owner, agent = bot.visitor(), bot.visitor()

    def elsewhere(connection: Connection) -> None:
        shops.create(connection, "other", "别家店", now(connection))
        telling.choose(connection, "other", Place("feishu", "oc_other"), "别人", None, now(connection))

    await bot.database.write(elsewhere)
    await _chosen(bot)
    await agent.enter("agent", "/me")
    assert "oc_other" not in (await owner.enter("owner", "/permissions")).text
    refused = await agent.post("/permissions/chats", HERE)
    assert (refused.status, "什么都没有改" in refused.text) == (403, True)
    assert (await owner.post("/permissions/chats", {**HERE, "csrf": "x"})).status == 403
    assert (await owner.post("/permissions/chats", {**HERE, "chat": "oc_other"})).place == "/permissions"
    assert await _told(bot) == [CHAT]
    assert len(await bot.database.read(lambda c: telling.chosen(c, "other"))) == 1
    for _ in range(2):
        assert (await owner.post("/permissions/chats", HERE)).place == "/permissions"
    assert await _told(bot) == []


@pytest.mark.parametrize(
    "chat, seen", [("C1", "C1"), ("1234567890123456789", "1234567890123456789"), (CHAT, "oc_5ad11…0ff1a9e4")]
)
def test_a_long_id_is_shortened_in_the_middle(chat: str, seen: str) -> None:
    """What is short stays whole; of what is long both ends are seen."""
    assert shortened(chat) == seen
