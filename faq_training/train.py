"""Trains the judge of `bot/faq` on the messages of this folder and writes `bot/faq/judge.json`.

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
from scipy.sparse import csr_matrix, diags
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from bot.faq.concepts import concepts
from bot.faq.judge import HEADS, RARITY_SCALE, SCALE, features
from bot.faq.lexicon import lexicon
from bot.faq.tidy import tidy
from faq_training.kinds import ON, kind

FOLDER = Path(__file__).resolve().parent
FILES = ("asked.jsonl", "silent.jsonl", "speakers.jsonl")
WEIGHTS = FOLDER.parent / "bot" / "faq" / "judge.json"

RAREST = 4
"""A feature of fewer messages is left out."""
LEAST_WEIGHT = 4
"""Smaller weights, in units of 1/SCALE, are left out: they cost size and decide nothing."""
STRENGTH, STRENGTH_OF_HEADS = 20.0, 50.0
OF_AN_EXAMPLE, OF_A_SPEAKER, OF_THE_REST = 20.0, 3.0, 1.0
"""How much a message counts: examples are promises; those of `asked` and `silent` are many, of few authors, and partly
of one mould.
"""

OWN, EXAMPLE = "own", "example"
"""The speakers of what was written beside the rules and of the examples: always trained on, never scored."""

OFF_TOPIC = 0.1
"""How much a message that is no question of ours counts for a topic, against one that is."""

ASKS = {ON: 1, "no fact": 1, "state": 1, "ordered": 0, "told": 0}
ABOUT = {ON: 1, "no fact": 1, "state": 1, "ordered": 1, "told": 1, "other sense": 0, "trade": 0}
FACT = {ON: 1, "no fact": 0, "state": 0}
"""What a kind of message teaches each part of `asked`; kinds that are not named teach it nothing."""


def messages() -> list[dict[str, Any]]:
    """The training messages, in the order of the files, then every topic's examples and counter-examples."""
    read = [json.loads(line) for name in FILES for line in (FOLDER / name).read_text("utf-8").splitlines() if line]
    for topic in lexicon().topics:
        read += [{"text": text, "intents": [topic.id], "speaker": EXAMPLE} for text in topic.examples]
        read += [{"text": text, "intents": [], "not": topic.id, "speaker": EXAMPLE} for text in topic.counter]
    return read


def data_hash() -> str:
    """What the weights are trained on."""
    digest = hashlib.sha256()
    for name in FILES:
        digest.update((FOLDER / name).read_bytes())
    return digest.hexdigest()


class Prepared:
    """Messages with what the model sees of them, so that several trainings share the work."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        texts = [tidy(row["text"]).text for row in rows]
        self.rows = rows
        self.seen = [sorted(features(text, lexicon())) for text in texts]
        self.names_act = [_names_act(text) for text in texts]

    def train(self, chosen: Sequence[int]) -> dict[str, Any]:
        """The exported model of the messages chosen: columns, biases and weights, features in order."""
        count = Counter(feature for at in chosen for feature in self.seen[at])
        vocabulary = {feature: at for at, feature in enumerate(sorted(f for f, n in count.items() if n >= RAREST))}
        rare = _rarity(count, vocabulary, len(chosen))
        matrix = normalize(_matrix([self.seen[at] for at in chosen], vocabulary) @ diags(rare / RARITY_SCALE))
        columns = [*HEADS, *(topic.id for topic in lexicon().topics)]
        fits = [self._fit(matrix, column, chosen) for column in columns]
        table = np.stack([fit.coef_[0] for fit in fits], axis=1) * (rare / RARITY_SCALE)[:, None]
        weights = {}
        for feature, at in vocabulary.items():
            row = [number for column in range(len(columns)) for number in _kept(column, table[at, column])]
            weights[feature] = [int(rare[at]), *row]
        return {
            "columns": columns,
            "bias": [round(float(fit.intercept_[0]), 3) for fit in fits],
            "weights": weights,
        }

    def _fit(self, matrix: csr_matrix, column: str, chosen: Sequence[int]) -> LogisticRegression:
        labels = [self._label(column, at) for at in chosen]
        keep = [place for place, label in enumerate(labels) if label is not None]
        weights = [self._weight(column, chosen[place]) for place in keep]
        wanted = np.array([labels[place] for place in keep])
        strength = STRENGTH_OF_HEADS if column in HEADS else STRENGTH
        return LogisticRegression(C=strength, solver="liblinear").fit(matrix[keep], wanted, sample_weight=weights)

    def _weight(self, column: str, at: int) -> float:
        row = self.rows[at]
        speaker = row.get("speaker")
        weight = OF_AN_EXAMPLE if speaker == EXAMPLE else OF_A_SPEAKER if speaker else OF_THE_REST
        return weight if column in HEADS or row["intents"] else weight * OFF_TOPIC

    def _label(self, column: str, at: int) -> int | None:
        """What a message teaches a column; None: nothing."""
        row, what = self.rows[at], kind(self.rows[at])
        if "not" in row:
            return 0 if column == row["not"] else None
        if column == "about":
            return None if what == "told" and not self.names_act[at] else ABOUT.get(what)
        if column in {"asks", "fact"}:
            return (ASKS if column == "asks" else FACT).get(what)
        return int(what == ON) if column == "asked" else int(column in row["intents"])


def _names_act(text: str) -> bool:
    return any(one.concept in {"stop", "turnback"} for one in concepts().mentions(text))


def _kept(column: int, weight: float) -> list[int]:
    whole = max(-127, min(127, round(float(weight) * SCALE)))
    return [column, whole] if abs(whole) >= LEAST_WEIGHT else []


def _rarity(count: Mapping[str, int], vocabulary: Mapping[str, int], messages: int) -> np.ndarray:
    """The logarithm of one in how many messages a feature stands, in whole parts of `RARITY_SCALE`, a byte at most."""
    often = np.array([count[feature] for feature in vocabulary])
    return np.minimum(np.round(np.log(1 + messages / often) * RARITY_SCALE), 255)


def _matrix(seen: Sequence[Sequence[str]], vocabulary: Mapping[str, int]) -> csr_matrix:
    places = [(at, vocabulary[feature]) for at, one in enumerate(seen) for feature in one if feature in vocabulary]
    rows, columns = zip(*places, strict=True)
    return csr_matrix((np.ones(len(places)), (rows, columns)), shape=(len(seen), len(vocabulary)))


def main() -> int:
    """Train and write, or only compare."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--check", action="store_true", help="compare, write nothing")
    only_check = options.parse_args().check
    rows = messages()
    trained = {"data": data_hash(), **Prepared(rows).train(range(len(rows)))}
    exported = json.dumps(trained, ensure_ascii=False, separators=(",", ":")) + "\n"
    if only_check:
        same = WEIGHTS.read_text("utf-8") == exported
        print("the weights are those of the data" if same else "the weights are NOT those of the data")
        return 0 if same else 1
    WEIGHTS.write_text(exported, "utf-8")
    print(f"{WEIGHTS.name}: {len(exported.encode()) / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
