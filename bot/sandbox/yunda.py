"""韵达's twin. Verified: transport, signature and trace. **Not verified**: direct interception; nobody knows whether it
exists, so its paths are handed in and its answers are guesses. Source: `carrier-yunda.md`.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from aiohttp import web

from bot.sandbox import signing
from bot.sandbox.answers import deliver, json_answer, log_code, read_object, text_of
from bot.sandbox.log import SHANGHAI, CallLog, Line
from bot.sandbox.orders import Event, Scene, State
from bot.sandbox.world import Ask, Guard, Met, Placement, World, WorldFullError

SYSTEM: Final = "yunda"
MAX_SUBSCRIPTIONS: Final = 1_000_000

TRACE_PATHS: Final = MappingProxyType(
    {
        "openapi/outer/logictis/query": "trace.query",  # the carrier's own spelling
        "openapi-api/v1/accountOrder/queryTrackBill": "trace.query",
        "openapi/outer/logictis/subscribe": "trace.subscribe",
    }
)
DIRECT_PATHS: Final = MappingProxyType(
    {"direct/create": "intercept.create", "direct/cancel": "intercept.cancel", "direct/status": "intercept.query"}
)
"""Guesses, all of them, like the words they answer with."""

REFUSAL: Final = "快件已派件，无法拦截"
ALREADY: Final = "已有有效拦截件"

STEPS: Final = {  # scene → whole status, action, station, text
    Scene.RETURNING: ("RETURN", "RETURN", "示例分拨中心", "退回件 从【示例分拨中心】发出，正在退回寄件人"),
    Scene.RETURNED: ("RETURN", "RETURN", "示例发件公司", "退回件已签收，签收人：寄件人"),
    Scene.OUT_FOR_DELIVERY: ("TRANSIT", "SENT", "示例派件公司", "示例派件公司 进行派件扫描；派送业务员：示例派件员"),
    Scene.DELIVERED: ("SIGNED", "SIGNED", "示例派件公司", "示例派件公司 进行签收扫描，快件已被 本人 签收"),
}

STATUS_WORDS: Final = {
    State.PENDING: "PENDING",
    State.SUCCEEDED: "SUCCESS",
    State.FAILED: "FAIL",
    State.CANCELLED: "CANCEL",
}

Handler = Callable[[str, dict[str, Any], web.Request], Awaitable[web.StreamResponse]]


class Yunda:
    """`POST /yunda/…`. `direct`: path below `/yunda/` → operation, for the simulated interception."""

    def __init__(self, world: World, log: CallLog, direct: Mapping[str, str] = DIRECT_PATHS) -> None:
        self._world = world
        self._log = log
        self._operations = dict(TRACE_PATHS) | dict(direct)
        self._subscribed: set[str] = set()
        self._handlers: dict[str, Handler] = {
            "trace.query": self._trace,
            "trace.subscribe": self._subscribe,
            "intercept.create": self._create,
            "intercept.cancel": self._cancel,
            "intercept.query": self._status,
        }

    def mount(self, app: web.Application) -> None:
        """Put the route into the application."""
        app.router.add_post("/yunda/{path:.+}", self.handle)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Signature first, then the path. HTTP 200 whatever the envelope says."""
        raw = await request.read()
        path = request.match_info["path"]
        operation = self._operations.get(path, path)
        headers = request.headers
        genuine = signing.same(signing.yunda_sign(raw), headers.get("sign", ""))
        if not genuine & signing.same(signing.YUNDA_KEY, headers.get("app-key", "")):
            return self._fail(operation, None, "rejected_signature", "SIGN", "签名校验失败")
        handler = self._handlers.get(operation)
        data = read_object(raw)
        number = text_of(data, "mailno") if data is not None else None
        if handler is None or data is None or number is None:
            words = "接口不存在" if handler is None else "运单号不能为空"
            return self._fail(operation, number, "error", "PARAM", words)
        try:
            return await handler(number, data, request)
        except WorldFullError:
            self._note(operation, number, "error", "503")
            return web.Response(status=503)

    async def _subscribe(self, number: str, _data: dict[str, Any], _request: web.Request) -> web.StreamResponse:
        if len(self._subscribed) >= MAX_SUBSCRIPTIONS:
            raise WorldFullError
        self._subscribed.add(number)
        self._note("trace.subscribe", number, "ok", "0000")
        return json_answer(_good(True))

    async def _trace(self, number: str, _data: dict[str, Any], _request: web.Request) -> web.StreamResponse:
        """Only after a subscription, or for what was ordered here."""
        parcel = self._world.known(number)
        if number not in self._subscribed and (parcel is None or parcel.latest(SYSTEM) is None):
            return self._fail("trace.query", number, "not_found", "NOT_SUBSCRIBED", "运单未订阅")
        events = parcel.events(time.time()) if parcel is not None else []
        self._note("trace.query", number, "ok", "0000")
        whole = STEPS[events[-1].scene][0] if events else ""
        answer = {
            "result": "true",
            "time": _clock(time.time()),
            "mailno": number,
            "remark": "",
            "status": whole,
            "steps": [_step(event) for event in events],
        }
        return json_answer(_good(answer))

    async def _create(self, number: str, data: dict[str, Any], request: web.Request) -> web.StreamResponse:
        """Not verified: the request id guards here like 中通's."""
        request_id = text_of(data, "request_id")
        if request_id is None:
            return self._fail("intercept.create", number, "error", "PARAM", "缺少 request_id")
        ask = Ask(
            system=SYSTEM,
            tracking_number=number,
            guard=Guard.REQUEST_ID,
            request_id=request_id,
            caught_later=True,
        )
        placement = self._world.place(ask)
        sub_code, words = _reason(placement)
        code = log_code(placement, sub_code or "0000")
        line = Line(SYSTEM, "intercept.create", number, request_id, placement.result, code, placement.made)
        self._log.write([line])
        body = _bad(sub_code, words) if placement.order is None else _good({"id": placement.order.id})
        return await deliver(request, body, [placement])

    async def _cancel(self, number: str, data: dict[str, Any], request: web.Request) -> web.StreamResponse:
        parcel = self._world.known(number)
        order = parcel.latest(SYSTEM) if parcel is not None else None
        known = order is not None and order.request_id == data.get("request_id")
        if parcel is None or order is None or not known or order.state(time.time()) is not State.PENDING:
            return self._fail("intercept.cancel", number, "refused", "NOT_PENDING", "无可取消的拦截件")
        self._world.cancel(order)
        self._note("intercept.cancel", number, "accepted", "0000")
        return await deliver(request, _good(True), [Placement(Met.REPEAT, self._world.plan(parcel), order)])

    async def _status(self, number: str, _data: dict[str, Any], _request: web.Request) -> web.StreamResponse:
        parcel = self._world.known(number)
        order = parcel.latest(SYSTEM) if parcel is not None else None
        if order is None:
            return self._fail("intercept.query", number, "not_found", "NOT_FOUND", "无拦截件")
        word = STATUS_WORDS[order.state(time.time())]
        self._note("intercept.query", number, "ok", word)
        return json_answer(_good({"id": order.id, "status": word}))

    def _fail(self, operation: str, number: str | None, result: str, sub_code: str, words: str) -> web.Response:
        self._note(operation, number, result, sub_code)
        return json_answer(_bad(sub_code, words))

    def _note(self, operation: str, number: str | None, result: str, code: str) -> None:
        self._log.write([Line(SYSTEM, operation, number, None, result, code)])


def _reason(placement: Placement) -> tuple[str, str]:
    """Sub-code and words of a refusal, out of `code:text` or a text alone."""
    if placement.met in {Met.ALREADY, Met.BLOCKED}:
        return "ALREADY", ALREADY
    if placement.met is not Met.REFUSE:
        return "", ""
    code, colon, words = (placement.plan.code or f"REFUSED:{REFUSAL}").partition(":")
    return (code, words) if colon else ("REFUSED", code)


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def _step(event: Event) -> dict[str, Any]:
    status, action, station, text = STEPS[event.scene]
    where = {"city": "示例市", "next_city": "", "station": "00001", "station_name": station, "station_type": ""}
    return {
        "time": _clock(event.at),
        "status": status,
        "action": action,
        "description": text,
        "phone": "",
        "signer": {Scene.RETURNED: "寄件人", Scene.DELIVERED: "本人"}.get(event.scene, ""),
        **where,
    }


def _good(data: object) -> dict[str, Any]:
    return {"code": "0000", "message": "请求成功", "result": True, "data": data, "sub_code": "", "sub_msg": ""}


def _bad(sub_code: str, words: str) -> dict[str, Any]:
    return {"code": "1001", "message": words, "result": False, "data": None, "sub_code": sub_code, "sub_msg": words}
