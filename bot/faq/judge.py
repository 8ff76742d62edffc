"""The judge: a small linear model that weighs a message, and each of its clauses.

Logistic regressions over character n-grams, the concepts of `concepts.toml` (alone, in their order, in pairs) and the
expressions of the gate. Heads: is it a question to answer at all (`asked`), and the three things this means: is a
parcel being stopped (`about`), is it asked and not told or ordered (`asks`), is there a fact to answer with (`fact`);
then one for each topic. Trained offline by `faq_training/train.py`, which writes `judge.json`; here only sums.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from bot.faq.concepts import Mention, concepts
from bot.faq.lexicon import Lexicon

SCALE = 2
"""Weights are stored as whole halves, from -127 to 127, each already multiplied by how rare its feature is."""

RARITY_SCALE = 24
"""A feature's rarity (the logarithm of one in how many messages, `faq_training/train.py`) is stored in 24ths."""

LONGEST = 300
"""Characters that are weighed; the rest of a very long message says no more."""

MOST_IN_PAIRS = 16
"""Concepts of one text that are paired with one another."""

OF_HEADS, OF_TOPIC, OF_LENGTH, AT_FIRST, LONG_ENOUGH = 1.25, 0.2, 3.0, -3.2, 100
"""How the heads, the likeliest topic and the length together say that something is asked: fitted on speakers that were
left out.
"""

PARTS = ("about", "asks", "fact")
HEADS = ("asked", *PARTS)

GATE_CLASSES = (
    "asks", "plain_asks", "tells", "settled", "orders", "state", "no_fact", "reports", "troubles", "hard_asks",
    "other", "parcels", "vague", "dear", "sentence",
)  # fmt: skip

_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"[a-z]+")


def features(text: str, lexicon: Lexicon) -> set[str]:
    """What the model sees of a tidied text; the same at training and at run time."""
    plain = "^" + _DIGITS.sub("0", text[:LONGEST]).replace(" ", "_") + "$"
    seen = {plain[at : at + size] for size in (1, 2, 3) for at in range(len(plain) - size + 1)}
    seen.update("w:" + word for word in _WORD.findall(plain))
    seen.update("g:" + name for name in GATE_CLASSES if lexicon.gate.has(name, text))
    seen.update(_of_concepts(list(concepts().mentions(text[:LONGEST])), len(text)))
    return seen


def _of_concepts(found: list[Mention], length: int) -> Iterable[str]:
    """The concepts alone, in twos and threes as they follow one another, in pairs wherever they stand."""
    names = [one.concept for one in found]
    yield f"N:{min(len(names), 6)}"
    for name in names:
        yield "t:" + name
    for first, then in pairwise(found):
        yield f"b:{first.concept}>{then.concept}"
        if then.start - first.end <= 1:
            yield f"B:{first.concept}>{then.concept}"
    for one, two, three in zip(names, names[1:], names[2:], strict=False):
        yield f"3:{one}>{two}>{three}"
    if names:
        yield "F:" + names[0]
        yield "L:" + names[-1]
        yield f"E:{names[-1]}{int(found[-1].end >= length)}"
    each = sorted(set(names))[:MOST_IN_PAIRS]
    for at, one in enumerate(each):
        for other in each[at + 1 :]:
            yield f"p:{one}+{other}"


class Model:
    """The exported weights: a column for each of `HEADS`, then one for each topic."""

    def __init__(self, exported: Mapping[str, Any]) -> None:
        self.columns: list[str] = exported["columns"]
        self._bias: list[float] = exported["bias"]
        self._weights: dict[str, bytes] = {
            feature: bytes(number & 0xFF for number in row) for feature, row in exported["weights"].items()
        }

    def weigh(self, seen: set[str]) -> Weighed:
        """The probabilities for a set of features.

        A rare feature says more than one that every message has, and a long message says no more than a short one: the
        features count by their rarity, and all together have the length 1.
        """
        sums = [0] * len(self.columns)
        square = 0
        weights = self._weights
        for feature in seen:
            row = weights.get(feature)
            if row is not None:
                square += row[0] * row[0]
                for at in range(1, len(row), 2):
                    weight = row[at + 1]
                    sums[row[at]] += weight if weight < 128 else weight - 256
        part = RARITY_SCALE / (math.sqrt(square) * SCALE) if square else 0.0
        totals = zip(self.columns, self._bias, sums, strict=True)
        return Weighed({name: _chance(bias + total * part) for name, bias, total in totals})


@dataclass(frozen=True)
class Weighed:
    """How probable it is that a text asks at all (`asked`), and that it asks about each topic."""

    chances: Mapping[str, float]

    @property
    def asked(self) -> float:
        """Probability of a question about interception that has an answer: one head, and the three that it means,
        each with half the say.
        """
        parts = math.prod(self.chances[name] for name in PARTS)
        return _chance((_logit(self.chances["asked"]) + _logit(parts)) / 2)

    def of(self, topic: str) -> float:
        """Probability of a topic."""
        return self.chances[topic]


def asked_in_all(asked: float, topic: float, length: int) -> float:
    """Probability that a message is a question to answer, from what the heads say of its words, the probability of its
    likeliest topic and its length in characters: a topic that is plain speaks for it, and what is long is not doubted
    for having said other things as well.
    """
    long = min(length, LONG_ENOUGH) / LONG_ENOUGH
    return _chance(OF_HEADS * _logit(asked) + OF_TOPIC * _logit(topic) + OF_LENGTH * long + AT_FIRST)


def _chance(logit: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


def _logit(chance: float) -> float:
    bounded = min(max(chance, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))


@lru_cache(maxsize=1)
def model() -> Model:
    """The model, read at the first message that needs it."""
    return Model(json.loads((Path(__file__).parent / "judge.json").read_text("utf-8")))
