"""What `/metrics` of a whole bot tells on either database."""

from __future__ import annotations

import logging

from procrastinate.exceptions import ConnectorException

from bot.store.database import is_sqlite
from tests.scenarios.house import Bot

NAME = "intercept_false_deaths_total"


async def _shown(bot: Bot) -> float:
    """How often replicas were taken for dead, as a scrape finds it."""
    async with bot.session.get(f"{bot.base}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    assert f"# TYPE {NAME} counter" in lines
    [line] = [line for line in lines if line.startswith(f"{NAME} ")]
    return float(line.removeprefix(f"{NAME} "))


async def test_a_living_replica_that_was_taken_for_dead_is_counted(any_bot: Bot) -> None:
    """What the library says when a worker finishes a job that another has taken over counts on PostgreSQL; the one
    process on an SQLite database is never taken for dead.
    """
    before = await _shown(any_bot)
    error = ConnectorException()
    error.__cause__ = RuntimeError('Job was not found or not in "doing" status (job id: 7)')
    logging.getLogger("procrastinate.worker").error("never retrieved", exc_info=error)
    counted = 0 if is_sqlite(any_bot.settings.database) else 1
    assert await _shown(any_bot) == before + counted
    if not counted:
        assert before == 0
