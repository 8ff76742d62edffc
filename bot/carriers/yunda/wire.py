"""韵达's messages, as on the wire. What a private interface is sent stands in the configuration, not here."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, JsonValue, model_validator


class TrackQuery(BaseModel):
    """`/openapi/outer/logictis/query` (sic)."""

    mailno: str

    def wire(self) -> bytes:
        """The exact bytes to sign and send."""
        return self.model_dump_json().encode()


class _Came(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)


class Envelope(_Came):
    """Every answer. Success is `result` true and `code` 0000."""

    code: str | None = None
    message: str | None = None
    result: bool | None = None
    data: JsonValue = None
    sub_code: str | None = None
    sub_msg: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        """JSON of some other kind, such as a proxy's, proves nothing."""
        if self.code is None and self.result is None:
            raise ValueError("neither code nor result")
        return self

    @property
    def words(self) -> str:
        """Why, in the carrier's words."""
        return self.sub_msg or self.message or ""


class Step(_Came):
    """One line of the trace."""

    time: str | None = None
    action: str | None = None
    city: str | None = None
    station_name: str | None = None
    description: str | None = None


class Track(_Came):
    """Payload of the trace query; `status` is the parcel's as a whole."""

    time: str | None = None
    status: str | None = None
    remark: str | None = None
    steps: list[JsonValue] | None = None
