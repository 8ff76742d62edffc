"""What the API takes and gives, field by field as in `contract.md`; `openapi.py` describes it from here."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from bot.domain.case import SettledBy, State, WayHome
from bot.domain.people import Origin
from bot.domain.reason import ReasonCode

Id = Annotated[str, Field(pattern=r"^[!-~]{1,64}$")]
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Fen = Annotated[int, Field(description="whole fen")]


class InterceptionRequest(BaseModel):
    """Which parcels: the only parcel of an after-sale, parcels by number, or certain parcels of an after-sale.

    At most 100 different numbers; one that is named twice counts once.
    """

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={
            "anyOf": [
                {"required": ["after_sale_id"], "properties": {"after_sale_id": {"type": "string"}}},
                {"required": ["tracking_numbers"], "properties": {"tracking_numbers": {"type": "array"}}},
            ]
        },
    )

    after_sale_id: Id | None = None
    tracking_numbers: Annotated[list[Id], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.after_sale_id is None and self.tracking_numbers is None:
            raise PydanticCustomError("neither", "names nothing")
        return self


class ReasonDocument(BaseModel):
    """One reason. `rule` is null where no rule of ours covers it; the carrier's own words are null when it is ours."""

    code: ReasonCode
    rule: str | None
    text: str
    remedy: str | None
    carrier_code: str | None
    carrier_text: str | None


class InterceptionDocument(BaseModel):
    """One interception. `fee_fen` is what was charged: 0 unless it succeeded."""

    id: str
    after_sale_id: str
    tracking_number: str
    carrier: str
    route: str | None
    state: State
    reasons: list[ReasonDocument]
    fee_fen: Fen
    settled_by: SettledBy | None
    carrier_reference: str | None
    carrier_code: str | None
    carrier_text: str | None
    origin: Origin
    way_home: WayHome | None
    created_at: Moment
    settled_at: Moment | None


class InterceptionItems(BaseModel):
    """One item for each parcel that was named, in that order."""

    items: list[InterceptionDocument]


class InterceptionPage(BaseModel):
    """Oldest first; `next` is the `cursor` of the following page, null at the end."""

    items: list[InterceptionDocument]
    next: str | None


class CandidateDocument(BaseModel):
    """A parcel that can be chosen, and what our rules say of it. `fee_fen` is what a success would cost."""

    tracking_number: str
    after_sale_id: str
    carrier: str
    eligible: bool
    reasons: list[ReasonDocument]
    fee_fen: Fen


class RejectedDocument(BaseModel):
    """A document that was not taken: its place, counted from 0, and why."""

    index: int
    reason: str


class TakenDocument(BaseModel):
    """The good ones are kept, whatever the others are like."""

    accepted: int
    rejected: list[RejectedDocument]


class FeeDocument(BaseModel):
    """One entry of the ledger; a correction may be negative."""

    id: str
    interception_id: str
    tracking_number: str
    carrier: str
    kind: Literal["charge", "correction"]
    amount_fen: Fen
    settled_by: SettledBy
    at: Moment


class FeePage(BaseModel):
    """Oldest first; `next` is the `cursor` of the following page, null at the end."""

    items: list[FeeDocument]
    next: str | None


class FieldErrorDocument(BaseModel):
    """One wrong field of a request."""

    field: str
    reason: str
    reason_en: str


class ProblemDocument(BaseModel):
    """Why a request was not taken (RFC 9457)."""

    type: str
    title: str
    title_en: str
    status: int
    code: str
    detail: str
    detail_en: str
    errors: list[FieldErrorDocument] | None = Field(default=None, description="with BAD_REQUEST: every wrong field")
    tracking_numbers: list[str] | None = Field(
        default=None, description="with NOT_FOUND: the parcels that are not there"
    )
    parcels: list[CandidateDocument] | None = Field(default=None, description="with CHOICE_REQUIRED")
    interception: InterceptionDocument | None = Field(default=None, description="with NOT_CANCELLABLE: as it is now")
