"""What a way to a carrier must be able to do. The interception knows routes only through this page.

A route is made for one shop and one carrier with that shop's own credentials. Its calls never raise for anything that
the other side or the network does: every such thing is an `Answer`. An exception out of a route is a defect of ours, and
the case stays in doubt.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.domain.answer import Answer
from bot.domain.case import SettledBy
from bot.domain.parcel import TraceEvent
from bot.domain.people import Origin


class Doubt(StrEnum):
    """How a route settles a call that got no answer (`contract.md`, "In doubt, by route").

    `REPEAT`: the carrier itself recognises or refuses a second order. `READ`: its order can be looked up; each further
    call needs two readings that show nothing. `PERSON`: neither; it is never repeated.
    """

    REPEAT = "repeat"
    READ = "read"
    PERSON = "person"


class SuccessOn(StrEnum):
    """The moment that counts as success and makes the fee due (`product.md`, F)."""

    ACCEPTED = "accepted"
    CAUGHT = "caught"


@dataclass(frozen=True, slots=True)
class RouteFacts:
    """What a route is, as data beside its adapter.

    `name` is stored with each record (`zto`, `yto`, `doudian` …). `can_cancel`: an order that was taken can be taken
    back. `has_status`: a pending order can be asked about. `has_trace`: it can fetch the parcel's trace.
    """

    name: str
    carrier: str
    doubt: Doubt
    success_on: SuccessOn
    settled_by: SettledBy
    can_cancel: bool
    has_status: bool
    has_trace: bool


@dataclass(frozen=True, slots=True)
class Ask:
    """One interception, as a route needs to know it.

    `in_doubt` says that an earlier call of *this* interception was sent and never answered: only then may "already
    intercepted" be read as ours. `reference` is what the carrier called our order, when we know it. `origin` lets the
    platform tell a merchant from its own agent.
    """

    interception_id: str
    tracking_number: str
    carrier: str
    after_sale_id: str
    origin: Origin = Origin.AGENT
    reference: str | None = None
    in_doubt: bool = False


class Route(Protocol):
    """Three verbs and a question. Each returns within its time limit (`BOT_CALL_TIMEOUT_S`)."""

    @property
    def facts(self) -> RouteFacts:
        """What this route is."""
        ...

    async def intercept(self, ask: Ask) -> Answer:
        """Asks for the interception. `interception_id` is the idempotency key wherever the carrier has one."""
        ...

    async def query(self, ask: Ask) -> Answer:
        """Asks what became of it: status where there is one, the after-sale on the platform.

        `NOTHING` only when the reading worked and shows no order of ours; a reading that failed is `NO_ANSWER`.
        A route with neither status nor reading answers `NO_ANSWER`.
        """
        ...

    async def cancel(self, ask: Ask) -> Answer:
        """Takes the order back: `CANCELLED`, or `REFUSED` with the reason. Only where `can_cancel`."""
        ...

    async def trace(self, ask: Ask) -> list[TraceEvent] | None:
        """The parcel's trace, codes already mapped to stages where known; None when it could not be fetched."""
        ...


class Routes(Protocol):
    """The shop's routes, chosen per shop and carrier by configuration."""

    def find(self, shop_id: str, carrier: str) -> Route | None:
        """The route of that shop to that carrier, or None: then R8 refuses."""
        ...
