"""圆通's messages, as on the wire."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel


class _Sent(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class WantedReport(_Sent):
    """`wanted_report_adapter`, 拦截退回: `wanted_desc` must not be empty."""

    waybill_no: str
    wanted_desc: str

    def param(self) -> str:
        """The JSON text that is signed and put into the call as text."""
        return self.model_dump_json(by_alias=True)


class TrackQuery(BaseModel):
    """`track_query_adapter`: one waybill a call."""

    number: str

    def param(self) -> str:
        """The JSON text that is signed and put into the call as text."""
        return self.model_dump_json(by_alias=True)

    model_config = ConfigDict(alias_generator=str.upper, populate_by_name=True, extra="forbid")


class Call(_Sent):
    """What every call looks like: its parameters are JSON text inside JSON."""

    timestamp: int
    param: str
    sign: str
    format: str = "JSON"

    def wire(self) -> bytes:
        """The exact bytes to send."""
        return self.model_dump_json(by_alias=True).encode()


class _Came(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)


class Reported(_Came):
    """An answer of the back end (`statusCode`), or of the gateway in front of it (`success`, `code`, `reason`)."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    status_code: str | None = None
    status_message: str | None = None
    success: bool | None = None
    code: str | None = None
    reason: str | None = None
    message: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        """JSON of some other kind, such as a proxy's, proves nothing."""
        if self.status_code is None and self.success is None and self.code is None:
            raise ValueError("neither statusCode nor success nor code")
        return self

    @property
    def words(self) -> str:
        """Why, in prose: there is no code for it."""
        return self.status_message or self.reason or self.message or ""


class Scan(_Came):
    """One line of the trace."""

    upload_Time: str | None = None  # noqa: N815 - spelled so on the wire
    infoContent: str | None = None  # noqa: N815
    processInfo: str | None = None  # noqa: N815
    city: str | None = None
    district: str | None = None
