"""What is said of a mistake in the rules file, in words of `templates/rules.toml`: Chinese first, English beside it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from bot.resources import templates


class Words(NamedTuple):
    """The same in both languages."""

    zh: str
    en: str

    def __str__(self) -> str:
        """As it stands in a line."""
        return f"{self.zh} · {self.en}"


def words(key: str, **facts: object) -> Words:
    """The words of `key`, with its facts; a fact that is `Words` itself is told in each language."""
    found: Any = _table()
    for part in key.split("."):
        found = found[part]
    return Words(*(found[lang].format_map(_in(lang, facts)) for lang in Words._fields))


def _in(lang: str, facts: Mapping[str, object]) -> dict[str, object]:
    return {name: getattr(fact, lang) if isinstance(fact, Words) else fact for name, fact in facts.items()}


@cache
def _table() -> Mapping[str, Any]:
    with (templates() / "rules.toml").open("rb") as file:
        return tomllib.load(file)
