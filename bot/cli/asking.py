"""Where the values of a section come from: `--set`, standard input, the environment, what is there, the keyboard."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from bot.cli.beside import end

if TYPE_CHECKING:
    from pydantic import BaseModel

    from bot.channels.setting_up import Setup


@dataclass(slots=True)
class Asked:
    """A section in the making. `made`: what we made just now; `left`: what the platform is to tell."""

    platform: str
    kind: type[BaseModel]
    setup: Setup
    there: Mapping[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)

    @property
    def mode(self) -> str:
        """How the platform and the bot reach each other; empty where there is one way only."""
        default = next(iter(self.setup.asked))
        found = str(self.values.get("mode") or self.there.get("mode") or default)
        return found if found in self.setup.asked else default


def gather(asked: Asked, settings: Sequence[str], *, stdin: bool) -> None:
    """Fills in every value that can be had; ends in words, having changed nothing, when one is missing."""
    asked.values |= _from_stdin(asked) if stdin else {}
    asked.values |= _from_options(asked, settings)
    for name in asked.kind.model_fields:
        found = os.environ.get(_variable(asked, name))
        if found and name not in asked.values:
            asked.values[name] = found
    at_keyboard = sys.stdin.isatty() and not stdin
    if len(asked.setup.asked) > 1:
        if at_keyboard and "mode" not in asked.values:
            asked.values["mode"] = _choose(asked)
        asked.values.setdefault("mode", asked.mode)
    missing = [one for one in asked.setup.asked[asked.mode] if not _settled(asked, one, at_keyboard=at_keyboard)]
    if missing:
        lines = ["\n".join(_words("end", "missing", asked, name=one)) for one in missing]
        end("\n".join([*lines, *_words("end", "how", asked)]))


def _settled(asked: Asked, entry: str, *, at_keyboard: bool) -> bool:
    """Whether that setting has a value now, or can do without one."""
    name = entry.rstrip("?")
    if name in asked.values:
        return True
    if at_keyboard:
        typed = _type(asked, name, may_be_empty=entry.endswith("?"))
        if typed:
            asked.values[name] = typed
            return True
    if name in asked.there or entry.endswith("?"):
        return True
    if name in asked.setup.told:
        asked.left.add(name)
        return True
    if name in asked.setup.made:
        asked.values[name] = asked.setup.made[name]({**asked.there, **asked.values})
        asked.made.add(name)
        return True
    return False


def _choose(asked: Asked) -> str:
    click.echo(f"\nmode · {_where(asked, 'mode')}")
    choice = click.Choice(list(asked.setup.asked))
    return str(click.prompt("mode", type=choice, default=asked.mode, show_choices=True))


def _type(asked: Asked, name: str, *, may_be_empty: bool) -> str:
    """What somebody types, read again until that setting takes it; what is secret is not shown."""
    from bot.channels.setting_up import is_secret

    can_do_without = may_be_empty or name in asked.there or name in asked.setup.told or name in asked.setup.made
    click.echo(f"\n{name} · {_where(asked, name)}")
    if without := _without(asked, name, may_be_empty=may_be_empty):
        click.echo(" · ".join(without))
    while True:
        given = click.prompt(
            name,
            default="" if can_do_without else None,
            show_default=False,
            hide_input=is_secret(asked.kind, name),
        )
        typed = str(given).strip()
        problem = _problem(asked, name, typed) if typed else ""
        if not problem:
            return typed
        click.echo(problem)


def _without(asked: Asked, name: str, *, may_be_empty: bool) -> tuple[str, ...]:
    """What becomes of it when nothing is typed."""
    if name in asked.there:
        return _words("ask", "kept", asked)
    if name in asked.setup.told:
        return _words("ask", "told", asked)
    if name in asked.setup.made:
        return _words("ask", "made", asked)
    return _words("ask", "optional", asked) if may_be_empty else ()


def _problem(asked: Asked, name: str, typed: str) -> str:
    """Why that setting does not take it."""
    from bot.channels.configuration import ChannelsError, checked

    try:
        checked(asked.kind, asked.platform, {**asked.there, **asked.values, name: typed})
    except ChannelsError as problem:
        mine = [line for line in str(problem).splitlines() if f"] {name}:" in line or f"] {name}." in line]
        return "\n".join(mine)
    return ""


def _from_options(asked: Asked, settings: Sequence[str]) -> dict[str, Any]:
    from bot.channels.setting_up import is_secret

    found: dict[str, Any] = {}
    for one in settings:
        name, sign, value = one.partition("=")
        if not sign:
            end("\n".join(_words("end", "unset", asked, given=one)))
        if name in asked.kind.model_fields and is_secret(asked.kind, name):
            end("\n".join(_words("end", "secret", asked, name=name, variable=_variable(asked, name))))
        found[name] = _list(value) if value.startswith("[") else value
    return found


def _list(value: str) -> Any:
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return value


def _from_stdin(asked: Asked) -> dict[str, Any]:
    """Lines of a section, with or without its head."""
    try:
        document = tomllib.loads(sys.stdin.buffer.read().decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        end("\n".join(_words("end", "stdin", asked, problem=problem)))
    inner = list(document.values())
    section = inner[0] if len(inner) == 1 and isinstance(inner[0], dict) else document
    return {name: value for name, value in section.items() if name != "platform"}


def _variable(asked: Asked, name: str) -> str:
    return f"INTERCEPT_{asked.platform}_{name}".upper()


def _where(asked: Asked, name: str) -> str:
    from bot.channels.setting_up import where

    return where(asked.kind, name)


def _words(section: str, key: str, asked: Asked, **facts: Any) -> tuple[str, str]:
    from bot.channels.setting_up import words

    named = str(facts.get("name", "")).rstrip("?")
    known = {
        "platform": asked.platform,
        "PLATFORM": asked.platform.upper(),
        "title": asked.setup.title,
        **facts,
    }
    if named:
        known["name"] = named
        known.setdefault("where", _where(asked, named))
    return words(section, key, **known)
