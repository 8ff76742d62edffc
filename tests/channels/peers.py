"""What the tests ask of the other end of a channel: a platform on loopback, and the people who use it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Protocol

import aiohttp

from bot.cards.card import Card


@dataclass(frozen=True)
class Seen:
    """A message as people see it: where it is, everything that it says, its buttons and boxes by their words.
    `raw`: as it is sent, where that is something else.
    """

    ref: str
    text: str
    buttons: Mapping[str, str] = field(default_factory=dict)
    boxes: Mapping[str, str] = field(default_factory=dict)
    edits: int = 0
    raw: str = ""

    def button(self, words: str) -> str:
        """The value of the button whose label holds these words."""
        found = [value for label, value in self.buttons.items() if words in label]
        assert found, f"no button {words!r} among {list(self.buttons)}"
        return found[0]


@dataclass(frozen=True)
class Sent:
    """A request as the platform would send it. `silent`: taken without a word, since the platform would repeat it."""

    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    query: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False


@dataclass(frozen=True)
class Heard:
    """What the bot answered."""

    status: int
    body: bytes


class Peer(Protocol):
    """One platform. `person` is who uses it, `stranger` somebody whom nobody has bound."""

    name: str
    tenant: str
    person: str
    stranger: str
    commands: Sequence[str]
    """What would make this platform ring people or draw a link, were it let through."""

    async def start(self) -> None:
        """Listens."""
        ...

    async def close(self) -> None:
        """Ends."""
        ...

    def section(self) -> str:
        """Its section of `channels.toml`."""
        ...

    async def meet(self, base: str) -> None:
        """The bot is there, at that address."""
        ...

    async def say(self, text: str, user: str = "") -> Heard:
        """Somebody types."""
        ...

    async def press(self, seen: Seen, words: str, picked: Sequence[str] = (), user: str = "") -> Heard:
        """Somebody presses a button, with boxes ticked where there are any."""
        ...

    def seen(self) -> list[Seen]:
        """The bot's messages in the chat, oldest first."""
        ...

    def told(self) -> list[str]:
        """What only the person who wrote has seen, and messages without buttons, as text."""
        ...

    def drawn(self, card: Card, pages: str) -> Seen:
        """The card as this platform shows it; raises where the platform would refuse it."""
        ...

    async def send(self, sent: Sent) -> Heard:
        """Sends a request as it is."""
        ...

    def hostile(self, value: str) -> Iterable[tuple[str, Sent]]:
        """Requests that must be refused and leave nothing behind, each with what is wrong; `value` is a button's."""
        ...


async def send(base: str, name: str, sent: Sent) -> Heard:
    """Sends it to the bot."""
    address = f"{base}/channels/{name}{sent.path}"
    async with (
        aiohttp.ClientSession() as session,
        session.request(
            sent.method, address, data=BytesIO(sent.body), headers=sent.headers, params=sent.query
        ) as response,
    ):
        return Heard(response.status, await response.read())


async def until(ready: Callable[[], Any] | Callable[[], Awaitable[Any]], within_s: float = 15.0) -> Any:
    """Waits for something true, and returns it."""
    ends = time.monotonic() + within_s
    while True:
        found = ready()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        if time.monotonic() > ends:
            raise AssertionError("it never came")
        await asyncio.sleep(0.03)
