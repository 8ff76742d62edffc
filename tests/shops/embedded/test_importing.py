"""Files: JSON Lines and CSV, whatever spreadsheet they went through."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from bot.shops.embedded.importing import Report, import_file
from bot.shops.embedded.intake import EmbeddedIntake
from bot.shops.embedded.spreadsheet import COLUMNS, iso
from bot.shops.embedded.text_file import LONGEST_LINE
from bot.store.after_sales import load
from bot.store.database import Database
from tests.shops.embedded.conftest import Heard, document

HEADER = (
    "after_sale_id,order_id,type,status,applied_at,refund_fen,tracking_number,carrier,shipped_at,"
    "item_name,item_category,item_quantity,item_price_fen"
)


def sale(n: int, **over: str) -> str:
    """A line of a CSV file with one after-sale."""
    cells = {
        "after_sale_id": f"730000000000000000{n}",
        "order_id": f"690000000000000000{n}",
        "type": "refund_only",
        "status": "open",
        "applied_at": "2026-11-24T09:00:00+08:00",
        "refund_fen": "12900",
        "tracking_number": f"7540000000000{n}",
        "carrier": "zto",
        "shipped_at": "2026-11-23 18:00",
        "item_name": "短袖",
        "item_category": "apparel",
        "item_quantity": "1",
        "item_price_fen": "12900",
    }
    return ",".join((cells | over).values())


class Door:
    """Imports into shop `demo` and keeps what was said."""

    def __init__(self, intake: EmbeddedIntake, database: Database, folder: Path) -> None:
        self.intake = intake
        self.database = database
        self.folder = folder
        self.said: dict[int, str] = {}

    async def take(self, content: str | bytes, name: str = "file.csv") -> Report:
        """Writes the file and imports it."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return await import_file(self.intake, "demo", path, self.said.__setitem__)

    async def kept(self, n: int) -> Any:
        """The n-th after-sale, or None."""
        return await self.database.read(lambda c: load(c, "demo", f"730000000000000000{n}"))


@pytest.fixture
def door(intake: EmbeddedIntake, database: Database, tmp_path: Path) -> Door:
    """A way in for files."""
    return Door(intake, database, tmp_path)


def json_line(n: int, **over: Any) -> str:
    """A line of a JSON Lines file with one after-sale."""
    return json.dumps(document(after_sale_id=f"730000000000000000{n}", **over), ensure_ascii=False)


async def test_json_lines_are_taken(door: Door, heard: Heard) -> None:
    """Each line is an after-sale; blank lines are nothing, and the traces are handed on."""
    assert await door.take(f"{json_line(1)}\n\n{json_line(2)}\r\n", "a.jsonl") == Report(2, 0)
    assert (await door.kept(2)).reason == "不想要了"
    assert heard == [("demo", "75400000000001")]


async def test_a_bad_line_is_named(door: Door) -> None:
    """Number and reason of each bad line are told, the good ones are kept."""
    lines = [json_line(1), "{", "[]", json_line(2, type="x"), '{"a": NaN}', "[" * 5000, json_line(3)]
    assert await door.take("\n".join(lines), "a.jsonl") == Report(2, 5)
    assert {line: said.partition("（")[0] for line, said in door.said.items()} == {
        2: "不是 JSON，从第 2 个字起读不下去",
        3: "应为 JSON 对象",
        4: "type：只能是 refund_only, return_refund, exchange 之一",
        5: "不是 JSON，从第 1 个字起读不下去",
        6: "不是 JSON，从第 1 个字起读不下去",
    }
    assert await door.kept(3) is not None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "export"])
async def test_both_encodings_are_read(door: Door, encoding: str, name: str) -> None:
    """UTF-8 with a mark or without, and what a Chinese spreadsheet writes; the name need not tell what it is."""
    text = f"{HEADER}\n{sale(1)}\n" if name != "a.jsonl" else json_line(1)
    assert await door.take(text.encode(encoding), name) == Report(1, 0)
    assert (await door.kept(1)).parcels[0].items[0].name in {"短袖", "棉质短袖"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "export"])
async def test_unicode_text_is_refused_as_such(door: Door, encoding: str, name: str) -> None:
    """A file in UTF-16 is said to be in a wrong encoding, once, with what to save it as; the header is not blamed."""
    text = f"{HEADER}\n{sale(1)}\n" if name != "a.jsonl" else json_line(1)
    assert await door.take(text.encode(encoding), name) == Report(0, 1)
    assert "UTF-16" in door.said[1]
    assert "CSV UTF-8" in door.said[1]
    assert "表头" not in door.said[1]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
async def test_a_bad_byte_spoils_its_own_line_alone(door: Door, name: str) -> None:
    """A line that is in neither encoding is named; the file's other lines are read as before."""
    good = [json_line(1), json_line(2), json_line(3)] if name == "a.jsonl" else [sale(1), sale(2), sale(3)]
    lines = [line.encode() for line in good]
    lines[1] = lines[1].replace("短袖".encode(), b"\xff\xfe\x80")
    head = [] if name == "a.jsonl" else [HEADER.encode()]
    assert await door.take(b"\n".join([*head, *lines]), name) == Report(2, 1)
    assert [said.partition("，")[0] for said in door.said.values()] == ["字符编码不对"]
    assert (await door.kept(3)).parcels[0].items[0].name.endswith("短袖")


async def test_an_endless_line_is_refused(door: Door) -> None:
    """A line that would fill the memory is named, and the next one is read."""
    endless = '{"a": "' + "x" * (3 * LONGEST_LINE) + '"}'
    assert await door.take(f"{endless}\n{json_line(1)}", "a.jsonl") == Report(1, 1)
    assert door.said[1].startswith("这一行超过 1000000 个字")
    assert await door.take(f"{HEADER}\n{sale(2)}{endless}\n{sale(3)}") == Report(1, 1)
    assert list(door.said) == [1, 2]


async def test_a_row_for_each_item(door: Door) -> None:
    """Rows of one after-sale make one, with its parcels and their items; a blank says nothing new."""
    lines = [
        sale(1),
        sale(1, order_id="", type="", status="", item_name="杯", item_quantity="2", item_price_fen="500"),
        sale(1, tracking_number="75400000000099", carrier="圆通", item_name="碗"),
        sale(2),
    ]
    assert await door.take("\n".join([HEADER, *lines])) == Report(2, 0)
    first, second = (await door.kept(1)).parcels
    assert [(i.name, i.quantity) for i in first.items] == [("短袖", 1), ("杯", 2)]
    assert (first.value, second.carrier, second.tracking_number) == (13900, "yto", "75400000000099")


async def test_a_trace_in_a_table(door: Door) -> None:
    """A row may carry a trace event, beside an item or alone."""
    header = f"{HEADER},trace_at,trace_text,trace_place"
    alone = sale(1, item_name="", item_category="", item_quantity="", item_price_fen="")
    lines = [
        f"{sale(1)},2026/11/23 20:10,已揽收,杭州",
        f"{alone},2026/11/24 8:05:09,已发往成都,",
        f"{sale(2)},,,",
    ]
    assert await door.take("\n".join([header, *lines])) == Report(2, 0)
    box = (await door.kept(1)).parcels[0]
    assert len(box.items) == 1
    assert [(e.text, e.place) for e in box.trace] == [("已揽收", "杭州"), ("已发往成都", None)]


async def test_a_chinese_header_and_chinese_words(door: Door) -> None:
    """A file as people write it: Chinese names of columns, types, carriers and truth, in any order."""
    header = (
        "运单号,快递公司,发货时间,售后单号,订单号,售后类型,售后状态,仲裁中,申请时间,退款金额（分）,包裹价值(分),备注"
    )
    line = (
        "75400000000001,中通,2026/11/23 18:00,7300000000000000001,69,仅退款,处理中,是,2026-11-24 9:00,12900,8000,随便"
    )
    assert await door.take(f"{header}\n{line}\n".encode("gb18030")) == Report(1, 0)
    kept = await door.kept(1)
    assert (kept.in_arbitration, kept.type.value, kept.status.value) == (True, "refund_only", "open")
    assert kept.applied_at.isoformat() == "2026-11-24T01:00:00+00:00"
    assert (kept.parcels[0].carrier, kept.parcels[0].value) == ("zto", 8000)


async def test_a_bad_row_is_named_by_its_line(door: Door) -> None:
    """The number is that of the line in the file, the reason names the column; the good ones are kept."""
    lines = [
        sale(1, item_name='"第一行\n第二行"'),
        sale(2, item_price_fen="十二"),
        sale(3, refund_fen="-5"),
        sale(4, carrier=""),
        sale(5, applied_at="昨天"),
        sale(6, after_sale_id=""),
        sale(7, after_sale_id="7.3E+18"),
        sale(8) + ",x,y",
        sale(9),
    ]
    assert await door.take("\n".join([HEADER, *lines])) == Report(2, 7)
    assert {line: said.partition("（")[0] for line, said in door.said.items()} == {
        4: "item_price_fen：应为整数，金额以分为单位",
        5: "refund_fen：不能小于 0",
        6: "carrier：缺这一项",
        7: "applied_at：不是 ISO 8601 时间，如 2026-11-24T09:00:00+08:00",
        8: "缺 after_sale_id",
        9: "after_sale_id：被表格软件改成了科学计数，后几位已经丢失：请把这一列设为文本再导出",
        10: "到第 10 行为止读成了一行，比表头多 2 格：检查引号和逗号",
    }
    assert (await door.kept(1)).parcels[0].items[0].name == "第一行\n第二行"


async def test_half_an_after_sale_is_none(door: Door) -> None:
    """A wrong row spoils its after-sale as a whole; its other rows say where the wrong one stands."""
    lines = [sale(1), sale(1, item_name="金条", item_price_fen="x"), sale(1), sale(2)]
    assert await door.take("\n".join([HEADER, *lines])) == Report(1, 3)
    assert door.said[3].startswith("item_price_fen：")
    assert door.said[2] == door.said[4]
    assert door.said[2].startswith("同一售后单的第 3 行有误")
    assert await door.kept(1) is None


async def test_rows_that_contradict_each_other(door: Door) -> None:
    """An after-sale can't be open in one row and closed in the next, nor stand in two places of a file."""
    lines = [sale(1), sale(1, status="closed"), sale(2), sale(3), sale(2, tracking_number="75400000000099")]
    assert await door.take("\n".join([HEADER, *lines])) == Report(2, 3)
    assert door.said[3].startswith("status 与第 2 行不同")
    assert door.said[6].startswith("售后单 7300000000000000002 前面已经出现过")
    assert [p.tracking_number for p in (await door.kept(2)).parcels] == ["75400000000002"]


async def test_what_spreadsheets_do_to_numbers(door: Door) -> None:
    """Numbers kept as text by a formula or an apostrophe, amounts with a decimal point of zeros, tabs between cells."""
    line = sale(1, after_sale_id='="7300000000000000001"', tracking_number="'75400000000001", refund_fen="12900.00")
    quoted = line.replace('="7300000000000000001"', '"=""7300000000000000001"""')
    assert await door.take(f"{HEADER}\n{quoted}") == Report(1, 0)
    assert (await door.kept(1)).parcels[0].tracking_number == "75400000000001"
    assert await door.take(f"{HEADER}\n{sale(2)}".replace(",", "\t"), "a.tsv") == Report(1, 0)


@pytest.mark.parametrize("content", ["", "\n\n", "a,b,c\n1,2,3", "订单号\n69"])
async def test_a_table_that_is_none(door: Door, content: str) -> None:
    """A file without a usable header says so once."""
    report = await door.take(content)
    assert report == Report(0, 1)
    assert next(iter(door.said.values())).startswith(("文件里没有数据", "表头缺少："))


async def test_a_broken_quote_ends_somewhere(door: Door) -> None:
    """A quote that is never closed is named, and costs no more memory than its limit."""
    broken = sale(1, item_name='"短袖')
    filler = "\n".join(sale(2, item_name=f"x{n}") for n in range(3000))
    report = await door.take(f"{HEADER}\n{broken}\n{filler}\n{sale(3)}")
    assert report.accepted >= 1
    assert door.said[2].startswith("引号没有配对")
    assert await door.kept(3) is not None


async def test_a_file_is_streamed(door: Door) -> None:
    """A file of many megabytes costs little memory."""
    path = door.folder / "big.jsonl"
    padding = "x" * 1500
    with path.open("w") as file:
        for n in range(4000):
            file.write(json.dumps(document(after_sale_id=f"BIG{n}", reason=padding, parcels=[])) + "\n")
    tracemalloc.start()
    report = await import_file(door.intake, "demo", path, door.said.__setitem__)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert report == Report(4000, 0)
    assert path.stat().st_size > 7_000_000
    assert most < 4_000_000


@pytest.mark.parametrize(
    "written, meant",
    [
        ("2026/11/24 9:05", "2026-11-24T09:05:00"),
        ("2026-1-4 09:05:07", "2026-01-04T09:05:07"),
        ("2026.11.24", "2026-11-24T00:00:00"),
        ("2026-11-24T09:00:00+08:00", "2026-11-24T09:00:00+08:00"),
        ("昨天", "昨天"),
    ],
)
def test_times_of_spreadsheets(written: str, meant: str) -> None:
    """A time as spreadsheets write it is read; anything else stays for the document's own rules."""
    assert iso(written) == meant


def test_the_page_names_every_column(root: Path) -> None:
    """Each column is told in the room's README and in the page for merchants."""
    for page in (root / "bot" / "shops" / "embedded" / "README.md", root / "docs" / "import.md"):
        text = page.read_text("utf-8")
        assert [name for name in (*COLUMNS, *COLUMNS.values()) if name not in text] == []
