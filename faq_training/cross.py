"""Scores the recogniser on each speaker by weights that were trained without that speaker.

    python faq_training/cross.py             # a line for each speaker, and one for all
    python faq_training/cross.py --show      # and every message that is not right

This is the measure to believe: a new customer is a speaker whose words nobody has seen. It stays honest only as long as
nobody looks into a speaker's mistakes before a rule or a word was written from them; `README.md` says which were.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bot.faq.judge import Model
from bot.faq.recognise import read
from faq_training.measure import score, verdict
from faq_training.train import EXAMPLE, OWN, Prepared, messages


def folds(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Model]]:
    """Each speaker, and the weights of everybody else."""
    prepared = Prepared(rows)
    for speaker in sorted({row.get("speaker", OWN) for row in rows} - {OWN, EXAMPLE}):
        yield speaker, Model(prepared.train([at for at, row in enumerate(rows) if row.get("speaker") != speaker]))


def main() -> int:
    """Print a line for each speaker."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--show", action="store_true", help="print what is not right")
    show = options.parse_args().show
    rows = messages()
    said: dict[str, list[str]] = {}
    scored: list[Mapping[str, Any]] = []
    for speaker, judge in folds(rows):
        own = [row for row in rows if row.get("speaker") == speaker]
        said.update({row["text"]: list(read(row["text"], judge=judge).topics) for row in own})
        scored += own
        _print(speaker, own, said)
        for row in own if show else ():
            if (was := verdict(row, said[row["text"]])) not in {"right", "silence"}:
                print(f"{was}\t{row['text']}\twanted {row['intents']}\tgot {said[row['text']]}")
    _print("all", scored, said)
    return 0


def _print(name: str, rows: Sequence[Mapping[str, Any]], said: Mapping[str, list[str]]) -> None:
    print(name, *(f"{key} {value}" for key, value in asdict(score(rows, said.__getitem__)).items()), flush=True)


if __name__ == "__main__":
    sys.exit(main())
