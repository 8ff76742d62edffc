"""The reviewed data of `topics.toml`, compiled when first needed.

A word class is one regular expression; a rule is a conjunction of classes. Both are read here and nowhere else.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

TIERS = ("sure", "likely", "told", "possible")
_NAME = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True)
class Term:
    """One condition of a rule: one of `names` is there, or with `absent` none of them.

    A name may be looked for in the setting as well: the second of each pair.
    """

    names: tuple[tuple[str, bool], ...]
    absent: bool


Rule = tuple[Term, ...]


@dataclass(frozen=True)
class Topic:
    """A topic in its place of precedence: its rules by tier, and the messages that prove them."""

    id: str
    rules: Mapping[str, tuple[Rule, ...]]
    heads: tuple[str, ...]
    examples: tuple[str, ...]
    counter: tuple[str, ...]


@dataclass(frozen=True)
class GivesWay:
    """A topic is dropped beside one of `to`, unless the message holds the word class `unless`."""

    to: frozenset[str]
    unless: str


class Words:
    """Word classes by name; each is compiled at its first use."""

    def __init__(self, table: Mapping[str, Sequence[str]]) -> None:
        self._table = table
        self._compiled: dict[str, re.Pattern[str]] = {}

    def __getitem__(self, name: str) -> re.Pattern[str]:
        found = self._compiled.get(name)
        if found is None:
            found = self._compiled[name] = re.compile(self.source(name))
        return found

    def source(self, name: str) -> str:
        """The regular expression of a class, with the classes it names put in."""
        joined = "|".join(self._table[name])
        return _NAME.sub(lambda inner: f"(?:{self.source(inner.group(1))})", joined)

    def names(self) -> tuple[str, ...]:
        """All classes, in the order of the file."""
        return tuple(self._table)

    def has(self, name: str, text: str) -> bool:
        """Does the class occur in the text?"""
        return self[name].search(text) is not None


@dataclass(frozen=True)
class Lexicon:
    """Everything that `topics.toml` says."""

    words: Words
    gate: Words
    before: frozenset[str]
    after: frozenset[str]
    heads: Mapping[str, str]
    carriers: Mapping[str, re.Pattern[str]]
    topics: tuple[Topic, ...]
    gives_way: Mapping[str, GivesWay]


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The lexicon, read at the first message."""
    with (Path(__file__).parent / "topics.toml").open("rb") as file:
        data = tomllib.load(file)
    gate = data["gate"]
    topics = tuple(map(_topic, data["topic"]))
    return Lexicon(
        words=Words(data["words"]),
        gate=Words({name: value for name, value in gate.items() if isinstance(value, list)}),
        before=frozenset(gate["before"]),
        after=frozenset(gate["after"]),
        heads={head: topic.id for topic in topics for head in topic.heads},
        carriers={code: re.compile("|".join(names)) for code, names in data["carriers"].items()},
        topics=topics,
        gives_way={
            entry["id"]: GivesWay(frozenset(entry["gives_way_to"]), entry["unless"])
            for entry in data["topic"]
            if "gives_way_to" in entry
        },
    )


def _topic(entry: Mapping[str, object]) -> Topic:
    def strings(key: str) -> tuple[str, ...]:
        value = entry.get(key, [])
        return tuple(value) if isinstance(value, list) else ()

    return Topic(
        id=str(entry["id"]),
        rules={tier: tuple(map(_rule, strings(tier))) for tier in TIERS},
        heads=strings("heads"),
        examples=strings("examples"),
        counter=strings("counter"),
    )


def _rule(text: str) -> Rule:
    return tuple(map(_term, text.split()))


def _term(text: str) -> Term:
    absent = text.startswith("!")
    names = tuple((name.rstrip("~"), name.endswith("~")) for name in text.lstrip("!").split("|"))
    return Term(names, absent)
