"""Measures the recogniser on files of labelled messages.

    python faq_training/measure.py                       # all files of this folder
    python faq_training/measure.py FILE --show           # and every message that is not right

A line is `text`, `intents` (all of them wanted), `also_ok` (tolerated) and `note` (what kind of message).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.faq.recognise import recognise

FOLDER = Path(__file__).resolve().parent
MONEY = frozenset({"fee", "fee_on_fail", "charge", "why_paid"})
NARROW = frozenset({"category_limit", "value_limit", "cross_border"})


@dataclass(frozen=True)
class Score:
    """Shares in per cent: of the on-topic messages right and wrong, of the others answered, of the several right."""

    right: float
    wrong: float
    false: float
    several: float
    messages: int


def rows(path: Path) -> list[dict[str, Any]]:
    """The labelled messages of a file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]


def verdict(row: Mapping[str, Any], got: Sequence[str]) -> str:
    """right, partial, silent or wrong for a message on topic; silence or false for one that is not.

    A second answer about money beside a wanted one is surplus; `eligibility` lists every condition, so it is right
    for a narrow one as well.
    """
    wanted, found = set(row["intents"]), set(got)
    tolerated = set(row.get("also_ok", ()))
    if not wanted:
        return "false" if found - tolerated else "silence"
    if not found:
        return "silent"
    if len(wanted) == 1 and wanted & NARROW:
        tolerated.add("eligibility")
    surplus = MONEY if wanted & MONEY and found & wanted else frozenset()
    if found - wanted - tolerated - surplus:
        return "wrong"
    if len(wanted) == 1:
        return "right" if found & (wanted | tolerated) else "wrong"
    return "right" if wanted <= found else "partial" if found & wanted else "wrong"


def score(labelled: Iterable[Mapping[str, Any]], reader: Callable[[str], Sequence[str]] = recognise) -> Score:
    """How a reader does on labelled messages."""
    every = [(row, verdict(row, reader(row["text"]))) for row in labelled]
    on = Counter(said for row, said in every if row["intents"])
    off = Counter(said for row, said in every if not row["intents"])
    several = Counter(said for row, said in every if len(row["intents"]) > 1)

    def share(counts: Counter[str], name: str) -> float:
        return round(100 * counts[name] / max(1, counts.total()), 1)

    return Score(share(on, "right"), share(on, "wrong"), share(off, "false"), share(several, "right"), len(every))


def main() -> int:
    """Print a line for each file."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("files", nargs="*", type=Path)
    options.add_argument("--show", action="store_true", help="print what is not right")
    given = options.parse_args()
    for path in given.files or sorted(FOLDER.glob("*.jsonl")):
        labelled = rows(path)
        if given.show:
            for row in labelled:
                got = recognise(row["text"])
                said = verdict(row, got)
                if said not in {"right", "silence"}:
                    print(f"{said}\t{row['text']}\twanted {row['intents']}\tgot {got}")
        result = score(labelled)
        print(
            f"{path.name}: {result.messages} messages, right {result.right}, wrong {result.wrong}, "
            f"false {result.false}, several {result.several}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
