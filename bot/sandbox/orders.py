"""One interception order in the world: where it stands, and what it does to the parcel's trace."""

import enum
from dataclasses import dataclass
from typing import Final, NamedTuple

OUTCOMES: Final = frozenset(
    {
        "success",
        "refuse",
        "late_success",
        "late_failure",
        "lost_answer",
        "slow",
        "http_500",
        "http_500_after",
        "malformed",
        "already",
        "contradict",
    }
)
"""What can be set for a parcel; `down` is for the whole sandbox and lives in `listener.py`."""


class State(enum.StrEnum):
    """Where an order stands."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Scene(enum.StrEnum):
    """What a trace can show after an order; each twin has its own words for it."""

    RETURNING = "returning"
    RETURNED = "returned"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"


class Event(NamedTuple):
    """One line of a trace; `at` in seconds since the epoch."""

    at: float
    scene: Scene


@dataclass(slots=True)
class Order:
    """One interception order. `caught_later`: the system tells later whether the parcel was caught, else accepted is
    the end. `until`: another order, or its cancelling, ended what this one does to the trace.
    """

    id: str
    system: str
    request_id: str | None
    business_no: str | None
    outcome: str
    made_at: float
    later_s: float
    caught_later: bool
    cancelled: bool = False
    until: float | None = None

    def state(self, now: float) -> State:
        """Pending only while a late answer is still to come."""
        if self.cancelled:
            return State.CANCELLED
        if self.caught_later and self.outcome in {"late_success", "late_failure"}:
            if now < self.made_at + self.later_s:
                return State.PENDING
            return State.SUCCEEDED if self.outcome == "late_success" else State.FAILED
        return State.SUCCEEDED

    def effective(self, now: float) -> bool:
        """Whether it stands in the way of another one."""
        return self.state(now) in {State.PENDING, State.SUCCEEDED}

    def events(self, now: float) -> list[Event]:
        """What it has done to the trace by now: nothing, the way back, or the way on to the buyer."""
        turned = self.made_at
        first, second = Scene.RETURNING, Scene.RETURNED
        if self.outcome == "contradict" or (self.outcome == "late_failure" and not self.caught_later):
            first, second = Scene.OUT_FOR_DELIVERY, Scene.DELIVERED
        elif self.outcome == "late_failure":
            return []
        elif self.outcome == "late_success" and self.caught_later:
            turned += self.later_s  # counted from the moment of success
        story = (Event(turned + self.later_s, first), Event(turned + 2 * self.later_s, second))
        end = now if self.until is None else min(now, self.until)
        return [event for event in story if event.at <= end]
