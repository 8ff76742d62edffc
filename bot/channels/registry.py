"""The channels that there are: one line for each platform, and one channel for each section of `channels.toml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from pydantic import BaseModel

from bot.channels.configuration import FILE, ChannelsError, Section, checked
from bot.channels.console.channel import ConsoleChannel
from bot.channels.contract import Channel
from bot.channels.reception import Reception
from bot.channels.setting_up import Setup
from bot.outbound import Outbound


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform that a section may name. Its folder is read when one does: most houses use one of them, and all
    together are 3 MB and a tenth of the start.
    """

    folder: str
    settings_class: str
    channel_class: str

    @property
    def settings(self) -> type[BaseModel]:
        """What a section of it may say."""
        found: type[BaseModel] = getattr(self._channel, self.settings_class)
        return found

    def make(self, name: str, settings: Any, reception: Reception, outbound: Outbound, pages: str) -> Channel:
        """The channel of a section."""
        made: Channel = getattr(self._channel, self.channel_class)(name, settings, reception, outbound, pages)
        return made

    @property
    def setup(self) -> Setup:
        """How it is set up."""
        found: Setup = import_module(f"bot.channels.{self.folder}.tryout").SETUP
        return found

    @property
    def talks_of_two(self) -> tuple[str, ...] | None:
        """How the names of chats begin in which one person is alone with the bot (`ChannelFacts.talks_of_two`)."""
        found: tuple[str, ...] | None = getattr(self._channel, "TALKS_OF_TWO", None)
        return found

    @property
    def _channel(self) -> ModuleType:
        return import_module(f"bot.channels.{self.folder}.channel")


PLATFORMS: Mapping[str, Platform] = {
    "slack": Platform("slack", "SlackSettings", "SlackChannel"),
    "feishu": Platform("feishu", "FeishuSettings", "FeishuChannel"),
    "wecom": Platform("wecom", "WecomSettings", "WecomChannel"),
    "dingtalk": Platform("dingtalk", "DingtalkSettings", "DingtalkChannel"),
    "matrix": Platform("matrix", "MatrixSettings", "MatrixChannel"),
    "chatwoot": Platform("chatwoot", "ChatwootSettings", "ChatwootChannel"),
}


def of(name: str, section: Section) -> Platform | None:
    """The platform of a section; None where it names none that there is."""
    return PLATFORMS.get(str(section.get("platform", name)))


def talks_of_two(sections: Mapping[str, Section]) -> dict[str, tuple[str, ...] | None]:
    """By section, how the names of talks of two begin; for a command that makes no channel. A section that names no
    platform that there is says nothing.
    """
    found = {name: of(name, section) for name, section in sections.items()}
    return {name: None if platform is None else platform.talks_of_two for name, platform in found.items()}


def all_channels(console: ConsoleChannel, others: Sequence[Channel] = ()) -> Mapping[str, Channel]:
    """Every channel by its name, as the outbox and the records write it."""
    return {channel.facts.name: channel for channel in (console, *others)}


def build(
    sections: Mapping[str, Section], reception: Reception, outbound: Outbound, pages: str = ""
) -> tuple[Channel, ...]:
    """A channel for each section, or none of them: raises `ChannelsError` with every problem. `pages`: address of the
    console, for links on cards.
    """
    problems: list[str] = []
    made: list[Channel] = []
    for name, section in sections.items():
        platform = of(name, section)
        if platform is None:
            known = "、".join(PLATFORMS)
            problems.append(f'{FILE}: [{name}] platform: 认识的平台有 {known} (write platform = "…", one of these)')
            continue
        try:
            settings = checked(platform.settings, name, section)
        except ChannelsError as problem:
            problems.append(str(problem))
            continue
        made.append(platform.make(name, settings, reception, outbound, pages.rstrip("/")))
    if problems:
        raise ChannelsError("\n".join(problems))
    return tuple(made)
