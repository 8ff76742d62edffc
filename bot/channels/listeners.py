"""Starts and stops the connections that channels keep themselves: one for each, over before the house's engine ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Self

import structlog

from bot.channels.contract import Channel, Listening
from bot.channels.line import FINISH_S, Line

if TYPE_CHECKING:
    from types import TracebackType

log = structlog.get_logger(__name__)

STOP_S = FINISH_S + 2.0

Observe = Callable[[str, Callable[[], bool] | None], None]
"""Hears of each channel, and how to ask whether its connection is open; None: it keeps none any more (metrics)."""

Alone = Callable[[str, Callable[[], Awaitable[None]]], Awaitable[None]]
"""Runs the work while no other process of this installation does, under that name."""


class Listeners:
    """Every channel that listens. `alone` serves those whose platform bears one connection only (`Line.alone`)."""

    def __init__(self, channels: Iterable[Channel], alone: Alone, observe: Observe = lambda _name, _up: None) -> None:
        self._channels = _listening(channels)
        self._alone = alone
        self._observe = observe
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._one_at_a_time = asyncio.Lock()
        self._open = False
        for name in self._channels:
            self._watch(name)

    @property
    def lines(self) -> Mapping[str, Line]:
        """How each connection is, by its channel's name."""
        return {name: channel.line for name, channel in self._channels.items() if channel.line is not None}

    def told(self) -> Mapping[str, str]:
        """`up`, or why not, for `/readyz`."""
        return {name: "up" if line.up else line.problem or "down" for name, line in self.lines.items()}

    async def __aenter__(self) -> Self:
        """Begins to listen. A platform that cannot be reached keeps nobody from starting."""
        self._open = True
        for name in self._channels:
            self._start(name)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Reads no more, lets what has come be answered, closes. Takes `STOP_S` at most."""
        self._open = False
        async with self._one_at_a_time:
            await self._stop(list(self._tasks))

    async def adopt(self, channels: Iterable[Channel]) -> None:
        """Keeps the connections of these channels from now on. One that was there and still is keeps its own; what is
        gone or another is ended first, as at the end of the house, and then begun anew.
        """
        new = _listening(channels)
        async with self._one_at_a_time:
            gone = [name for name, channel in self._channels.items() if new.get(name) is not channel]
            await self._stop(gone)
            before, self._channels = self._channels, new
            for name in gone:
                if name not in new:
                    self._observe(name, None)
            for name in [name for name, channel in new.items() if before.get(name) is not channel]:
                self._watch(name)
                if self._open:
                    self._start(name)

    def _watch(self, name: str) -> None:
        self._observe(name, partial(getattr, self.lines[name], "up"))

    def _start(self, name: str) -> None:
        self._tasks[name] = asyncio.create_task(self._listen(name, self._channels[name]), name=f"listen:{name}")

    async def _stop(self, names: Collection[str]) -> None:
        tasks = [self._tasks.pop(name) for name in names if name in self._tasks]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_S)

    async def _listen(self, name: str, channel: Listening) -> None:
        try:
            if channel.line is not None and channel.line.alone:
                await self._alone(name, channel.listen)
            else:
                await channel.listen()
        except Exception:
            log.exception("channel.line_failed", channel=name)


def _listening(channels: Iterable[Channel]) -> dict[str, Listening]:
    """Those that keep a connection."""
    return {
        channel.facts.name: channel
        for channel in channels
        if isinstance(channel, Listening) and channel.line is not None
    }
