"""The channels that there are: one line for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.channels.console.channel import ConsoleChannel
from bot.channels.contract import Channel


def all_channels(console: ConsoleChannel, others: Sequence[Channel] = ()) -> Mapping[str, Channel]:
    """Every channel by its name, as the outbox and the records write it."""
    return {channel.facts.name: channel for channel in (console, *others)}
