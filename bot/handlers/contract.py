"""What doors and desk say to each other: something came in, this is shown for it.

A channel turns its platform's message into an `Incoming` and hands it to `router.py`; what comes back is a `Reply`. The
same path for typed and clicked (console README, principle 8).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from bot.cards.card import Card
from bot.domain.people import Asker, Origin


@dataclass(frozen=True, slots=True)
class Chat:
    """Where an answer goes: a channel's own name for the place, and the language spoken there."""

    channel: str
    id: str
    lang: str = "zh"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message or a click, verified and attributed by its channel.

    `message_id` is unique in its channel: the same id again is the same message. Exactly one of `text` and `action` is
    set; `action` is a button's opaque id and `values` what was picked with it (`parcels`: tracking numbers;
    `agree_service`, `agree_debit`: `"on"`). `conversation` is the after-sale whose talk this is, where there is one.
    `private`: only the shop's own people read there; where customers do, nothing is said of the merchant's money.
    `sent_at` is the platform's time: an old command is refused visibly, not executed.
    """

    message_id: str
    chat: Chat
    asker: Asker
    text: str | None = None
    action: str | None = None
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    conversation: str | None = None
    sent_at: datetime | None = None
    private: bool = True


@dataclass(frozen=True, slots=True)
class Shown:
    """A card, and the target whose present state it draws: `case:<id>`, `confirm:<id>`, `batch:<id>`, `help`, `fees` …

    A channel keeps the target, never the drawing: the same target is drawn again for another viewer, another language
    or a later state with `Desk.card`.
    """

    target: str
    card: Card


@dataclass(frozen=True, slots=True)
class Reply:
    """What is shown for something that came in. Nothing in it: silence.

    `repeated` says that it had been answered before: the cards show the present state, and nothing was done again.
    """

    shown: tuple[Shown, ...] = ()
    repeated: bool = False

    @property
    def card(self) -> Card | None:
        """The first card."""
        return self.shown[0].card if self.shown else None

    @property
    def target(self) -> str | None:
        """The first card's target."""
        return self.shown[0].target if self.shown else None


SILENCE = Reply()


def everyone(shop_id: str) -> Asker:
    """Whoever reads a chat of the shop: cards that answer nobody are drawn for them. Nobody in particular, who may do
    nothing: whoever presses a button is asked who he is.
    """
    return Asker(shop_id, Origin.AGENT, "")


Deliver = Callable[[Connection, Incoming, Reply, datetime], None]
"""How a channel keeps a reply, inside the transaction that says "done": rows of the conversation for the console, rows
of the outbox for every other platform. So an answer is neither lost nor given twice."""


class Desk(Protocol):
    """What a door may ask of the desk; `router.py` is it."""

    async def take(self, incoming: Incoming) -> Reply:
        """Commits what came in, acts, and returns what to show. The same `message_id` again: the same state again,
        never a second action. Raises nothing for bad input; `NotStored` when nothing was kept.
        """
        ...

    async def card(self, target: str, asker: Asker, lang: str) -> Card | None:
        """The present card of a target, drawn for that viewer; None when the viewer may not see it."""
        ...
