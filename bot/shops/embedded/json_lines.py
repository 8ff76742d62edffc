"""After-sales as JSON Lines: one document a line (`contract.md`, "as one line of an import file")."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.domain.after_sale import AfterSale
from bot.shops.contract import Unreadable
from bot.shops.embedded.mapping import after_sale_of
from bot.shops.embedded.reading import read, told
from bot.shops.embedded.text_file import LONGEST_LINE, TOO_LONG, is_decoded
from bot.shops.embedded.wire import AfterSaleDocument
from bot.shops.embedded.words import word


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line of a file that was not taken; lines are counted from 1."""

    line: int
    reason: str


def read_json_lines(lines: Iterable[str]) -> Iterator[AfterSale | BadLine]:
    """One for each line that is not blank."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        found = read(AfterSaleDocument, _document(line))
        yield after_sale_of(found) if isinstance(found, AfterSaleDocument) else BadLine(number, told(found))


def _document(line: str) -> object:
    if line.startswith(TOO_LONG):
        return Unreadable(word("line.long", limit=LONGEST_LINE))
    if not is_decoded(line):
        return Unreadable(word("line.bytes"))
    try:
        return json.loads(line.strip(), parse_constant=_no_number)
    except json.JSONDecodeError as problem:
        return Unreadable(word("line.json", column=problem.pos + 1))
    except (ValueError, RecursionError):  # NaN, a number of thousands of digits, brackets without end
        return Unreadable(word("line.json", column=1))


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
