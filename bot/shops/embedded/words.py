"""Why something was not taken, in words from `templates/shops/intake.toml`: Chinese first, English beside it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any

from bot.resources import templates


@cache
def table() -> Mapping[str, Any]:
    """The file as it stands."""
    with (templates() / "shops" / "intake.toml").open("rb") as file:
        return tomllib.load(file)


def word(key: str, **facts: object) -> str:
    """`word("missing")` is "缺这一项（is missing）"; `line.json` names an entry of the section `[line]`."""
    entry: Any = table()
    for part in key.split("."):
        entry = entry[part]
    return f"{entry['zh']}（{entry['en']}）".format_map(facts)
