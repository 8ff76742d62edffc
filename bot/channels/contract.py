"""What a chat platform must be able to do. Other rooms know channels through this page alone.

**In.** A channel verifies its platform's message (signature, age), attributes it to one of our people and hands an
`Incoming` to the desk; `message_id` is the platform's own, or for a click what makes it the same click when it comes
again. It answers its platform within `ack_within_s`; where the desk takes longer, the platform is told "received", and
the reply goes the way of the outbox.

**Out.** The desk never speaks to a platform. A reply is kept by `deliver`, in the transaction that says "done": a
target (`case:…`, `confirm:…`), never a drawing. What is due is drawn from the present state and handed to `show` with
the `Place` that its row of the outbox remembers: which message, the token that changes it, until when and how often.
`show` changes that message where the platform still allows it and otherwise sends a new one; what it returns is kept in
the row. It starts only after the platform's request has been answered (some platforms would undo it otherwise).

**Doors.** A platform that calls us is a `Webhook` as well: it is handed the request as it came, raw body first, and
answers it. `webhooks.py` mounts all of them below `/channels/<name>/`. A platform to which we keep a connection
ourselves is `Listening`; `listeners.py` starts and stops it, and `line.py` has what all such connections need. Both
doors lead to the same reception, and a message has the same `message_id` by either. A frame is acknowledged only when
the reception has taken it.

A tenant lies in a folder of its own: `channel.py` (meets this contract), `client.py` (sends; the only file that knows
addresses), `verify.py`, `wire.py`, `inbound.py`, `render.py`, `README.md`, and `listen.py` where it keeps a
connection. `channels/slack/` is the one to imitate; `channels/console/` has no wire of its own, since its pages are
ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from sqlalchemy import Connection

from bot.cards.card import Card
from bot.channels.budget import UNLIMITED, Budget
from bot.channels.line import Line
from bot.handlers.contract import Chat, Incoming, Reply


@dataclass(frozen=True, slots=True)
class Limits:
    """What a platform's cards hold. What does not fit is dropped in this order: gauge, goods in detail, reasons down to
    rule numbers and a link; fee, the reason's rule and the next step never (console README 8).

    `bytes` is the size of the whole message on the wire, None where there is no limit worth knowing.
    """

    title: int = 26
    facts: int = 6
    buttons: int = 3
    label: int = 8
    parcels: int = 20
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """What a channel is, as data beside its adapter.

    `ack_within_s`: how long the platform waits for the answer to a message or click. `changes_for`: how long after it
    was sent a card can be changed; None: for good; zero: never, and every news is a new message. `changes`: how often;
    None: without limit. `redelivers`: the platform sends again what it got no answer for. `picks`: cards can have check
    boxes; without them each parcel is a button. `public_url_needed`: the platform must be able to reach us. `budget`:
    how fast it lets us write. `speaks_first`: the bot can write where nobody has just asked it. `talks_of_two`: how the
    names of chats begin in which one person is alone with the bot, () where there are none; None: names do not say.
    """

    name: str
    title: str
    ack_within_s: float = 1.5
    changes_for: timedelta | None = None
    changes: int | None = None
    redelivers: bool = False
    picks: bool = False
    public_url_needed: bool = True
    limits: Limits = Limits()
    budget: Budget = UNLIMITED
    speaks_first: bool = True
    talks_of_two: tuple[str, ...] | None = None

    @property
    def never_changes(self) -> bool:
        """Whether every news is a new message."""
        return self.changes_for == timedelta(0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a card is shown, as its row of the outbox remembers it.

    `message_ref` names the platform's message, None while there is none. `token` changes it until `token_until` and so
    many times as `uses_left` (None: without limit). A token is a secret: never logged, dropped once it has expired.
    `key` names this row for the platform, so that the same new message sent twice is one; `repeated` says that an
    earlier showing may have got through without our hearing of it.
    """

    chat: Chat
    shop_id: str
    target: str
    message_ref: str | None = None
    token: str | None = None
    token_until: datetime | None = None
    uses_left: int | None = None
    version_shown: int = 0
    key: str = ""
    repeated: bool = False

    def can_change(self, at: datetime) -> bool:
        """Whether the message that is there may still be changed, as far as we know."""
        in_time = self.token_until is None or at < self.token_until
        return bool(self.message_ref) and in_time and (self.uses_left is None or self.uses_left > 0)


@dataclass(frozen=True, slots=True)
class Posted:
    """What a showing came to, to be kept in the row: the message that is there now and what can still change it.

    An empty `message_ref`: it was shown, and the platform does not tell where.
    """

    message_ref: str
    version_shown: int
    token: str | None = None
    token_until: datetime | None = None
    uses_left: int | None = None


class NotPosted(Exception):
    """The platform did not take it. `again_in_s` is when to try again; None: never, `problem` says why for people."""

    def __init__(self, problem: str, again_in_s: float | None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.again_in_s = again_in_s


class Throttled(NotPosted):
    """The platform says that there were too many: nothing was shown, and nothing may be for `again_in_s`."""

    again_in_s: float

    def __init__(self, problem: str, again_in_s: float) -> None:
        super().__init__(problem, again_in_s)


class NotHere(NotPosted):
    """Nothing was sent: another process has the connection by which this channel speaks, or none has at the moment. It
    is no failure, and is tried until it works.
    """

    again_in_s: float

    def __init__(self, problem: str, again_in_s: float) -> None:
        super().__init__(problem, again_in_s)


class NotKept(Exception):
    """What came in is not committed yet: the platform must not hear that it was taken (ruling 1)."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request of a platform, as it came. `path` is what follows `/channels/<name>`; header names are lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the platform hears."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


REFUSED = Answer(401)
"""Not signed, wrongly signed, too old: no detail for whoever it was."""

NOT_OURS = Answer(403)
"""Rightly signed, and of somebody whom this channel does not serve."""

UNREADABLE = Answer(400)
"""Rightly signed, and nothing that can be read."""


class Channel(Protocol):
    """Three verbs."""

    @property
    def facts(self) -> ChannelFacts:
        """What this channel is."""
        ...

    def deliver(self, connection: Connection, incoming: Incoming, reply: Reply, at: datetime) -> None:
        """Keeps a reply, inside the transaction that says "done". Nothing but SQL: it may be run twice."""
        ...

    async def show(self, place: Place, card: Card) -> Posted:
        """Shows the card there: changes the message, or sends a new one where that is no longer possible. A card older
        than what is shown is not shown. Raises `NotPosted`.
        """
        ...


@runtime_checkable
class Webhook(Protocol):
    """A channel whose platform calls us."""

    @property
    def hooks(self) -> Sequence[tuple[str, str]]:
        """Method and path of each request that is taken, below `/channels/<name>`; `{}` parts stand for anything."""
        ...

    @property
    def longest(self) -> int:
        """The most bytes that a request's body may have; more is refused unread."""
        ...

    async def hear(self, call: Call) -> Answer:
        """Verifies, takes, answers in time. Raises `NotKept` when nothing was committed."""
        ...


@runtime_checkable
class Framing(Protocol):
    """A channel whose desk may show a page of ours beside a conversation."""

    @property
    def frame_origin(self) -> str:
        """Scheme, host and port of that desk; nobody else may frame the page."""
        ...


@runtime_checkable
class Listening(Protocol):
    """A channel that keeps a connection of its own, for merchants without a public address.

    The settings choose it (`mode`); a channel may be a `Webhook` as well, and both doors may be open.
    """

    @property
    def line(self) -> Line | None:
        """How the connection is; None where the settings want none."""
        ...

    async def listen(self) -> None:
        """Keeps one connection, and opens another whenever it ends, until cancelled: then what has come is answered
        first. Raises nothing for what the network or the platform does.
        """
        ...
