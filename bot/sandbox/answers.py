"""How an answer leaves, or does not: the faults of a connection are the same for every twin."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiohttp import web

from bot.sandbox.world import Met, Placement

HTML: Final = "<html><head><title>Service</title></head><body><h1>系统维护中</h1></body></html>"

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def json_answer(data: object, status: int = 200) -> web.Response:
    """A JSON answer, UTF-8, Chinese as it is."""
    body = _encode(data).encode("utf-8", "backslashreplace")
    return web.Response(body=body, status=status, content_type="application/json", charset="utf-8")


def read_object(raw: bytes | str) -> dict[str, Any] | None:
    """The JSON object in a body, or None where there is none."""
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def text_of(data: Mapping[str, Any], name: str) -> str | None:
    """A field that has to be text and not empty, or None."""
    value = data.get(name)
    return value if isinstance(value, str) and value.strip() else None


async def deliver(request: web.Request, body: object, placements: Sequence[Placement]) -> web.StreamResponse:
    """The answer to a create, after the time and in the way its outcomes want; the worst of several decides."""
    wait = max(_wait(p) for p in placements)
    if wait > 0:
        await asyncio.sleep(wait)
    broken = {p.plan.outcome for p in placements if p.met in {Met.MADE, Met.ERROR}}
    if "lost_answer" in broken:
        return cut(request)
    if broken & {"http_500", "http_500_after"}:
        return web.Response(status=500, text="Internal Server Error")
    if "malformed" in broken:
        return web.Response(text=HTML, content_type="text/html")
    return json_answer(body)


def cut(request: web.Request) -> web.StreamResponse:
    """Close the connection without a byte; what is returned finds it closed."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()


def log_code(placement: Placement, code: str) -> str:
    """The code for the log: the system's own, or the fault that kept the answer from being read."""
    faults = {"lost_answer", "http_500", "http_500_after", "malformed"}
    if placement.met in {Met.MADE, Met.ERROR} and placement.plan.outcome in faults:
        return placement.plan.outcome
    return code


def _wait(placement: Placement) -> float:
    slow = placement.made and placement.plan.outcome == "slow"
    return max(placement.plan.delay_s, placement.plan.later_s) if slow else placement.plan.delay_s
