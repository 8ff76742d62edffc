"""The channels that there are: one line for each platform, and one channel for each section of `channels.toml`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from bot.channels.chatwoot.channel import ChatwootChannel, ChatwootSettings
from bot.channels.configuration import FILE, ChannelsError, Section, checked
from bot.channels.console.channel import ConsoleChannel
from bot.channels.contract import Channel
from bot.channels.dingtalk.channel import DingtalkChannel, DingtalkSettings
from bot.channels.feishu.channel import FeishuChannel, FeishuSettings
from bot.channels.matrix.channel import MatrixChannel, MatrixSettings
from bot.channels.reception import Reception
from bot.channels.slack.channel import SlackChannel, SlackSettings
from bot.channels.wecom.channel import WecomChannel, WecomSettings
from bot.outbound import Outbound


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform that a section may name: its settings, and what makes a channel of them."""

    settings: type[BaseModel]
    make: Callable[[str, Any, Reception, Outbound, str], Channel]


PLATFORMS: Mapping[str, Platform] = {
    "slack": Platform(SlackSettings, SlackChannel),
    "feishu": Platform(FeishuSettings, FeishuChannel),
    "wecom": Platform(WecomSettings, WecomChannel),
    "dingtalk": Platform(DingtalkSettings, DingtalkChannel),
    "matrix": Platform(MatrixSettings, MatrixChannel),
    "chatwoot": Platform(ChatwootSettings, ChatwootChannel),
}


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
        platform = PLATFORMS.get(str(section.get("platform", name)))
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
