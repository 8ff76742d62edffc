"""The texts of `templates/api/problems.toml`, in both languages at once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from bot.resources import templates


@dataclass(frozen=True, slots=True)
class Words:
    """One text in Chinese and English."""

    zh: str
    en: str

    def both(self) -> str:
        """Chinese first, English in brackets."""
        return f"{self.zh}（{self.en}）"


@cache
def table() -> Mapping[str, Any]:
    """The file as it stands."""
    with (templates() / "api" / "problems.toml").open("rb") as file:
        return tomllib.load(file)


def words(section: str, key: str, **facts: object) -> Words:
    """The text of that section and key, with its facts."""
    entry = table()[section][key]
    return Words(entry["zh"].format_map(facts), entry["en"].format_map(facts))
