"""News of a platform, dealt with: the after-sale is read again, since a push is never believed for what it says itself.

The order in which news arrives does not matter, nor does a piece that comes twice: what is kept is what the platform
shows when it is read.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.interception.entering import Entering
from bot.store import notices
from bot.store.database import Database, now
from bot.store.notices import News

log = structlog.get_logger(__name__)

WAITS_S = (5, 15, 60, 300, 900, 3_600, 10_800, 21_600)
"""After a reading in vain the next one, and after the last of these none: the platform has it no more, or never had."""


class Notices:
    """Handed to the runner: moves one piece of news on."""

    def __init__(self, database: Database, entering: Entering) -> None:
        self._database = database
        self._entering = entering

    async def __call__(self, seq: str) -> None:
        """Reads the after-sale that the news is about; where that does not work it stays due, ten hours in all."""
        news = await self._database.write(lambda c: notices.open_news(c, int(seq)))
        if news is None:
            return
        last = news.tries >= len(WAITS_S)
        wait = timedelta(seconds=WAITS_S[min(news.tries, len(WAITS_S) - 1)])
        await self._database.write(lambda c: notices.again(c, news.seq, now(c), wait))
        if not self._entering.can_ask(news.shop_id):
            await self._end(news, "no_account")
        elif await self._entering.read_again(news.shop_id, news.after_sale_id):
            await self._end(news, "read")
        elif last:
            await self._end(news, "not_readable")

    async def _end(self, news: News, result: str) -> None:
        await self._database.write(lambda c: notices.close(c, news.seq, result, now(c)))
        say = log.info if result == "read" else log.error
        say("push.read" if result == "read" else "push.given_up", system=news.platform, shop=news.shop_id, why=result)
