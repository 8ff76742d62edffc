"""The door of the channels that are called: everything below `/channels/<name>/`, raw body first.

Whatever goes wrong, the platform hears a status and no detail; that something was taken it hears only once it is
committed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import unquote

import structlog
from aiohttp import web

from bot.channels.contract import Answer, Call, Channel, NotKept, Webhook

log = structlog.get_logger(__name__)

PREFIX = "/channels"


def mount(app: web.Application, channels: Mapping[str, Channel]) -> None:
    """One door for all of them, which looks for the channel at each request: they may change while the bot runs."""
    app.router.add_route("*", f"{PREFIX}/{{channel}}/{{rest:.+}}", _door(channels))


def _door(channels: Mapping[str, Channel]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def hear(request: web.Request) -> web.Response:
        name = request.match_info["channel"]
        channel, before = _called(channels, name), f"{PREFIX}/{name}"
        path = request.rel_url.raw_path.removeprefix(before)
        methods = {method for method, hook in channel.hooks if _leads_to(hook, path)}
        if not methods:
            raise web.HTTPNotFound
        if request.method not in methods:
            raise web.HTTPMethodNotAllowed(request.method, methods)
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


def _called(channels: Mapping[str, Channel], name: str) -> Webhook:
    """The channel of that name, where there is one that is called. Raises `HTTPNotFound`."""
    if name in channels:
        channel = channels[name]
        if isinstance(channel, Webhook):
            return channel
    raise web.HTTPNotFound


def _leads_to(hook: str, path: str) -> bool:
    """Whether a path is the hook's; a part in braces stands for anything but nothing."""
    wanted, given = hook.split("/"), path.split("/")
    return len(wanted) == len(given) and all(
        bool(there) if part.startswith("{") else part == unquote(there)
        for part, there in zip(wanted, given, strict=True)
    )


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
