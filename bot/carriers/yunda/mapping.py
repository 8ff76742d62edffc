"""韵达's words in ours (`protocols/carrier-yunda.md`). The trace is verified; of an interception nothing is known, so
its table is in the configuration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue, ValidationError

from bot.carriers.contract import Ask, SuccessOn, extract
from bot.carriers.reading import local_time
from bot.carriers.yunda.wire import Envelope, Step, Track
from bot.domain.answer import Answer, Said
from bot.domain.case import SettledBy
from bot.domain.parcel import Stage, TraceEvent
from bot.domain.reason import Reason, ReasonCode

if TYPE_CHECKING:
    from bot.carriers.yunda.carrier import YundaSettings

OK: Final = "0000"

STATUS_STAGES: Final[Mapping[str, Stage]] = {
    "GOT": Stage.PICKED_UP,
    "TRANSIT": Stage.IN_TRANSIT,
    "SIGNED": Stage.DELIVERED,
    "RETURN": Stage.RETURNING,
    "SIGNFAIL": Stage.PROBLEM,
}
"""`data.status`, of the parcel as a whole; it does not tell returning from returned."""

ACTION_STAGES: Final[Mapping[str, Stage]] = {
    **dict.fromkeys(("ACCEPT", "GOT"), Stage.PICKED_UP),
    **dict.fromkeys(("ARRIVAL", "DEPARTURE", "CLEARANCE_START", "CLEARANCE_FINISH", "TRANSFER"), Stage.IN_TRANSIT),
    **dict.fromkeys(("OVERSEA_IN", "OVERSEA_OUT", "OVERSEA_ARRIVAL", "OVERSEA_DEPARTURE"), Stage.IN_TRANSIT),
    **dict.fromkeys(("SENT", "OUTBOUND"), Stage.OUT_FOR_DELIVERY),
    "INBOUND": Stage.AT_PICKUP_POINT,
    "SIGNED": Stage.DELIVERED,
    "RETURN": Stage.RETURNING,
    **dict.fromkeys(("SIGNFAIL", "ISSUE", "CLEARANCE_FAIL", "OTHER", "REJECTION"), Stage.PROBLEM),
}
"""`steps[].action`."""

STATUSES: Final[Mapping[str, Said]] = {
    "pending": Said.PROCESSING,
    "succeeded": Said.SUCCEEDED,
    "failed": Said.REFUSED,
    "cancelled": Said.CANCELLED,
    "nothing": Said.NOTHING,
}
"""What the configuration may call a status of the private interface."""


def created(envelope: Envelope, ask: Ask, sent: str, settings: YundaSettings) -> Answer:
    """What a create brought, by the configured words."""
    if not _succeeded(envelope, settings):
        return refused(envelope, ask, sent, settings)
    reference = _field(envelope, settings.reference_field)
    got = extract(envelope.code, reference and f"{settings.reference_field} {reference}")
    if settings.success_on is SuccessOn.CAUGHT:
        return Answer(Said.PROCESSING, reference, sent=sent, got=got)
    return Answer(Said.SUCCEEDED, reference, settled_by=SettledBy.CARRIER, sent=sent, got=got)


def refused(envelope: Envelope, ask: Ask, sent: str, settings: YundaSettings) -> Answer:
    """A refusal with its reason. An answer that neither succeeds nor says `result` false stays in doubt."""
    code = envelope.sub_code or envelope.code
    got = extract(envelope.code, envelope.sub_code, envelope.words)
    known = next(
        (
            row.reason
            for row in settings.reject_map
            if (row.sub_code is None or row.sub_code == envelope.sub_code)
            and (row.contains is None or row.contains in envelope.words)
        ),
        None,
    )
    alarm = extract(f"yunda: {code}", envelope.words)
    if known is None and envelope.result is not False:
        return Answer(Said.NO_ANSWER, sent=sent, got=got, alarm=alarm)
    reason = Reason(
        known or ReasonCode.CARRIER_RULE,
        facts={"carrier": ask.carrier},
        carrier_code=code,
        carrier_text=envelope.words or None,
    )
    operator = known in (None, ReasonCode.CARRIER_ACCOUNT_NOT_AUTHORISED)
    return Answer(Said.REFUSED, reason=reason, sent=sent, got=got, alarm=alarm if operator else None)


def followed(envelope: Envelope, ask: Ask, sent: str, settings: YundaSettings) -> Answer:
    """What became of the order, by the configured words; a status that is not among them says nothing."""
    if not _succeeded(envelope, settings):
        return Answer(Said.NO_ANSWER, sent=sent, got=extract(envelope.code, envelope.words))
    raw = _field(envelope, settings.status.field)
    said = STATUSES.get(settings.status.map.get(raw or "", ""))
    got = extract(envelope.code, raw)
    if said is None:
        return Answer(Said.NO_ANSWER, sent=sent, got=got, alarm=extract("yunda: status", raw))
    reason = None
    if said is Said.REFUSED:
        reason = Reason(ReasonCode.CARRIER_RULE, facts={"carrier": ask.carrier}, carrier_code=raw)
    settled = SettledBy.CARRIER if said is Said.SUCCEEDED else None
    return Answer(said, ask.reference, reason=reason, settled_by=settled, sent=sent, got=got)


def trace(envelope: Envelope) -> list[TraceEvent] | None:
    """The parcel's steps in order of their own time, else its status as a whole; None when the answer is unreadable."""
    try:
        track = Track.model_validate(envelope.data)
    except ValidationError:
        return None
    if envelope.code != OK or envelope.result is False:
        return None
    if track.steps:
        return list(_staged(sorted(_events(track.steps), key=lambda event: event.at)))
    at = local_time(track.time)
    if at is None or not track.status:
        return []
    return [TraceEvent(at, track.remark or track.status, code=track.status, stage=STATUS_STAGES.get(track.status))]


def _succeeded(envelope: Envelope, settings: YundaSettings) -> bool:
    return envelope.code == settings.success.code and envelope.result is settings.success.result


def _field(envelope: Envelope, path: str) -> str | None:
    """The value at `data.id` and the like, as text."""
    value: JsonValue = {"data": envelope.data}
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _events(steps: Iterable[JsonValue]) -> Iterable[TraceEvent]:
    for item in steps:
        try:
            step = Step.model_validate(item)
        except ValidationError:
            continue
        at = local_time(step.time)
        if at is not None:
            place = step.station_name or step.city
            yield TraceEvent(at, step.description or extract(place, step.action), place=place, code=step.action)


def _staged(events: Iterable[TraceEvent]) -> Iterable[TraceEvent]:
    """Each event with its stage: a signature after a return is the sender's [?]."""
    turned = False
    for event in events:
        stage = ACTION_STAGES.get(event.code or "")
        turned = turned or stage is Stage.RETURNING
        yield replace(event, stage=Stage.RETURNED if turned and stage is Stage.DELIVERED else stage)
