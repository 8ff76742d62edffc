"""Coroutines that a test moves on by hand: no event loop, no real time, every order of things that we want."""

import types
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass, field
from typing import Any

from bot.carriers.contract import Ask


@dataclass(frozen=True)
class Committed:
    """A transaction was committed, and whoever asked for it has not gone on yet: here a process may sleep or die."""


@dataclass(frozen=True)
class Meeting:
    """Waits until one of these cases moves, at most so long."""

    case_ids: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Exchange:
    """A request to the carrier: one of `create`, `query`, `cancel`."""

    verb: str
    ask: Ask
    handle: Callable[[str, Ask, str], Any]
    """What the carrier does when it arrives: verb, ask and fate in, answer out."""


@types.coroutine
def pause(what: Committed | Meeting | Exchange) -> Generator[Any, Any, Any]:
    """Hands control to the test; the value is what the test answers."""
    return (yield what)


@dataclass(eq=False)
class Task:
    """A coroutine of a process. `problem` is what ended it, if anything did."""

    key: str
    work: Coroutine[Any, Any, Any]
    done: Callable[[Any], None] = field(default=lambda _value: None)
    waiting: object | None = None
    problem: Exception | None = None
