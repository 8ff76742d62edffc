"""中通's messages, as on the wire. Lenient in what comes, since types lie (`protocols/README.md`, 9)."""

from __future__ import annotations

from typing import Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic.alias_generators import to_camel


class _Sent(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    def wire(self) -> bytes:
        """The exact bytes to sign and send; what is not given is left out."""
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()


class CreateIntercept(_Sent):
    """`thirdcenter.createIntercept`. `destination_type` 2: back to the sender's address."""

    bill_code: str
    request_id: str
    destination_type: int
    third_biz_no: str
    customer_id: str | None = None
    customer_name: str | None = None


class CancelIntercept(_Sent):
    """`thirdcenter.cancelIntercept`: the business number is that of the create."""

    bill_code: str
    third_biz_no: str


class ByBill(_Sent):
    """Status and trace are asked for by waybill."""

    bill_code: str


class _Came(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", coerce_numbers_to_str=True
    )


class Envelope(_Came):
    """Every answer. Success is `status` true; the payload is in `data`, else in `result`."""

    status: bool | None = None
    status_code: str | None = None
    message: str | None = Field(None, validation_alias=AliasChoices("message", "messag"))
    data: JsonValue = None
    result: JsonValue = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        """JSON of some other kind, such as a proxy's, proves nothing."""
        if self.status is None and not self.status_code:
            raise ValueError("neither status nor statusCode")
        return self

    @property
    def payload(self) -> JsonValue:
        """What was asked for."""
        return self.data if self.data is not None else self.result


class Created(_Came):
    """Payload of a create: 中通's work order."""

    center_biz_no: str | None = None


class Status(_Came):
    """Payload of a status query. It describes the waybill's order, whoever made it."""

    bill_code: str | None = None
    service_code: str | None = None
    status: str | None = None
    status_name: str | None = None


class Site(_Came):
    """Where a scan was made."""

    name: str | None = None
    code: str | None = None
    city: str | None = None
    is_center: bool | None = None
    is_transfer: bool | None = None


class Scan(_Came):
    """One line of the trace query."""

    scan_type: str | None = None
    scan_date: str | None = None
    scan_site: Site | None = None
    desc: str | None = None


class PushedScan(_Came):
    """`data` of a trace push."""

    bill_code: str
    action: str | None = None
    action_time: str | None = None
    facility_name: str | None = None
    city: str | None = None
    desc: str | None = None
