"""圆通 by its own interface: meets the contract, and says what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr

from bot.carriers.contract import Doubt, RouteFacts, RouteKind, SuccessOn, answered, extract, no_cancel
from bot.carriers.yto import callback, mapping
from bot.carriers.yto.client import CREATE, YtoClient
from bot.carriers.yto.wire import Reported, TrackQuery, WantedReport
from bot.domain.answer import Answer, Said
from bot.domain.case import SettledBy
from bot.outbound import Response

if TYPE_CHECKING:
    from bot.carriers.contract import Ask
    from bot.domain.parcel import TraceEvent
    from bot.outbound import Outbound


class YtoInterface(BaseModel):
    """What the console issues for one interface: 圆通开放平台 → 控制台 → 接口管理 → the interface → 正式环境."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: AnyHttpUrl = AnyHttpUrl("https://openapi.yto.net.cn:11443")
    """The address there up to `/open/`; the test environment is https://openuat.yto56test.com:6443."""
    token: str = Field(min_length=1, pattern=r"^[0-9A-Za-z]+$")
    """The part of the address between `v1` and the customer code: six or seven letters and digits."""
    customer_code: str = Field(min_length=1, pattern=r"^[0-9A-Za-z_-]+$")
    """客户编码, the last part of the address."""
    secret: SecretStr = Field(min_length=1)
    """客户密钥, beside it."""


class YtoPush(BaseModel):
    """Trace pushes: 圆通开放平台 → 控制台 → 接口管理 → 物流轨迹推送."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: str = Field(min_length=1)
    """clientId, as given in the subscription."""
    secret: SecretStr = Field(min_length=1)
    """The secret of that interface."""


class YtoSettings(BaseModel):
    """`[shops.NAME.routes.yto]` with `route = "yto"`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    intercept: YtoInterface
    """拦截退回 (wanted_report_adapter), menu 295 / 309."""
    trace: YtoInterface | None = None
    """走件查询 (track_query_adapter), menu 251 / 258; without it only pushes tell where a parcel is."""
    push: YtoPush | None = None
    """轨迹推送; without it no push is believed."""
    wanted_desc: str = Field("买家申请退款，拦截退回", min_length=1)
    """What the branch reads as the reason; 圆通 wants it never empty."""


class YtoRoute:
    """One shop's way to 圆通. The waybill is the key: 圆通 refuses a second order, which in doubt proves ours."""

    def __init__(self, settings: YtoSettings, outbound: Outbound) -> None:
        """With that shop's own customer code and secrets."""
        self._settings = settings
        self._client = YtoClient(settings, outbound)
        self._facts = RouteFacts(
            name="yto",
            carrier="yto",
            doubt=Doubt.REPEAT,
            success_on=SuccessOn.ACCEPTED,
            settled_by=SettledBy.CARRIER,
            can_cancel=False,
            has_status=False,
            has_trace=settings.trace is not None,
        )

    @property
    def facts(self) -> RouteFacts:
        """What this route is."""
        return self._facts

    def accepts(self, after_sale_id: str) -> bool:
        """圆通 asks for no after-sale."""
        del after_sale_id
        return True

    async def intercept(self, ask: Ask) -> Answer:
        """Reports the parcel as wanted back, or reports it again."""
        message = WantedReport(waybill_no=ask.tracking_number, wanted_desc=self._settings.wanted_desc)
        sent = extract(CREATE, f"waybillNo {ask.tracking_number}")
        answer = answered(await self._client.create(message), Reported, sent)
        return answer if isinstance(answer, Answer) else mapping.reported(answer, ask, sent)

    async def query(self, ask: Ask) -> Answer:
        """圆通 has no status: only the trace tells, and in doubt the repeat."""
        del ask
        return Answer(Said.NO_ANSWER)

    async def cancel(self, ask: Ask) -> Answer:
        """An accepted order is a success here, and a success is final."""
        return no_cancel(ask)

    async def trace(self, ask: Ask) -> list[TraceEvent] | None:
        """The events so far."""
        outcome = await self._client.trace(TrackQuery(number=ask.tracking_number))
        return mapping.trace(outcome.status, outcome.body) if isinstance(outcome, Response) else None


KIND: Final[RouteKind[YtoSettings]] = RouteKind("yto", ("yto",), YtoSettings, YtoRoute, callback.DOOR)
