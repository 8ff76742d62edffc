"""A record's timeline in words: who, with which rules, what was sent and answered, the fee, every turn (mock 05b)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.console.drawing import Speech
from bot.console.house import House
from bot.domain.interception import Interception
from bot.domain.reason import Reason, ReasonCode
from bot.store.cases import CaseEvent


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline; `raw` is what was on the wire, redacted, foldable."""

    at: datetime
    icon: str
    title: str
    text: str = ""
    aside: str = ""
    state: str = ""
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule found at the ask; `passed` None: it was not looked at."""

    name: str
    text: str
    passed: bool | None


def rules(house: House, speech: Speech, checks: Sequence[Mapping[str, Any]]) -> list[Rule]:
    """「当时的规则」."""
    return [
        Rule(
            check["rule"],
            house.words.check(
                check["rule"], check.get("facts", {}), speech.lang, passed=check["passed"], now=speech.now
            ),
            check["passed"],
        )
        for check in checks
    ]


def story(
    house: House, speech: Speech, case: Interception, events: Sequence[CaseEvent], checks: Sequence[Mapping[str, Any]]
) -> list[Moment]:
    """The timeline, oldest first."""
    teller = _Teller(house, speech, case)
    told: list[Moment] = []
    for event in events:
        told.extend(teller.tell(event, checks))
    return told


class _Teller:
    def __init__(self, house: House, speech: Speech, case: Interception) -> None:
        self._house = house
        self._speech = speech
        self._case = case
        self._carrier = house.rules().carrier_name(case.carrier).of(speech.lang)

    def tell(self, event: CaseEvent, checks: Sequence[Mapping[str, Any]]) -> list[Moment]:
        tell = getattr(self, f"_{event.kind}", None)
        if tell is None:
            return [Moment(event.at, "info", self._say("record.note"), str(event.facts.get("text", "")))]
        if event.kind in {"asked", "refused"}:
            return [self._checked(event, checks), *tell(event)]
        return list(tell(event))

    def _say(self, key: str, **facts: object) -> str:
        return self._speech.page(key, carrier=self._carrier, **facts)

    def _checked(self, event: CaseEvent, checks: Sequence[Mapping[str, Any]]) -> Moment:
        failed = sum(check["passed"] is False for check in checks)
        key = "record.checked_failed" if failed else "record.checked"
        version = self._say("record.rules_version", version=event.facts.get("rules_version", ""))
        return Moment(event.at, "rule", self._say(key, n=len(checks), failed=failed), version)

    def _asked(self, event: CaseEvent) -> list[Moment]:
        fee = self._speech.money(int(event.facts.get("quoted_fen", 0)))
        how = str(event.facts.get("how") or "")
        text = self._say("record.by_batch") if how.startswith("batch") else self._origin()
        return [Moment(event.at, "user", self._say("record.asked", who=event.by or "", fee=fee), text)]

    def _origin(self) -> str:
        return self._speech.page(f"origin.{self._case.origin.value}")

    def _refused(self, event: CaseEvent) -> list[Moment]:
        reasons = [self._house.words.reason(r, self._speech.lang, carrier=self._carrier) for r in self._case.reasons]
        text = " · ".join(f"{reason.rule or ''} {reason.text}".strip() for reason in reasons)
        return [Moment(event.at, "none", self._say("record.refused", who=event.by or ""), text, state="refused")]

    def _sent(self, event: CaseEvent) -> list[Moment]:
        call = int(event.facts.get("call", 1))
        key = "record.sent" if call == 1 else "record.sent_again"
        return [Moment(event.at, "send", self._say(key, n=call))]

    def _answered(self, event: CaseEvent) -> list[Moment]:
        title = self._say("record.answered")
        return [Moment(event.at, "pend", title, self._reference(event.facts), state="pending", raw=_raw(event.facts))]

    def _doubt(self, event: CaseEvent) -> list[Moment]:
        title, text = self._say("record.doubt"), self._say("record.doubt_text")
        return [Moment(event.at, "unk", title, text, state="unknown", raw=_raw(event.facts))]

    def _reading(self, event: CaseEvent) -> list[Moment]:
        return [Moment(event.at, "eye", self._say("record.reading"), self._say("record.reading_text"))]

    def _never_left(self, event: CaseEvent) -> list[Moment]:
        title, text = self._say("record.never_left"), self._say("record.never_left_text")
        return [Moment(event.at, "clock", title, text, raw=_raw(event.facts))]

    def _settled(self, event: CaseEvent) -> list[Moment]:
        state = str(event.facts.get("state", ""))
        took = ""
        if self._case.called_at is not None and event.at >= self._case.called_at:
            seconds = (event.at - self._case.called_at).total_seconds()
            took = self._speech("time.took", seconds=f"{seconds:.1f}") if seconds < 60 else ""
        if state == "succeeded":
            return self._succeeded(event, took)
        if state == "cancelled":
            who = event.by or ""
            return [Moment(event.at, "none", self._say("record.cancelled", who=who), state="cancelled", aside=took)]
        title, text = self._failed(event.facts)
        return [Moment(event.at, "fail", title, text, took, "failed", _raw(event.facts))]

    def _succeeded(self, event: CaseEvent, took: str) -> list[Moment]:
        ground = self._case.ground or "caught"
        title = self._say(f"record.ground_{ground}")
        text, fee = self._reference(event.facts), self._speech.money(int(event.facts.get("fee_fen", 0)))
        by = self._case.settled_by.value if self._case.settled_by else "carrier"
        return [
            Moment(event.at, "ok", title, text, took, "succeeded", _raw(event.facts)),
            Moment(event.at, "coin", self._say("record.fee", fee=fee), self._say(f"record.fee_{by}")),
        ]

    def _failed(self, facts: Mapping[str, Any]) -> tuple[str, str]:
        code = facts.get("reason")
        if code not in set(ReasonCode):
            return self._say("record.failed"), ""
        known = next((reason for reason in self._case.reasons if reason.code == code), Reason(ReasonCode(code)))
        words = self._house.words.reason(known, self._speech.lang, carrier=self._carrier, now=self._speech.now)
        return self._say("record.failed_because", reason=words.text), words.fix

    def _way_home(self, event: CaseEvent) -> list[Moment]:
        home = str(event.facts.get("way_home", "returning"))
        word = self._speech(f"state.{home}")
        text = str(event.facts.get("text") or "")
        key = "record.traced" if text else "record.marked"
        title = self._say(key, text=text, state=word, who=event.by or "")
        icon = {"returning": "back", "returned": "home", "contradicted": "con"}.get(home, "lost")
        return [Moment(event.at, icon, title, self._say(f"record.home_{home}"), state=home)]

    def _cancel_asked(self, event: CaseEvent) -> list[Moment]:
        said = str(event.facts.get("said", ""))
        title = self._say("record.cancel_asked", who=event.by or "")
        key = said if said in {"cancelled", "refused"} else "no_answer"
        return [Moment(event.at, "x", title, self._say(f"record.cancel_{key}"), raw=_raw(event.facts))]

    def _reference(self, facts: Mapping[str, Any]) -> str:
        reference = facts.get("reference") or ""
        return self._say("record.reference", reference=reference) if reference else ""


def _raw(facts: Mapping[str, Any]) -> str:
    """What left and what came back, as the extracts keep it; the carrier's code and words as they stand."""
    parts = [("→", facts.get("sent")), ("←", facts.get("got"))]
    shown = [f"{arrow} {text}" for arrow, text in parts if text]
    told = " ".join(str(facts[name]) for name in ("carrier_code", "carrier_text") if facts.get(name))
    return "\n".join([*shown, told] if told else shown)
