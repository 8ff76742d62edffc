"""Many parcels at once: pasted, checked, confirmed once, each number in its place."""

import re

from tests.console.served import Demo

PASTED = """YT7400000000561, 75400000000562
460000000003390；yt7400000000561
99999999999999"""


async def test_a_batch_is_checked_confirmed_once_and_followed(bot: Demo) -> None:
    """Checking sends nothing; one confirmation asks for what can go; refused and unknown numbers keep their reasons."""
    visitor = bot.visitor()
    await visitor.enter("agent", "/batch")
    drafted = await visitor.post("/batch", {"numbers": PASTED})
    page = (await visitor.get(drafted.place)).text
    assert "4 个单号，2 个能拦" in page
    assert "拦截 <b>2</b> 个包裹，都成功收 <b>7.00 元</b>，失败 0 元" in page
    assert page.split('class="prog"')[1].split("</svg>")[0].count("<rect") == 2
    assert "不可 R" in page
    assert "查不到" in page
    assert await bot.cases("7312045566778893390") == []
    for _ in range(2):
        await visitor.post(drafted.place, {"do": "confirm"})
    await bot.settled("7312045566778899118", "succeeded")
    await bot.settled("7312045566778893390", "succeeded")
    page = (await visitor.get(drafted.place)).text
    assert "4 个单号，2 个有结果" in page
    assert "已收 <b>7.00 元</b>" in page
    order = re.findall(r'data-t="brow:[^"]+:(\d+)"', page)
    assert order == ["1", "2", "3", "4"]
    only = (await visitor.get(f"{drafted.place}?only=refused")).text
    assert re.findall(r'data-t="brow:[^"]+:(\d+)"', only) == ["2", "4"]
    told = await visitor.get(f"{drafted.place}.csv")
    assert "查不到" in told.text
    assert (await visitor.get("/batch")).text.count("<b>#1</b>") == 1


async def test_what_is_wrong_is_said_at_the_field(bot: Demo) -> None:
    """No number at all, or more than 500: nothing is checked, and what was typed is still there."""
    visitor = bot.visitor()
    await visitor.enter("agent", "/batch")
    nothing = await visitor.post("/batch", {"numbers": "请帮我拦一下"})
    assert nothing.status == 422
    assert "没有看到单号" in nothing.text
    assert "请帮我拦一下</textarea>" in nothing.text
    many = await visitor.post("/batch", {"numbers": " ".join(f"754{n:011}" for n in range(501))})
    assert "有 501 个单号，一次最多 500 个" in many.text


async def test_another_shops_batch_does_not_exist(bot: Demo) -> None:
    """Neither to look at nor to confirm."""
    mine, theirs = bot.visitor(), bot.visitor()
    await mine.enter("agent", "/batch")
    drafted = await mine.post("/batch", {"numbers": "460000000003390"})
    await theirs.get("/sign-in")
    await theirs.post("/sign-in", {"login": "fresh-owner", "password": "demo"})
    await theirs.get("/batch")
    assert (await theirs.get(drafted.place)).status == 404
    assert (await theirs.post(drafted.place, {"do": "confirm"})).status == 404
    assert (await theirs.get(f"{drafted.place}.csv")).status == 404
