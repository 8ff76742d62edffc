"""The channels that hold now. Whoever has one of these mappings sees at once what `channels.toml` says anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.channels.configuration import Section
from bot.channels.contract import Channel, Framing
from bot.handlers.contract import Deliver

Make = Callable[[Mapping[str, Section]], tuple[Channel, ...]]
"""A channel for each section, or none of them: raises `ChannelsError`."""


@dataclass(slots=True)
class ChannelTable:
    """`own` is there whatever the file says. The mappings are changed in place, all of them in one step."""

    own: Channel
    make: Make
    channels: dict[str, Channel] = field(default_factory=dict)
    deliver: dict[str, Deliver] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    talks_of_two: dict[str, tuple[str, ...] | None] = field(default_factory=dict)
    frames: dict[str, str] = field(default_factory=dict)
    sections: Mapping[str, Section] = field(default_factory=dict)

    def read(self, sections: Mapping[str, Section]) -> list[str]:
        """Takes these sections instead of those that hold; returns the names that are new, gone or otherwise. A section
        that says the same keeps its channel, with its connection. Raises `ChannelsError`, and then all stays.
        """
        other = {name: one for name, one in sections.items() if self.sections.get(name) != one}
        made = {channel.facts.name: channel for channel in self.make(other)}
        now = {self.own.facts.name: self.own} | {
            name: made[name] if name in made else self.channels[name] for name in sections
        }
        changed = [*other, *(name for name in self.sections if name not in sections)]
        self.sections = dict(sections)
        _set(self.channels, now)
        _set(self.deliver, {name: channel.deliver for name, channel in now.items()})
        _set(self.titles, {name: channel.facts.title for name, channel in now.items()})
        _set(self.talks_of_two, {name: channel.facts.talks_of_two for name, channel in now.items()})
        _set(self.frames, {name: one.frame_origin for name, one in now.items() if isinstance(one, Framing)})
        return changed


def _set(kept: dict[str, Any], new: Mapping[str, Any]) -> None:
    kept.clear()
    kept.update(new)
