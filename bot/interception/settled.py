"""Who waits for a case hears when it has moved (in this process; on PostgreSQL the waiter looks for itself as well)."""

from __future__ import annotations

import asyncio
from collections import defaultdict


class Settled:
    """A meeting point of those who move cases and those who wait for them."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def __call__(self, case_id: str) -> None:
        """The case has moved."""
        for event in self._waiting.get(case_id, ()):
            event.set()

    async def any_of(self, case_ids: list[str], seconds: float) -> None:
        """Returns when one of them has moved, or after so many seconds."""
        event = asyncio.Event()
        for case_id in case_ids:
            self._waiting[case_id].add(event)
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return
        finally:
            for case_id in case_ids:
                self._waiting[case_id].discard(event)
                if not self._waiting[case_id]:
                    del self._waiting[case_id]
