"""`intercept-bot import FILE`: after-sales from JSON Lines or CSV, streamed, the good ones kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from bot.domain.after_sale import AfterSale
from bot.shops.embedded.intake import ROWS, EmbeddedIntake
from bot.shops.embedded.json_lines import BadLine, read_json_lines
from bot.shops.embedded.spreadsheet import read_rows
from bot.shops.embedded.table import read_table
from bot.shops.embedded.text_file import is_utf16, lines
from bot.shops.embedded.words import word

_TABLES = frozenset({".csv", ".tsv", ".txt"})
_JSON = frozenset({".jsonl", ".ndjson", ".json"})


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a file: after-sales taken, lines not taken."""

    accepted: int
    rejected: int


async def import_file(
    intake: EmbeddedIntake, shop_id: str, path: Path, on_rejected: Callable[[int, str], None]
) -> Report:
    """Takes the file's after-sales into that shop; `on_rejected` hears of each line not taken, as it is come to.

    Raises `OSError` when the file can't be read, and `NotStored` when the database takes nothing more: what came before
    that is kept, and the same file may be imported again.
    """
    accepted = rejected = 0
    waiting: list[AfterSale] = []
    for found in read_file(path):
        if isinstance(found, BadLine):
            rejected += 1
            on_rejected(found.line, found.reason)
            continue
        waiting.append(found)
        if len(waiting) == ROWS:
            await intake.keep(shop_id, waiting)
            accepted += len(waiting)
            waiting = []
    await intake.keep(shop_id, waiting)
    return Report(accepted + len(waiting), rejected)


def read_file(path: Path) -> Iterator[AfterSale | BadLine]:
    """What a file holds, in its order. A name that tells nothing leaves it to the first character."""
    if is_utf16(path):
        yield BadLine(1, word("line.utf16"))
        return
    text = lines(path)
    suffix = path.suffix.lower()
    if suffix in _TABLES or suffix in _JSON:
        is_json = suffix in _JSON
    else:
        first = next(text, "")
        is_json = first.lstrip().startswith("{")
        text = chain([first], text)
    yield from read_json_lines(text) if is_json else read_table(read_rows(text))
