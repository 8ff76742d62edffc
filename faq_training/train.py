"""Trains the veto of `bot/faq` on the messages of this folder and writes `bot/faq/veto.json`.

    python faq_training/train.py            # writes the weights
    python faq_training/train.py --check    # says whether the weights are those of the data; writes nothing

scikit-learn is needed here and nowhere else. The same data and the same version give the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bot.faq.lexicon import lexicon  # noqa: E402
from bot.faq.tidy import tidy  # noqa: E402
from bot.faq.veto import SCALE, features  # noqa: E402

FOLDER = Path(__file__).resolve().parent
FILES = ("asked.jsonl", "silent.jsonl")
WEIGHTS = ROOT / "bot" / "faq" / "veto.json"

RAREST = 3
"""A feature of fewer messages is left out."""
LEAST_WEIGHT = 0.06
"""Smaller weights are left out: they cost size and decide nothing."""
STRENGTH_ASKED, STRENGTH_TOPIC = 0.5, 1.5
TOPIC_WEIGHT = 5
"""A message of the topic counts as so many of all the others."""


def messages() -> list[dict[str, object]]:
    """The training messages, in the order of the files."""
    return [json.loads(line) for name in FILES for line in (FOLDER / name).read_text("utf-8").splitlines() if line]


def data_hash() -> str:
    """What the weights were trained on."""
    digest = hashlib.sha256()
    for name in FILES:
        digest.update((FOLDER / name).read_bytes())
    return digest.hexdigest()


def train(rows: Sequence[dict[str, object]]) -> dict[str, object]:
    """The exported model: columns, biases and weights in hundredths, features in order."""
    words = lexicon()
    seen = [sorted(features(tidy(str(row["text"])).text, words)) for row in rows]
    count = Counter(feature for one in seen for feature in one)
    vocabulary = {feature: at for at, feature in enumerate(sorted(f for f, n in count.items() if n >= RAREST))}
    matrix = _matrix(seen, vocabulary)
    columns = ["asked", *(topic.id for topic in words.topics)]
    fits = []
    for column in columns:
        wanted = np.array([_label(row, column) for row in rows])
        asked = column == "asked"
        fits.append(
            LogisticRegression(
                C=STRENGTH_ASKED if asked else STRENGTH_TOPIC,
                class_weight="balanced" if asked else {0: 1, 1: TOPIC_WEIGHT},
                max_iter=3000,
                tol=1e-6,
            ).fit(matrix, wanted)
        )
    bias = [round(float(fit.intercept_[0]) * SCALE) for fit in fits]
    table = np.stack([fit.coef_[0] for fit in fits], axis=1)
    weights = {}
    for feature, at in vocabulary.items():
        row = [number for column in range(len(columns)) for number in _kept(column, table[at, column])]
        if row:
            weights[feature] = row
    return {"data": data_hash(), "columns": columns, "bias": bias, "weights": weights}


def _kept(column: int, weight: float) -> list[int]:
    return [column, round(float(weight) * SCALE)] if abs(weight) >= LEAST_WEIGHT else []


def _label(row: dict[str, object], column: str) -> int:
    intents = row["intents"]
    assert isinstance(intents, list)
    return int(bool(intents) if column == "asked" else column in intents)


def _matrix(seen: Sequence[Sequence[str]], vocabulary: dict[str, int]) -> csr_matrix:
    rows = [at for at, one in enumerate(seen) for feature in one if feature in vocabulary]
    columns = [vocabulary[feature] for one in seen for feature in one if feature in vocabulary]
    return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(seen), len(vocabulary)))


def main() -> int:
    """Train and write, or only compare."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--check", action="store_true")
    exported = json.dumps(train(messages()), ensure_ascii=False, separators=(",", ":")) + "\n"
    if options.parse_args().check:
        same = WEIGHTS.read_text("utf-8") == exported
        print("the weights are those of the data" if same else "the weights are NOT those of the data")
        return 0 if same else 1
    WEIGHTS.write_text(exported, "utf-8")
    print(f"{WEIGHTS}: {len(exported.encode()) / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
