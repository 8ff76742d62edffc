"""韵达 by a private interface: every word of an interception is configuration, since none is public.

The public platform has no interception; the way for everybody is the shop platform's own (`route = "doudian"`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, model_validator

from bot.carriers.contract import Doubt, RouteFacts, RouteKind, SuccessOn, answered, extract, no_cancel
from bot.carriers.yunda import mapping
from bot.carriers.yunda.client import YundaClient
from bot.carriers.yunda.wire import Envelope, TrackQuery
from bot.domain.answer import Answer, Said
from bot.domain.case import SettledBy
from bot.domain.reason import ReasonCode

if TYPE_CHECKING:
    from bot.carriers.contract import Ask
    from bot.domain.parcel import TraceEvent
    from bot.outbound import Outbound


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PrivateCall(_Section):
    """One call as the carrier described it. `{tracking_no}`, `{interception_id}` and `{reason}` are filled in."""

    path: str = Field("", pattern=r"^(/.*)?$")
    body: dict[str, str] = {"mailno": "{tracking_no}", "request_id": "{interception_id}"}


class StatusCall(PrivateCall):
    """A status query, where there is one: where in the answer the status stands, and what its words mean."""

    field: str = "data.status"
    map: dict[str, Literal["pending", "succeeded", "failed", "cancelled", "nothing"]] = {}


class Success(_Section):
    """How an accepted call answers."""

    code: str = "0000"
    result: bool = True


class Rejection(_Section):
    """One row of the table of refusals: what the answer says, and the reason it means. The first that fits holds."""

    sub_code: str | None = None
    contains: str | None = None
    reason: ReasonCode


class YundaSettings(_Section):
    """`[shops.NAME.routes.yunda]` with `route = "yunda"`. Without the path of a create there is no such route."""

    base_url: AnyHttpUrl = AnyHttpUrl("https://openapi.yundaex.com")
    """韵达开放平台 → 文档中心 → 环境说明; the test environment is https://u-openapi.yundasys.com."""
    app_key: str = Field(min_length=1)
    """韵达开放平台 → 控制台 → 应用 → app-key. The interface itself is granted by the carrier's marketing department."""
    app_secret: SecretStr = Field(min_length=1)
    """韵达开放平台 → 控制台 → 应用 → app-secret."""
    create: PrivateCall = PrivateCall()
    """The interception itself, as agreed with the carrier."""
    cancel: PrivateCall = PrivateCall()
    """Taking it back; an empty path means that it cannot be."""
    status: StatusCall = StatusCall(body={"mailno": "{tracking_no}"})
    """Asking what became of it; an empty path means that nobody can be asked."""
    success: Success = Success()
    """How an accepted call answers; the default is the public platform's."""
    reference_field: str = "data.id"
    """Where the answer to a create names the carrier's order."""
    reject_map: tuple[Rejection, ...] = ()
    """What the carrier's refusals mean, in the order in which they are tried."""
    reason: str = "买家申请退款，拦截退回"
    """What the branch reads."""
    trace_path: str = "/openapi/outer/logictis/query"
    """Misspelled by the carrier; some accounts use /openapi-api/v1/accountOrder/queryTrackBill."""
    success_on: SuccessOn = SuccessOn.ACCEPTED
    """The moment that counts as success; `caught` needs a status query."""
    doubt: Doubt = Doubt.PERSON
    """How a lost answer is settled. `repeat` only where the carrier confirms in writing that `request_id` is a key."""

    @model_validator(mode="after")
    def _is_complete(self) -> YundaSettings:
        if not self.create.path:
            raise ValueError(
                '韵达没有公开的拦截接口：create.path 为空，通道不能用。改用 route = "doudian"，或填入与韵达约定的路径'
            )
        if not self.status.path and (self.doubt is Doubt.READ or self.success_on is SuccessOn.CAUGHT):
            raise ValueError('status.path is empty, so neither doubt = "read" nor success_on = "caught" can work')
        return self


class YundaRoute:
    """One shop's private way to 韵达. By default a lost answer stays in doubt until the trace or a person tells."""

    def __init__(self, settings: YundaSettings, outbound: Outbound) -> None:
        """With that shop's own account."""
        self._settings = settings
        self._client = YundaClient(settings, outbound)
        self._facts = RouteFacts(
            name="yunda",
            carrier="yunda",
            doubt=settings.doubt,
            success_on=settings.success_on,
            settled_by=SettledBy.CARRIER,
            can_cancel=bool(settings.cancel.path) and settings.success_on is SuccessOn.CAUGHT,
            has_status=bool(settings.status.path),
            has_trace=True,
        )

    @property
    def facts(self) -> RouteFacts:
        """What this route is."""
        return self._facts

    def accepts(self, after_sale_id: str) -> bool:
        """韵达 asks for no after-sale."""
        del after_sale_id
        return True

    async def intercept(self, ask: Ask) -> Answer:
        """Asks for the interception by the configured call."""
        call = self._settings.create
        sent = extract(call.path, f"request_id {ask.interception_id}")
        envelope = answered(await self._client.private("intercept.create", call, ask), Envelope, sent)
        return envelope if isinstance(envelope, Answer) else mapping.created(envelope, ask, sent, self._settings)

    async def query(self, ask: Ask) -> Answer:
        """Asks what became of it, where a status is configured."""
        call = self._settings.status
        if not call.path:
            return Answer(Said.NO_ANSWER)
        sent = extract(call.path, f"mailno {ask.tracking_number}")
        envelope = answered(await self._client.private("intercept.query", call, ask), Envelope, sent)
        if isinstance(envelope, Answer):
            return Answer(Said.NO_ANSWER, sent=sent, got=envelope.got)
        return mapping.followed(envelope, ask, sent, self._settings)

    async def cancel(self, ask: Ask) -> Answer:
        """Takes it back by the configured call."""
        call = self._settings.cancel
        if not self._facts.can_cancel:
            return no_cancel(ask)
        sent = extract(call.path, f"request_id {ask.interception_id}")
        envelope = answered(await self._client.private("intercept.cancel", call, ask), Envelope, sent)
        if isinstance(envelope, Answer):
            return envelope
        success = self._settings.success
        if envelope.code == success.code and envelope.result is success.result:
            return Answer(Said.CANCELLED, ask.reference, sent=sent, got=envelope.code)
        return mapping.refused(envelope, ask, sent, self._settings)

    async def trace(self, ask: Ask) -> list[TraceEvent] | None:
        """The steps so far; the parcel must have been subscribed to, or ordered through the interface."""
        envelope = answered(await self._client.trace(TrackQuery(mailno=ask.tracking_number)), Envelope, "")
        return None if isinstance(envelope, Answer) else mapping.trace(envelope)


KIND: Final[RouteKind[YundaSettings]] = RouteKind("yunda", ("yunda",), YundaSettings, YundaRoute)
