"""What eligibility reads, and what it answers. Collected by `interception/`, judged by `eligibility.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.after_sale import AfterSale
from bot.domain.case import State
from bot.domain.parcel import Parcel, Stage
from bot.domain.people import Asker
from bot.domain.reason import Reason

FactMap = Mapping[str, str | int | list[str]]
"""Facts for the words. `…_fen` is money, `…_at` an ISO time, `…_zh` and `…_en` one thing in two languages."""


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """The shop as R1–R3 and R11 see it. `signed`: kind of agreement → newest version that was signed."""

    shop_id: str
    active: bool = True
    cross_border: bool = False
    signed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Blocking:
    """The interception that R10 finds. `own`: this shop's; another shop's is refused without its record."""

    id: str
    state: State
    own: bool
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """One ask about one parcel.

    `stage` is read from the parcel's trace and `seen_at` is the newest event's own time (None: no trace). `has_route`:
    the shop has a way to this carrier that can take this after-sale (false also where a platform's route cannot take
    the after-sale's id, ruling 21).
    """

    asker: Asker
    shop: ShopFacts
    after_sale: AfterSale
    parcel: Parcel
    stage: Stage = Stage.UNKNOWN
    seen_at: datetime | None = None
    blocking: Blocking | None = None
    has_route: bool = True


@dataclass(frozen=True, slots=True)
class Check:
    """What one rule found, as it stands in the record for good ("当时的规则").

    `passed` is None where the rule was not evaluated (R9 while R10 finds an interception).
    """

    rule: str
    passed: bool | None
    facts: FactMap = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """The same as plain values."""
        return {"rule": self.rule, "passed": self.passed, "facts": dict(self.facts)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Every failing reason at once, every check, the fee that would fall due (F1; 0 if the carrier is not supported),
    and the version of the rules that judged.
    """

    reasons: tuple[Reason, ...]
    checks: tuple[Check, ...]
    fee_fen: int
    rules_version: str

    @property
    def eligible(self) -> bool:
        """No rule refuses."""
        return not self.reasons
