"""Concepts: a message as the row of things it speaks of, whatever the words, the dialect or the language.

`concepts.toml` says which words stand for one thing. The longest word at a place counts; Latin words count whole.
A word written with `$` counts only where a clause ends (没, 了, 吧).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_LATIN = re.compile(r"[a-z0-9']+")
_END = re.compile(r"[啊呀哦呢吗了哈 ,?.!。、;~…)]|$")


@dataclass(frozen=True, slots=True)
class Mention:
    """One concept named in a text, from `start` to `end`."""

    concept: str
    start: int
    end: int


class Concepts:
    """The words of every concept, ready to be looked up."""

    def __init__(self, table: Mapping[str, Mapping[str, str]]) -> None:
        self._anywhere: dict[str, str] = {}
        self._at_end: dict[str, str] = {}
        self._latin: dict[str, str] = {}
        for name, words in table.items():
            for word in words.get("zh", "").split():
                (self._at_end if word.endswith("$") else self._anywhere).setdefault(word.rstrip("$"), name)
            for phrase in words.get("en", "").split(","):
                if phrase.strip():
                    self._latin.setdefault(" ".join(phrase.split()), name)
        self._lengths = _lengths((*self._anywhere, *self._at_end), lambda word: word[0])
        self._latin_lengths = _lengths(self._latin, _head)

    def mentions(self, text: str) -> Iterator[Mention]:
        """The concepts of a tidied text, in order, none overlapping another."""
        at = 0
        while at < len(text):
            latin = _LATIN.match(text, at)
            found = self._latin_at(text, at, latin.group() if latin else text[at])
            if found is None:
                found = self._word_at(text, at, latin.end() - at if latin else 1)
            if found is not None:
                yield found
                at = found.end
            else:
                at = latin.end() if latin else at + 1

    def _latin_at(self, text: str, at: int, head: str) -> Mention | None:
        for length in self._latin_lengths.get(head, ()):
            end = at + length
            whole = end == len(text) or (end < len(text) and not (text[end].isascii() and text[end].isalnum()))
            name = self._latin.get(text[at:end]) if whole else None
            if name is not None:
                return Mention(name, at, end)
        return None

    def _word_at(self, text: str, at: int, least: int) -> Mention | None:
        for length in self._lengths.get(text[at], ()):
            word, end = text[at : at + length], at + length
            if not least <= length <= len(text) - at:
                continue
            name = self._anywhere.get(word)
            if name is None and _END.match(text, end):
                name = self._at_end.get(word)
            if name is not None:
                return Mention(name, at, end)
        return None


def _head(phrase: str) -> str:
    found = _LATIN.match(phrase)
    return found.group() if found else phrase[0]


def _lengths(words: Mapping[str, str] | tuple[str, ...], head: Callable[[str], str]) -> dict[str, list[int]]:
    """By the beginning of a word: which lengths such words have, the longest first."""
    found: dict[str, set[int]] = {}
    for word in words:
        found.setdefault(head(word), set()).add(len(word))
    return {first: sorted(lengths, reverse=True) for first, lengths in found.items()}


@lru_cache(maxsize=1)
def concepts() -> Concepts:
    """The concepts, read at the first message."""
    with (Path(__file__).parent / "concepts.toml").open("rb") as file:
        return Concepts(tomllib.load(file))
