"""圆通's words in ours (`protocols/carrier-yto.md`). Tables are data: what is missing here stays unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final
from xml.parsers import expat

from pydantic import ValidationError
from pydantic_core import from_json

from bot.carriers.contract import Ask, extract
from bot.carriers.reading import local_time
from bot.carriers.yto.wire import Reported, Scan
from bot.domain.answer import Answer, Said
from bot.domain.case import SettledBy
from bot.domain.parcel import Stage, TraceEvent
from bot.domain.reason import Reason, ReasonCode

ACCEPTED: Final = "0"
REJECTED: Final = "1"
"""The only failure code: the reason is prose."""

SIGNATURE: Final = ("加密校验",)
SIGNATURE_CODE: Final = "401"

PROSE: Final[tuple[tuple[tuple[str, ...], ReasonCode], ...]] = (
    (("已有有效拦截", "重复"), ReasonCode.ALREADY_INTERCEPTED),
    (("签收",), ReasonCode.ALREADY_DELIVERED),
    (("派件", "派送"), ReasonCode.ALREADY_OUT_FOR_DELIVERY),
    (("退回",), ReasonCode.ALREADY_RETURNING),
    (("揽收", "无走件", "不存在"), ReasonCode.NOT_PICKED_UP),
    (("权限", "客户"), ReasonCode.CARRIER_ACCOUNT_NOT_AUTHORISED),
)
"""The first row with a text that the prose contains. The full list of texts is not public [?]."""

STAGES: Final[Mapping[str, Stage]] = {
    **dict.fromkeys(("ACCEPT", "ORDER_BOOKING", "NOT_SEND"), Stage.CREATED),
    "GOT": Stage.PICKED_UP,
    **dict.fromkeys(("ARRIVAL", "DEPARTURE", "AIRSEND", "AIRPICK", "FORWARDING"), Stage.IN_TRANSIT),
    "SENT_SCAN": Stage.OUT_FOR_DELIVERY,
    "INBOUND": Stage.AT_PICKUP_POINT,
    "SIGNED": Stage.DELIVERED,
    "FAILED": Stage.PROBLEM,
    "TMS_RETURN": Stage.RETURNING,
}
"""`infoContent` of trace and push."""

NOTHING_FOUND: Final = "1001"
MAX_DEPTH: Final = 8


def classify(words: str) -> ReasonCode | None:
    """What the prose means; None when no row knows it."""
    return next((code for texts, code in PROSE if any(text in words for text in texts)), None)


def reported(answer: Reported, ask: Ask, sent: str) -> Answer:
    """What a create brought. In doubt, "已有有效拦截" is our own order; any other refusal says that there is none."""
    code = answer.status_code if answer.status_code is not None else answer.code
    got = extract(f"statusCode {code}", answer.words)
    if answer.status_code == ACCEPTED:
        return Answer(Said.SUCCEEDED, settled_by=SettledBy.CARRIER, sent=sent, got=got)
    known = classify(answer.words)
    alarm = extract(f"yto: {code}", answer.words)
    if answer.code == SIGNATURE_CODE or any(text in answer.words for text in SIGNATURE):
        if ask.in_doubt:  # the gateway speaks: nothing is known of an order that an earlier call may have made
            return Answer(Said.NO_ANSWER, sent=sent, got=got, alarm=alarm)
        known = ReasonCode.CARRIER_ACCOUNT_NOT_AUTHORISED
    elif known is None and answer.status_code != REJECTED:
        return Answer(Said.NO_ANSWER, sent=sent, got=got, alarm=alarm)
    if known is ReasonCode.ALREADY_INTERCEPTED and ask.in_doubt:
        return Answer(Said.SUCCEEDED, settled_by=SettledBy.CARRIER, adopted=True, sent=sent, got=got)
    reason = Reason(
        known or ReasonCode.CARRIER_RULE,
        facts={"carrier": ask.carrier},
        carrier_code=code,
        carrier_text=answer.words or None,
    )
    operator = known in (None, ReasonCode.CARRIER_ACCOUNT_NOT_AUTHORISED)
    return Answer(Said.REFUSED, reason=reason, sent=sent, got=got, alarm=alarm if operator else None)


def trace(status: int, body: bytes) -> list[TraceEvent] | None:
    """The parcel's events in order of their own time: found is an array, nothing found an object with code 1001."""
    if status >= 500:
        return None
    try:
        came = from_json(body)
    except ValueError:
        return None
    if isinstance(came, dict):
        return [] if str(came.get("code")) == NOTHING_FOUND else None
    if not isinstance(came, list):
        return None
    return list(_staged(sorted(_events(came), key=lambda event: event.at)))


def pushed(text: str) -> list[tuple[str, TraceEvent]]:
    """The event of a push; empty when it names no parcel or no time, or is no plain XML."""
    fields = update_info(text)
    at = local_time(fields.get("acceptTime"))
    number = fields.get("mailNo")
    if at is None or not number:
        return []
    code = fields.get("infoContent") or None
    words = fields.get("remark") or extract(fields.get("orgName"), code)
    place = fields.get("orgName") or fields.get("city") or None
    return [(number, TraceEvent(at, words, place=place, code=code, stage=STAGES.get(code or "")))]


class _ForbiddenError(Exception):
    """A document type, an entity, or nesting that no push has."""


def update_info(text: str) -> dict[str, str]:
    """The elements of `<UpdateInfo>` by name. Empty for anything that is not plain XML: no DTD, no entities."""
    fields: dict[str, str] = {}
    path: list[str] = []

    def refuse(*_: object) -> None:
        raise _ForbiddenError

    def start(name: str, _: object) -> None:
        path.append(name)
        if len(path) > MAX_DEPTH:
            raise _ForbiddenError
        if len(path) == 2:
            fields[name] = ""

    def characters(data: str) -> None:
        if len(path) == 2:
            fields[path[1]] += data

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: path.pop()
    parser.CharacterDataHandler = characters
    try:
        parser.Parse(text.encode(), True)
    except (expat.ExpatError, _ForbiddenError, UnicodeEncodeError):
        return {}
    return {name: value.strip() for name, value in fields.items()}


def _events(items: Iterable[object]) -> Iterable[TraceEvent]:
    for item in items:
        try:
            scan = Scan.model_validate(item)
        except ValidationError:
            continue
        at = local_time(scan.upload_Time)
        if at is not None:
            place = " ".join(part for part in (scan.city, scan.district) if part) or None
            yield TraceEvent(at, scan.processInfo or scan.infoContent or "", place=place, code=scan.infoContent)


def _staged(events: Iterable[TraceEvent]) -> Iterable[TraceEvent]:
    """Each event with its stage: a signature after TMS_RETURN is the sender's."""
    turned = False
    for event in events:
        stage = STAGES.get(event.code or "")
        turned = turned or stage is Stage.RETURNING
        yield replace(event, stage=Stage.RETURNED if turned and stage is Stage.DELIVERED else stage)
