"""`intercept-bot doctor`: everything that keeps the bot from working, before somebody needs it. It changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from bot.doctor import chats, ground, running, ways
from bot.doctor.findings import Finding
from bot.settings import Settings


async def examine(settings: Settings, say: Callable[[str], object]) -> int:
    """Says one line for each thing that was looked at; 1 when one of them fails, else 0.

    With `SANDBOX_URL` the demo is examined: its routes all lead to the sandbox.
    """
    failed = 0
    async for finding in _findings(settings):
        failed += not finding.ok
        say(finding.line)
    return 1 if failed else 0


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    yield ground.settings_are_right(settings)
    for finding in ground.strange_settings():
        yield finding
    yield ground.folder(settings)
    finding, rules = ground.rules(settings)
    yield finding
    findings, database = await ground.database(settings)
    try:
        for finding in findings:
            yield finding
        yield await running.server(settings)
        if settings.sandbox_url:
            yield await running.sandbox(settings.sandbox_url)
        async for finding in chats.examine(settings):
            yield finding
        if rules is not None:
            async for finding in ways.examine(settings, rules, database):
                yield finding
    finally:
        if database is not None:
            await database.close()
