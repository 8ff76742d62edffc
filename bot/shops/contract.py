"""What a shop platform must be able to do.

After-sales that entered are kept in our own store, and every decision reads them there. A shop is where they come from
when they are not there yet, and where a refund is agreed to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel

from bot.carriers.contract import Route
from bot.domain.after_sale import AfterSale
from bot.outbound import Outbound

S = TypeVar("S", bound=BaseModel)


class RefundSaid(StrEnum):
    """`DONE` also when the platform had closed it already (U11)."""

    DONE = "done"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """The shop's answer to agreeing to a refund; `text` is its own words when it refused."""

    said: RefundSaid
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A document that was not taken: which of those handed in, counted from 0, and why, in words for people."""

    index: int
    reason: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of documents that came in: the good ones are kept, whatever the others are like."""

    accepted: int
    rejected: tuple[Rejected, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands in the place of a document that could not even be read; `reason` says why."""

    reason: str


class Intake(Protocol):
    """Where after-sales and traces enter that nobody fetches: the merchant's own system brings them (contract)."""

    @property
    def after_sale_document(self) -> type[BaseModel]:
        """What an after-sale looks like on the wire, for those who describe it."""
        ...

    @property
    def trace_document(self) -> type[BaseModel]:
        """What a trace event looks like on the wire."""
        ...

    async def after_sales(self, shop_id: str, documents: Sequence[object]) -> Taken:
        """Keeps what JSON documents tell; one that is there already is replaced. Raises `NotStored` when the database
        took nothing more: what came before that is kept, and all of it may be handed in again.
        """
        ...

    async def traces(self, shop_id: str, documents: Sequence[object]) -> Taken:
        """Adds trace events, also of parcels that are not known yet. An event that is there already changes nothing."""
        ...


class Shop(Protocol):
    """One shop on one platform."""

    async def after_sale(self, after_sale_id: str) -> AfterSale | None:
        """The after-sale with its parcels, or None when the shop has none of that number or cannot be asked."""
        ...

    async def after_sales_of(self, number: str) -> list[AfterSale]:
        """After-sales that an order number or a tracking number belongs to."""
        ...

    async def agree_refund(self, after_sale_id: str) -> RefundAnswer:
        """Agrees to the refund; reads the after-sale again first (U11)."""
        ...


class Shops(Protocol):
    """The platform of each of our shops."""

    def of(self, shop_id: str) -> Shop | None:
        """None where the shop has no platform of its own: then only what was imported is known."""
        ...


@dataclass(frozen=True, slots=True)
class Notice:
    """A platform's news of an after-sale: it is to be read again. `message_id` is the same when it is pushed again."""

    message_id: str
    after_sale_id: str
    event: str


@dataclass(frozen=True, slots=True)
class PushReply:
    """What the pushing platform waits for, in its own form."""

    status: int
    body: bytes
    content_type: str = "application/json"


class Platform(Protocol):
    """One shop's account on a platform: the shop itself, its way to the carriers, and its pushes."""

    @property
    def shop(self) -> Shop:
        """Where its after-sales come from."""
        ...

    def route(self, carrier: str) -> Route | None:
        """The platform's own way to that carrier; None where it has none."""
        ...

    def notices(self, headers: Mapping[str, str], raw_body: bytes) -> list[Notice] | None:
        """What a push says; None when its signature is not this account's. Never raises."""
        ...

    def push_reply(self, *, taken: bool) -> PushReply:
        """Anything but `taken` has the platform push it again."""
        ...


@dataclass(frozen=True, slots=True)
class PlatformKind(Generic[S]):
    """A tenant's descriptor: its name in `shops.toml`, its own settings model, and how an account is made of them."""

    name: str
    settings: type[S]
    open: Callable[[S, Outbound], Platform]
