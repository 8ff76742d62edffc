"""What a route says of an interception, in our words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.case import SettledBy, WayHome
from bot.domain.reason import Reason


class Said(StrEnum):
    """The kinds of answer; each carrier's `mapping.py` turns the wire into one of them.

    `SUCCEEDED` is the route's own moment of success (accepted, or caught); `PROCESSING` an order of ours that is still
    worked on; `NOTHING` a reading that worked and shows no order of ours; `NO_ANSWER` sent, and no readable answer came
    (also the carrier's own time-out codes); `NEVER_LEFT` no byte was written, or the carrier says that it did nothing.
    """

    SUCCEEDED = "succeeded"
    PROCESSING = "processing"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    NOTHING = "nothing"
    NO_ANSWER = "no_answer"
    NEVER_LEFT = "never_left"


@dataclass(frozen=True, slots=True)
class Answer:
    """A route's answer to create, query or cancel.

    `reference` is the carrier's work order; `fee_fen` the cost that the other side named (None: our rules' fee holds);
    `adopted` marks a success that was proved by the carrier refusing our repeat; `way_home` is what a status already
    tells about the way back; `sent` and `got` are redacted one-line extracts for the record's timeline;
    `retry_after_s` is how long the other side wants to be left alone.
    """

    said: Said
    reference: str | None = None
    reason: Reason | None = None
    fee_fen: int | None = None
    settled_by: SettledBy | None = None
    adopted: bool = False
    way_home: WayHome | None = None
    sent: str | None = None
    got: str | None = None
    retry_after_s: float | None = None
    alarm: str | None = None
    """Set when an operator must act (configuration, signature, a code that we do not know)."""
