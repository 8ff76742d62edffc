"""One line each: ok or fail, in Chinese with English beside it (`templates/doctor.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from bot.resources import templates


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, and whether it is well; `said` is what another program said of it."""

    ok: bool
    zh: str
    en: str
    said: str = ""

    @property
    def line(self) -> str:
        """One line, whatever is in it."""
        words = f"{self.zh} · {self.en}{' · ' if self.said else ''}{self.said}"
        return f"{'ok  ' if self.ok else 'fail'}  {' '.join(words.split())}"


def well(section: str, key: str, **facts: object) -> Finding:
    """Nothing to be done."""
    entry = _table()[section][key]
    return Finding(True, entry["zh"].format_map(facts), entry["en"].format_map(facts))


def ill(section: str, key: str, said: object = "", **facts: object) -> Finding:
    """Something to be done, which the words say."""
    entry = _table()[section][key]
    return Finding(False, entry["zh"].format_map(facts), entry["en"].format_map(facts), str(said))


@cache
def _table() -> Mapping[str, Any]:
    with (templates() / "doctor.toml").open("rb") as file:
        return tomllib.load(file)
