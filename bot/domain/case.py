"""The life of one interception in words: states, phases, the way home (`contract.md`, "States")."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """What people and the API see."""

    REFUSED = "refused"
    PENDING = "pending"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL = frozenset({State.REFUSED, State.SUCCEEDED, State.FAILED, State.CANCELLED})
"""These never change again."""

BLOCKING = frozenset({State.PENDING, State.UNKNOWN, State.SUCCEEDED})
"""R10: while a parcel has one of these, there is no second one."""


class Phase(StrEnum):
    """How far the work is: *queued* never left, *calling* was marked sent, *watching* was answered (ruling 8)."""

    QUEUED = "queued"
    CALLING = "calling"
    WATCHING = "watching"
    UNCLEAR = "unclear"
    ENDED = "ended"


class WayHome(StrEnum):
    """What became of a success; null until the trace tells."""

    RETURNING = "returning"
    RETURNED = "returned"
    LOST = "lost"
    DAMAGED = "damaged"
    CONTRADICTED = "contradicted"


class SettledBy(StrEnum):
    """Who debits the fee (F3, `product.md`)."""

    CARRIER = "carrier"
    PLATFORM = "platform"
