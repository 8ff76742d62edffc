"""The workbench without a script: the list, the talk, the panel, the confirmation as a page."""

import json
import re

from sqlalchemy import Connection

from bot.store.after_sales import after_sales, parcels
from tests.console.served import HEADERS, HU, LIN, WANG, Demo

SUN = "7312045566778893390"
EXCHANGE = "7312045566778896104"


def rows(page: str) -> list[tuple[str, str]]:
    """The list as (group, after-sale)."""
    return re.findall(r'<li data-t="conv:(\d+)"[^>]*data-group="(\w+)"', page)


async def test_the_first_group_begins_with_what_is_urgent(bot: Demo) -> None:
    """Contradictions come first, then what can be intercepted by the time that is left; the page opens on the first of
    those.
    """
    visitor = bot.visitor()
    await bot.settled(HU, "contradicted")
    page = (await visitor.enter("agent")).text
    found = rows(page)
    assert found[0] == (HU, "yours")
    assert found[1] == (SUN, "yours")
    assert [group for _, group in found] == sorted(
        (group for _, group in found), key=("yours", "running", "done").index
    )
    assert f'data-conversation="{SUN}"' in page
    count = re.search(r'data-count="yours">(\d+)<', page)
    assert count is not None
    assert int(count[1]) == sum(group == "yours" for _, group in found)
    assert f"<title>({count[1]}) " in page


async def test_a_search_finds_by_buyer_and_by_the_last_digits(bot: Demo) -> None:
    """Buyer, after-sale, order or parcel: the last digits do; nothing found is said with what to type."""
    visitor = bot.visitor()
    await visitor.enter("agent")
    for typed in ("王*", "0561", "9118"):
        assert (WANG, "yours") in rows((await visitor.get(f"/?q={typed}")).text), typed
    assert "没有「%_」" in (await visitor.get("/?q=%25_")).text


async def test_a_message_is_kept_answered_and_never_kept_twice(bot: Demo) -> None:
    """A typed command stands in the talk with its card; the same form sent again adds nothing."""
    visitor = bot.visitor()
    await visitor.enter("agent", f"/?c={LIN}")
    for _ in range(2):
        sent = await visitor.post(f"/conversations/{LIN}/messages", {"text": "/fees", "id": "form-1"})
        assert (sent.status, sent.place) == (303, f"/?c={LIN}#say")
    page = (await visitor.get(f"/?c={LIN}")).text
    assert page.count('<code class="cmd">/fees</code>') == 1
    assert page.count('data-kind="fees"') == 1
    assert "中通 3.00、韵达 3.00、圆通 4.00 元一个包裹" in page


async def test_what_people_say_to_each_other_is_kept_without_an_answer(bot: Demo) -> None:
    """Staff may simply talk; markup in it is text."""
    visitor = bot.visitor()
    await visitor.enter("agent", f"/?c={LIN}")
    await visitor.post(f"/conversations/{LIN}/messages", {"text": "<b>我去吃饭</b>\n第二行", "id": "1"})
    page = (await visitor.get(f"/?c={LIN}")).text
    assert "&lt;b&gt;我去吃饭&lt;/b&gt;\n第二行" in page


async def test_the_confirmation_is_a_page_and_its_button_asks(bot: Demo) -> None:
    """Opened without a script it shows every parcel with fee or reasons; confirmed, the result stands in the talk, and
    what was confirmed is charged once.
    """
    visitor = bot.visitor()
    await visitor.enter("agent", f"/?c={WANG}")
    page = (await visitor.get(f"/after-sales/{WANG}/confirm")).text
    assert "同一个包裹里还有另一笔订单的东西，会一起退回来" in page
    assert all(f'href="/rules#{rule}"' in page for rule in ("R4", "R5", "R9"))
    assert "拦截 <b>1</b> 个包裹，成功收 <b>4.00 元</b>，失败 0 元" in page
    assert re.search(r'value="75400000000562"[^>]*disabled aria-describedby', page)
    action = re.search(r'name="action" value="(confirm\.\w+)"', page)
    assert action is not None
    fields = [("action", action[1]), ("conversation", WANG), ("parcels", "YT7400000000561")]
    for _ in range(2):
        pressed = await visitor.post("/press", fields)
    assert pressed.status == 200, "pressed again, the present card says who was first"
    assert "没有发第二次" in pressed.text
    await bot.settled(WANG, "succeeded")
    page = (await visitor.get(f"/?c={WANG}")).text
    assert page.count('data-kind="result"') == 1
    assert "4.00 元" in page
    assert [case.fee_fen for case in await bot.cases(WANG)] == [400]


async def test_nothing_picked_asks_for_nothing(bot: Demo) -> None:
    """A confirmation without a picked parcel is shown again, with words, and nothing is sent."""
    visitor = bot.visitor()
    await visitor.enter("agent", f"/?c={WANG}")
    page = (await visitor.get(f"/after-sales/{WANG}/confirm")).text
    action = re.search(r'name="action" value="(confirm\.\w+)"', page)
    assert action is not None
    answer = await visitor.post("/press", [("action", action[1]), ("conversation", WANG)])
    assert answer.status == 200
    assert "一个都不选就不会发出，也不收费" in answer.text
    assert await bot.cases(WANG) == []


async def test_the_script_gets_the_dialog_alone(bot: Demo) -> None:
    """Our script is given the dialog's part of the page, drawn by the same template."""
    visitor = bot.visitor()
    await visitor.enter("agent", f"/?c={WANG}")
    told = await visitor.get(f"/after-sales/{WANG}/confirm", **HEADERS)
    assert told.headers["Content-Type"].startswith("application/json")
    assert "<html" not in told.text
    assert "dlg-title" in told.text


async def test_the_panel_shows_no_button_where_there_can_be_none(bot: Demo) -> None:
    """U2: the button is there while the after-sale is refund only and open, and only then; a locked one says why."""
    visitor = bot.visitor()
    await visitor.enter("agent")
    page = (await visitor.get(f"/?c={EXCHANGE}")).text
    assert "data-open" not in page
    assert "发起拦截" not in page.split('class="dock"')[1].split("</aside>")[0]
    assert 'href="/rules#R6"' in page
    closed = (await visitor.get("/?c=7312045566778896105")).text
    assert "data-open" not in closed
    locked = (await visitor.get("/?c=7312045566778895006")).text
    assert "没有能拦的包裹，原因在上面" in locked
    assert 'aria-disabled="true"' in locked


async def test_another_shops_after_sale_does_not_exist(bot: Demo) -> None:
    """Looking, typing and pressing at another shop's conversation all find nothing."""
    visitor = bot.visitor()
    await visitor.enter("agent")
    theirs = "7312045566778897001"
    assert (await visitor.get(f"/?c={theirs}")).status == 404
    assert (await visitor.get(f"/after-sales/{theirs}/confirm")).status == 404
    assert (await visitor.post(f"/conversations/{theirs}/messages", {"text": "/help", "id": "1"})).status == 404
    assert (await visitor.post("/press", {"action": f"open.{theirs}", "conversation": theirs})).status == 404


async def test_a_shop_that_has_not_signed_signs_and_goes_on(bot: Demo) -> None:
    """U3: the first ask leads to both agreements, unticked; half a signature is named; signed, it stops at the
    confirmation of the same parcel.
    """
    visitor, mine = bot.visitor(), "7312045566778897001"
    await visitor.get("/sign-in")
    await visitor.post("/sign-in", {"login": "fresh-owner", "password": "demo"})
    page = (await visitor.get(f"/after-sales/{mine}/confirm")).text
    assert "签之前，三件事" in page
    assert not re.search(r'name="ticked"[^>]*checked', page)
    assert all(f'href="/agreements/{kind}"' in page for kind in ("service", "debit"))
    half = await visitor.post(
        "/press", [("action", f"sign.{mine}"), ("conversation", mine), ("ticked", "agree_service")]
    )
    assert "还差一项：勾选《扣款授权协议》" in half.text
    both = [("ticked", "agree_service"), ("ticked", "agree_debit")]
    signed = await visitor.post("/press", [("action", f"sign.{mine}"), ("conversation", mine), *both])
    assert "确认拦截" in signed.text
    assert "YT7" in signed.text
    done = (await visitor.get("/sign-up")).text
    assert "已签约" in done
    assert "方青" in done


async def test_a_record_that_nobody_spoke_of_stands_in_the_talk(bot: Demo) -> None:
    """What came by the API or with the sample is shown beside its after-sale all the same."""
    visitor = bot.visitor()
    await bot.settled(HU, "contradicted")
    await visitor.enter("agent")
    page = (await visitor.get(f"/?c={HU}")).text
    assert 'data-s="contradicted" data-kind="result"' in page
    assert "状态矛盾：拦下后又派送" in page


async def test_a_platform_agent_may_only_in_arbitration(bot: Demo) -> None:
    """R11: outside arbitration the panel says so, in arbitration there is the button."""
    visitor = bot.visitor()
    await visitor.enter("platform")
    assert "平台客服只在售后单处于仲裁时能拦" in (await visitor.get(f"/?c={LIN}")).text
    assert "data-open" in (await visitor.get("/?c=7312045566778896107")).text


async def test_the_trace_can_be_fetched_again(bot: Demo) -> None:
    """One press asks the carriers once more; whether they answer or not is said, and sending is not affected."""
    visitor = bot.visitor()
    await visitor.enter("agent", f"/?c={LIN}")
    told = await visitor.post(f"/after-sales/{LIN}/trace", **HEADERS)
    assert "轨迹" in json.loads(told.text)["said"]
    assert (await visitor.post(f"/after-sales/{LIN}/trace")).place == f"/?c={LIN}&pane=case"
    assert (await visitor.post("/after-sales/7312045566778897001/trace")).status == 404


async def test_a_shop_with_nothing_in_it_is_told_how_to_begin(bot: Demo) -> None:
    """The first workbench of a real shop names three steps, with the state of the one that it can see."""
    visitor = bot.visitor()
    await bot.database.write(empty_the_fresh_shop)
    await visitor.get("/sign-in")
    await visitor.post("/sign-in", {"login": "fresh-owner", "password": "demo"})
    page = (await visitor.get("/")).text
    assert "开始用之前，三步" in page
    assert '<a href="/sign-up">签约</a>' in page
    assert "现在没有要你处理的" in page


def empty_the_fresh_shop(connection: Connection) -> None:
    """Takes the only after-sale of the shop `fresh` out again."""
    for table in (parcels, after_sales):
        connection.execute(table.delete().where(table.c.shop_id == "fresh"))
