"""The rows of a CSV file: its header understood, its cells cleaned of what spreadsheet programs do to them.

The columns are told in `README.md` beside this file.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.shops.embedded.json_lines import BadLine
from bot.shops.embedded.text_file import LONGEST_LINE, TOO_LONG, is_decoded
from bot.shops.embedded.words import word

COLUMNS: Mapping[str, str] = {
    "after_sale_id": "售后单号",
    "order_id": "订单号",
    "type": "售后类型",
    "status": "售后状态",
    "in_arbitration": "仲裁中",
    "applied_at": "申请时间",
    "deadline": "处理期限",
    "refund_fen": "退款金额(分)",
    "reason": "退款原因",
    "buyer": "买家",
    "tracking_number": "运单号",
    "carrier": "快递公司",
    "shipped_at": "发货时间",
    "value_fen": "包裹价值(分)",
    "item_name": "商品名称",
    "item_spec": "商品规格",
    "item_category": "商品类目",
    "item_quantity": "商品数量",
    "item_price_fen": "商品单价(分)",
    "item_order_id": "商品订单号",
    "trace_at": "轨迹时间",
    "trace_text": "轨迹内容",
    "trace_place": "轨迹地点",
    "trace_code": "轨迹代码",
}
"""Name of a column → its name in a Chinese header."""

NEEDED = ("after_sale_id", "order_id", "type", "status", "applied_at", "refund_fen")

_NAMES = {name: name for name in COLUMNS} | {chinese: name for name, chinese in COLUMNS.items()}
_FORMULA = re.compile(r'="(.*)"', re.DOTALL)
_SLASHES = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?: +(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_DASHES = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?: +(\d{1,2}):(\d{2})(?::(\d{2}))?)?")


@dataclass(frozen=True, slots=True)
class Row:
    """One record: the number of its first line, and its cells that are not blank."""

    line: int
    cells: Mapping[str, str]
    problem: str | None = None


def read_rows(lines: Iterable[str]) -> Iterator[Row | BadLine]:
    """The records below the header; `BadLine` for one of which nothing is known, or for a header that is no use."""
    records = _records(lines)
    header: list[str | None] | None = None
    for line, last, cells in records:
        if cells is None:
            yield BadLine(line, word("line.csv"))
        elif not any(cell.strip() for cell in cells):
            continue
        elif header is None:
            header = [_NAMES.get(_tidy(cell)) for cell in cells]
            missing = [name for name in NEEDED if name not in header]
            if missing:
                yield BadLine(line, word("line.columns", names=", ".join(missing)))
                return
        else:
            yield _row(line, last, header, cells)
    if header is None:
        yield BadLine(1, word("line.empty"))


def iso(text: str) -> str:
    """A time as spreadsheets write it (`2026/11/24 9:00`) in ISO 8601; anything else as it stands."""
    match = _SLASHES.fullmatch(text) or _DASHES.fullmatch(text)
    if match is None:
        return text
    year, month, day, hour, minute, second = (part or "0" for part in match.groups())
    return f"{year}-{month:0>2}-{day:0>2}T{hour:0>2}:{minute:0>2}:{second:0>2}"


def _records(lines: Iterable[str]) -> Iterator[tuple[int, int, list[str] | None]]:
    """First and last line of each record, and its cells; None where the quotes are broken."""
    source = iter(lines)
    first = next(source, None)
    if first is None:
        return
    delimiter = "\t" if "\t" in first and "," not in first else ","
    reader = csv.reader(_again(first, source), delimiter=delimiter)
    before = 0
    while True:
        cells: list[str] | None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            cells = None
        yield before + 1, reader.line_num, cells
        before = reader.line_num


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _row(line: int, last: int, header: list[str | None], cells: list[str]) -> Row:
    named = {name: _clean(cell) for name, cell in zip(header, cells, strict=False) if name is not None}
    filled = {name: cell for name, cell in named.items() if cell}
    extra = len(cells) - len(header)
    problem = None
    if any(TOO_LONG in cell for cell in cells):
        problem = word("line.long", limit=LONGEST_LINE)
    elif not all(map(is_decoded, cells)):
        problem = word("line.bytes")
    elif extra > 0 and any(cell.strip() for cell in cells[len(header) :]):
        problem = word("line.wide", last=last, count=extra)
    return Row(line, filled, problem)


def _clean(cell: str) -> str:
    """Without blanks around it, and without what keeps a spreadsheet from changing it: `="123"` or `'123`."""
    cell = cell.strip()
    formula = _FORMULA.fullmatch(cell)
    return formula[1].strip() if formula else cell.removeprefix("'")


def _tidy(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()
