"""One interception as records, cards and the API show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.case import Phase, SettledBy, State, WayHome
from bot.domain.people import Origin
from bot.domain.reason import Reason

_HOURLY = timedelta(minutes=75)


def names_next_look(since: datetime | None, next_at: datetime) -> bool:
    """Whether whoever sees the case is told when the next look is. Later ones are told as hourly, which stays true.

    By ruling 7 a next look that was set in the first hour of the steps since `since` is at most 71 minutes after it,
    and one that was set later at least 114.
    """
    return since is None or next_at - since < _HOURLY


@dataclass(frozen=True, slots=True)
class Interception:
    """A snapshot of a case. Amounts in fen; `fee_fen` is what was charged (0 unless succeeded), `quoted_fen` what was
    told before (F1). `number` is the short record number that people read out; `id` is opaque.

    `carrier_code` and `carrier_text` are the carrier's own words, raw. `next_at` is when the bot looks again;
    `ground` is why a success counts as one (`caught`, `accepted`, `platform`, `adopted`, `trace`), `doubt_by` how its
    route settles a doubt (`repeat`, `read`, `person`), `phase_since` when the present phase or its waiting steps began,
    `polls` how often it has looked. `can_cancel` is whether a person may take it back now (contract, cancel).
    """

    id: str
    number: int
    version: int
    shop_id: str
    after_sale_id: str
    tracking_number: str
    carrier: str
    route: str
    state: State
    phase: Phase
    origin: Origin
    asked_by: str
    created_at: datetime
    quoted_fen: int
    fee_fen: int
    reasons: tuple[Reason, ...] = ()
    settled_by: SettledBy | None = None
    carrier_reference: str | None = None
    carrier_code: str | None = None
    carrier_text: str | None = None
    way_home: WayHome | None = None
    adopted: bool = False
    ground: str | None = None
    doubt_by: str = ""
    phase_since: datetime | None = None
    rules_version: str = ""
    called_at: datetime | None = None
    settled_at: datetime | None = None
    next_at: datetime | None = None
    watch_until: datetime | None = None
    polls: int = 0
    can_cancel: bool = False
