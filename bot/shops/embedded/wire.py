"""After-sale and trace documents exactly as in `contract.md`, "An after-sale" and "HTTP API".

Numbers are numbers and strings are strings; only a whole number written as `1.0` is taken for one, since JSON knows no
difference. Fields that nobody here knows are ignored: a platform that tells more one day stops no feed.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from bot.domain.moment import read_moment

MOST_FEN = 10**12
MOST_PIECES = 10**6
MOST_PARCELS = 99
"""With the row of the after-sale itself that makes 100, the most that one transaction writes (ruling 9)."""
MOST_ITEMS = 500
MOST_EVENTS = 2_000


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _storable(text: str) -> str:
    if "\x00" in text:  # PostgreSQL keeps no such text; pydantic has refused lone surrogates already
        raise PydanticCustomError("unstorable", "holds a character that can't be kept")
    return text


def _moment(value: Any) -> datetime:
    if isinstance(value, str):
        try:
            return read_moment(value)
        except ValueError:
            pass
    raise PydanticCustomError("moment", "is no ISO 8601 time")


def _carrier(code: str) -> str:
    return code.strip().lower()


Id = Annotated[str, Field(pattern=r"^[!-~]{1,64}$")]
Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
# Field comes first in these, or the limits vanish from the JSON schema.
Fen = Annotated[int, Field(ge=0, le=MOST_FEN), BeforeValidator(_whole)]
Pieces = Annotated[int, Field(ge=1, le=MOST_PIECES), BeforeValidator(_whole)]
Word = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_storable)]
Line = Annotated[str, Field(max_length=200), AfterValidator(_storable)]
Name = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_storable)]
Prose = Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(_storable)]
Carrier = Annotated[
    str, Field(min_length=1, max_length=32, pattern=r"\S"), AfterValidator(_storable), AfterValidator(_carrier)
]
"""`zto`, `yto`, `yunda` and further codes: one that nobody knows is taken here and refused by R8."""


class Document(BaseModel):
    """What all documents share."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class ItemDocument(Document):
    """Goods in a parcel; `price_fen` is per piece."""

    name: Name
    category: Word
    quantity: Pieces
    price_fen: Fen
    spec: Line | None = None
    order_id: Id | None = None


class EventDocument(Document):
    """One line of a parcel's trace; without an offset, `at` is Asia/Shanghai."""

    at: Moment
    text: Prose
    place: Line | None = None
    code: Word | None = None


class TraceDocument(EventDocument):
    """The same, told by itself. The parcel need not be known yet; its own after-sale says whose carrier it is."""

    tracking_number: Id
    carrier: Carrier | None = None


class ParcelDocument(Document):
    """A parcel; without `value_fen` its value is the sum of its items."""

    tracking_number: Id
    carrier: Carrier
    shipped_at: Moment | None
    value_fen: Fen | None = None
    items: Annotated[tuple[ItemDocument, ...], Field(max_length=MOST_ITEMS, strict=False)]
    trace: Annotated[tuple[EventDocument, ...], Field(max_length=MOST_EVENTS, strict=False)] = ()

    @model_validator(mode="after")
    def _has_a_value(self) -> Self:
        if not self.items and self.value_fen is None:
            raise PydanticCustomError("value", "has neither items nor a value")
        return self


class AfterSaleDocument(Document):
    """A buyer's claim on an order, with all parcels of it."""

    after_sale_id: Id
    order_id: Id
    type: Literal["refund_only", "return_refund", "exchange"]
    status: Literal["open", "closed"]
    in_arbitration: bool
    applied_at: Moment
    deadline: Moment | None = None
    refund_fen: Fen
    reason: Prose | None = None
    buyer: Line | None = None
    parcels: Annotated[tuple[ParcelDocument, ...], Field(max_length=MOST_PARCELS, strict=False)]

    @model_validator(mode="after")
    def _each_parcel_once(self) -> Self:
        counted = Counter(parcel.tracking_number for parcel in self.parcels)
        for number, times in counted.items():
            if times > 1:
                raise PydanticCustomError("twice", "names a parcel twice", {"number": number})
        return self
