"""圆通's twin: interception and its cancelling, and the trace. Source: `carrier-yto.md`.

No request id and no status exist there: the waybill guards, and what becomes of an order shows in the trace alone.
"""

import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from aiohttp import web

from bot.sandbox import signing
from bot.sandbox.answers import deliver, json_answer, log_code, read_object, text_of
from bot.sandbox.log import SHANGHAI, CallLog, Line
from bot.sandbox.orders import Event, Scene
from bot.sandbox.world import Ask, Guard, Met, Placement, World, WorldFullError

SYSTEM: Final = "yto"
VERSION: Final = "v1"

OPERATIONS: Final = {
    "wanted_report_adapter": "intercept.create",
    "wanted_cancel_adapter": "intercept.cancel",
    "track_query_adapter": "trace.query",
    "subscribe_adapter": "trace.subscribe",
}

REFUSAL: Final = "快件已派件，无法拦截"
ALREADY: Final = "已有有效拦截件，不能重复发起拦截"

SCENES: Final = {  # scene → infoContent, processInfo
    Scene.RETURNING: ("TMS_RETURN", "【示例转运中心】 退回件 已发出 下一站 【示例发件公司】"),
    Scene.RETURNED: ("SIGNED", "【示例发件公司】 退回件 发件人已签收"),
    Scene.OUT_FOR_DELIVERY: ("SENT_SCAN", "【示例派件公司】 派件中 派件人: 示例派件员 电话 130****0000"),
    Scene.DELIVERED: ("SIGNED", "客户 签收人: 本人 已签收 感谢使用圆通速递，期待再次为您服务"),
}

Handler = Callable[[dict[str, Any], web.Request], Awaitable[web.StreamResponse]]


class Yto:
    """`POST /yto/open/{method}/v1/{token}/{customer code}`, JSON or form."""

    def __init__(self, world: World, log: CallLog) -> None:
        self._world = world
        self._log = log
        self._handlers: dict[str, Handler] = {
            "intercept.create": self._create,
            "intercept.cancel": self._cancel,
            "trace.query": self._trace,
            "trace.subscribe": self._subscribe,
        }

    def mount(self, app: web.Application) -> None:
        """Put the route into the application."""
        app.router.add_post("/yto/open/{method}/{version}/{token}/{customer}", self.handle)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Signature first, then the method. HTTP 200 whatever is said."""
        method = request.match_info["method"]
        operation = OPERATIONS.get(method, method)
        envelope = _envelope(await request.read()) or {}
        param = envelope.get("param")
        if not isinstance(param, str) or not _signed(request, method, param, envelope.get("sign")):
            self._note(operation, None, "rejected_signature", "401")
            return json_answer({"success": False, "code": 401, "reason": "请求加密校验失败"})
        handler = self._handlers.get(operation)
        data = read_object(param)
        if handler is None or data is None:
            self._note(operation, None, "error", "400")
            return json_answer({"success": False, "code": 400, "reason": "请求参数错误"})
        try:
            return await handler(data, request)
        except WorldFullError:
            self._note(operation, None, "error", "503")
            return web.Response(status=503)

    async def _create(self, data: dict[str, Any], request: web.Request) -> web.StreamResponse:
        number = text_of(data, "waybillNo")
        if number is None or text_of(data, "wantedDesc") is None:
            missing = "运单号不能为空" if number is None else "拦截描述不能为空"
            self._note("intercept.create", number, "error", missing)
            return json_answer(_told(missing))
        placement = self._world.place(Ask(system=SYSTEM, tracking_number=number, guard=Guard.WAYBILL))
        words = _words(placement)
        code = log_code(placement, words or "0")
        line = Line(SYSTEM, "intercept.create", number, None, placement.result, code, placement.made)
        self._log.write([line])
        return await deliver(request, _told(words), [placement])

    async def _cancel(self, data: dict[str, Any], request: web.Request) -> web.StreamResponse:
        number = text_of(data, "waybillNo")
        parcel = self._world.known(number) if number is not None else None
        now = time.time()
        order = parcel.effective(SYSTEM, now) if parcel is not None else None
        if parcel is None or order is None:
            words = "运单号不能为空" if number is None else "无有效拦截件"
            self._note("intercept.cancel", number, "error" if number is None else "refused", words)
            return json_answer(_told(words))
        placement = Placement(Met.REPEAT, self._world.plan(parcel), order)
        if order.events(now):
            self._note("intercept.cancel", number, "refused", "拦截件已处理，无法取消")
            return await deliver(request, _told("拦截件已处理，无法取消"), [placement])
        self._world.cancel(order)
        self._note("intercept.cancel", number, "accepted", "0")
        return await deliver(request, _told(None), [placement])

    async def _trace(self, data: dict[str, Any], _request: web.Request) -> web.StreamResponse:
        number = text_of(data, "NUMBER")
        parcel = self._world.known(number) if number is not None else None
        events = parcel.events(time.time()) if parcel is not None else []
        self._note("trace.query", number, "ok" if events else "not_found", "0" if events else "1001")
        if number is None or not events:  # an object where nothing is found, an array else
            return json_answer({"success": True, "code": "1001", "message": "查询结果为空。", "map": {}})
        return json_answer([_step(number, event) for event in events])

    async def _subscribe(self, data: dict[str, Any], _request: web.Request) -> web.StreamResponse:
        inner = data.get("logistics_interface")
        number = text_of((read_object(inner) if isinstance(inner, str) else None) or {}, "waybillNo")
        self._note("trace.subscribe", number, *(("error", "400") if number is None else ("ok", "0")))
        return json_answer({"waybillNo": number, "success": number is not None})

    def _note(self, operation: str, number: str | None, result: str, code: str) -> None:
        self._log.write([Line(SYSTEM, operation, number, None, result, code)])


def _envelope(raw: bytes) -> dict[str, Any] | None:
    """The four fields, from JSON or from the form that some clients send."""
    if raw.lstrip()[:1] == b"{":
        return read_object(raw)
    try:
        return dict(parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=16))
    except ValueError:
        return None


def _signed(request: web.Request, method: str, param: str, sign: object) -> bool:
    path = request.match_info
    ours = signing.yto_sign(param, method, VERSION)
    known = (path["version"], path["token"], path["customer"]) == (VERSION, signing.YTO_TOKEN, signing.YTO_CUSTOMER)
    return signing.same(ours, sign if isinstance(sign, str) else "") & known


def _words(placement: Placement) -> str | None:
    """The prose of a refusal; None when accepted."""
    if placement.met is Met.REFUSE:
        return placement.plan.code or REFUSAL
    return ALREADY if placement.met in {Met.ALREADY, Met.BLOCKED} else None


def _told(refusal: str | None) -> dict[str, Any]:
    """圆通's whole answer: 0 accepted, 1 with prose."""
    return {"statusCode": 0 if refusal is None else 1, "statusMessage": refusal or "成功"}


def _step(number: str, event: Event) -> dict[str, Any]:
    info, text = SCENES[event.scene]
    return {
        "waybill_No": number,
        "upload_Time": datetime.fromtimestamp(event.at, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
        "infoContent": info,
        "processInfo": text,
        "city": "示例市",
        "district": "示例区",
        "weight": "0.5",
    }
