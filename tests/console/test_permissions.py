"""Who may intercept: the owner's page, and the way to it for everybody else."""

import re

from tests.console.served import LIN, Demo

PATH = "店铺 → 子账号管理 → 岗位管理 → 物流 → <b>物流工具</b>"


async def test_no_permission_says_where_asks_and_then_works(bot: Demo) -> None:
    """R11 names the menu path; the request stands on top of the owner's page; granted, the button is there at once."""
    newcomer, owner = bot.visitor(), bot.visitor()
    page = (await newcomer.enter("newcomer", f"/?c={LIN}")).text
    assert PATH in page
    assert "请吴岚开通" in page
    asked = await newcomer.post("/permissions/ask", {"next": f"/?c={LIN}"})
    assert asked.place == f"/?c={LIN}"
    assert "已经请吴岚开通" in (await newcomer.get(asked.place)).text
    page = (await owner.enter("owner", "/permissions")).text
    assert "<b>李想</b> 想用「物流工具」" in page
    request = page.split("等你批准")[1]
    person = re.search(r'name="person" value="([^"]+)"', request)
    assert person is not None
    await owner.post("/permissions", {"person": person[1], "permission": "logistics_tools", "to": "on"})
    page = (await owner.get("/permissions")).text
    assert "等你批准" not in page
    assert "吴岚 给 李想 开「物流工具」" in page
    assert "data-open" in (await newcomer.get(f"/?c={LIN}")).text


async def test_only_the_owner_has_the_page_in_the_menu(bot: Demo) -> None:
    """Others find the path on it, no switch, and may change nothing."""
    owner, agent = bot.visitor(), bot.visitor()
    others = ["q"] if (await owner.enter("owner", "/questions")).status == 200 else []
    menu = re.compile(r'data-go="(\w)"')
    assert menu.findall((await owner.enter("owner")).text) == ["w", "b", "r", *others, "p"]
    assert menu.findall((await agent.enter("agent")).text) == ["w", "b", "r"]
    page = (await agent.get("/permissions")).text
    assert "由主账号 吴岚 决定" in page
    assert 'role="switch"' not in page.split("<dialog")[0]
    refused = await agent.post("/permissions", {"person": "x", "permission": "logistics_tools", "to": "on"})
    assert refused.status == 403
    assert "什么都没有改" in refused.text
    somebody = await owner.post("/permissions", {"person": "x", "permission": "logistics_tools", "to": "on"})
    assert somebody.status == 404
    platform = bot.visitor()
    await platform.enter("platform")
    assert (await platform.post("/permissions/ask")).status == 403
