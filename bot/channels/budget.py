"""How fast a platform lets us write, as data beside its adapter, and the turns that keep to it (`store/turns.py`).

Answers and pushed cards have turns of their own: on a busy day a person's answer waits for no after-sale that came in.
A rate here is the whole of what we use; what the platform's page allows, and why it is less, stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.outbound import Response
from bot.store import turns
from bot.store.turns import Lane

PUSHED_PART = 4
"""One turn in so many is a pushed card's; the others are answers to people and results."""

LONGEST_WAIT_S = 3600.0


@dataclass(frozen=True, slots=True)
class Rate:
    """So many `within_s` seconds, and up to `burst` of them at once after a rest."""

    times: float
    within_s: float = 1.0
    burst: int = 1


@dataclass(frozen=True, slots=True)
class Budget:
    """`chat`: new messages in one chat; `channel`: new messages of the whole installation; `edits`: changes of messages
    of the whole installation, None where a change counts as a message. None: no limit worth knowing.
    """

    chat: Rate | None = None
    channel: Rate | None = None
    edits: Rate | None = None


UNLIMITED = Budget()


@dataclass(frozen=True, slots=True)
class Sending:
    """What is about to be sent: where, whether it changes a message, whether nobody waits for it."""

    channel: str
    chat: str
    changes: bool = False
    pushed: bool = False


def turn(connection: Connection, budget: Budget, sending: Sending, at: datetime) -> datetime:
    """When it may be sent: `at`, or the turn that it has taken."""
    return max([at, *(turns.take(connection, lane, at) for lane in _lanes(budget, sending))])


def hold(connection: Connection, budget: Budget, sending: Sending, until: datetime) -> None:
    """The platform has said that there were too many: nothing more that counts together with this before then."""
    for pushed in (False, True):
        also = Sending(sending.channel, sending.chat, sending.changes, pushed)
        for lane in _lanes(budget, also):
            turns.hold(connection, lane, until)


def asked_to_wait_s(answer: Response, otherwise: float) -> float:
    """The seconds of a `Retry-After`; `otherwise` where there is none that can be read, or none that is sane."""
    try:
        seconds = float(answer.retry_after)
    except ValueError:
        return otherwise
    return min(max(seconds, 1.0), LONGEST_WAIT_S) if seconds > 0 else otherwise


def _lanes(budget: Budget, sending: Sending) -> Iterator[Lane]:
    kind = "push" if sending.pushed else "answer"
    if sending.changes and budget.edits is not None:
        yield _lane(sending, "", f"{kind}.edit", budget.edits)
        return
    if budget.channel is not None:
        yield _lane(sending, "", kind, budget.channel)
    if budget.chat is not None:
        yield _lane(sending, sending.chat, kind, budget.chat)


def _lane(sending: Sending, chat: str, name: str, rate: Rate) -> Lane:
    part = 1 / PUSHED_PART if sending.pushed else 1 - 1 / PUSHED_PART
    step = timedelta(seconds=rate.within_s / rate.times / part)
    return Lane(sending.channel, chat, name, step, max(int(rate.burst * part), 1))
