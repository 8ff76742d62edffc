"""The chat platforms of `channels.toml`: each section complete, as the bot itself will read it, and tried against its
platform as `intercept-bot connect` does. No secret is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from pydantic import BaseModel

from bot.channels import configuration
from bot.channels.configuration import ChannelsError, Section
from bot.channels.registry import PLATFORMS, Platform, of
from bot.channels.setting_up import Came, Tried, compared, told
from bot.doctor import running
from bot.doctor.findings import Finding, ill, well
from bot.outbound import Outbound
from bot.settings import Settings

LIMIT_S = 5.0


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """A line for each installation and for each try of it, none where there is no file."""
    try:
        sections = configuration.load(settings.data / configuration.FILE)
    except ChannelsError as problem:
        yield ill("chat", "wrong", problem)
        return
    alone = not sections or not await running.is_there(settings)
    for findings in await asyncio.gather(*(_section(*one, alone=alone) for one in sections.items())):
        for finding in findings:
            yield finding


async def _section(name: str, section: Section, *, alone: bool) -> list[Finding]:
    platform = of(name, section)
    if platform is None:
        return [ill("chat", "unknown", name=name, platforms="、".join(PLATFORMS))]
    try:
        wanted = configuration.checked(platform.settings, name, section)
    except ChannelsError as problem:
        return [ill("chat", "wrong", problem)]
    found = [well("chat", "ok", name=name)]
    for one in await tried(platform, wanted, alone=alone):
        zh, en = told(one, platform.setup.title, platform.settings)
        found.append(Finding(one.came.well, f"[{name}] {zh}", f"[{name}] {en}"))
    return found


async def tried(
    platform: Platform,
    settings: BaseModel,
    *,
    alone: bool,
    left: frozenset[str] = frozenset(),
    made: frozenset[str] = frozenset(),
) -> list[Tried]:
    """Every try of these settings. `alone`: no running bot uses them; `left`: what the platform is to tell; `made`:
    what we made just now, so that the platform cannot know it yet.
    """
    async with Outbound(limit_s=LIMIT_S) as outbound:
        found = await platform.setup.try_out(settings, outbound, alone)
    whole = [more for one in found for more in compared(one, settings, left)]
    return [replace(one, came=Came.LATER) if made & set(one.fields) and not one.came.well else one for one in whole]
