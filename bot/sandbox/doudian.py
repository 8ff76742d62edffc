"""抖店's twin: the gateway (address, signature, envelope), tokens, companies and the trace. Source: `shop-doudian.md`.

After-sales and the interception lie in `doudian_aftersale.py`.
"""

import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from aiohttp import web

from bot.sandbox import signing
from bot.sandbox.answers import deliver, json_answer, read_object
from bot.sandbox.doudian_aftersale import AfterSales, Told
from bot.sandbox.log import CallLog, Line
from bot.sandbox.orders import Event, Scene
from bot.sandbox.world import World, WorldFullError

SYSTEM: Final = "doudian"
OK: Final = 10000

OPERATIONS: Final = {
    "afterSale.applyLogisticsIntercept": "intercept.create",
    "afterSale.List": "aftersale.list",  # `intercept.query` where it asks for parcels
    "afterSale.Detail": "aftersale.detail",
    "afterSale.operate": "aftersale.operate",
    "logistics.trackNoRouteDetail": "trace.query",
    "order.logisticsCompanyList": "companies.list",
    "token.create": "token.create",
    "token.refresh": "token.refresh",
}

MESSAGES: Final = {
    20000: "系统错误",
    20001: "内部超时",
    30001: "access_token 不存在或已过期",  # number not verified
    40001: "接口不存在",  # number not verified
    40002: "缺少参数",
    40003: "签名校验失败",  # number not verified
    40004: "参数错误",
    50002: "业务处理失败",
}

COMPANIES: Final = (  # the default set of the official SDK
    (1, "中通快递", "zhongtong"),
    (2, "圆通速递", "yuantong"),
    (3, "韵达快递", "yunda"),
    (4, "申通快递", "shentong"),
    (5, "顺丰速运", "shunfeng"),
    (6, "京东物流", "jd"),
    (7, "极兔速递", "jtexpress"),
)

ROUTE: Final = {  # scene → state_description, site, content
    Scene.RETURNING: ("退回", "示例转运中心", "【示例市】退回件已从【示例转运中心】发出，正在退回寄件人"),
    Scene.RETURNED: ("退回签收", "示例发件网点", "【示例市】退件签收，签收人：寄件人"),
    Scene.OUT_FOR_DELIVERY: ("派送", "示例派件网点", "【示例市】【示例派件网点】的派件员【示例派件员】正在派件"),
    Scene.DELIVERED: ("签收", "示例派件网点", "【示例市】快件已签收，签收人：本人"),
}


class Call(NamedTuple):
    """One signed call: method with dots, and the parameters."""

    method: str
    data: dict[str, Any]


class Doudian:
    """`POST /doudian/{method, dots as slashes}?…`; HTTP 200 whatever the envelope says."""

    def __init__(self, world: World, log: CallLog) -> None:
        self._world = world
        self._log = log
        self._calls = 0
        self._after_sales = AfterSales(world, log)
        self._handlers: dict[str, Callable[[dict[str, Any]], Told]] = {
            "afterSale.List": self._after_sales.search,
            "afterSale.Detail": self._after_sales.detail,
            "afterSale.operate": self._after_sales.operate,
            "logistics.trackNoRouteDetail": self._trace,
            "order.logisticsCompanyList": self._companies,
            "token.create": self._token_create,
            "token.refresh": self._token_refresh,
        }

    def mount(self, app: web.Application) -> None:
        """Put the route into the application."""
        app.router.add_post("/doudian/{path:.+}", self.handle)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Signature and token first, then the method."""
        raw = await request.read()
        method = request.match_info["path"].replace("/", ".")
        operation = OPERATIONS.get(method, method)
        refusal = _gate(request, method, raw)
        if refusal is not None:
            self._log.write([Line(SYSTEM, operation, None, None, "rejected_signature", str(refusal))])
            return json_answer(self._envelope(Told(code=refusal)))
        data = read_object(raw)
        if data is None:
            self._log.write([Line(SYSTEM, operation, None, None, "error", "40004")])
            return json_answer(self._envelope(Told(code=40004)))
        try:
            return await self._answer(Call(method, data), request)
        except WorldFullError:
            self._log.write([Line(SYSTEM, operation, None, None, "error", "503")])
            return web.Response(status=503)

    async def _answer(self, call: Call, request: web.Request) -> web.StreamResponse:
        if call.method == "afterSale.applyLogisticsIntercept":
            told, placements = self._after_sales.intercept(call.data)
            if placements:
                return await deliver(request, self._envelope(told), placements)
            return json_answer(self._envelope(told))
        handler = self._handlers.get(call.method)
        if handler is None:
            self._log.write([Line(SYSTEM, call.method, None, None, "error", "40001")])
            return json_answer(self._envelope(Told(code=40001)))
        return json_answer(self._envelope(handler(call.data)))

    def _envelope(self, told: Told) -> dict[str, Any]:
        self._calls += 1
        return {
            "code": told.code,
            "msg": "success" if told.code == OK else MESSAGES.get(told.code, "错误"),
            "sub_code": told.sub_code,
            "sub_msg": told.sub_msg,
            "log_id": f"{self._world.started_at}{self._calls:010d}",
            "data": told.data,
        }

    def _trace(self, data: dict[str, Any]) -> Told:
        number, company = data.get("track_no"), data.get("logistics_code")
        if not isinstance(number, str) or not number or not isinstance(company, str) or not company:
            self._note("trace.query", None, "error", "40002")
            return Told(code=40002)
        parcel = self._world.known(number)
        events = parcel.events(time.time()) if parcel is not None else []
        self._note("trace.query", number, "ok" if events else "not_found", str(OK))
        nodes = [_node(event) for event in events]
        return Told(data={"route__node_list": nodes, "track_info": {"track_no": number, "express": company}})

    def _companies(self, _data: dict[str, Any]) -> Told:
        self._note("companies.list", None, "ok", str(OK))
        return Told(data=[{"id": number, "name": name, "code": code} for number, name, code in COMPANIES])

    def _token_create(self, data: dict[str, Any]) -> Told:
        kind = data.get("grant_type")
        good = kind == "authorization_self" or (kind == "authorization_code" and bool(data.get("code")))
        return self._token("token.create", good=good)

    def _token_refresh(self, data: dict[str, Any]) -> Told:
        good = (data.get("grant_type"), data.get("refresh_token")) == ("refresh_token", signing.DOUDIAN_REFRESH_TOKEN)
        return self._token("token.refresh", good=good)

    def _token(self, operation: str, *, good: bool) -> Told:
        """Always the same token, so that a test knows it; a week and two weeks as the real ones."""
        self._note(operation, None, "ok" if good else "error", str(OK) if good else "40004")
        if not good:
            return Told(code=40004)
        token = {
            "access_token": signing.DOUDIAN_TOKEN,
            "expires_in": 7 * 86_400,
            "refresh_token": signing.DOUDIAN_REFRESH_TOKEN,
            "shop_id": "1111111",
            "shop_name": "示例店铺",
            "authority_id": "",
            "auth_subject_type": "shop",
            "scope": "SCOPE",
        }
        return Told(data=token)

    def _note(self, operation: str, number: str | None, result: str, code: str) -> None:
        self._log.write([Line(SYSTEM, operation, number, None, result, code)])


def _gate(request: web.Request, method: str, raw: bytes) -> int | None:
    """The code of a refusal at the gate, None for a call that may pass: signature, then token."""
    query = request.query
    sign_method = query.get("sign_method", "md5")  # what the platform takes when none is named
    text = signing.doudian_text(method, raw, query.get("timestamp", ""))
    genuine = signing.same(signing.doudian_sign(text, sign_method), query.get("sign", "")) & signing.same(
        signing.DOUDIAN_KEY, query.get("app_key", "")
    )
    addressed = query.get("method") == method and query.get("v") == "2" and sign_method in {"md5", "hmac-sha256"}
    if not (genuine and addressed):
        return 40003
    if method.startswith("token."):
        return None
    return None if signing.same(signing.DOUDIAN_TOKEN, query.get("access_token", "")) else 30001


def _node(event: Event) -> dict[str, Any]:
    description, site, content = ROUTE[event.scene]
    return {
        "content": content,
        "timestamp": str(int(event.at)),
        "state": "",  # its values are not public
        "state_description": description,
        "site_name": site,
    }
