"""Somebody who has left the shop: taken out on the owner's page, signed out at once, brought back with nothing more."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from bot.domain.people import Role, Scope
from bot.merchants import departure, keys, passwords, people
from bot.merchants.passwords import Cost
from bot.store.cases import cases
from bot.store.database import now
from tests.console.served import HEADERS, LIN, Demo, demo
from tests.console.test_accounts import _asked, _bound, _whose
from tests.console.test_live import caught_up, newest, stream

PATH = "/permissions/people"


@pytest.fixture(params=["sqlite_url", "shared_url"])
async def either(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Demo]:
    """`serve --demo` on each kind of database."""
    async with demo(tmp_path, request.getfixturevalue(request.param)) as served:
        yield served


async def _id(bot: Demo, login: str) -> str:
    person = await bot.database.read(lambda c: people.by_login(c, login))
    assert person is not None
    return person.id


async def _second_owner(bot: Demo) -> str:
    def enter(connection: Connection) -> str:
        password = passwords.hash_password("demo", Cost(passes=1))
        at = now(connection)
        return people.create(connection, "demo", "second", "沈青", Role.OWNER, password=password, at=at)

    return await bot.database.write(enter)


async def _asked_by(bot: Demo, name: str) -> set[str]:
    wanted = select(cases.c.id).where(cases.c.shop_id == "demo", cases.c.asked_by == name)
    return await bot.database.read(lambda c: set(c.execute(wanted).scalars()))


def _offered(page: str, to: str) -> list[str]:
    """Whom the page offers to take out, or to bring back."""
    return re.findall(rf'name="person" value="([^"]+)"><input type="hidden" name="to" value="{to}"', page)


async def test_taken_out_and_brought_back(either: Demo) -> None:
    """Beside each agent, and nobody else, stands 停用; afterwards the person stands apart with who and when, is signed
    out, and is in no switch; the records and the shop's key are as they were. Brought back there is a sign-in alone.
    """
    bot, owner, agent = either, either.visitor(), either.visitor()
    person = await _id(bot, "agent")
    _, key = await bot.database.write(lambda c: keys.create(c, "demo", [Scope.DATA_WRITE], "erp", now(c)))
    await agent.enter("agent")
    await _bound(bot, "agent")
    await _asked(bot, "agent", "U8")
    theirs = await _asked_by(bot, "周琳")
    page = (await owner.enter("owner", "/permissions")).text
    assert set(_offered(page, "leave")) == {await _id(bot, login) for login in ("agent", "newcomer", "agent2")}
    assert 'id="gone"' not in page
    assert (await owner.post(PATH, {"person": person, "to": "leave"})).place == "/permissions"
    assert (await agent.get("/me")).place.startswith("/sign-in")
    assert (await agent.post("/me/code", **HEADERS)).status == 401
    page = (await owner.get("/permissions")).text
    gone = page.split('id="gone"')[1].split("</section>")[0]
    for words in ("周琳", "agent · 客服", "吴岚", "<time ", "恢复"):
        assert words in gone
    assert person not in _offered(page, "leave")
    assert "U7" not in page
    assert 'name="request"' not in page
    assert "吴岚 停用了 周琳" in page
    assert "吴岚 收回 周琳「物流工具」" in page
    assert await _whose(bot) is None
    refused = bot.visitor()
    await refused.get("/sign-in")
    assert (await refused.post("/sign-in", {"as": "agent", "next": "/"})).status == 422
    assert theirs
    assert theirs <= await _asked_by(bot, "周琳")
    assert await keys.Keys(bot.database).asker(key) is not None
    assert "value=agent" not in (await bot.visitor().get("/sign-in")).text.replace('"', "").split("agent2")[0]
    await owner.get(f"/?c={LIN}")
    for number, login in enumerate(("agent", "owner")):  # neither somebody who has left nor an owner is granted
        said = {"text": f"/grant {login}", "id": str(number)}
        assert (await owner.post(f"/conversations/{LIN}/messages", said)).status == 303
        assert f"没有登录名是 {login} 的子账号" in (await owner.get(f"/?c={LIN}")).text
    await owner.post(PATH, {"person": person, "to": "leave"})
    await owner.post(PATH, {"person": person, "to": "return"})
    page = (await owner.get("/permissions")).text
    assert 'id="gone"' not in page
    assert "吴岚 恢复了 周琳" in page
    assert "权限：还不能拦截" in (await agent.enter("agent", "/me")).text


async def test_nobody_else_may(bot: Demo) -> None:
    """Not an agent, not without the form's token, not another shop's people nor the platform's, and nobody himself."""
    owner, agent, elsewhere = bot.visitor(), bot.visitor(), bot.visitor()
    person = await _id(bot, "newcomer")
    await agent.enter("agent", "/me")
    refused = await agent.post(PATH, {"person": person, "to": "leave"})
    assert (refused.status, "什么都没有改" in refused.text) == (403, True)
    await owner.enter("owner", "/permissions")
    assert (await owner.post(PATH, {"person": person, "to": "leave", "csrf": "x"})).status == 403
    assert (await owner.post(PATH, {"person": person, "to": "?"})).status == 404
    for login in ("platform", "fresh-agent", "fresh-owner"):
        answer = await owner.post(PATH, {"person": await _id(bot, login), "to": "leave"})
        assert (answer.status, "没有这个人" in answer.text) == (404, True)
    answer = await owner.post(PATH, {"person": await _id(bot, "owner"), "to": "leave"})
    assert (answer.status, "不能停用自己" in answer.text) == (409, True)
    assert (await elsewhere.get("/permissions")).place.startswith("/sign-in")
    everyone = await bot.database.read(lambda c: [p.active for p in people.of_shop(c, "demo")])
    assert all(everyone)


async def test_another_owner_stands_among_them(bot: Demo) -> None:
    """An owner takes another one out, and is told what bringing an owner back means; no switch stands beside one."""
    second = await _second_owner(bot)
    owner = bot.visitor()
    page = (await owner.enter("owner", "/permissions")).text
    assert _offered(page, "leave")[-1] == second
    assert "沈青：物流工具" not in page
    assert "3 人，2 人可拦截" in page
    await owner.post(PATH, {"person": second, "to": "leave"})
    page = (await owner.get("/permissions")).text
    assert _offered(page, "return") == [second]
    assert "仍是主账号" in page


@pytest.mark.parametrize("page", ["workbench", "me"])
async def test_an_open_page_sees_the_sign_in(bot: Demo, page: str) -> None:
    """Whoever looks at a live page while he is taken out is told at once that he is signed out."""
    owner, agent = bot.visitor(), bot.visitor()
    await agent.enter("agent")
    await owner.enter("owner", "/permissions")
    async with stream(agent, f"page={page}&c={LIN}&after={await newest(bot)}") as events:
        await caught_up(events)
        await owner.post(PATH, {"person": await _id(bot, "agent"), "to": "leave"})
        assert [kind async for kind, _, _ in events][-1] == "signed_out"


async def test_the_owners_open_page_hears_of_it(bot: Demo) -> None:
    """Taken out from the command line the page tells the operator, in the reader's language."""
    owner = bot.visitor()
    await owner.enter("owner", "/permissions")
    await owner.get("/lang/en?next=/permissions")

    def leave(connection: Connection) -> bool:
        person = people.by_login(connection, "agent")
        assert person is not None
        return departure.leave(connection, person, "", {}, now(connection))

    async with stream(owner, f"page=permissions&after={await newest(bot)}") as events:
        await caught_up(events)
        await bot.database.write(leave)
        async for kind, _, body in events:
            if kind == "parts" and any("The operator deactivated 周琳" in p["html"] for p in body.get("parts", ())):
                break
