"""Calls that start with their click: so many at once in this process, the same for both runners."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from bot.background import Background
from bot.runners.contract import CASE


class Slots:
    """The call slots of one process. `on_free` hears of each that has become free after a call."""

    def __init__(self, slots: int, tasks: Background, on_free: Callable[[], None]) -> None:
        self._free = slots
        self._tasks = tasks
        self._on_free = on_free
        self._closed = False

    def take(self, wanted: int) -> int:
        """Free slots, at most `wanted`; none once closed."""
        taken = 0 if self._closed else min(wanted, self._free)
        self._free -= taken
        return taken

    def free(self, slots: int) -> None:
        """Gives slots back."""
        self._free += slots

    def begin(self, case_id: str, work: Coroutine[Any, Any, None]) -> None:
        """Runs a case that holds a slot; the slot is free again afterwards."""
        if not self._tasks.run(f"{CASE}:{case_id}", work, self._done):
            self._free += 1

    def close(self) -> None:
        """Hands out none any more; what runs goes on."""
        self._closed = True

    def _done(self, _problem: BaseException | None) -> None:
        self._free += 1
        self._on_free()
