"""The filtered records as CSV or XLSX, in constant memory (U7). Times are ISO 8601 with their zone."""

from __future__ import annotations

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.console.drawing import Speech, stamp
from bot.console.house import House
from bot.console.lines import Line, lines
from bot.domain.money import yuan
from bot.store.cases import Filter

PAGE = 500
MOST_CSV = 1_000_000
MOST_XLSX = 100_000
COLUMNS = ("number", "at", "state", "carrier", "tracking", "after_sale", "fee", "told", "rule", "who", "origin")
WIDTHS = (10, 26, 12, 10, 20, 22, 10, 40, 8, 12, 10)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def pages(house: House, shop_id: str, speech: Speech, wanted: Filter) -> AsyncIterator[list[Line]]:
    """All filtered records, page by page."""
    cursor: str | None = None
    while True:
        page = await house.interceptions.records(shop_id, wanted, cursor, PAGE)
        yield await lines(house, shop_id, speech, page.items)
        cursor = page.next
        if cursor is None:
            return


def head(speech: Speech) -> list[str]:
    """The names of the columns."""
    return [speech.page(f"export.{name}") for name in COLUMNS]


def csv_rows(rows: Sequence[Sequence[str]]) -> bytes:
    """Lines as spreadsheets read them. What a program could take for a formula gets an apostrophe."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([[_harmless(cell) for cell in row] for row in rows])
    return text.getvalue().encode()


def cells(line: Line) -> list[str]:
    """A record as text; an amount that is not known yet is empty, never 0.00."""
    fee = "" if line.fee_fen is None else yuan(line.fee_fen).replace(",", "")
    return [
        str(line.number),
        stamp(line.at),
        line.word,
        line.carrier,
        line.tracking_number,
        line.after_sale_id,
        fee,
        line.told,
        line.rule,
        line.who,
        line.origin,
    ]


async def xlsx(house: House, shop_id: str, speech: Speech, wanted: Filter) -> Path:
    """A workbook in a temporary file, which the caller removes."""
    with tempfile.NamedTemporaryFile(prefix="records-", suffix=".xlsx", delete=False) as file:
        path = Path(file.name)
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    import xlsxwriter  # noqa: PLC0415 - 2 MB and 20 ms that a start does without

    book = xlsxwriter.Workbook(str(path), options)
    sheet = book.add_worksheet(speech.page("export.sheet")[:31])
    amount = book.add_format({"num_format": "#,##0.00"})
    for column, width in enumerate(WIDTHS):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, head(speech), book.add_format({"bold": True}))
    row = 1
    async for page in pages(house, shop_id, speech, wanted):
        await asyncio.to_thread(_write, sheet, row, page, amount)
        row += len(page)
    await asyncio.to_thread(book.close)
    return path


def _write(sheet: Any, first: int, page: Sequence[Line], amount: Any) -> None:
    for offset, line in enumerate(page):
        for column, cell in enumerate(cells(line)):
            if COLUMNS[column] == "fee" and line.fee_fen is not None:
                sheet.write_number(first + offset, column, Decimal(line.fee_fen) / 100, amount)
            elif COLUMNS[column] == "number":
                sheet.write_number(first + offset, column, line.number)
            else:
                sheet.write_string(first + offset, column, cell)


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
