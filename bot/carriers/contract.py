"""What a way to a carrier must be able to do. The interception knows routes only through this page.

A route is made for one shop and one carrier with that shop's own credentials. Its calls never raise for anything that
the other side or the network does: every such thing is an `Answer`. An exception out of a route is a defect of ours,
and the case stays in doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from bot.domain.answer import Answer, Said
from bot.domain.case import SettledBy
from bot.domain.parcel import TraceEvent
from bot.domain.people import Origin
from bot.domain.reason import Reason, ReasonCode
from bot.outbound import NeverLeft, NoAnswer, Outbound, Outcome, Response

M = TypeVar("M", bound=BaseModel)
S = TypeVar("S", bound=BaseModel)


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

    def accepts(self, after_sale_id: str) -> bool:
        """Whether an after-sale of that number can take this way at all; where not, R8 refuses (ruling 21).

        True on a carrier's own interface, which asks for no after-sale.
        """
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


PART = " · "
"""Stands between the parts of an extract. The first one is a code or an interface, never prose."""


def extract(*parts: str | None) -> str:
    """One line for the record's timeline, such as `SYS000 · centerBizNo ZT1`. Callers name harmless parts only."""
    return PART.join(" ".join(part.split())[:200] for part in parts if part)


def answered(outcome: Outcome, model: type[M], sent: str) -> M | Answer:
    """What came, read as that model; else the answer of a call that brought nothing to read.

    That is: it never left, or it is in doubt, which HTTP 5xx and a body that is not the model's are as well. The model
    itself refuses what merely looks like an answer.
    """
    match outcome:
        case NeverLeft(why):
            return Answer(Said.NEVER_LEFT, sent=sent, got=why)
        case NoAnswer(why):
            return Answer(Said.NO_ANSWER, sent=sent, got=why)
        case Response(status, body):
            if status < 500:
                with suppress(ValidationError):
                    return model.model_validate_json(body)
            return Answer(Said.NO_ANSWER, sent=sent, got=f"HTTP {status} · unreadable, {len(body)} bytes")


def no_cancel(ask: Ask) -> Answer:
    """What a route without `can_cancel` says."""
    return Answer(Said.REFUSED, reason=Reason(ReasonCode.CARRIER_RULE, facts={"carrier": ask.carrier}))


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in `shops.toml`: where, as the names from the root down, and what in words."""

    path: tuple[str, ...]
    words: str


class ConfigurationError(ValueError):
    """The configuration of shops and routes cannot be used; every problem is told at once."""

    def __init__(self, problems: list[Problem]) -> None:
        """One line each."""
        super().__init__("\n".join(f"{'.'.join(problem.path)}: {problem.words}" for problem in problems))
        self.problems = tuple(problems)


def problems_of(error: ValidationError, path: tuple[str, ...]) -> list[Problem]:
    """What pydantic found, each with the name of its field. The value never is: it may be a secret."""
    return [
        Problem(
            (*path, *map(str, found["loc"])), _WORDS.get(found["type"]) or found["msg"].removeprefix("Value error, ")
        )
        for found in error.errors(include_input=False, include_url=False, include_context=False)
    ]


_WORDS: Mapping[str, str] = {
    "missing": "缺这一项 (missing)",
    "extra_forbidden": "没有这一项，请检查拼写 (unknown field)",
    "string_too_short": "不能是空的 (empty)",
    "url_parsing": "不是网址 (no URL)",
}


@dataclass(frozen=True, slots=True)
class PushReply:
    """What the pushing side waits for, in its own form."""

    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class SignedPush:
    """A push as it came: the account it names, the very text that was signed, and the signature. Not yet believed."""

    account: str
    text: str
    digest: str


@dataclass(frozen=True, slots=True)
class PushDoor(Generic[S]):
    """How a carrier pushes traces. None of these raises for anything that can come in.

    `read` takes content type and raw body, None when it is no push of that carrier; `verified` compares the signature
    in constant time; `events` reads a verified one: tracking number and event; `reply` says whether it was taken.
    """

    read: Callable[[str, bytes], SignedPush | None]
    verified: Callable[[SignedPush, S], bool]
    events: Callable[[SignedPush], list[tuple[str, TraceEvent]]]
    reply: Callable[[SignedPush | None, bool], PushReply]


@dataclass(frozen=True, slots=True)
class RouteKind(Generic[S]):
    """A tenant's descriptor: its name in `shops.toml`, its own settings model, and how a route is made of them."""

    name: str
    carriers: tuple[str, ...]
    settings: type[S]
    make: Callable[[S, Outbound], Route]
    push: PushDoor[S] | None = None


PlatformRoute = Callable[[str, str, str, Mapping[str, Any]], Route | None]
"""A shop platform's own way to a carrier, handed in from outside: shop, platform, carrier, the route's section."""
