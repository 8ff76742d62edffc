"""What may stand in a query string. Everything arrives as text; what may be repeated is a list."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, TypeVar, get_origin

from aiohttp import web
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from bot.api.documents import Id
from bot.api.fields import read
from bot.domain.case import State
from bot.domain.moment import read_query_moment

MOST_ITEMS = 200
USUAL_ITEMS = 100
LONGEST_WAIT_S = 10.0
CURSOR = r"^[0-9]{1,16}-[0-9]{1,18}$"
"""As the store and the ledger write them; nothing else is looked up."""

_WHOLE = re.compile(r"[0-9]{1,4000}")
_NUMBER = re.compile(r"-?[0-9]{1,400}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,5})?")

Q = TypeVar("Q", bound=BaseModel)


def _limit(value: Any) -> int:
    text = str(value)
    if _WHOLE.fullmatch(text) is None or not text.strip("0"):
        raise PydanticCustomError("limit", "is no whole number above 0")
    return int(text) if len(text.lstrip("0")) <= len(str(MOST_ITEMS)) else MOST_ITEMS


def _at_most(limit: int) -> int:
    return min(limit, MOST_ITEMS)


def _seconds(value: Any) -> float:
    text = str(value)
    seconds = float(text) if _NUMBER.fullmatch(text) else -1.0
    if not seconds >= 0:
        raise PydanticCustomError("seconds", "is no number of seconds")
    return min(seconds, LONGEST_WAIT_S)


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        return read_query_moment(str(value))
    except ValueError:
        raise PydanticCustomError("moment", "is no ISO 8601 time") from None


Limit = Annotated[
    int,
    BeforeValidator(lambda value: _at_most(_limit(value))),
    WithJsonSchema(
        {"type": "integer", "minimum": 1, "description": f"at most {MOST_ITEMS}; a greater one counts as that"}
    ),
]
Seconds = Annotated[
    float,
    BeforeValidator(_seconds),
    WithJsonSchema(
        {"type": "number", "minimum": 0, "description": "waits for final states, at most 10 s; more counts as 10"}
    ),
]
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema(
        {"type": "string", "format": "date-time", "description": "ISO 8601; without an offset Asia/Shanghai"}
    ),
]


class Query(BaseModel):
    """What all query strings share: a name that nobody knows is refused, or a mistyped filter would find too much."""

    model_config = ConfigDict(extra="forbid")


class WaitQuery(Query):
    """How long `POST /interceptions` waits."""

    wait: Seconds = 0.0


class PageQuery(Query):
    """Which page of a list."""

    cursor: Annotated[str, Field(pattern=CURSOR, description="`next` of the page before")] | None = None
    limit: Limit = USUAL_ITEMS


class InterceptionsQuery(PageQuery):
    """Which interceptions; what is left out does not narrow. `state` may be repeated."""

    tracking_number: Id | None = None
    after_sale_id: Id | None = None
    state: list[State] = []
    since: Moment | None = None


class FeesQuery(PageQuery):
    """Which entries: `from` inclusive, `to` exclusive."""

    since: Annotated[Moment | None, Field(alias="from")] = None
    until: Annotated[Moment | None, Field(alias="to")] = None
    carrier: Annotated[str, Field(pattern=r"^[^\x00-\x1f]{1,32}$")] | None = None


def read_query(model: type[Q], request: web.Request) -> Q:
    """The query string as that model."""
    lists = {field.alias or name for name, field in model.model_fields.items() if get_origin(field.annotation) is list}
    return read(model, {k: request.query.getall(k) if k in lists else request.query[k] for k in request.query})
