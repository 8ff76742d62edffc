"""The chat platforms of `channels.toml`: each section complete, as the bot itself will read it."""

from __future__ import annotations

from collections.abc import Iterator

from bot.channels import configuration
from bot.channels.configuration import ChannelsError
from bot.channels.registry import PLATFORMS
from bot.doctor.findings import Finding, ill, well
from bot.settings import Settings


def examine(settings: Settings) -> Iterator[Finding]:
    """One line for each installation, none where there is no file."""
    try:
        sections = configuration.load(settings.data / configuration.FILE)
    except ChannelsError as problem:
        yield ill("chat", "wrong", problem)
        return
    for name, section in sections.items():
        platform = PLATFORMS.get(str(section.get("platform", name)))
        if platform is None:
            yield ill("chat", "unknown", name=name, platforms="、".join(PLATFORMS))
            continue
        try:
            configuration.checked(platform.settings, name, section)
        except ChannelsError as problem:
            yield ill("chat", "wrong", problem)
        else:
            yield well("chat", "ok", name=name)
