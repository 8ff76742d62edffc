"""Mounts the channels that are called: everything below `/channels/<name>/`, raw body first.

Whatever goes wrong, the platform hears a status and no detail; that something was taken it hears only once it is
committed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import structlog
from aiohttp import web

from bot.channels.contract import Answer, Call, Channel, NotKept, Webhook

log = structlog.get_logger(__name__)

PREFIX = "/channels"


def mount(app: web.Application, channels: Iterable[Channel]) -> None:
    """Adds the routes of every channel that has some."""
    for channel in channels:
        if isinstance(channel, Webhook):
            for method, path in channel.hooks:
                app.router.add_route(method, f"{PREFIX}/{channel.facts.name}{path}", _door(channel.facts.name, channel))


def _door(name: str, channel: Webhook) -> Callable[[web.Request], Awaitable[web.Response]]:
    before = f"{PREFIX}/{name}"

    async def hear(request: web.Request) -> web.Response:
        body = await _body(request, channel.longest)
        if body is None:
            return _response(Answer(413))
        headers = {key.lower(): value for key, value in request.headers.items()}
        call = Call(request.method, request.path.removeprefix(before), dict(request.query), headers, body)
        try:
            answer = await channel.hear(call)
        except NotKept:
            log.warning("channel.not_kept", channel=name)
            return _response(Answer(503))
        except Exception:
            log.exception("channel.failed", channel=name)
            return _response(Answer(500))
        if answer.status >= 400:
            log.warning("channel.refused", channel=name, status=answer.status)
        return _response(answer)

    return hear


async def _body(request: web.Request, longest: int) -> bytes | None:
    """The body as it came; None when it is longer than the platform's ever are."""
    if request.content_length is not None and request.content_length > longest:
        return None
    parts: list[bytes] = []
    size = 0
    while part := await request.content.readany():
        size += len(part)
        if size > longest:
            return None
        parts.append(part)
    return b"".join(parts)


def _response(answer: Answer) -> web.Response:
    return web.Response(
        status=answer.status, body=answer.body, content_type=answer.content_type, headers=dict(answer.headers)
    )
