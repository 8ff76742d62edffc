"""The dated rules: which fees, limits, categories, carriers and agreements hold at a moment (R3–R5, R8, F1)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.domain.parcel import Stage
from bot.rules.rulefile import RulesFileError, VersionEntry, read

BEIJING = ZoneInfo("Asia/Shanghai")
PACKAGED = Path(__file__).resolve().with_name("rules.toml")


@dataclass(frozen=True, slots=True)
class Name:
    """A name in both languages."""

    zh: str
    en: str

    def of(self, lang: str) -> str:
        """The name in that language; Chinese unless `lang` begins with `en`."""
        return self.en if lang.startswith("en") else self.zh


@dataclass(frozen=True, slots=True)
class CarrierRule:
    """A supported carrier: its fee per parcel (F1) and the last stage that its window includes."""

    code: str
    name: Name
    fee_fen: int
    last_stage_open: Stage


@dataclass(frozen=True, slots=True)
class Agreement:
    """One of the two agreements (R3). `kind`: `service` or `debit`; `version` is the one that is offered for signing,
    `oldest_valid` the oldest whose signature still counts.
    """

    kind: str
    name: Name
    version: str
    oldest_valid: str
    minutes: int
    clauses: int


@dataclass(frozen=True, slots=True)
class RuleSet:
    """What holds from `start` on. `version` is kept with each record; `since` says from when a field has its value."""

    version: str
    start: date
    value_limit_fen: int
    compensation_limit_fen: int
    carriers: Mapping[str, CarrierRule]
    categories: Mapping[str, Name]
    agreements: tuple[Agreement, ...]
    other_carriers: Mapping[str, Name] = field(default_factory=dict)
    since: Mapping[str, date] = field(default_factory=dict)

    def carrier_name(self, code: str) -> Name:
        """What that carrier is called, supported or not; its code in capitals where nobody named it."""
        rule = self.carriers.get(code)
        return rule.name if rule else self.other_carriers.get(code, Name(code.upper(), code.upper()))

    def category(self, word: str) -> str | None:
        """The code of the excluded category that a shop's word means, or None when it is not excluded (R4)."""
        word = word.strip().casefold()
        if word in self.categories:
            return word
        return next((code for code, n in self.categories.items() if word in (n.zh.casefold(), n.en.casefold())), None)


class Reload(StrEnum):
    """What a look at the file found."""

    UNCHANGED = "unchanged"
    TAKEN = "taken"
    REFUSED = "refused"


class RuleBook:
    """All versions of a rules file. Safe to read from several threads: a new edition is put in place at once."""

    def __init__(self, path: Path, editions: tuple[tuple[datetime, RuleSet], ...], seen: tuple[int, ...]) -> None:
        self.path = path
        self.problem: str | None = None
        self._editions = editions
        self._seen = seen

    @classmethod
    def load(cls, path: Path | None = None) -> RuleBook:
        """Reads `path`, or the rules that ship with the code. Raises `RulesFileError` in words."""
        path = PACKAGED if path is None else path
        seen = _stamp(path)
        return cls(path, _editions(path), seen)

    @property
    def versions(self) -> tuple[RuleSet, ...]:
        """Every version, oldest first, those of later dates as well."""
        return tuple(rules for _, rules in self._editions)

    def at(self, moment: datetime) -> RuleSet:
        """The latest version whose date has begun in Beijing at `moment` (naive: Beijing time).

        Before the first date the first version holds: there is no time without rules.
        """
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=BEIJING)
        editions = self._editions
        return editions[max(bisect_right(editions, moment, key=lambda e: e[0]) - 1, 0)][1]

    def reload_if_changed(self) -> Reload:
        """Looks at the file and takes a changed one. A wrong or missing one is refused, the rules before it stay, and
        `problem` says what is wrong until a right one comes. Each edit is reported once.
        """
        seen = _stamp(self.path)
        if seen == self._seen:
            return Reload.UNCHANGED
        self._seen = seen
        try:
            self._editions = _editions(self.path)
        except RulesFileError as error:
            self.problem = str(error)
            return Reload.REFUSED
        self.problem = None
        return Reload.TAKEN


def _stamp(path: Path) -> tuple[int, ...]:
    """What changes when the file is edited or replaced; empty when it is not there."""
    try:
        stat = path.stat()
    except OSError:
        return ()
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _editions(path: Path) -> tuple[tuple[datetime, RuleSet], ...]:
    editions: list[tuple[datetime, RuleSet]] = []
    before: RuleSet | None = None
    for start, entry in read(path):
        before = _rule_set(start, entry, before)
        editions.append((datetime.combine(start, time.min, BEIJING), before))
    return tuple(editions)


def _rule_set(start: date, entry: VersionEntry, before: RuleSet | None) -> RuleSet:
    rules = RuleSet(
        version=start.isoformat(),
        start=start,
        value_limit_fen=entry.value_limit_fen,
        compensation_limit_fen=entry.compensation_limit_fen,
        carriers={
            code: CarrierRule(code, Name(c.zh, c.en), c.fee_fen, Stage(c.last_stage_open))
            for code, c in entry.carriers.items()
            if c.supported
        },
        categories={code: Name(n.zh, n.en) for code, n in entry.categories.items()},
        agreements=tuple(
            Agreement(kind, Name(a.zh, a.en), a.version, a.oldest_valid, a.minutes, a.clauses)
            for kind, a in (("service", entry.agreements.service), ("debit", entry.agreements.debit))
        ),
        other_carriers={code: Name(n.zh, n.en) for code, n in entry.other_carriers.items()}
        | {code: Name(c.zh, c.en) for code, c in entry.carriers.items() if not c.supported},
        since={},
    )
    fields = ("value_limit_fen", "compensation_limit_fen", "carriers", "categories", "agreements")
    since = {
        name: before.since[name] if before and getattr(before, name) == getattr(rules, name) else start
        for name in fields
    }
    return replace(rules, since=since)
