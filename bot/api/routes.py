"""Puts the API at `/api/v1`: one way through for every request, and a problem document for whatever goes wrong."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from functools import cache

import structlog
from aiohttp import web
from sqlalchemy.exc import InterfaceError, OperationalError

from bot.api import after_sales, fees, interceptions, traces
from bot.api.auth import authenticate, count, permit
from bot.api.openapi import describe
from bot.api.parts import Call, Endpoint, Parts, language
from bot.api.problems import Code, Problem, problem
from bot.api.words import words
from bot.store.database import NotStored

log = structlog.get_logger(__name__)

PREFIX = "/api/v1"
ENDPOINTS: tuple[Endpoint, ...] = (
    *interceptions.ENDPOINTS,
    *after_sales.ENDPOINTS,
    *traces.ENDPOINTS,
    *fees.ENDPOINTS,
)

Observe = Callable[[str, str, int, float], None]
"""Method, path as it is described, status, seconds."""


def mount(app: web.Application, parts: Parts, *, version: str, observe: Observe | None = None) -> None:
    """Adds the API to the application. `observe` hears of every answer (the metrics).

    The description is written for the first who reads it: few do, and it costs as much as the rest of the start.
    """
    api = web.Application(middlewares=[_problems])

    @cache
    def description() -> bytes:
        return json.dumps(describe(ENDPOINTS, parts.intake, version), ensure_ascii=False).encode()

    async def openapi(request: web.Request) -> web.Response:
        del request
        return web.Response(body=await asyncio.to_thread(description), content_type="application/json")

    api.router.add_get("/openapi.json", openapi)
    for endpoint in ENDPOINTS:
        api.router.add_route(endpoint.method, endpoint.path, _served(endpoint, parts, observe))
    app.add_subapp(PREFIX, api)


Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _served(endpoint: Endpoint, parts: Parts, observe: Observe | None) -> Serve:
    async def serve(request: web.Request) -> web.StreamResponse:
        began = time.perf_counter()
        key_id: str | None = None
        try:
            asker = await authenticate(request, parts.keys)
            key_id = asker.key_id
            count(asker, parts.limit)
            permit(asker, endpoint.scope)
            response = await endpoint.handler(Call(request, asker, parts, language(request)))
        except Exception as error:  # noqa: BLE001 - every one becomes a problem document
            response = _problem_of(error).response()
        seconds = time.perf_counter() - began
        log.info(
            "api.answered",
            method=endpoint.method,
            path=endpoint.path,
            status=response.status,
            ms=round(seconds * 1000, 1),
            asker=key_id,
        )
        if observe is not None:
            observe(endpoint.method, endpoint.path, response.status, seconds)
        return response

    return serve


@web.middleware
async def _problems(request: web.Request, handler: Serve) -> web.StreamResponse:
    """What the router refuses is told as a problem too."""
    try:
        return await handler(request)
    except web.HTTPMethodNotAllowed as refused:
        allowed = ", ".join(sorted(refused.allowed_methods - {"HEAD"}))
        detail = words("detail", "no_method", allowed=allowed)
        return Problem(Code.METHOD_NOT_ALLOWED, detail, headers={"Allow": allowed}).response()
    except web.HTTPNotFound:
        return problem(Code.NOT_FOUND, "no_path").response()


def _problem_of(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, NotStored | OperationalError | InterfaceError):
        log.warning("api.not_stored", problem=type(error).__name__)
        return Problem(Code.NOT_READY, words("detail", "not_stored"), headers={"Retry-After": "1"})
    reference = secrets.token_hex(4)
    log.error("api.defect", reference=reference, exc_info=error)
    return problem(Code.INTERNAL_ERROR, "internal", reference=reference)
