"""The list of records: filters in the address, sums over the whole set, exports of the filter."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import Connection

from bot.console import export
from bot.console.wanted import filter_of, not_understood, read
from bot.domain.people import Asker, Origin, Permission, Role
from bot.store.cases import cases
from tests.console.served import HU, WANG, Demo


def enter_refused(connection: Connection, count: int) -> None:
    """Records of the sample shop that our rules refused, one a minute."""
    now = datetime.now(UTC)
    whole = {"shop_id": "demo", "after_sale_id": WANG, "carrier": "zto", "route": "zto", "state": "refused"}
    whole |= {"phase": "ended", "origin": "agent", "asked_by": "周琳", "asker_id": "p-1", "quoted_fen": 300}
    whole |= {"reasons": [{"code": "VALUE_TOO_HIGH", "facts": {}}], "rules_version": "2025-01-01", "checks": []}
    for n in range(count):
        at = now - timedelta(minutes=n)
        row = {"id": f"icpt-{n}", "tracking_number": f"754{n:011}", "created_at": at, "settled_at": at}
        connection.execute(cases.insert(), {**whole, **row})


def numbers(page: str) -> list[str]:
    """The tracking numbers of the list, in its order."""
    return re.findall(r'aria-label="打开记录 (\w+)"', page)


async def test_the_list_counts_and_sums_what_the_filter_finds(bot: Demo) -> None:
    """Counts by state and the fee sum belong to the filtered set, and agree with the rows and the ledger."""
    visitor = bot.visitor()
    await visitor.enter("agent")
    await bot.settled(HU, "contradicted")
    page = (await visitor.get("/records")).text
    assert len(numbers(page)) == 6
    assert "<b>6 条</b>" in page
    assert "矛盾 1</span>" in page
    assert "待核对" in page
    assert f"费用合计 <b>{await bot.fees() / 100:.2f} 元</b>" in page
    one = (await visitor.get("/records?carrier=yunda&result=failed&q=0456")).text
    assert numbers(one) == ["460000000000456"]
    assert "费用合计 <b>0.00 元</b>" in one
    assert "/records.csv?span=30&amp;carrier=yunda&amp;result=failed&amp;q=0456" in one


async def test_nothing_found_names_the_filters_and_offers_to_drop_one(bot: Demo) -> None:
    """An empty list says what was looked for, and one press widens it."""
    visitor = bot.visitor()
    await visitor.enter("agent")
    page = (await visitor.get("/records?carrier=zto&result=lost")).text
    assert "没有「近 30 天、中通、丢失」的记录" in page
    assert 'href="/records?span=30&amp;carrier=zto"' in page
    assert "去掉「丢失」" in page


async def test_what_the_address_says_in_vain_is_named(bot: Demo) -> None:
    """A filter that does not exist, or a date that is none, is named above the list in the reader's language."""
    visitor = bot.visitor()
    await visitor.enter("agent")
    assert "看不懂" not in (await visitor.get("/records?carrier=zto&result=lost&who=&size=50&trail=1-2")).text
    page = (await visitor.get("/records?state=%3Cfoo%3E&span=custom&since=2026-13-01")).text
    assert "网址里的「state=&lt;foo&gt;」「since=2026-13-01」看不懂，没有按它筛选。" in page
    assert page.index("看不懂") < page.index("<table")


async def test_pages_go_forth_and_back_by_cursor(bot: Demo) -> None:
    """Every record is on exactly one page, and the way back leads to the page before."""
    await bot.settled(HU, "succeeded")
    await bot.database.write(lambda c: enter_refused(c, 50))
    visitor = bot.visitor()
    await visitor.enter("agent")
    path, pages = "/records?result=refused", list[str]()
    while path:
        pages.append((await visitor.get(path)).text)
        found = re.search(r'href="([^"]+)" rel="next"', pages[-1])
        path = found[1].replace("&amp;", "&") if found else ""
    assert [len(numbers(page)) for page in pages] == [20, 20, 10]
    assert len({number for page in pages for number in numbers(page)}) == 50
    assert "第 41–50 条，共 50 条" in pages[-1]
    back = re.search(r'<a class="btn btn-s" href="([^"]+trail=[^"]+)">', pages[-1])
    assert back is not None
    assert numbers((await visitor.get(back[1].replace("&amp;", "&"))).text) == numbers(pages[1])
    assert (await visitor.get("/records?trail=1-2.nein")).status == 200


async def test_an_export_is_the_filter_with_iso_times(bot: Demo) -> None:
    """CSV and XLSX hold the same rows; times carry their zone; an open fee is empty; nothing can be a formula."""
    visitor = bot.visitor()
    await visitor.enter("agent")
    await bot.settled(HU, "contradicted")
    answer = await visitor.get("/records.csv?carrier=zto")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=records.csv")
    assert answer.text.startswith("\ufeff记录,发起时间,结果")
    lines = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert {line["承运商"] for line in lines} == {"中通"}
    assert all(re.fullmatch(r"2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00", line["发起时间"]) for line in lines)
    async with visitor.session.get(f"{bot.base}/records.xlsx?carrier=zto") as response:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(await response.read())).get_sheet_by_index(0)
    rows: list[list[Any]] = sheet.to_python()
    assert rows[0] == list(lines[0])
    assert [row[4] for row in rows[1:]] == [line["运单号"] for line in lines]
    assert [f"{row[6]:.2f}" for row in rows[1:]] == [line["费用（元）"] for line in lines]


async def test_whoever_may_not_intercept_sees_only_their_own(bot: Demo) -> None:
    """Without the permission the list says whose records it holds, and another's record does not exist."""
    owner, newcomer = bot.visitor(), bot.visitor()
    await owner.enter("owner")
    page = (await owner.get("/records")).text
    link = re.search(r'href="(/records/icpt-\w+)"', page)
    assert link is not None
    assert (await owner.get(link[1])).status == 200
    await newcomer.enter("newcomer")
    mine = (await newcomer.get("/records")).text
    assert "只列 李想 自己发起的拦截" in mine
    assert numbers(mine) == []
    assert (await newcomer.get(link[1])).status == 404


async def test_a_record_tells_its_story(bot: Demo) -> None:
    """Who asked under which rules, what left and what came back, fee, and what became of it; the rules beside it."""
    visitor = bot.visitor()
    await visitor.enter("agent")
    await bot.settled(HU, "contradicted")
    case = (await bot.cases(HU))[0]
    page = (await visitor.get(f"/records/{case.id}")).text
    told = re.findall(r"<h4>(.*?)(?:<small>|</h4>)", page)
    assert told[0] == "规则检查：11 条全部通过"
    assert told[1] == "周琳 确认拦截，费用 3.00 元，成功才收"
    assert told[2] == "已写下意图，向中通发出"
    assert any(line.startswith("中通答复：拦截成功") for line in told)
    assert "记费 3.00 元" in told
    assert "→ 状态矛盾" in told[-1] or "→ 状态矛盾" in told[-2]
    assert page.count('<a class="rule"') >= 11
    assert "thirdcenter.createIntercept" in page


async def test_another_shops_record_does_not_exist(bot: Demo) -> None:
    """404 without a hint, as for a number that was made up."""
    visitor = bot.visitor()
    await bot.settled(HU, "succeeded")
    case = (await bot.cases(HU))[0]
    await visitor.get("/sign-in")
    await visitor.post("/sign-in", {"login": "fresh-owner", "password": "demo"})
    theirs, nobodys = await visitor.get(f"/records/{case.id}"), await visitor.get("/records/icpt-0000")
    assert theirs.status == nobodys.status == 404
    assert "查不到这条记录" in theirs.text


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@a", "\tx"])
def test_no_cell_is_a_formula(cell: str) -> None:
    """What a spreadsheet would compute gets an apostrophe; everything else stays as it is."""
    assert export.csv_rows([[cell, "拦截"]]) == f'"\'{cell}",拦截\r\n'.encode().replace(b'"', b"")


def test_nonsense_in_the_address_does_not_narrow() -> None:
    """Unknown values are as if they were not there."""
    asker = Asker("demo", Origin.AGENT, "周琳", Role.AGENT, "p-1", permissions=frozenset({Permission.LOGISTICS_TOOLS}))
    wanted = read({"span": "x", "result": "x", "origin": "x", "since": "nein", "size": "7", "q": "  12 34 "})
    assert (wanted.span, wanted.result, wanted.origin, wanted.since, wanted.size, wanted.q) == (
        *("30", "", "", "", 20),
        "1234",
    )
    at = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
    assert filter_of(wanted, asker, at).since == datetime(2026, 10, 25, 16, 0, tzinfo=UTC)
    day = read({"span": "custom", "since": "2026-11-01", "until": "2026-11-02"})
    found = filter_of(day, asker, at)
    assert (found.since, found.until) == (
        datetime(2026, 10, 31, 16, 0, tzinfo=UTC),
        datetime(2026, 11, 2, 16, 0, tzinfo=UTC),
    )
    assert read(dict(part.split("=") for part in day.query().split("&"))) == day
    assert read({"since": "2026-11-01", "until": "2026-11-02"}) == day


def test_only_what_was_taken_goes_unsaid() -> None:
    """Fields that narrow, or are empty, are not named; of nonsense only the beginning is."""
    taken = {"span": "custom", "since": "20261101", "until": "", "result": "lost", "origin": "api", "size": "50"}
    assert not_understood({**taken, "carrier": "zto", "who": "p-1", "q": "12 34", "trail": "1-2"}) == ()
    wrong = {"span": "x", "since": "nein", "result": "x", "origin": "x", "size": "7", "state": "foo"}
    assert not_understood(wrong) == ("span=x", "since=nein", "result=x", "origin=x", "size=7")
    assert len(not_understood({"state": "x" * 9_000})[0]) == 60
