"""Receptions whose desk does what a test wants of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from bot.background import Background
from bot.cards.card import Card
from bot.channels.reception import Reception
from bot.domain.people import Asker
from bot.handlers.contract import SILENCE, Incoming, Reply
from bot.store.database import Database


class SlowDesk:
    """Keeps each message at once, and answers after `seconds`."""

    def __init__(self, keep: Callable[[Incoming], object], seconds: float = 0.0) -> None:
        self._keep = keep
        self._seconds = seconds
        self.done = 0

    async def take(self, incoming: Incoming) -> Reply:
        kept = self._keep(incoming)
        if asyncio.iscoroutine(kept):
            await kept
        await asyncio.sleep(self._seconds)
        self.done += 1
        return SILENCE

    async def card(self, target: str, asker: Asker, lang: str) -> Card | None:
        return None


def nobody() -> Reception:
    """A reception that nobody comes to."""
    desk = SlowDesk(lambda _incoming: None)
    return Reception(cast("Database", None), lambda: desk, lambda words: words.startswith("/"), Background())
