"""One id per request: in every log line that the request causes, and in the answer as `X-Request-Id`.

What is logged of a request is its method, the pattern of its path and the answer's status: a path or a query may carry
what somebody typed, a pattern never does. The API tells its own answers, with the key that asked.
"""

from __future__ import annotations

import asyncio
import secrets
import time

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

log = structlog.get_logger(__name__)

HEADER = "X-Request-Id"
NOWHERE = "(no such path)"
QUIET = ("/healthz", "/readyz", "/metrics", "/static/")
"""Asked every few seconds, or beside every page: told at the level `debug` only."""

TOLD_ELSEWHERE = "/api/"

LEFT = 499
"""Nobody waited for the answer any more: the other side went, or the bot was stopped. No defect, and so no 500."""

_ID: web.RequestKey[str] = web.RequestKey("request_id")
_BEGUN: web.RequestKey[int] = web.RequestKey("begun")
"""The status of an answer that was begun: a stream keeps it, however it ends."""


def follow(app: web.Application) -> None:
    """Gives each request its id. Called before any other middleware is added, so that it stands around all of them."""
    app.middlewares.insert(0, _followed)
    app.on_response_prepare.append(_named)


@web.middleware
async def _followed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A new id for each request. One that the other side sent is not taken over: it may be anything."""
    request[_ID] = secrets.token_hex(8)
    began = time.perf_counter()
    status = 500
    with structlog.contextvars.bound_contextvars(request_id=request[_ID]):
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as said:
            status = said.status
            raise
        except (asyncio.CancelledError, ConnectionError):
            status = request.get(_BEGUN, LEFT)
            raise
        finally:
            _tell(request, status, time.perf_counter() - began)
    return response


async def _named(request: web.Request, response: web.StreamResponse) -> None:
    if _ID in request:
        response.headers[HEADER] = request[_ID]
        request[_BEGUN] = response.status


def _tell(request: web.Request, status: int, seconds: float) -> None:
    resource = request.match_info.route.resource
    pattern = resource.canonical if resource is not None else NOWHERE
    if pattern.startswith(TOLD_ELSEWHERE):
        return
    say = log.debug if pattern.startswith(QUIET) else log.info
    say("web.answered", method=request.method, path=pattern, status=status, ms=round(seconds * 1000, 1))
