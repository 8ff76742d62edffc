"""中通 by its own interface: meets the contract, and says what it is."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, model_validator

from bot.carriers.contract import Doubt, RouteFacts, RouteKind, SuccessOn, answered, extract
from bot.carriers.zto import callback, mapping
from bot.carriers.zto.client import CANCEL, CREATE, STATUS, ZtoClient
from bot.carriers.zto.signing import Digest
from bot.carriers.zto.wire import ByBill, CancelIntercept, CreateIntercept, Envelope
from bot.domain.answer import Answer, Said
from bot.domain.case import SettledBy
from bot.domain.parcel import Stage, TraceEvent

if TYPE_CHECKING:
    from bot.carriers.contract import Ask
    from bot.outbound import Outbound


class ZtoSettings(BaseModel):
    """`[shops.NAME.routes.zto]` with `route = "zto"`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: AnyHttpUrl = AnyHttpUrl("https://japi.zto.com")
    """中通开放平台 → 文档中心 → 环境地址; the test environment is https://japi-test.zto.com."""
    app_key: str = Field(min_length=1)
    """中通开放平台 → 控制台 → 应用管理 → AppKey. Also tells whose trace push one is (`company_id`)."""
    app_secret: SecretStr = Field(min_length=1)
    """中通开放平台 → 控制台 → 应用管理 → AppSecret."""
    digest: Digest = Digest.MD5_BASE64
    """中通开放平台 → 控制台 → 应用管理 → 签名方式, as it is set there."""
    hmac_key: SecretStr = SecretStr("")
    """The separate key of the two HmacSHA256 ways of signing, beside 签名方式."""
    send_timestamp: bool = False
    """Only where the interface's page asks for `x-timestamp`; other interfaces answer S211 to it."""
    key_header: str = "x-companyid"
    """As the official SDK sends it; newer console texts say `x-appKey`."""
    digest_header: str = "x-datadigest"
    """As the official SDK sends it; newer console texts say `x-dataDigest`."""
    destination_type: Literal[1, 2] = 2
    """2 back to the sender's address (原址返回), 1 back to the branch that picked it up."""
    customer_id: str | None = None
    """集团客户编码, from the co-operating branch; only for group customers."""
    customer_name: str | None = None
    """The shop's name as the branch knows it."""
    success_on: SuccessOn = SuccessOn.CAUGHT
    """The moment that counts as success: `caught` (拦截成功), or `accepted` (the order was taken)."""
    compare_reference: bool = True
    """Whether a status counts as ours only when its `serviceCode` is the `centerBizNo` of our create."""

    @model_validator(mode="after")
    def _has_its_key(self) -> ZtoSettings:
        if self.digest in (Digest.HMAC_SHA256_BASE64, Digest.HMAC_SHA256_HEX) and not self.hmac_key.get_secret_value():
            message = f"hmac_key is needed with digest = {self.digest.value!r}"
            raise ValueError(message)
        return self


class ZtoRoute:
    """One shop's way to 中通. A doubtful create is repeated under the same `requestId`, which makes no second order."""

    def __init__(self, settings: ZtoSettings, outbound: Outbound) -> None:
        """With that shop's own account."""
        self._settings = settings
        self._client = ZtoClient(settings, outbound)
        self._facts = RouteFacts(
            name="zto",
            carrier="zto",
            doubt=Doubt.REPEAT,
            success_on=settings.success_on,
            settled_by=SettledBy.CARRIER,
            can_cancel=True,
            has_status=True,
            has_trace=True,
        )

    @property
    def facts(self) -> RouteFacts:
        """What this route is."""
        return self._facts

    def accepts(self, after_sale_id: str) -> bool:
        """中通 asks for no after-sale."""
        del after_sale_id
        return True

    async def intercept(self, ask: Ask) -> Answer:
        """Creates, or creates again, the order with `requestId` = interception id."""
        deadline = self._deadline()
        settings = self._settings
        message = CreateIntercept(
            bill_code=ask.tracking_number,
            request_id=ask.interception_id,
            destination_type=settings.destination_type,
            third_biz_no=ask.interception_id,
            customer_id=settings.customer_id,
            customer_name=settings.customer_name,
        )
        sent = extract(CREATE, f"requestId {ask.interception_id}", f"destinationType {settings.destination_type}")
        envelope = answered(await self._client.create(message), Envelope, sent)
        if isinstance(envelope, Answer):
            return envelope
        answer = mapping.created(envelope, ask, sent, settings.success_on)
        if ask.reference and envelope.status_code in mapping.TAKEN:
            return await self._adopted(ask, answer, deadline)
        return answer

    async def query(self, ask: Ask) -> Answer:
        """Follows our order. It is asked by waybill, so it may show somebody else's (ruling 11)."""
        return await self._followed(ask, self._deadline())

    async def cancel(self, ask: Ask) -> Answer:
        """Takes the order back, while 中通 is still intercepting."""
        message = CancelIntercept(bill_code=ask.tracking_number, third_biz_no=ask.interception_id)
        sent = extract(CANCEL, f"thirdBizNo {ask.interception_id}")
        envelope = answered(await self._client.cancel(message), Envelope, sent)
        if isinstance(envelope, Answer):
            return envelope
        if envelope.status:
            return Answer(Said.CANCELLED, ask.reference, sent=sent, got=envelope.status_code)
        return mapping.refused(envelope, ask, sent)

    async def trace(self, ask: Ask) -> list[TraceEvent] | None:
        """The scans so far."""
        return await self._scans(ask, self._deadline())

    def _deadline(self) -> float:
        """A verb that needs two calls ends within the time of one."""
        return time.monotonic() + self._client.limit_s

    async def _scans(self, ask: Ask, deadline: float) -> list[TraceEvent] | None:
        envelope = answered(await self._client.trace(ByBill(bill_code=ask.tracking_number), deadline), Envelope, "")
        return None if isinstance(envelope, Answer) else mapping.trace(envelope)

    async def _followed(self, ask: Ask, deadline: float) -> Answer:
        sent = extract(STATUS, f"billCode {ask.tracking_number}")
        envelope = answered(await self._client.status(ByBill(bill_code=ask.tracking_number), deadline), Envelope, sent)
        if isinstance(envelope, Answer):
            return replace(envelope, said=Said.NO_ANSWER)
        if not envelope.status and envelope.status_code not in mapping.NO_SUCH_ORDER:
            return replace(mapping.refused(envelope, ask, sent), said=Said.NO_ANSWER, reason=None)
        status = mapping.status_of(envelope)
        if status is None:
            return Answer(Said.NOTHING, sent=sent, got=extract(envelope.status_code, envelope.message))
        got = extract(envelope.status_code, status.status, f"serviceCode {status.service_code}")
        if ask.reference is None:
            return Answer(Said.NO_ANSWER, sent=sent, got=got)  # whose it is, only the repeat can prove
        if self._settings.compare_reference and status.service_code != ask.reference:
            return Answer(Said.NOTHING, sent=sent, got=got, alarm=extract("zto: another serviceCode", got))
        if status.status == mapping.CLOSED and any(
            event.stage is Stage.RETURNED for event in await self._scans(ask, deadline) or ()
        ):
            return mapping.came_home(status, ask, sent)
        return mapping.followed(status, ask, sent, self._settings.success_on)

    async def _adopted(self, ask: Ask, refusal: Answer, deadline: float) -> Answer:
        """There is an order already: ours when the status names the reference that we hold, else the refusal holds."""
        status = await self._followed(ask, deadline)
        if status.said is Said.NOTHING:
            return refusal
        return status if status.said is Said.NO_ANSWER else replace(status, adopted=True)


KIND: Final[RouteKind[ZtoSettings]] = RouteKind("zto", ("zto",), ZtoSettings, ZtoRoute, callback.DOOR)
