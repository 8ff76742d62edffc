"""Setting a platform up: what is asked for, what tries it, what is left to be done there (`intercept-bot connect`).

Where a value is found stands once, as the description of its setting: the prompts, the errors and the pages under
`docs/channels/` tell the same.
"""

from __future__ import annotations

import tomllib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel, SecretStr, ValidationError

from bot.outbound import Outbound, Outcome, Response
from bot.resources import templates

Values = Mapping[str, Any]


class Came(StrEnum):
    """What a try came to; the names are keys of `templates/connect.toml`."""

    OK = "ok"
    WRONG = "wrong"
    DIFFERS = "differs"
    ACCOUNT = "account"
    NO_BOT = "no_bot"
    NO_LINE = "no_line"
    SILENT = "silent"
    UNREADABLE = "unreadable"
    UNTRIED = "untried"
    LATER = "later"
    RUNNING = "running"

    @property
    def well(self) -> bool:
        """Whether nothing has to be mended."""
        return self in (Came.OK, Came.UNTRIED, Came.LATER, Came.RUNNING)


@dataclass(frozen=True, slots=True)
class Tried:
    """One try. `fields`: the settings that it proves; `call`: what the platform was asked; `said`: its own word, never
    a value of ours; `found`: settings that it told; `given`: how one of these is written, where that differs.
    """

    came: Came
    fields: tuple[str, ...]
    call: str = ""
    said: str = ""
    found: Mapping[str, str | int] = field(default_factory=dict)
    given: str = ""


TryOut = Callable[[Any, Outbound, bool], Awaitable[Sequence[Tried]]]
"""Tries settings against the platform. The flag: nobody else uses these credentials now, so a connection of ours puts
nobody out.
"""


@dataclass(frozen=True, slots=True)
class Setup:
    """How a platform is set up. `asked`: settings by mode, in the order in which they are asked for, those that may be
    left empty with a `?`; `told`: those that the platform tells, with what stands in for them until then; `made`: those
    that we make; `local`: no public address is needed; `files`: what else is written, by its name.
    """

    title: str
    asked: Mapping[str, Sequence[str]]
    try_out: TryOut
    told: Mapping[str, str | int] = field(default_factory=dict)
    made: Mapping[str, Callable[[Values], str]] = field(default_factory=dict)
    local: bool = False
    files: Callable[[str, Any, str], Mapping[str, str]] = lambda _name, _settings, _base: {}


def where(kind: type[BaseModel], name: str) -> str:
    """Where that setting is found."""
    return kind.model_fields[name].description or name


def is_secret(kind: type[BaseModel], name: str) -> bool:
    """Whether that setting must be seen by nobody."""
    return _holds_secret(kind.model_fields[name].annotation)


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(_holds_secret(one) for one in get_args(annotation))


def words(section: str, key: str, **facts: object) -> tuple[str, str]:
    """A text of `templates/connect.toml` in Chinese and in English."""
    entry, title = table()[section][key], str(facts.get("title", ""))
    apart = {**facts, "title": f"{title} "} if title.isascii() else facts
    return entry["zh"].format_map(apart), entry["en"].format_map(facts)


def steps(platform: str, mode: str, facts: Mapping[str, object]) -> list[tuple[str, str]]:
    """What is left to be done in the platform's own pages."""
    return [
        (one["zh"].format_map(facts), one["en"].format_map(facts))
        for one in table()[platform]["steps"]
        if mode in one.get("modes", (mode,))
    ]


def told(tried: Tried, title: str, kind: type[BaseModel]) -> tuple[str, str]:
    """A try in words; the platform's own word follows at the end."""
    facts = {
        "fields": "、".join(tried.fields),
        "title": title,
        "call": tried.call,
        "given": tried.given,
        "found": "、".join(str(value) for value in tried.found.values()),
        "wheres": "；".join(f"{name} → {where(kind, name)}" for name in tried.fields),
    }
    zh, en = words("tried", tried.came.value, **facts)
    return zh, f"{en}{' · ' if tried.said else ''}{tried.said}"


def compared(tried: Tried, settings: BaseModel, left_empty: frozenset[str] = frozenset()) -> list[Tried]:
    """That try, and one more for each setting that the platform tells otherwise than it is written."""
    own = {name: value for name, value in tried.found.items() if name not in left_empty}
    return [tried] + [
        Tried(Came.DIFFERS, (name,), tried.call, found={name: value}, given=str(getattr(settings, name)))
        for name, value in own.items()
        if str(getattr(settings, name)) != str(value)
    ]


def heard(outcome: Outcome, fields: tuple[str, ...], call: str, kind: type[BaseModel]) -> Any:
    """What the platform answered, or the try that failed because it did not."""
    if not isinstance(outcome, Response):
        return Tried(Came.SILENT, fields, call, outcome.why)
    try:
        return kind.model_validate_json(outcome.body)
    except ValidationError:
        return Tried(Came.UNREADABLE, fields, call, f"HTTP {outcome.status}")


@cache
def table() -> Mapping[str, Any]:
    """`templates/connect.toml`."""
    with (templates() / "connect.toml").open("rb") as file:
        return tomllib.load(file)
