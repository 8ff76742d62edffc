"""中通's twin: interception, its cancelling and status, and the trace. Source: `carrier-zto.md`."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from bot.sandbox import signing
from bot.sandbox.answers import deliver, json_answer, log_code, read_object, text_of
from bot.sandbox.log import CallLog, Line
from bot.sandbox.orders import Event, Order, Scene, State
from bot.sandbox.world import Ask, Guard, Met, Parcel, Placement, World, WorldFullError

SYSTEM: Final = "zto"

OPERATIONS: Final = {
    "thirdcenter.createIntercept": "intercept.create",
    "thirdcenter.cancelIntercept": "intercept.cancel",
    "thirdcenter.queryInterceptAndReturnStatus": "intercept.query",
    "zto.merchant.waybill.track.query": "trace.query",
    "zto.merchant.waybill.track.subsrcibe": "trace.subscribe",  # the carrier's own spelling
}

MESSAGES: Final = {
    "E23101": "快件已签收",
    "E23102": "订单不存在",
    "E23108": "拦截目的地类型错误",
    "E23110": "快件无揽收网点或面单网点",
    "E23111": "快件为特殊产品，不支持拦截",
    "E23112": "快件已入第三方柜机或驿站",
    "E23113": "快件已转其他快递公司",
    "E23114": "网点不支持到付",
    "E23115": "网点不支持代收",
    "E23116": "拦截渠道不一致或拦截次数过多",
    "E23118": "渠道未订购或不允许拦截",
    "E23119": "暂无轨迹，请揽收后再试",
    "E23120": "快件已有派件扫描",
    "E23121": "同渠道已存在拦截件",
    "E23122": "目的地停发",
    "E23123": "已存在退改件",
    "E23124": "轨迹异常",
    "E23127": "已存在相同的拦截需求",
    "E23130": "非拦截中状态，不能取消，请重新拦截至原地址",
    "E23131": "非发起网点，不能取消",
    "E23135": "非发起方，不能取消",
    "E23136": "港澳台件不支持拦截",
    "E23137": "快件已到达派件网点",
    "E23138": "国际件不支持拦截",
    "E23139": "其他规则限制",
    "E23140": "快件已确认遗失",
    "E23141": "快件已弃件",
    "E23144": "无 CRM 权限，请合作网点在客户系统开通拦截",
    "E23151": "渠道不允许重复拦截",
    "E23153": "发起方不属于该网点",
    "E23154": "运单不属于该网点",
    "E23157": "渠道不允许重复拦截",
    "E23160": "外部平台已发起拦截",
    "S200": "后端服务超时",
    "S202": "服务异常",
    "S203": "服务不可用",
    "S206": "超过分钟或小时调用限额",
    "S207": "接口不存在",
    "S208": "缺少参数",
    "S211": "签名错误",
    "S221": "超过 QPS 限制",
}

STATUS_NAMES: Final = {
    "INTERCEPTING": "拦截中",
    "INTERCEPT_SUCCESS": "拦截成功",
    "INTERCEPT_FAIL": "拦截失败",
    "INTERCEPT_CANCEL": "取消拦截",
    "PACKAGE_DELIVERYING": "退改中",
    "INTERCEPT_DISCONTINUE": "拦截完结",
}

SCANS: Final = {  # scene → scan type, site, is it a centre, text
    Scene.RETURNING: ("退件", "示例转运中心", True, "【示例市】 退回件已从【示例转运中心】发出，正在退回寄件人"),
    Scene.RETURNED: ("RETURN_SIGNED", "示例发件网点", False, "【示例市】 退件签收，签收人：寄件人"),
    Scene.OUT_FOR_DELIVERY: (
        "派件",
        "示例派件网点",
        False,
        "【示例市】 【示例派件网点】的示例派件员（130****0000） 正在第1次派件, 请保持电话畅通,并耐心等待",
    ),
    Scene.DELIVERED: ("签收", "示例派件网点", False, "【示例市】 快件已在【示例派件网点】签收, 签收人: 本人"),
}

Handler = Callable[[dict[str, Any], web.Request], Awaitable[web.StreamResponse]]


class Zto:
    """`POST /zto/{apiName}`. `digest`: the way of signing chosen for the demo app, one of `signing.ZTO_DIGESTS`."""

    def __init__(self, world: World, log: CallLog, digest: str = signing.ZTO_DIGESTS[0]) -> None:
        self._world = world
        self._log = log
        self._digest = digest
        self._handlers: dict[str, Handler] = {
            "intercept.create": self._create,
            "intercept.cancel": self._cancel,
            "intercept.query": self._status,
            "trace.query": self._trace,
            "trace.subscribe": self._subscribe,
        }

    def mount(self, app: web.Application) -> None:
        """Put the route into the application."""
        app.router.add_post("/zto/{api}", self.handle)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Signature first, then the interface. 中通 answers HTTP 200 whatever it says."""
        raw = await request.read()
        api = request.match_info["api"]
        operation = OPERATIONS.get(api, api)
        if not self._signed(request, raw):
            return self._fail(operation, "S211", result="rejected_signature")
        handler = self._handlers.get(operation)
        if handler is None:
            return self._fail(operation, "S207")
        data = read_object(raw)
        if data is None:
            return self._fail(operation, "S208")
        try:
            return await handler(data, request)
        except WorldFullError:
            self._note(operation, None, None, "error", "503")
            return web.Response(status=503)

    def _signed(self, request: web.Request, raw: bytes) -> bool:
        """Both spellings of the header names are read (S1, S6); the timestamp is signed where it is sent."""
        headers = request.headers
        key = headers.get("x-companyid") or headers.get("x-appKey") or ""
        digest = headers.get("x-datadigest") or headers.get("x-dataDigest") or ""
        ours = signing.zto_digest(raw, timestamp=headers.get("x-timestamp", ""), variant=self._digest)
        return signing.same(signing.ZTO_KEY, key) & signing.same(ours, digest)

    async def _create(self, data: dict[str, Any], request: web.Request) -> web.StreamResponse:
        number, request_id = text_of(data, "billCode"), text_of(data, "requestId")
        kind = data.get("destinationType")
        if number is None or request_id is None or kind is None:
            return self._fail("intercept.create", "S208", number, request_id)
        if type(kind) is not int or kind not in {1, 2, 3, 4}:
            return self._fail("intercept.create", "E23108", number, request_id)
        ask = Ask(
            system=SYSTEM,
            tracking_number=number,
            guard=Guard.REQUEST_ID,
            request_id=request_id,
            business_no=text_of(data, "thirdBizNo"),
            caught_later=True,
            heeds=("doudian",),
        )
        placement = self._world.place(ask)
        code = _code(placement)
        line = Line(
            SYSTEM, "intercept.create", number, request_id, placement.result, log_code(placement, code), placement.made
        )
        self._log.write([line])
        body = _refusal(code) if placement.order is None else _success(data={"centerBizNo": placement.order.id})
        return await deliver(request, body, [placement])

    async def _cancel(self, data: dict[str, Any], request: web.Request) -> web.StreamResponse:
        number, business_no = text_of(data, "billCode"), text_of(data, "thirdBizNo")
        if number is None or business_no is None:
            return self._fail("intercept.cancel", "S208", number, business_no)
        parcel = self._world.known(number)
        order = parcel.latest(SYSTEM) if parcel is not None else None
        if order is None or parcel is None:
            return self._fail("intercept.cancel", "E23102", number, business_no, result="refused")
        if business_no != (order.business_no or order.request_id):
            return self._fail("intercept.cancel", "E23135", number, business_no, result="refused")
        if order.state(time.time()) is not State.PENDING:
            return self._fail("intercept.cancel", "E23130", number, business_no, result="refused")
        self._world.cancel(order)
        self._note("intercept.cancel", number, business_no, "accepted", "SYS000")
        # Told after delay_s like a create, and without its faults: those belong to the order.
        return await deliver(request, _success(data=True), [Placement(Met.REPEAT, self._world.plan(parcel), order)])

    async def _status(self, data: dict[str, Any], _request: web.Request) -> web.StreamResponse:
        number = text_of(data, "billCode")
        if number is None:
            return self._fail("intercept.query", "S208")
        parcel = self._world.known(number)
        order = parcel.latest(SYSTEM) if parcel is not None else None
        if parcel is not None and order is None and self._world.plan(parcel).outcome == "already":
            status, reference = "INTERCEPT_SUCCESS", f"OTHER{number}"  # by waybill: it may be somebody else's
        elif parcel is not None and order is not None:
            status, reference = _status_of(parcel, order), order.id
        else:
            return self._fail("intercept.query", "E23102", number, result="not_found")
        self._note("intercept.query", number, None, "ok", status)
        answer = {
            "billCode": number,
            "serviceCode": reference,
            "status": status,
            "statusName": STATUS_NAMES[status],
        }
        return json_answer(_success(data=answer))

    async def _trace(self, data: dict[str, Any], _request: web.Request) -> web.StreamResponse:
        number = text_of(data, "billCode")
        if number is None:
            return self._fail("trace.query", "S208")
        parcel = self._world.known(number)
        events = parcel.events(time.time()) if parcel is not None else []
        self._note("trace.query", number, None, "ok", "SYS000")
        return json_answer(_success(result=[_scan(number, event) for event in events]))

    async def _subscribe(self, data: dict[str, Any], _request: web.Request) -> web.StreamResponse:
        number = text_of(data, "billCode")
        if number is None:
            return self._fail("trace.subscribe", "S208")
        self._note("trace.subscribe", number, None, "ok", "SYS000")
        return json_answer(_success(result=""))

    def _fail(
        self,
        operation: str,
        code: str,
        number: str | None = None,
        request_id: str | None = None,
        result: str = "error",
    ) -> web.Response:
        self._note(operation, number, request_id, result, code)
        return json_answer(_refusal(code))

    def _note(self, operation: str, number: str | None, request_id: str | None, result: str, code: str) -> None:
        self._log.write([Line(SYSTEM, operation, number, request_id, result, code)])


def _code(placement: Placement) -> str:
    """The code a create is answered with."""
    codes = {Met.REFUSE: placement.plan.code or "E23120", Met.ALREADY: "E23160", Met.BLOCKED: "E23121"}
    codes |= {Met.ELSEWHERE: "E23160"}
    return codes.get(placement.met, "SYS000")


def _status_of(parcel: Parcel, order: Order) -> str:
    """The status word of an order; after a success the way home shows in it."""
    now = time.time()
    state = order.state(now)
    if state is not State.SUCCEEDED:
        words = {State.PENDING: "INTERCEPTING", State.FAILED: "INTERCEPT_FAIL", State.CANCELLED: "INTERCEPT_CANCEL"}
        return words[state]
    scenes = {event.scene for event in parcel.events(now)}
    if Scene.RETURNED in scenes:
        return "INTERCEPT_DISCONTINUE"
    return "PACKAGE_DELIVERYING" if Scene.RETURNING in scenes else "INTERCEPT_SUCCESS"


def _scan(number: str, event: Event) -> dict[str, Any]:
    scan_type, site, centre, text = SCANS[event.scene]
    place = {"prov": "示例省", "city": "示例市", "isCenter": centre, "isTransfer": centre}
    return {
        "billCode": number,
        "scanType": scan_type,
        "scanDate": int(event.at * 1000),
        "scanSite": {"name": site, "code": "00001", "phone": "", **place},
        "signMan": {Scene.RETURNED: "寄件人", Scene.DELIVERED: "本人"}.get(event.scene, ""),
        "desc": text,
    }


def _success(**payload: object) -> dict[str, Any]:
    return {"status": True, "statusCode": "SYS000", "message": "操作成功", **payload}


def _refusal(code: str) -> dict[str, Any]:
    return {"status": False, "statusCode": code, "message": MESSAGES.get(code, "其他规则限制"), "result": None}
