"""Trains the veto of `bot/faq` on the messages of this folder and writes `bot/faq/veto.json`.

    python faq_training/train.py            # writes the weights
    python faq_training/train.py --check    # are the weights those of the data? writes nothing

scikit-learn is needed here and nowhere else. The same data and the same versions give the same bytes. The messages
held back (`held_out*.jsonl`) are never read here.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from bot.faq.lexicon import lexicon
from bot.faq.tidy import tidy
from bot.faq.veto import SCALE, features

FOLDER = Path(__file__).resolve().parent
FILES = ("asked.jsonl", "silent.jsonl")
WEIGHTS = FOLDER.parent / "bot" / "faq" / "veto.json"

RAREST = 3
"""A feature of fewer messages is left out."""
LEAST_WEIGHT = 0.06
"""Smaller weights are left out: they cost size and decide nothing."""
STRENGTH_ASKED, STRENGTH_TOPIC = 0.5, 1.5
TOPIC_WEIGHT = 5
"""A message of the topic counts as so many of all the others."""


def messages() -> list[dict[str, Any]]:
    """The training messages, in the order of the files."""
    return [json.loads(line) for name in FILES for line in (FOLDER / name).read_text("utf-8").splitlines() if line]


def data_hash() -> str:
    """What the weights are trained on."""
    digest = hashlib.sha256()
    for name in FILES:
        digest.update((FOLDER / name).read_bytes())
    return digest.hexdigest()


def train(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The exported model: columns, biases and weights in hundredths, features in order."""
    words = lexicon()
    seen = [sorted(features(tidy(row["text"]).text, words)) for row in rows]
    count = Counter(feature for one in seen for feature in one)
    vocabulary = {feature: at for at, feature in enumerate(sorted(f for f, n in count.items() if n >= RAREST))}
    matrix = _matrix(seen, vocabulary)
    columns = ["asked", *(topic.id for topic in words.topics)]
    fits = [_fit(matrix, column, rows) for column in columns]
    table = np.stack([fit.coef_[0] for fit in fits], axis=1)
    weights = {}
    for feature, at in vocabulary.items():
        row = [number for column in range(len(columns)) for number in _kept(column, table[at, column])]
        if row:
            weights[feature] = row
    bias = [_whole(fit.intercept_[0]) for fit in fits]
    return {"data": data_hash(), "columns": columns, "bias": bias, "weights": weights}


def _fit(matrix: csr_matrix, column: str, rows: Sequence[Mapping[str, Any]]) -> LogisticRegression:
    asked = column == "asked"
    wanted = np.array([int(bool(row["intents"]) if asked else column in row["intents"]) for row in rows])
    return LogisticRegression(
        C=STRENGTH_ASKED if asked else STRENGTH_TOPIC,
        class_weight="balanced" if asked else {0: 1, 1: TOPIC_WEIGHT},
        max_iter=3000,
        tol=1e-6,
    ).fit(matrix, wanted)


def _kept(column: int, weight: float) -> list[int]:
    return [column, _whole(weight)] if abs(weight) >= LEAST_WEIGHT else []


def _whole(weight: float) -> int:
    return round(float(weight) * SCALE)


def _matrix(seen: Sequence[Sequence[str]], vocabulary: Mapping[str, int]) -> csr_matrix:
    places = [(at, vocabulary[feature]) for at, one in enumerate(seen) for feature in one if feature in vocabulary]
    rows, columns = zip(*places, strict=True)
    return csr_matrix((np.ones(len(places)), (rows, columns)), shape=(len(seen), len(vocabulary)))


def main() -> int:
    """Train and write, or only compare."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--check", action="store_true", help="compare, write nothing")
    only_check = options.parse_args().check
    exported = json.dumps(train(messages()), ensure_ascii=False, separators=(",", ":")) + "\n"
    if only_check:
        same = WEIGHTS.read_text("utf-8") == exported
        print("the weights are those of the data" if same else "the weights are NOT those of the data")
        return 0 if same else 1
    WEIGHTS.write_text(exported, "utf-8")
    print(f"{WEIGHTS.name}: {len(exported.encode()) / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
