"""中通's words in ours (`protocols/carrier-zto.md`). Tables are data: a code that is missing here stays unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from pydantic import ValidationError

from bot.carriers.contract import Ask, SuccessOn, extract
from bot.carriers.reading import epoch_ms, local_time
from bot.carriers.zto.wire import Created, Envelope, PushedScan, Scan, Status
from bot.domain.answer import Answer, Said
from bot.domain.case import SettledBy, WayHome
from bot.domain.parcel import Stage, TraceEvent
from bot.domain.reason import Reason, ReasonCode

P = TypeVar("P", Created, Status)

ACCEPTED: Final = frozenset({"SYS000", "0000", None, ""})

IN_DOUBT: Final = frozenset({"S200", "S202"})
"""The gateway lost sight of its back end: the order may have been made."""

DID_NOTHING: Final[Mapping[str, float]] = {"S203": 5.0, "S206": 60.0, "S221": 1.0}
"""The gateway turned the call away, and how long to leave it alone. The quotas are not public; these are ours."""

MISCONFIGURED: Final = frozenset({"S207", "S208", "S210", "S211", "S212", "S214"})
"""Gateway refusals that only an operator can mend: interface, binding, signature, address list, clock."""

TAKEN: Final = frozenset({"E23121", "E23127", "E23151", "E23157"})
"""This channel has an order for the parcel already: ours only where the status names a reference that we hold."""

OUR_MISTAKES: Final = frozenset({"E23108", "E23146", "E23148", "E23149", "E23150"})
"""Refused for what we sent: passed on as the carrier's rule, and an alarm."""

REFUSALS: Final[Mapping[str, ReasonCode]] = {
    "E23101": ReasonCode.ALREADY_DELIVERED,
    "E23119": ReasonCode.NOT_PICKED_UP,
    "E23120": ReasonCode.ALREADY_OUT_FOR_DELIVERY,
    "E23137": ReasonCode.AT_DELIVERY_STATION,
    "E23112": ReasonCode.ALREADY_OUT_FOR_DELIVERY,
    "E23123": ReasonCode.ALREADY_RETURNING,
    **dict.fromkeys(TAKEN, ReasonCode.ALREADY_INTERCEPTED),
    "E23116": ReasonCode.ALREADY_INTERCEPTED,
    "E23160": ReasonCode.ALREADY_INTERCEPTED,
    **dict.fromkeys(("E23140", "E23141"), ReasonCode.CARRIER_RULE),  # lost, abandoned: a claim is offered
    **dict.fromkeys(("E23111", "E23113", "E23114", "E23115", "E23122", "E23124"), ReasonCode.CARRIER_RULE),
    **dict.fromkeys(("E23136", "E23138", "E23139"), ReasonCode.CARRIER_RULE),
    "E23144": ReasonCode.CARRIER_ACCOUNT_NOT_AUTHORISED,
    "E23118": ReasonCode.CARRIER_ACCOUNT_NOT_AUTHORISED,
    **dict.fromkeys(("E23102", "E23110", "E23153", "E23154"), ReasonCode.NOT_OUR_WAYBILL),
    **dict.fromkeys(("E23130", "E23131", "E23135"), ReasonCode.CARRIER_RULE),  # cancel: too late, or not its initiator
    "E404": ReasonCode.CARRIER_ACCOUNT_NOT_AUTHORISED,
    "E409": ReasonCode.CARRIER_ACCOUNT_NOT_AUTHORISED,
    "E413": ReasonCode.CARRIER_ACCOUNT_NOT_AUTHORISED,
    "E416": ReasonCode.NOT_OUR_WAYBILL,
    "E418": ReasonCode.CARRIER_ACCOUNT_NOT_AUTHORISED,
    **dict.fromkeys(OUR_MISTAKES, ReasonCode.CARRIER_RULE),
    **dict.fromkeys(MISCONFIGURED, ReasonCode.CARRIER_ACCOUNT_NOT_AUTHORISED),
}

CLOSED: Final = "INTERCEPT_DISCONTINUE"
"""拦截完结. It came home only where the trace says so as well [?]."""

NO_SUCH_ORDER: Final = frozenset({"E23102"})
"""A status query that worked and found nothing."""

QUERY_STAGES: Final[Mapping[str, Stage]] = {
    **dict.fromkeys(("收件", "1"), Stage.PICKED_UP),
    **dict.fromkeys(("发件", "2", "安检"), Stage.IN_TRANSIT),
    **dict.fromkeys(("派件", "4", "DELIVERY", "45", "DEPARTURE"), Stage.OUT_FOR_DELIVERY),
    **dict.fromkeys(("ARRIVAL", "44"), Stage.AT_PICKUP_POINT),
    **dict.fromkeys(("签收", "5", "7", "SIGNED"), Stage.DELIVERED),
    **dict.fromkeys(("退件", "8", "RETURN_SCAN"), Stage.RETURNING),
    "RETURN_SIGNED": Stage.RETURNED,
    **dict.fromkeys(("问题件", "事件"), Stage.PROBLEM),
    **dict.fromkeys(("转单", "9"), Stage.FORWARDED),
}
"""`scanType` of the query. Its English words mean what happens at a cabinet; the same words in a push mean a hub."""

QUERY_ARRIVALS: Final = frozenset({"到件", "3"})
"""Arrived at a centre or at the delivering branch: the site tells, not the code."""

PUSH_STAGES: Final[Mapping[str, Stage]] = {
    "GOT": Stage.PICKED_UP,
    "DEPARTURE": Stage.IN_TRANSIT,
    "DISPATCH": Stage.OUT_FOR_DELIVERY,
    "INBOUND": Stage.AT_PICKUP_POINT,
    "SIGNED": Stage.DELIVERED,
    "DEPARTURE_SIGNED": Stage.DELIVERED,
    "HANDOVERSCAN_SIGNED": Stage.AT_PICKUP_POINT,
    "RETURN_SCAN": Stage.RETURNING,
    "RETURN_SIGNED": Stage.RETURNED,
    "PROBLEM": Stage.PROBLEM,
}
"""`action` of a push. ARRIVAL is not here: a push does not tell a centre from a branch, so the text decides."""


def created(envelope: Envelope, ask: Ask, sent: str, success_on: SuccessOn) -> Answer:
    """What a create brought. Whether "already taken" may be ours is the route's question."""
    if not envelope.status:
        return refused(envelope, ask, sent)
    reference = _payload(Created, envelope).center_biz_no or None
    got = extract(envelope.status_code, reference and f"centerBizNo {reference}")
    if envelope.status_code not in ACCEPTED:
        return Answer(Said.PROCESSING, reference, sent=sent, got=got, alarm=_unknown(envelope))
    if success_on is SuccessOn.ACCEPTED:
        return Answer(Said.SUCCEEDED, reference, settled_by=SettledBy.CARRIER, sent=sent, got=got)
    return Answer(Said.PROCESSING, reference, sent=sent, got=got)


def refused(envelope: Envelope, ask: Ask, sent: str) -> Answer:
    """What a "no" means: a refusal with its reason, nothing done at the gateway, or doubt."""
    code = envelope.status_code or ""
    got = extract(code, envelope.message)
    if code in DID_NOTHING:
        return Answer(Said.NEVER_LEFT, sent=sent, got=got, retry_after_s=DID_NOTHING[code])
    if code in IN_DOUBT:
        return Answer(Said.NO_ANSWER, sent=sent, got=got)
    known = REFUSALS.get(code)
    if (code in MISCONFIGURED and ask.in_doubt) or (known is None and not code.startswith("E")):
        # The gateway speaks, not the back end: nothing is known of an order that an earlier call may have made.
        return Answer(Said.NO_ANSWER, sent=sent, got=got, alarm=_unknown(envelope))
    reason = Reason(
        known or ReasonCode.CARRIER_RULE,
        facts={"carrier": ask.carrier},
        carrier_code=code or None,
        carrier_text=envelope.message or None,
    )
    operator = known in (None, ReasonCode.CARRIER_ACCOUNT_NOT_AUTHORISED) or code in OUR_MISTAKES
    return Answer(Said.REFUSED, reason=reason, sent=sent, got=got, alarm=_unknown(envelope) if operator else None)


def status_of(envelope: Envelope) -> Status | None:
    """The order that the status describes; None when it shows none."""
    status = _payload(Status, envelope)
    return status if envelope.status and status.status else None


def followed(status: Status, ask: Ask, sent: str, success_on: SuccessOn) -> Answer:
    """What became of an order that is known to be ours."""
    reference = ask.reference or status.service_code
    got = extract(status.status, status.service_code and f"serviceCode {status.service_code}")
    match status.status:
        case "INTERCEPTING":
            said = Said.SUCCEEDED if success_on is SuccessOn.ACCEPTED else Said.PROCESSING
            return Answer(said, reference, settled_by=_settled(said), sent=sent, got=got)
        case "INTERCEPT_SUCCESS":
            return Answer(Said.SUCCEEDED, reference, settled_by=SettledBy.CARRIER, sent=sent, got=got)
        case "PACKAGE_DELIVERYING":
            way_home = WayHome.RETURNING
            return Answer(
                Said.SUCCEEDED, reference, settled_by=SettledBy.CARRIER, way_home=way_home, sent=sent, got=got
            )
        case "INTERCEPT_FAIL":
            reason = Reason(
                ReasonCode.CARRIER_RULE,
                facts={"carrier": ask.carrier},
                carrier_code=status.status,
                carrier_text=status.status_name or "拦截失败",
            )
            return Answer(Said.REFUSED, reference, reason=reason, sent=sent, got=got)
        case "INTERCEPT_CANCEL":
            return Answer(Said.CANCELLED, reference, sent=sent, got=got)
        case _:  # a status that we do not know, or CLOSED, which does not tell how it ended
            return Answer(Said.PROCESSING, reference, sent=sent, got=got, alarm=f"zto: status {status.status}")


def came_home(status: Status, ask: Ask, sent: str) -> Answer:
    """Our order is closed, and the trace shows the sender's signature."""
    return Answer(
        Said.SUCCEEDED,
        ask.reference,
        settled_by=SettledBy.CARRIER,
        way_home=WayHome.RETURNED,
        sent=sent,
        got=extract(status.status, f"serviceCode {status.service_code}", "trace: returned"),
    )


def trace(envelope: Envelope) -> list[TraceEvent] | None:
    """The parcel's scans in order of their own time; None when the answer is no list of scans."""
    payload = envelope.payload
    if not envelope.status or not (payload is None or isinstance(payload, list)):
        return None
    scans = sorted(_scans(payload or []), key=lambda pair: pair[0].at)
    pickup = next((scan.scan_site.code for event, scan in scans if _is_pickup(event) and scan.scan_site), None)
    return list(_staged(scans, pickup))


def pushed(text: str) -> list[tuple[str, TraceEvent]]:
    """The event of a push; empty when it names no parcel or no time."""
    try:
        scan = PushedScan.model_validate_json(text)
    except ValidationError:
        return []
    at = local_time(scan.action_time)
    if at is None:
        return []
    stage = PUSH_STAGES.get(scan.action or "")
    words = scan.desc or extract(scan.facility_name, scan.action)
    event = TraceEvent(at, words, place=scan.facility_name or scan.city, code=scan.action, stage=stage)
    return [(scan.bill_code, event)]


def _scans(payload: Iterable[object]) -> Iterable[tuple[TraceEvent, Scan]]:
    for item in payload:
        try:
            scan = Scan.model_validate(item)
        except ValidationError:
            continue
        at = epoch_ms(scan.scan_date) or local_time(scan.scan_date)
        if at is None:
            continue
        site = scan.scan_site
        words = scan.desc or extract(site.name if site else None, scan.scan_type)
        place = (site.name or site.city) if site else None
        yield TraceEvent(at, words, place=place, code=scan.scan_type), scan


def _is_pickup(event: TraceEvent) -> bool:
    return QUERY_STAGES.get(event.code or "") is Stage.PICKED_UP


def _staged(scans: Iterable[tuple[TraceEvent, Scan]], pickup: str | None) -> Iterable[TraceEvent]:
    """Each event with its stage. The query has no code of its own for the sender's signature: after a return scan, a
    signature is his [?].
    """
    turned = False
    for event, scan in scans:
        stage = _arrival(scan, pickup) if event.code in QUERY_ARRIVALS else QUERY_STAGES.get(event.code or "")
        turned = turned or stage is Stage.RETURNING
        if turned and stage is Stage.DELIVERED:
            stage = Stage.RETURNED
        yield replace(event, stage=stage)


def _arrival(scan: Scan, pickup: str | None) -> Stage | None:
    """A centre, or the delivering branch; None, and the text decides, where the site does not tell."""
    site = scan.scan_site
    if site is None or (site.is_center is None and site.is_transfer is None):
        return None
    if site.is_center or site.is_transfer or (pickup is not None and site.code == pickup):
        return Stage.IN_TRANSIT
    return Stage.AT_DELIVERY_STATION


def _settled(said: Said) -> SettledBy | None:
    return SettledBy.CARRIER if said is Said.SUCCEEDED else None


def _unknown(envelope: Envelope) -> str:
    return extract(f"zto: {envelope.status_code or 'no code'}", envelope.message)


def _payload(model: type[P], envelope: Envelope) -> P:
    """The payload, or an empty one where it has another form: a readable answer stays readable."""
    try:
        return model.model_validate(envelope.payload)
    except ValidationError:
        return model()
