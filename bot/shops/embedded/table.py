"""Rows of a CSV file → after-sales: those of one after-sale stand together, one for each parcel, item or trace event.

A wrong row spoils its whole after-sale: half a parcel's goods would be judged as if they were all of them (R4, R5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.domain.after_sale import AfterSale
from bot.shops.embedded.json_lines import BadLine
from bot.shops.embedded.mapping import after_sale_of
from bot.shops.embedded.reading import Place, Problem, read
from bot.shops.embedded.spreadsheet import Row, iso
from bot.shops.embedded.wire import AfterSaleDocument
from bot.shops.embedded.words import word

_SALE = (
    *("after_sale_id", "order_id", "type", "status", "in_arbitration", "applied_at", "deadline", "refund_fen"),
    *("reason", "buyer"),
)
_PARCEL = ("tracking_number", "carrier", "shipped_at", "value_fen")
_PARTS = {"items": "item_", "trace": "trace_"}
_IDS = ("after_sale_id", "order_id", "tracking_number", "item_order_id")
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[Ee]\+?\d+")
_WHOLE = re.compile(r"(-?\d{1,18})(?:\.0+)?")

_MEANT: Mapping[str, Mapping[str, object]] = {
    "type": {"仅退款": "refund_only", "退货退款": "return_refund", "换货": "exchange"},
    "status": {"处理中": "open", "进行中": "open", "已完结": "closed", "已关闭": "closed", "已完成": "closed"},
    "in_arbitration": {
        **dict.fromkeys(("是", "true", "yes", "y", "1"), True),
        **dict.fromkeys(("否", "false", "no", "n", "0"), False),
    },
    "carrier": {
        "中通": "zto",
        "中通快递": "zto",
        "圆通": "yto",
        "圆通速递": "yto",
        "韵达": "yunda",
        "韵达快递": "yunda",
    },
}
"""What people write in these columns, beside the names of the contract."""


@dataclass(slots=True)
class _Group:
    """The rows of one after-sale, and what they make."""

    first: int
    document: dict[str, Any] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)
    places: dict[Place, int] = field(default_factory=dict)
    said_at: dict[str, int] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)


def read_table(rows: Iterable[Row | BadLine]) -> Iterator[AfterSale | BadLine]:
    """The after-sales of those rows, and every line that was not taken."""
    group: _Group | None = None
    seen: set[int] = set()
    for row in rows:
        if isinstance(row, BadLine):
            yield row
            continue
        after_sale_id = row.cells.get("after_sale_id")
        if after_sale_id is None:
            yield BadLine(row.line, row.problem or word("line.id"))
            continue
        if group is None or group.document["after_sale_id"] != after_sale_id:
            if group is not None:
                yield from _finished(group)
            group = _Group(row.line, {"after_sale_id": after_sale_id, "in_arbitration": False, "parcels": []})
            # Numbers instead of the ids themselves keep a million of them below 100 MB.
            if hash(after_sale_id) in seen:
                group.problems.append((row.line, word("line.apart", id=after_sale_id)))
            seen.add(hash(after_sale_id))
        _add(group, row)
    if group is not None:
        yield from _finished(group)


def _add(group: _Group, row: Row) -> None:
    group.lines.append(row.line)
    if row.problem is not None:
        group.problems.append((row.line, row.problem))
        return
    for column in _IDS:
        if _SCIENTIFIC.fullmatch(row.cells.get(column, "")):
            group.problems.append((row.line, f"{column}：{word('scientific')}"))
            return
    _merge(group, row, group.document, _SALE, "")
    columns = (*_PARCEL, *(name for name in row.cells if name.startswith(tuple(_PARTS.values()))))
    if any(name in row.cells for name in columns):
        _add_parcel(group, row)


def _add_parcel(group: _Group, row: Row) -> None:
    number = row.cells.get("tracking_number")
    parcels = group.document["parcels"]
    at = next((i for i, parcel in enumerate(parcels) if parcel.get("tracking_number") == number), None)
    if at is None:
        at = len(parcels)
        parcels.append({"items": [], "trace": []})
        group.places["parcels", at] = row.line
    _merge(group, row, parcels[at], _PARCEL, f"{number}/")
    for part, prefix in _PARTS.items():
        cells = {name.removeprefix(prefix): name for name in row.cells if name.startswith(prefix)}
        if cells:
            group.places["parcels", at, part, len(parcels[at][part])] = row.line
            parcels[at][part].append({short: _value(name, row.cells[name]) for short, name in cells.items()})


def _merge(group: _Group, row: Row, into: dict[str, Any], columns: Iterable[str], whose: str) -> None:
    """Takes what the row says of the after-sale or the parcel; a blank says nothing, another value is an error."""
    for column in columns:
        if column not in row.cells:
            continue
        value = _value(column, row.cells[column])
        before = group.said_at.get(whose + column)
        if before is None:
            group.said_at[whose + column] = row.line
            into[column] = value
        elif into[column] != value:
            group.problems.append((row.line, word("line.differs", column=column, line=before)))


def _value(column: str, cell: str) -> object:
    """The cell as the document wants it; what can't be read stays as it is, and the document's own rules name it."""
    meant = _MEANT.get(column)
    if meant is not None:
        return meant.get(cell.casefold(), cell.casefold())
    if column.endswith(("_at", "deadline")):
        return iso(cell)
    if column.endswith(("_fen", "_quantity")):
        whole = _WHOLE.fullmatch(cell)
        return int(whole[1]) if whole else cell
    return cell


def _finished(group: _Group) -> Iterator[AfterSale | BadLine]:
    """The after-sale, or its wrong lines with their reasons; its other lines refer to the first of those."""
    if not group.problems:
        found = read(AfterSaleDocument, group.document)
        if isinstance(found, AfterSaleDocument):
            yield after_sale_of(found)
            return
        group.problems = [(_line(group, problem.place), _told(problem)) for problem in found]
    wrong: dict[int, list[str]] = {}
    for line, words in group.problems:
        wrong.setdefault(line, []).append(words)
    sibling = word("line.sibling", line=min(wrong))
    for line in group.lines:
        yield BadLine(line, "；".join(wrong[line]) if line in wrong else sibling)


def _line(group: _Group, place: Place) -> int:
    """The line that the place of a problem was read from."""
    for length in (4, 2):
        if place[:length] in group.places:
            return group.places[place[:length]]
    return group.said_at.get(str(place[0]), group.first) if place else group.first


def _told(problem: Problem) -> str:
    """The problem under the name of its column."""
    place = problem.place
    named = [part for part in place if isinstance(part, str)]
    if not named or isinstance(place[-1], int):
        return str(problem)
    prefix = _PARTS.get(named[-2], "") if len(named) > 1 else ""
    return f"{prefix}{named[-1]}：{problem.words}"
