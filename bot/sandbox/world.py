"""Parcels, what was ordered for them, and what becomes of it. In memory only: a restart forgets.

One rule for all twins: an outcome decides the next create that is no repeat; a system's own guard against a second
order is named by the caller, so nothing is hidden that the real system would have let through.
"""

import enum
import hashlib
import time
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final, NamedTuple

from bot.sandbox.orders import Event, Order

MAX_PARCELS: Final = 1_000_000
"""Above this a new parcel is answered with HTTP 503: a forgotten order would be a lie, a full memory is none."""


class WorldFullError(Exception):
    """There are `MAX_PARCELS` parcels already."""


class Guard(enum.Enum):
    """How a system protects itself against a second order for one parcel."""

    REQUEST_ID = enum.auto()  # a repeat is known by its id, another id is refused while an order is effective
    WAYBILL = enum.auto()  # refused while an order is effective
    NONE = enum.auto()  # takes each one


class Settings(NamedTuple):
    """What a control call asked for. `number` tells one asking from the next: a new one starts afresh."""

    number: int
    outcome: str = "success"
    weights: Mapping[str, float] | None = None
    code: str | None = None
    delay_s: float | None = None
    later_s: float | None = None


class Plan(NamedTuple):
    """What the next create of a parcel meets; times in seconds."""

    outcome: str
    code: str | None
    delay_s: float
    later_s: float


@dataclass(slots=True)
class Parcel:
    """One tracking number that somebody named. `spent` is the number of the settings whose outcome is used up."""

    tracking_number: str
    settings: Settings | None = None
    spent: int = 0
    orders: list[Order] = field(default_factory=list)

    def latest(self, system: str) -> Order | None:
        """The newest order of one system."""
        return next((order for order in reversed(self.orders) if order.system == system), None)

    def effective(self, system: str, now: float) -> Order | None:
        """The newest order of one system that is pending or has succeeded."""
        return next((o for o in reversed(self.orders) if o.system == system and o.effective(now)), None)

    def events(self, now: float) -> list[Event]:
        """The trace, oldest first: empty until an order. A parcel is one thing, whoever ordered."""
        return [event for order in self.orders for event in order.events(now)]


class Met(enum.Enum):
    """What a create met."""

    MADE = enum.auto()
    REPEAT = enum.auto()
    REFUSE = enum.auto()  # the outcome refuses
    ALREADY = enum.auto()  # somebody else's order, by the outcome
    BLOCKED = enum.auto()  # an effective order of the same system
    ELSEWHERE = enum.auto()  # an effective order of another system that this one knows of
    ERROR = enum.auto()  # broke before an order was made


class Placement(NamedTuple):
    """The end of a create in the world; how it is told is the twin's part."""

    met: Met
    plan: Plan
    order: Order | None = None

    @property
    def made(self) -> bool:
        """Whether this call made a further order."""
        return self.met is Met.MADE

    @property
    def result(self) -> str:
        """The word of the log."""
        words = {Met.MADE: "accepted", Met.REPEAT: "repeat", Met.ERROR: "error"}
        return words.get(self.met, "refused")


@dataclass(frozen=True, slots=True)
class Ask:
    """A create as a twin read it. `heeds`: systems whose orders this one refuses to meet on one parcel."""

    system: str
    tracking_number: str
    guard: Guard
    request_id: str | None = None
    business_no: str | None = None
    caught_later: bool = False
    heeds: tuple[str, ...] = ()


class World:
    """All parcels of one sandbox. `seed` and tracking number alone decide what a weighted outcome falls on."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._number = 1
        self._orders = 0
        self._parcels: dict[str, Parcel] = {}
        self.started_at = int(time.time())
        self.defaults = Settings(number=1, delay_s=0.2, later_s=3.0)

    def known(self, tracking_number: str) -> Parcel | None:
        """The parcel if a control call or a create has named it."""
        return self._parcels.get(tracking_number)

    def named(self, tracking_number: str) -> Parcel:
        """The parcel, new where nobody has named it. Raises `WorldFullError`."""
        parcel = self._parcels.get(tracking_number)
        if parcel is None:
            if len(self._parcels) >= MAX_PARCELS:
                raise WorldFullError
            parcel = self._parcels[tracking_number] = Parcel(tracking_number)
        return parcel

    def arm(self, tracking_number: str, settings: Settings) -> Parcel:
        """Settings of one parcel, afresh; orders that were made stay made."""
        parcel = self.named(tracking_number)
        parcel.settings = settings._replace(number=self._next_number())
        return parcel

    def arm_all(self, settings: Settings) -> None:
        """Settings of every parcel that has none of its own; times left out stay as they are."""
        delay_s = self.defaults.delay_s if settings.delay_s is None else settings.delay_s
        later_s = self.defaults.later_s if settings.later_s is None else settings.later_s
        self.defaults = settings._replace(number=self._next_number(), delay_s=delay_s, later_s=later_s)

    def set_times(self, delay_s: float | None, later_s: float | None) -> None:
        """Only the times of the defaults; outcomes go on as they were."""
        if delay_s is not None:
            self.defaults = self.defaults._replace(delay_s=delay_s)
        if later_s is not None:
            self.defaults = self.defaults._replace(later_s=later_s)

    def plan(self, parcel: Parcel) -> Plan:
        """What the next create of the parcel meets: its own settings, else the defaults; `success` once used up."""
        settings = parcel.settings or self.defaults
        outcome = "success" if parcel.spent == settings.number else self.outcome(parcel)
        delay_s = self.defaults.delay_s if settings.delay_s is None else settings.delay_s
        later_s = self.defaults.later_s if settings.later_s is None else settings.later_s
        return Plan(outcome, settings.code, delay_s or 0.0, later_s or 0.0)

    def outcome(self, parcel: Parcel) -> str:
        """The outcome that was set or drawn, used up or not."""
        settings = parcel.settings or self.defaults
        if settings.weights is None:
            return settings.outcome
        digest = hashlib.sha256(f"{self._seed}:{parcel.tracking_number}".encode("utf-8", "surrogatepass")).digest()
        points = list(accumulate(settings.weights.values()))
        point = int.from_bytes(digest[:8]) / 2**64 * points[-1]
        return list(settings.weights)[min(bisect_right(points, point), len(points) - 1)]

    def place(self, ask: Ask) -> Placement:
        """A create: finds what it meets and, unless something stands against it, makes the order.

        Raises `WorldFullError`.
        """
        now = time.time()
        parcel = self.named(ask.tracking_number)
        plan = self.plan(parcel)
        if ask.guard is Guard.REQUEST_ID:
            for order in parcel.orders:
                if order.system == ask.system and order.request_id == ask.request_id:
                    return Placement(Met.REPEAT, plan, order)
        if plan.outcome in {"refuse", "already"}:
            return Placement(Met.REFUSE if plan.outcome == "refuse" else Met.ALREADY, plan)
        if ask.guard is not Guard.NONE and parcel.effective(ask.system, now):
            return Placement(Met.BLOCKED, plan)
        if any(parcel.effective(system, now) for system in ask.heeds):
            return Placement(Met.ELSEWHERE, plan)
        parcel.spent = (parcel.settings or self.defaults).number
        if plan.outcome == "http_500":
            return Placement(Met.ERROR, plan)
        return Placement(Met.MADE, plan, self._make(parcel, ask, plan, now))

    def cancel(self, order: Order) -> None:
        """The order does nothing more; the parcel is free for another one."""
        order.cancelled = True
        order.until = time.time()

    def _make(self, parcel: Parcel, ask: Ask, plan: Plan, now: float) -> Order:
        for earlier in parcel.orders:
            if earlier.until is None:
                earlier.until = now
        self._orders += 1
        order = Order(
            id=f"{ask.system.upper()}{self.started_at}{self._orders:06d}",
            system=ask.system,
            request_id=ask.request_id,
            business_no=ask.business_no,
            outcome=plan.outcome,
            made_at=now,
            later_s=plan.later_s,
            caught_later=ask.caught_later,
        )
        parcel.orders.append(order)
        return order

    def _next_number(self) -> int:
        self._number += 1
        return self._number
