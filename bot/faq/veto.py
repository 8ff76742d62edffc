"""The veto: a small linear model that may refuse what a rule proposes; it never proposes anything itself.

Logistic regressions over character n-grams, Latin words and the word classes of `topics.toml`: one for "is this a
question about interception at all", one for each topic. Trained offline by `faq_training/train.py`, which writes
`veto.json`; here only sums.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.faq.lexicon import Lexicon
from bot.faq.topics import Tier

SCALE = 100
"""Weights are stored as whole hundredths."""

LONGEST = 300
"""Characters that are weighed; the rest of a very long message says no more."""

GATE_CLASSES = (
    "asks", "plain_asks", "tells", "settled", "orders", "state", "no_fact", "reports", "troubles", "hard_asks",
    "other", "parcels", "vague", "dear", "sentence",
)  # fmt: skip

_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"[a-z]+")


LEAST_ASKED = 0.15
"""Below this probability of being a question at all, nothing is answered."""

LEAST_ASKED_POSSIBLE = 0.45
"""The same where no rule proves anything, only cues stand there, or where odd words stand beside the act."""

LEAST: Mapping[Tier, float] = {Tier.SURE: 0.15, Tier.LIKELY: 0.4, Tier.TOLD: 0.4, Tier.POSSIBLE: 0.25}
"""Least probability of the topic, by what the rule proves by itself."""

DOUBTFUL, CERTAIN = 0.35, 0.8
"""Below the first a topic gives way to a later proposal that is above the second."""


def features(text: str, lexicon: Lexicon) -> set[str]:
    """What the model sees of a tidied text; the same at training and at run time."""
    plain = "^" + _DIGITS.sub("0", text[:LONGEST]).replace(" ", "_") + "$"
    seen = {plain[at : at + size] for size in (1, 2, 3) for at in range(len(plain) - size + 1)}
    seen.update("w:" + word for word in _WORD.findall(plain))
    seen.update("c:" + name for name in lexicon.words.names() if lexicon.words.has(name, text))
    seen.update("g:" + name for name in GATE_CLASSES if lexicon.gate.has(name, text))
    return seen


class Model:
    """The exported weights. Column 0 is "a question at all", the others are the topics in their order."""

    def __init__(self, exported: Mapping[str, Any]) -> None:
        self.columns: list[str] = exported["columns"]
        self._bias: list[int] = exported["bias"]
        self._weights: dict[str, list[int]] = exported["weights"]

    def weigh(self, seen: set[str]) -> Weighed:
        """The probabilities for a set of features."""
        sums = list(self._bias)
        for feature in seen:
            row = self._weights.get(feature)
            if row is not None:
                for at in range(0, len(row), 2):
                    sums[row[at]] += row[at + 1]
        return Weighed({name: _chance(total / SCALE) for name, total in zip(self.columns, sums, strict=True)})


@dataclass(frozen=True)
class Weighed:
    """How probable it is that a text asks at all (`asked`), and that it asks about each topic."""

    chances: Mapping[str, float]

    @property
    def asked(self) -> float:
        """Probability of a question about interception that has an answer."""
        return self.chances["asked"]

    def of(self, topic: str) -> float:
        """Probability of a topic."""
        return self.chances[topic]

    def best(self, topics: Sequence[str]) -> tuple[str, float] | None:
        """The most probable of the topics given."""
        return max(((topic, self.chances[topic]) for topic in topics), key=lambda pair: pair[1], default=None)


def _chance(logit: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


@lru_cache(maxsize=1)
def model() -> Model:
    """The model, read at the first message that needs it."""
    return Model(json.loads((Path(__file__).parent / "veto.json").read_text("utf-8")))
