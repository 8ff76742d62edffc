"""Chat accounts: one's own page, the code, taking it back; the owner's page, and what waits there."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from sqlalchemy import Connection

from bot.merchants import chat_accounts, people
from bot.store import chats
from bot.store.database import now
from tests.console.served import Demo

HERE = {"channel": "slack", "tenant": "T1", "user": "U7"}


def _who(connection: Connection, login: str) -> str:
    person = people.by_login(connection, login)
    assert person is not None
    return person.id


async def _bound(bot: Demo, login: str, account: Mapping[str, str] = HERE) -> str:
    """That account is that sample person's; the person's id."""

    def enter(connection: Connection) -> str:
        person = _who(connection, login)
        at = now(connection)
        code = chat_accounts.new_code(connection, person, at)
        assert chats.bind(connection, account["channel"], account["tenant"], account["user"], code, at) == person
        return person

    return await bot.database.write(enter)


async def _whose(bot: Demo) -> str | None:
    return await bot.database.read(lambda c: chats.person_of(c, "slack", "T1", "U7"))


async def _asked(bot: Demo, login: str = "agent", user: str = "U7") -> str:
    """The account asks to be that person's; the digits that the chat shows."""
    return await bot.database.write(lambda c: chat_accounts.ask(c, login, "slack", "T1", user, now(c)))


async def test_the_page_says_who_and_what_is_bound(bot: Demo) -> None:
    """Name, login, shop, permissions; each account with its platform, tenant and since when; another's is not there."""
    agent = bot.visitor()
    page = (await agent.enter("agent", "/me")).text
    assert re.search(r"客服 · 登录名 agent · \S+", page)
    assert "权限：物流工具" in page
    assert "还没有绑定聊天账号" in page
    await _bound(bot, "agent")
    await _bound(bot, "owner", {**HERE, "user": "U-owner"})
    page = (await agent.get("/me")).text
    assert ("U7" in page, "租户 T1" in page, "U-owner" in page) == (True, True, False)
    assert "权限：还不能拦截" in (await bot.visitor().enter("newcomer", "/me")).text


async def test_a_code_stands_on_the_answer_alone(bot: Demo) -> None:
    """It is shown once, in no address; the next one ends it; a look at the address goes to the page without it."""
    agent = bot.visitor()
    await agent.enter("agent", "/me")
    first, second = [await agent.post("/me/code") for _ in range(2)]
    codes = [re.findall(r"/bind (\d{8})<", answer.text)[0] for answer in (first, second)]
    assert "前有效，只能用一次" in first.text
    assert codes[0] != codes[1]
    assert codes[1] not in (await agent.get("/me")).text
    assert (await agent.get("/me/code")).place == "/me"

    def bind(connection: Connection) -> list[str | None]:
        return [chats.bind(connection, "slack", "T1", "U7", code, now(connection)) for code in codes]

    whose = await bot.database.write(bind)
    assert whose == [None, await bot.database.read(lambda c: _who(c, "agent"))]


async def test_unbinding_is_ones_own_or_the_owners(bot: Demo) -> None:
    """Another agent may not, a form without its token may not, and what is not there changes nothing."""
    agent, newcomer, owner = bot.visitor(), bot.visitor(), bot.visitor()
    person = await _bound(bot, "agent")
    fields = {**HERE, "person": person}
    await agent.enter("agent", "/me")
    await newcomer.enter("newcomer", "/me")
    await owner.enter("owner", "/permissions")
    assert (await newcomer.post("/me/unbind", fields)).status == 403
    assert (await agent.post("/me/unbind", {**fields, "csrf": "x"})).status == 403
    assert await _whose(bot) == person
    assert (await agent.post("/me/unbind", {**fields, "user": "U8"})).place == "/me"
    assert (await agent.post("/me/unbind", fields)).place == "/me"
    assert await _whose(bot) is None
    await _bound(bot, "agent")
    assert "U7" in (await owner.get("/permissions")).text
    assert (await owner.post("/me/unbind", {**fields, "next": "/permissions"})).place == "/permissions"
    assert await _whose(bot) is None


@pytest.mark.parametrize("to, bound", [("yes", True), ("no", False)])
async def test_the_owner_answers_once(bot: Demo, to: str, *, bound: bool) -> None:
    """What an account asked for stands on the owner's page with the digits of the chat; the first answer counts."""
    agent, owner = bot.visitor(), bot.visitor()
    digits = await _asked(bot)
    assert await _asked(bot) == digits, "asked again it is the same request"
    page = (await owner.enter("owner", "/permissions")).text
    assert f"<b>{digits}</b>" in page
    (request,) = re.findall(r'name="request" value="([^"]+)"', page)
    await agent.enter("agent", "/me")
    assert (await agent.post("/permissions/accounts", {"request": request, "to": "yes"})).status == 403
    assert (await owner.post("/permissions/accounts", {"request": request, "to": "?"})).status == 404
    assert (await owner.post("/permissions/accounts", {"request": "f" * 24, "to": "yes"})).status == 404
    assert await _whose(bot) is None
    assert (await owner.post("/permissions/accounts", {"request": request, "to": to})).place == "/permissions"
    other = "no" if bound else "yes"
    await owner.post("/permissions/accounts", {"request": request, "to": other})
    assert (await _whose(bot) is not None) is bound
    assert 'name="request"' not in (await owner.get("/permissions")).text


async def test_nobody_fills_the_owners_page(bot: Demo) -> None:
    """Unknown logins and the platform's agents leave nothing; five requests may wait for one person, a day long."""
    for login in ("nobody", "platform"):
        assert re.fullmatch(r"\d{4}", await _asked(bot, login))
    for number in range(8):
        await _asked(bot, "agent", f"U{number}")

    def waiting(connection: Connection) -> tuple[int, int]:
        at = now(connection)
        later = at + chat_accounts.HOLDS
        return tuple(len(chat_accounts.open_requests(connection, "demo", when)) for when in (at, later))  # type: ignore[return-value]

    assert await bot.database.read(waiting) == (chat_accounts.MOST_OPEN, 0)
