"""The texts of `templates/`, read once and kept ready to be filled in.

`words.toml` and `cards/*.toml` are one table of keys (`label.fee`, `confirm.title` …), each with `zh` and `en`; keys of
`result.toml` begin with `result.`. Hundreds of cards a second are made, so a text is a plain format string, looked up
and filled, with no template engine.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bot.resources import templates

LANGUAGES = ("zh", "en")


class TextsError(Exception):
    """A file of texts is wrong: a language is missing, or a key stands twice. Found at the first use, and by a test."""


def text(key: str, lang: str, **facts: object) -> str:
    """The text of `key` with its facts. Raises `KeyError` for an unknown key or a fact that is missing."""
    found = (_ready or _tables())[lang][key]
    return found.format_map(facts) if facts else found


def language(wanted: str) -> str:
    """The language that we have nearest to what a chat or a browser asks for: `en…` is English, all else Chinese."""
    return "en" if wanted.lower().startswith("en") else "zh"


def keys() -> frozenset[str]:
    """Every key."""
    return frozenset(_tables()["zh"])


@cache
def reason_table() -> Mapping[str, Any]:
    """`reasons.toml` as it stands (its form is told at its top)."""
    return _read(templates() / "reasons.toml")


_ready: dict[str, dict[str, str]] = {}  # filled once; a plain look-up, since a card makes a dozen of them


def _tables() -> Mapping[str, Mapping[str, str]]:
    if _ready:
        return _ready
    tables: dict[str, dict[str, str]] = {lang: {} for lang in LANGUAGES}
    folders = ("cards", "console", "faq")
    for path in [templates() / "words.toml", *(p for f in folders for p in sorted((templates() / f).glob("*.toml")))]:
        prefix = "result." if path.name == "result.toml" else "console." if path.parent.name == "console" else ""
        for key, by_lang in _leaves(_read(path), prefix):
            if key in tables["zh"] or set(by_lang) != set(LANGUAGES):
                raise TextsError(f"{path}: {key}: stands twice, or lacks one of {', '.join(LANGUAGES)}")
            for lang in LANGUAGES:
                tables[lang][key] = by_lang[lang]
    _ready.update(tables)
    return _ready


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _leaves(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Every table that holds texts rather than tables, with its dotted key."""
    for name, value in table.items():
        if all(isinstance(inner, str) for inner in value.values()):
            yield prefix + name, value
        else:
            yield from _leaves(value, f"{prefix}{name}.")
