"""The legal moves of an interception (`contract.md`, "States of an interception"), and those of its way home."""

from __future__ import annotations

from bot.domain.case import State, WayHome
from bot.domain.parcel import Stage

LEGAL: frozenset[tuple[State | None, State]] = frozenset(
    {
        (None, State.REFUSED),
        (None, State.PENDING),
        (State.PENDING, State.UNKNOWN),
        (State.PENDING, State.SUCCEEDED),
        (State.UNKNOWN, State.SUCCEEDED),
        (State.PENDING, State.FAILED),
        (State.UNKNOWN, State.FAILED),
        (State.UNKNOWN, State.PENDING),
        (State.PENDING, State.CANCELLED),
    }
)

WAYS_HOME: frozenset[tuple[WayHome | None, WayHome]] = frozenset(
    {
        (None, WayHome.RETURNING),
        (None, WayHome.CONTRADICTED),
        (WayHome.RETURNING, WayHome.RETURNED),
        (WayHome.RETURNING, WayHome.LOST),
        (WayHome.RETURNING, WayHome.DAMAGED),
        (WayHome.RETURNING, WayHome.CONTRADICTED),
        (WayHome.CONTRADICTED, WayHome.RETURNING),
    }
)

ARRIVED = frozenset({WayHome.RETURNED, WayHome.LOST, WayHome.DAMAGED})
"""Nothing is left to look at."""

TURNED_BACK = frozenset({Stage.RETURNING, Stage.RETURNED})
"""The trace proves that the parcel goes home."""

GOES_ON = frozenset({Stage.OUT_FOR_DELIVERY, Stage.AT_PICKUP_POINT, Stage.DELIVERED})
"""After a success: the parcel goes on to the buyer all the same."""


def sources(to: State) -> tuple[State, ...]:
    """The states that may move to `to`."""
    return tuple(sorted(before for before, after in LEGAL if before is not None and after is to))


def way_to(present: WayHome | None, to: WayHome) -> list[WayHome]:
    """The moves of `way_home` that end in `to`, as a person tells it; empty when that is no news, or not possible.

    What got lost or damaged on its way home, or arrived, has been on its way.
    """
    if (present, to) in WAYS_HOME:
        return [to]
    if to in ARRIVED and (present, WayHome.RETURNING) in WAYS_HOME:
        return [WayHome.RETURNING, to]
    return []


def steps_home(present: WayHome | None, stage: Stage) -> list[WayHome]:
    """The moves of `way_home` that the newest stage of the trace calls for, in order; empty when it says nothing new.

    A parcel that was seen only when it had arrived has been on its way as well: both moves are made.
    """
    if present in ARRIVED:
        return []
    if stage in GOES_ON:
        return [] if present is WayHome.CONTRADICTED else [WayHome.CONTRADICTED]
    steps: list[WayHome] = []
    if stage in TURNED_BACK and present is not WayHome.RETURNING:
        steps.append(WayHome.RETURNING)
    if stage is Stage.RETURNED:
        steps.append(WayHome.RETURNED)
    return steps
