"""Keeps running tasks, reports their errors, stops them at shutdown (`engine.md`, trap 17)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

log = structlog.get_logger(__name__)


class Background:
    """Tasks by key: never two of one key, none lost to the garbage collector, no error unseen."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[Any]] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._tasks

    def __len__(self) -> int:
        return len(self._tasks)

    def keys(self) -> set[str]:
        """The keys of what runs now."""
        return set(self._tasks)

    def run(
        self, key: str, work: Coroutine[Any, Any, Any], done: Callable[[BaseException | None], None] | None = None
    ) -> bool:
        """Starts the work under that key; False, and the work is dropped, when the key is running already.

        `done` is called with the work's exception, None when it ended well.
        """
        if key in self._tasks:
            work.close()
            return False
        task = asyncio.get_running_loop().create_task(work, name=key)
        self._tasks[key] = task

        def finished(ended: asyncio.Task[Any]) -> None:
            del self._tasks[key]
            problem = None if ended.cancelled() else ended.exception()
            if problem is not None:
                log.error("background.failed", task=key.partition(":")[0], exc_info=problem)
            if done is not None:
                done(problem)

        task.add_done_callback(finished)
        return True

    async def stop(self, grace_s: float) -> None:
        """Waits at most so long for what runs, then cancels the rest and waits for it to be gone."""
        running = list(self._tasks.values())
        if running:
            _, late = await asyncio.wait(running, timeout=grace_s)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=1.0)
