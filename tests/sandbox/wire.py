"""A caller of the twins that speaks the wire protocols by itself: it signs with its own few lines, not with theirs."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

VECTORS = json.loads((Path(__file__).parents[1] / "vectors.json").read_text(encoding="utf-8"))
SHOP = VECTORS["doudian_api"]
T = TypeVar("T")
AFTER_SALE = 7300000000000000001


class LostError(Exception):
    """No readable answer came: the connection closed, HTTP 5xx, or something that is no JSON."""


def dumps(data: object) -> str:
    """JSON as the platform wants it: sorted, without blanks, Chinese as it is."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def md5_base64(text: str) -> str:
    """Base64 of the raw MD5."""
    return base64.b64encode(hashlib.md5(text.encode()).digest()).decode()


async def until(look: Callable[[], Awaitable[T]], good: Callable[[T], bool], seconds: float = 5) -> T:
    """Look again and again until it is good; the last sight when the time is over."""
    end = time.monotonic() + seconds
    while True:
        seen = await look()
        if good(seen) or time.monotonic() > end:
            return seen
        await asyncio.sleep(0.02)


class Wire:
    """One sandbox, seen from outside."""

    def __init__(self, base: str, log: Path, session: aiohttp.ClientSession) -> None:
        self.base = base
        self.log = log
        self.session = session

    async def send(self, path: str, body: str | bytes, headers: dict[str, str] | None = None) -> Any:
        """POST, and the JSON of the answer; `LostError` when there is none."""
        try:
            raw = body.encode() if isinstance(body, str) else body
            async with self.session.post(self.base + path, data=raw, headers=headers) as answer:
                if answer.status != 200:
                    raise LostError(answer.status)
                return json.loads(await answer.read())
        except (aiohttp.ClientError, ValueError) as error:
            raise LostError(error) from error

    async def zto(self, api: str, data: object) -> Any:
        """A call of 中通."""
        raw = dumps(data)
        digest = md5_base64(raw + VECTORS["zto_request"]["app_secret"])
        headers = {"x-companyid": VECTORS["zto_request"]["app_key"], "x-datadigest": digest}
        return await self.send(f"/zto/{api}", raw, headers)

    async def yto(self, method: str, data: object) -> Any:
        """A call of 圆通."""
        param = dumps(data)
        sign = md5_base64(param + method + "v1" + VECTORS["yto_wanted_report_adapter"]["secret"])
        body = {"timestamp": 1737000000000, "param": param, "sign": sign, "format": "JSON"}
        return await self.send(f"/yto/open/{method}/v1/demotok/DEMO", dumps(body))

    def shop_path(self, method: str, param: str, token: str | None = "demo-token") -> str:
        """The signed address of a call of 抖店."""
        secret, now = SHOP["app_secret"], "1737000000"
        text = f"{secret}app_key{SHOP['app_key']}method{method}param_json{param}timestamp{now}v2{secret}"
        sign = hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()
        query = f"app_key={SHOP['app_key']}&method={method}&timestamp={now}&v=2&sign_method=hmac-sha256&sign={sign}"
        return f"/doudian/{method.replace('.', '/')}?{query}" + (f"&access_token={token}" if token else "")

    async def doudian(self, method: str, data: object, token: str | None = "demo-token") -> Any:
        """A call of 抖店."""
        param = dumps(data)
        return await self.send(self.shop_path(method, param, token), param)

    async def yunda(self, path: str, data: object) -> Any:
        """A call of 韵达."""
        raw = dumps(data)
        vector = VECTORS["yunda_query"]
        sign = hashlib.md5(f"{raw}_{vector['app_secret']}".encode()).hexdigest()
        headers = {"app-key": vector["app_key"], "req-time": "1737000000000", "sign": sign}
        return await self.send(f"/yunda/{path}", raw, headers)

    async def control(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """A control call: status and answer."""
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        url = f"{self.base}/_sandbox{path}"
        async with self.session.request(method, url, data=data, headers=headers) as answer:
            return answer.status, await answer.json()

    async def arm(self, number: str, **settings: object) -> None:
        """Set one parcel."""
        status, answer = await self.control("PUT", f"/parcels/{number}", settings)
        assert status == 200, answer

    def lines(self, number: str | None = None) -> list[dict[str, Any]]:
        """The log, or one parcel's part of it."""
        lines = [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]
        return lines if number is None else [line for line in lines if line["tracking_number"] == number]

    def made(self, number: str) -> int:
        """How many further orders the log counts for a parcel."""
        return sum(line["new_order"] for line in self.lines(number))

    async def state(self, number: str) -> list[str]:
        """The states of a parcel's orders, oldest first."""
        return [order["state"] for order in (await self.control("GET", f"/parcels/{number}"))[1]["orders"]]


class Way(ABC):
    """The same few verbs for every system. `number` is a parcel's number of the usual form."""

    number: str
    words: tuple[str, str, str, str]  # on the way back, back, out for delivery, delivered

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    @abstractmethod
    async def create(self, request_id: str = "A") -> Any:
        """Ask for an interception."""

    @abstractmethod
    def accepted(self, answer: Any) -> bool:
        """Whether the answer takes the order."""

    @abstractmethod
    async def scenes(self) -> list[str]:
        """The trace in the system's own words."""


class ZtoWay(Way):
    number = "75400000000101"
    words = ("退件", "RETURN_SIGNED", "派件", "签收")

    async def create(self, request_id: str = "A") -> Any:
        """`thirdcenter.createIntercept`."""
        data = {"billCode": self.number, "requestId": request_id, "destinationType": 2, "thirdBizNo": request_id}
        return await self.wire.zto("thirdcenter.createIntercept", data)

    def accepted(self, answer: Any) -> bool:
        """`status` is true."""
        return answer["status"] is True

    async def scenes(self) -> list[str]:
        """The scan types."""
        answer = await self.wire.zto("zto.merchant.waybill.track.query", {"billCode": self.number})
        return [scan["scanType"] for scan in answer["result"]]

    async def status(self) -> str:
        """The status word."""
        answer = await self.wire.zto("thirdcenter.queryInterceptAndReturnStatus", {"billCode": self.number})
        return answer["data"]["status"] if answer["status"] else answer["statusCode"]

    async def cancel(self, business_no: str = "A") -> Any:
        """`thirdcenter.cancelIntercept`."""
        data = {"billCode": self.number, "thirdBizNo": business_no}
        return await self.wire.zto("thirdcenter.cancelIntercept", data)


class YtoWay(Way):
    number = "YT0000000000101"
    words = ("TMS_RETURN", "SIGNED", "SENT_SCAN", "SIGNED")

    async def create(self, request_id: str = "A") -> Any:
        """`wanted_report_adapter`, which knows no request id."""
        return await self.wire.yto("wanted_report_adapter", {"waybillNo": self.number, "wantedDesc": "拦截退回"})

    def accepted(self, answer: Any) -> bool:
        """`statusCode` is 0."""
        return answer["statusCode"] == 0

    async def scenes(self) -> list[str]:
        """The info contents."""
        answer = await self.wire.yto("track_query_adapter", {"NUMBER": self.number})
        return [step["infoContent"] for step in answer] if isinstance(answer, list) else []

    async def cancel(self) -> Any:
        """`wanted_cancel_adapter`."""
        return await self.wire.yto("wanted_cancel_adapter", {"waybillNo": self.number, "dealRemark": "取消拦截"})


class DoudianWay(Way):
    number = "3120000000101"
    words = ("退回", "退回签收", "派送", "签收")

    async def create(self, request_id: str = "A") -> Any:
        """`afterSale.applyLogisticsIntercept`, which knows no request id."""
        targets = [{"company_code": "yunda", "tracking_no": self.number}]
        data = {"after_sale_id": AFTER_SALE, "op_from": 1, "intercept_targets": targets}
        return await self.wire.doudian("afterSale.applyLogisticsIntercept", data)

    def accepted(self, answer: Any) -> bool:
        """Code 10000, and the parcel's own result is a success."""
        return answer["code"] == 10000 and answer["data"]["intercept_results"][0]["is_success"] is True

    async def scenes(self) -> list[str]:
        """The descriptions of the states."""
        data = {"logistics_code": "yunda", "track_no": self.number}
        answer = await self.wire.doudian("logistics.trackNoRouteDetail", data)
        return [node["state_description"] for node in answer["data"]["route__node_list"]]

    async def shown(self) -> list[int]:
        """The states that the after-sales of the parcel show."""
        data = {"order_logistics_tracking_no": [self.number], "page": 0, "size": 10}
        answer = await self.wire.doudian("afterSale.List", data)
        parcels = [p for item in answer["data"]["items"] for p in item["aftersale_info"]["order_logistics"]]
        return [parcel["logistics_state"] for parcel in parcels]


class YundaWay(Way):
    number = "3120000000102"
    words = ("RETURN", "RETURN", "SENT", "SIGNED")

    async def create(self, request_id: str = "A") -> Any:
        """The simulated direct interception."""
        data = {"mailno": self.number, "request_id": request_id, "type": "RETURN", "reason": "退款"}
        return await self.wire.yunda("direct/create", data)

    def accepted(self, answer: Any) -> bool:
        """`result` is true and the code 0000."""
        return answer["result"] is True and answer["code"] == "0000"

    async def scenes(self) -> list[str]:
        """The actions of the steps."""
        await self.wire.yunda("openapi/outer/logictis/subscribe", {"mailno": self.number})
        answer = await self.wire.yunda("openapi/outer/logictis/query", {"mailno": self.number})
        return [step["action"] for step in answer["data"]["steps"]]

    async def status(self) -> str:
        """The status word."""
        answer = await self.wire.yunda("direct/status", {"mailno": self.number})
        return answer["data"]["status"] if answer["result"] else answer["sub_code"]


WAYS: dict[str, type[Way]] = {"zto": ZtoWay, "yto": YtoWay, "doudian": DoudianWay, "yunda": YundaWay}
