"""Starts and stops the connections that channels keep themselves: one for each, over before the house's engine ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Self

import structlog

from bot.channels.contract import Channel, Listening
from bot.channels.line import FINISH_S, Line

if TYPE_CHECKING:
    from types import TracebackType

log = structlog.get_logger(__name__)

STOP_S = FINISH_S + 2.0

Observe = Callable[[str, Callable[[], bool]], None]
"""Hears of each channel, and how to ask whether its connection is open (metrics)."""

Alone = Callable[[str, Callable[[], Awaitable[None]]], Awaitable[None]]
"""Runs the work while no other process of this installation does, under that name."""


class Listeners:
    """Every channel that listens. `alone` serves those whose platform bears one connection only (`Line.alone`)."""

    def __init__(self, channels: Iterable[Channel], alone: Alone, observe: Observe = lambda _name, _up: None) -> None:
        self._channels = {
            channel.facts.name: channel
            for channel in channels
            if isinstance(channel, Listening) and channel.line is not None
        }
        self._alone = alone
        self._tasks: set[asyncio.Task[None]] = set()
        for name, line in self.lines.items():
            observe(name, partial(getattr, line, "up"))

    @property
    def lines(self) -> Mapping[str, Line]:
        """How each connection is, by its channel's name."""
        return {name: channel.line for name, channel in self._channels.items() if channel.line is not None}

    def told(self) -> Mapping[str, str]:
        """`up`, or why not, for `/readyz`."""
        return {name: "up" if line.up else line.problem or "down" for name, line in self.lines.items()}

    async def __aenter__(self) -> Self:
        """Begins to listen. A platform that cannot be reached keeps nobody from starting."""
        for name, channel in self._channels.items():
            self._tasks.add(asyncio.create_task(self._listen(name, channel), name=f"listen:{name}"))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Reads no more, lets what has come be answered, closes. Takes `STOP_S` at most."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_S)
        self._tasks.clear()

    async def _listen(self, name: str, channel: Listening) -> None:
        try:
            if channel.line is not None and channel.line.alone:
                await self._alone(name, channel.listen)
            else:
                await channel.listen()
        except Exception:
            log.exception("channel.line_failed", channel=name)
