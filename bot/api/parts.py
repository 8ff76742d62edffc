"""What the API is handed, and what each request carries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from bot.api.limits import RateLimit
from bot.domain.people import Asker, Scope
from bot.domain.reason import Reason
from bot.interception.service import Interceptions
from bot.merchants.keys import Keys
from bot.shops.contract import Intake
from bot.store.database import Database

Describe = Callable[[Reason, str, str], tuple[str, str | None]]
"""Reason, language (`zh` or `en`) and the code of the parcel's carrier → what it is, and what would have to change."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The neighbours, as `app.py` hands them in."""

    interceptions: Interceptions
    keys: Keys
    intake: Intake
    database: Database
    describe: Describe
    limit: RateLimit = field(default_factory=RateLimit)


@dataclass(frozen=True, slots=True)
class Call:
    """One request whose key is known and may do what it asks."""

    request: web.Request
    asker: Asker
    parts: Parts
    lang: str


Handler = Callable[[Call], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address of the API: what it needs, takes and gives. The routes and the description are made of these.

    `gives`: status → model of the body. `refuses`: the codes besides those that every address has.
    """

    method: str
    path: str
    scope: Scope
    handler: Handler
    summary: str
    gives: Mapping[int, type[BaseModel]]
    query: type[BaseModel] | None = None
    takes: str | None = None
    key_needed: bool = False
    refuses: tuple[str, ...] = ()


def answer(document: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A document as JSON."""
    return web.Response(
        status=status, body=document.model_dump_json().encode(), content_type="application/json", headers=headers
    )


def language(request: web.Request) -> str:
    """The language of reasons: English where `Accept-Language` puts it before Chinese, Chinese else."""
    best = {"zh": 0.0, "en": 0.0}
    for part in request.headers.get("Accept-Language", "")[:200].split(","):
        tag, _, weight = part.strip().partition(";q=")
        short = tag.strip().lower()[:2]
        if short in best:
            best[short] = max(best[short], _weight(weight))
    return "en" if best["en"] > best["zh"] else "zh"


def _weight(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0.0


def members(model: type[BaseModel]) -> dict[str, Any]:
    """The parameters of a query model as JSON schemas, by the names that the query string uses."""
    properties: dict[str, Any] = model.model_json_schema(by_alias=True)["properties"]
    return properties
