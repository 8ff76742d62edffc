"""抖店's words in ours: interception and trace (`protocols/shop-doudian.md`). What no table has stays unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from bot.carriers.contract import Ask, extract
from bot.domain.answer import Answer, Said
from bot.domain.case import SettledBy, WayHome
from bot.domain.moment import BEIJING, EARLIEST, LATEST
from bot.domain.parcel import Stage, TraceEvent
from bot.domain.reason import Reason, ReasonCode
from bot.shops.doudian.client import data_of
from bot.shops.doudian.wire import AfterSaleList, Applied, Envelope, InterceptResult, TrackRoute

COMPANY_CODES: Final[Mapping[str, str]] = {
    "zto": "zhongtong",
    "yto": "yuantong",
    "yunda": "yunda",
    "sto": "shentong",
    "sf": "shunfeng",
    "jd": "jd",
    "jt": "jtexpress",
    "ems": "ems",
}
"""Our carrier codes in the platform's; the whole list comes from `order.logisticsCompanyList`."""

CARRIERS: Final[Mapping[str, str]] = {company: carrier for carrier, company in COMPANY_CODES.items()}

DID_NOTHING: Final[Mapping[int, float]] = {60000: 1.0}
"""The gateway turned the call away for its rate [1], and how long to leave it alone; the limits are not public."""

MISCONFIGURED: Final = frozenset({30001, 40001, 40003, 50001, 70000})
"""Permission, signature, app, token, interface [1: two SDKs]: only an operator can mend these."""

OUR_MISTAKES: Final = frozenset({40002, 40004})
"""Missing and bad arguments."""

BUSINESS: Final = 50002

RETRY: Final = frozenset({"isv.business-failed:10000"})
"""信息获取失败，请稍后重试: says nothing of an order."""

SERVICE: Final = "isp."
"""The platform's own fault: the order may have been made."""

REASONS: Final[Mapping[str, ReasonCode]] = {}
"""`unavailable_reason_code` → reason. No list is public: it starts empty, and every new code is an alarm."""

TRANSIENT: Final = frozenset({"-10006"})
"""服务器开小差: says nothing of an order."""

LOGISTICS_STATES: Final[Mapping[int, WayHome | None]] = {3: None, 4: WayHome.RETURNED}
"""`logistics_state` of a parcel that an interception shows in: 3 is on its way back *or* just caught; 4 came home.
1 (the buyer refused it) and 2 (the buyer has it) show no interception.
"""

STAGES: Final[Mapping[str, Stage]] = {
    **dict.fromkeys(("揽收", "已揽收"), Stage.PICKED_UP),
    **dict.fromkeys(("派送", "派送中", "派件", "派件中"), Stage.OUT_FOR_DELIVERY),
    **dict.fromkeys(("代收", "已代收", "待取件"), Stage.AT_PICKUP_POINT),
    **dict.fromkeys(("签收", "已签收"), Stage.DELIVERED),
    **dict.fromkeys(("退回", "退回中"), Stage.RETURNING),
    **dict.fromkeys(("退回签收", "已退回"), Stage.RETURNED),
}
"""`state_description` of the trace [?]; for every other one, such as 运输中, the text decides."""


def applied(envelope: Envelope, ask: Ask, sent: str) -> Answer:
    """What an apply brought for this parcel. Whatever does not speak of it clearly is in doubt."""
    data = data_of(envelope, Applied)
    if data is None:
        return refused(envelope, ask, sent)
    results = [r for r in data.intercept_results or () if r.tracking_no == ask.tracking_number]
    result = next((r for r in results if r.is_success), results[0] if results else None)
    if result is None or result.is_success is None:
        got = extract(str(envelope.code), "no result for this parcel", _log_id(envelope))
        return Answer(Said.NO_ANSWER, sent=sent, got=got)
    return _succeeded(result, envelope, sent) if result.is_success else _unavailable(result, envelope, ask, sent)


def refused(envelope: Envelope, ask: Ask, sent: str) -> Answer:
    """What an envelope without data means: a refusal, nothing done at the gateway, or doubt."""
    code, sub_code = envelope.code or 0, envelope.sub_code or ""
    got = extract(str(code), sub_code, envelope.words, _log_id(envelope))
    alarm = extract(f"doudian: {code}", sub_code, envelope.words)
    if code in DID_NOTHING:
        return Answer(Said.NEVER_LEFT, sent=sent, got=got, retry_after_s=DID_NOTHING[code])
    if code == BUSINESS and sub_code not in RETRY and not sub_code.startswith(SERVICE):
        return Answer(Said.REFUSED, reason=_reason(ReasonCode.CARRIER_RULE, envelope, ask), sent=sent, got=got)
    if code in OUR_MISTAKES:
        reason = _reason(ReasonCode.CARRIER_RULE, envelope, ask)
        return Answer(Said.REFUSED, reason=reason, sent=sent, got=got, alarm=alarm)
    if code in MISCONFIGURED and not ask.in_doubt:
        reason = _reason(ReasonCode.CARRIER_ACCOUNT_NOT_AUTHORISED, envelope, ask)
        return Answer(Said.REFUSED, reason=reason, sent=sent, got=got, alarm=alarm)
    # 20000, 20001, what we do not know, and a gateway that complains while an earlier call is in doubt.
    known = code in (20000, 20001, BUSINESS)
    return Answer(Said.NO_ANSWER, sent=sent, got=got, alarm=None if known else alarm)


def shown(envelope: Envelope, ask: Ask, sent: str) -> Answer:
    """What the after-sales of this parcel show. `NOTHING` only when all of them were read."""
    data = data_of(envelope, AfterSaleList)
    if data is None:
        return replace(refused(envelope, ask, sent), said=Said.NO_ANSWER, reason=None)
    parcels = [
        parcel
        for item in data.items or ()
        for parcel in item.aftersale_info.order_logistics or ()
        if parcel.tracking_no == ask.tracking_number
    ]
    states = sorted({parcel.logistics_state for parcel in parcels if parcel.logistics_state is not None})
    got = extract(str(envelope.code), f"logistics_state {', '.join(map(str, states)) or '-'}", _log_id(envelope))
    found = [state for state in states if state in LOGISTICS_STATES]
    if found:
        way_home = LOGISTICS_STATES[max(found)]
        return Answer(Said.SUCCEEDED, settled_by=SettledBy.PLATFORM, way_home=way_home, sent=sent, got=got)
    return Answer(Said.NO_ANSWER if data.has_more else Said.NOTHING, sent=sent, got=got)


def trace(envelope: Envelope) -> list[TraceEvent] | None:
    """The parcel's events in order of their own time; None when they cannot be read."""
    data = data_of(envelope, TrackRoute)
    return None if data is None else list(_staged(sorted(_events(data), key=lambda event: event.at)))


def moment(seconds: int | str | None) -> datetime | None:
    """Seconds since 1970 → that moment in Beijing; None for 0, and for what is no time."""
    try:
        at = datetime.fromtimestamp(int(seconds or 0), BEIJING)
    except (ValueError, OverflowError, OSError):
        return None
    return at if EARLIEST < at <= LATEST else None


def _succeeded(result: InterceptResult, envelope: Envelope, sent: str) -> Answer:
    cost = result.intercept_cost or 0
    # 1: settled offline, between merchant and carrier, so the platform debits nothing [?].
    settled_by = SettledBy.CARRIER if result.settlement_mode == 1 else SettledBy.PLATFORM
    got = extract(str(envelope.code), "is_success true", f"intercept_cost {cost}" if cost > 0 else None)
    return Answer(
        Said.SUCCEEDED,
        fee_fen=cost if cost > 0 else None,
        settled_by=settled_by,
        sent=sent,
        got=extract(got, _log_id(envelope)),
    )


def _unavailable(result: InterceptResult, envelope: Envelope, ask: Ask, sent: str) -> Answer:
    code, words = result.unavailable_reason_code or "", result.unavailable_reason or ""
    got = extract(str(envelope.code), "is_success false", code, words, _log_id(envelope))
    if code in TRANSIENT:
        return Answer(Said.NO_ANSWER, sent=sent, got=got)
    known = REASONS.get(code)
    reason = Reason(
        known or ReasonCode.CARRIER_RULE,
        facts={"carrier": ask.carrier},
        carrier_code=code or None,
        carrier_text=words or None,
    )
    alarm = None if known else extract(f"doudian: unavailable_reason_code {code}", words)
    return Answer(Said.REFUSED, reason=reason, sent=sent, got=got, alarm=alarm)


def _reason(code: ReasonCode, envelope: Envelope, ask: Ask) -> Reason:
    return Reason(
        code,
        facts={"carrier": ask.carrier},
        carrier_code=envelope.sub_code or str(envelope.code),
        carrier_text=envelope.words or None,
    )


def _log_id(envelope: Envelope) -> str | None:
    return f"log_id {envelope.log_id}" if envelope.log_id else None


def _events(data: TrackRoute) -> Iterable[TraceEvent]:
    for node in data.route__node_list or ():
        at = moment(node.timestamp)
        if at is not None:
            words = node.content or node.state_description or ""
            stage = STAGES.get((node.state_description or "").strip())
            yield TraceEvent(at, words, place=node.site_name or None, code=node.state or None, stage=stage)


def _staged(events: Iterable[TraceEvent]) -> Iterable[TraceEvent]:
    """A signature after the way back began is the sender's."""
    turned = False
    for event in events:
        turned = turned or event.stage is Stage.RETURNING
        yield replace(event, stage=Stage.RETURNED) if turned and event.stage is Stage.DELIVERED else event
