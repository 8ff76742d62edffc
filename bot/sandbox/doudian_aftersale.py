"""After-sales of 抖店's twin and the interception through them. Source: `shop-doudian.md`, (a) to (c).

The platform has no idempotency key: each apply is a further order, and the log says so.
"""

import time
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from bot.sandbox.answers import log_code
from bot.sandbox.log import CallLog, Line
from bot.sandbox.orders import Scene
from bot.sandbox.world import Ask, Guard, Met, Placement, World, WorldFullError

SYSTEM: Final = "doudian"
MAX_AFTER_SALES: Final = 1_000_000
INT64: Final = 2**63

NAMES: Final = {"zhongtong": "中通快递", "yuantong": "圆通速递", "yunda": "韵达快递"}
COSTS_FEN: Final = {"zhongtong": 300, "yuantong": 400, "yunda": 300}
REFUSAL: Final = "1001:包裹已派送，无法拦截"  # the real reason codes are not public
ALREADY: Final = "1002:该包裹已有其他拦截单"
GATEWAY_CODES: Final = frozenset({20000, 20001, 40002, 40004, 50002})

OPEN: Final = 6
REFUSED_ONCE: Final = 27
REFUNDED: Final = 12
AGREE_REFUND: Final = 201
REFUSE_REFUND: Final = 202


class Told(NamedTuple):
    """What the envelope says."""

    data: object = None
    code: int = 10000
    sub_code: str = ""
    sub_msg: str = ""


@dataclass(slots=True)
class AfterSale:
    """One after-sale that the twin has heard of. `parcels`: tracking number → company code."""

    id: str
    update_time: int
    status: int = OPEN
    parcels: dict[str, str] = field(default_factory=dict)

    @property
    def closed(self) -> bool:
        """Whether nothing can be done to it any more."""
        return self.status == REFUNDED


class Target(NamedTuple):
    """One parcel of an apply."""

    company: str
    number: str


class AfterSales:
    """The twin knows an after-sale from an apply or an operation; of any other it says that it is open."""

    def __init__(self, world: World, log: CallLog) -> None:
        self._world = world
        self._log = log
        self._known: dict[str, AfterSale] = {}
        self._by_parcel: dict[str, list[AfterSale]] = {}

    def intercept(self, data: dict[str, Any]) -> tuple[Told, list[Placement]]:
        """`afterSale.applyLogisticsIntercept`: an order for each parcel. No placements: nothing was tried."""
        after_sale_id, targets = data.get("after_sale_id"), _targets(data.get("intercept_targets"))
        if not _int64(after_sale_id) or not _int64(data.get("op_from")):
            return self._wrong("intercept.create", after_sale_id), []
        if not targets or data["op_from"] not in {1, 3}:
            return self._wrong("intercept.create", after_sale_id), []
        after_sale = self._stored(str(after_sale_id))
        placements, results, lines = [], [], []
        for target in targets:
            placement = self._world.place(Ask(system=SYSTEM, tracking_number=target.number, guard=Guard.NONE))
            number, words = _reason(placement)
            code = log_code(placement, "10000" if placement.met is Met.MADE else str(number))
            made = placement.made
            lines.append(Line(SYSTEM, "intercept.create", target.number, after_sale.id, placement.result, code, made))
            placements.append(placement)
            results.append(_result(target, number, words, made=made))
            if placement.met is not Met.ERROR:
                self._link(after_sale, target)
        self._log.write(lines)
        refused = [_reason(p) for p in placements if not p.made]
        gateway = next((reason for reason in refused if reason[0] in GATEWAY_CODES), None)
        if gateway is not None and len(refused) == len(placements):
            sub_code = "isv.business-failed:10000" if gateway[0] == 50002 else ""
            return Told(code=gateway[0], sub_code=sub_code, sub_msg=gateway[1]), placements
        return Told(_summary(results)), placements

    def search(self, data: dict[str, Any]) -> Told:
        """`afterSale.List`, by tracking numbers, by after-sale, or by the time of the last change."""
        numbers, page, size = data.get("order_logistics_tracking_no"), data.get("page", 0), data.get("size", 10)
        paged = _int64(page) and _int64(size) and page >= 0 and 0 < size <= 100 and page * size <= 50_000
        if not paged or not (numbers is None or _texts(numbers)):
            return self._wrong("aftersale.list", None)
        if numbers:
            found = [a for number in dict.fromkeys(numbers) for a in self._by_parcel.get(number, ())]
            self._log.write([Line(SYSTEM, "intercept.query", n, None, "ok", "10000") for n in numbers])
        else:
            found = list(self._known.values())
            self._log.write([Line(SYSTEM, "aftersale.list", None, None, "ok", "10000")])
        found = [a for a in {a.id: a for a in found}.values() if _wanted(a, data)]
        found.sort(key=lambda a: a.update_time)
        shown = found[page * size : (page + 1) * size]
        items = [self._item(after_sale) for after_sale in shown]
        return Told({"items": items, "has_more": len(found) > (page + 1) * size, "total": len(found)})

    def detail(self, data: dict[str, Any]) -> Told:
        """`afterSale.Detail`: of one that the twin never heard of, an open refund without parcels."""
        after_sale_id = data.get("after_sale_id")
        if not isinstance(after_sale_id, str) or not after_sale_id.isdecimal():
            return self._wrong("aftersale.detail", after_sale_id)
        after_sale = self._seen(after_sale_id)
        self._log.write([Line(SYSTEM, "aftersale.detail", None, after_sale_id, "ok", "10000")])
        info = _info(after_sale) | {
            "refund_total_amount": 0,
            "real_refund_amount": 0,
            "got_pkg": 0,
            "status_deadline": self._world.started_at + 2 * 86_400,
            "apply_role": 1,
            "reason": "不想要了",
            "reason_code": 0,
            "aftersale_status_to_final_time": after_sale.update_time if after_sale.closed else 0,
            "aftersale_tags": [],
        }
        process = {
            "after_sale_info": info,
            "arbitrate_info": {"arbitrate_status": 0},
            "logistics_info": {"order": self._logistics(after_sale)},
        }
        return Told({"process_info": process, "order_info": {"shop_order_id": "", "sku_order_infos": []}})

    def operate(self, data: dict[str, Any]) -> Told:
        """`afterSale.operate`: 201 agree to the refund, 202 refuse it; all or none; stale or finished is refused."""
        kind, items = data.get("type"), data.get("items")
        ids = [i.get("aftersale_id") for i in items if isinstance(i, dict)] if isinstance(items, list) else []
        if not isinstance(items, list) or not 0 < len(items) <= 20 or len(ids) < len(items) or not _texts(ids):
            return self._wrong("aftersale.operate", None)
        targets = [(self._stored(str(i["aftersale_id"])), i.get("update_time")) for i in items]
        failure = "11001" if not _int64(kind) or kind not in {AGREE_REFUND, REFUSE_REFUND} else ""
        if any(a.closed or (since is not None and str(since) != str(a.update_time)) for a, since in targets):
            failure = failure or "20309541"
        result = "refused" if failure else "accepted"
        self._log.write([Line(SYSTEM, "aftersale.operate", None, a.id, result, failure or "10000") for a, _ in targets])
        if failure:
            words = "状态已变化，请重新查询" if failure == "20309541" else "请在后台操作"
            return Told(code=50002, sub_code=f"isv.business-failed:{failure}", sub_msg=words)
        for after_sale, _ in targets:
            after_sale.status = REFUNDED if kind == AGREE_REFUND else REFUSED_ONCE
            after_sale.update_time = max(int(time.time()), after_sale.update_time + 1)
        return Told({"items": [{"aftersale_id": a.id, "status_code": 0, "status_msg": "success"} for a, _ in targets]})

    def _item(self, after_sale: AfterSale) -> dict[str, Any]:
        info = _info(after_sale)
        info["aftersale_id"] = info.pop("after_sale_id")
        info["aftersale_type"] = info.pop("after_sale_type")
        info["aftersale_status"] = info.pop("after_sale_status")
        return {"aftersale_info": info | {"order_logistics": self._logistics(after_sale)}}

    def _logistics(self, after_sale: AfterSale) -> list[dict[str, Any]]:
        return [
            {
                "tracking_no": number,
                "company_code": company,
                "company_name": NAMES.get(company, company),
                "logistics_state": self._logistics_state(number),
                "value_added_services": [],
            }
            for number, company in after_sale.parcels.items()
        ]

    def _logistics_state(self, number: str) -> int:
        """3 on the way back, which includes an order that was taken; 4 the merchant has it; 0 nothing of the kind."""
        now = time.time()
        parcel = self._world.known(number)
        if parcel is None:
            return 0
        scenes = {event.scene for event in parcel.events(now)}
        if Scene.RETURNED in scenes:
            return 4
        return 3 if Scene.RETURNING in scenes or parcel.effective(SYSTEM, now) else 0

    def _seen(self, after_sale_id: str) -> AfterSale:
        return self._known.get(after_sale_id) or AfterSale(after_sale_id, self._world.started_at)

    def _stored(self, after_sale_id: str) -> AfterSale:
        if after_sale_id not in self._known and len(self._known) >= MAX_AFTER_SALES:
            raise WorldFullError
        return self._known.setdefault(after_sale_id, self._seen(after_sale_id))

    def _link(self, after_sale: AfterSale, target: Target) -> None:
        after_sale.parcels[target.number] = target.company
        linked = self._by_parcel.setdefault(target.number, [])
        if after_sale not in linked:
            linked.append(after_sale)

    def _wrong(self, operation: str, after_sale_id: object) -> Told:
        request_id = str(after_sale_id) if after_sale_id is not None else None
        self._log.write([Line(SYSTEM, operation, None, request_id, "error", "40004")])
        return Told(code=40004, sub_code="isv.parameter-invalid:11000", sub_msg="参数错误")


def _int64(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -INT64 <= value < INT64


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) and text for text in value)


def _targets(given: object) -> list[Target]:
    """The parcels of an apply; none of them when one cannot be read."""
    if not isinstance(given, list) or not all(isinstance(target, dict) for target in given):
        return []
    targets = [Target(target.get("company_code"), target.get("tracking_no")) for target in given]
    return targets if all(_texts(list(target)) for target in targets) else []


def _reason(placement: Placement) -> tuple[int, str]:
    """Number and words of a refusal, out of `number:text`; a text without a number gets the unknown one, -1."""
    if placement.met in {Met.MADE, Met.ERROR}:
        return 0, ""
    text = ALREADY if placement.met is Met.ALREADY else placement.plan.code or REFUSAL
    number, colon, words = text.partition(":")
    try:
        return int(number), words if colon else text
    except ValueError:
        return -1, text


def _result(target: Target, reason: int, words: str, *, made: bool) -> dict[str, Any]:
    goods = {"order_id": "", "product_image": "", "product_name": "", "product_spec": "", "tags": []}
    return {
        "company_code": target.company,
        "company_name": NAMES.get(target.company, target.company),
        "tracking_no": target.number,
        "is_success": made,
        "can_intercept": made,
        "intercept_cost": COSTS_FEN.get(target.company, 300) if made else 0,
        "value_amount": 0,
        "unavailable_reason_code": reason,
        "unavailable_reason": words,
        "cur_product": goods | {"price": 0, "amount": 0},
        "other_products": [],
        "other_product_amount": 0,
        "settlement_mode": 0,
    }


def _summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    failed = [result for result in results if not result["is_success"]]
    only = failed[0] if len(failed) == 1 else {"unavailable_reason_code": 0, "unavailable_reason": ""}
    return {
        "intercept_results": results,
        "success_count": len(results) - len(failed),
        "failed_count": len(failed),
        "refund_amount": 0,
        "unavailable_reason_code": only["unavailable_reason_code"],
        "unavailable_reason": only["unavailable_reason"],
    }


def _info(after_sale: AfterSale) -> dict[str, Any]:
    """What List and Detail tell alike."""
    return {
        "after_sale_id": after_sale.id,
        "after_sale_type": 1,
        "after_sale_status": after_sale.status,
        "refund_status": 3 if after_sale.closed else 1,
        "update_time": after_sale.update_time,
        "auto_audit_bits": [],
    }


def _wanted(after_sale: AfterSale, data: dict[str, Any]) -> bool:
    wanted_id = data.get("aftersale_id")
    if wanted_id and wanted_id != after_sale.id:
        return False
    since, until = data.get("update_start_time"), data.get("update_end_time")
    after = not _int64(since) or not since or after_sale.update_time >= since
    return bool(after and (not _int64(until) or not until or after_sale.update_time <= until))
