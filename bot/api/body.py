"""The body of a request: bounded, UTF-8, JSON as RFC 8259 has it, and the digest that tells whether it is the same."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot.api.problems import Code, problem
from bot.api.words import words
from bot.shops.contract import Unreadable

JSON_LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})


async def read_bytes(request: web.Request, limit: int) -> bytes:
    """The whole body, at most so many bytes."""
    if (request.content_length or 0) > limit:
        raise problem(Code.TOO_MANY, "body_size", limit=limit)
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.content.iter_any():
            size += len(part)
            if size > limit:
                raise problem(Code.TOO_MANY, "body_size", limit=limit)
            parts.append(part)
    except (web.RequestPayloadError, HttpProcessingError, ConnectionError) as broken:
        raise problem(Code.BAD_REQUEST, "body_broken") from broken
    return b"".join(parts)


async def read_json(request: web.Request, limit: int) -> Any:
    """The body as a JSON value."""
    return parse(await read_bytes(request, limit))


async def read_documents(request: web.Request, limit: int) -> list[object]:
    """The documents of a body: one object, an array, or JSON lines of which each may be unreadable by itself."""
    raw = await read_bytes(request, limit)
    if request.content_type in JSON_LINES:
        return [_line(line) for line in raw.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]
    value = parse(raw)
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list):
        return value
    raise problem(Code.BAD_REQUEST, "body_documents")


def parse(raw: bytes) -> Any:
    """A JSON value, or a problem that says where it ends to be one."""
    try:
        return json.loads(raw.decode("utf-8-sig"), parse_constant=_no_number)
    except UnicodeDecodeError:
        raise problem(Code.BAD_REQUEST, "body_encoding") from None
    except json.JSONDecodeError as wrong:
        raise problem(Code.BAD_REQUEST, "body_json", line=wrong.lineno, column=wrong.colno) from None
    except (ValueError, RecursionError):
        raise problem(Code.BAD_REQUEST, "body_number") from None


def digest(value: Any) -> str:
    """The same for the same JSON value, however it was spelled: order of members, blanks and escapes do not count."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _line(raw: bytes) -> object:
    try:
        return json.loads(raw.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        return Unreadable(words("field", "json").both())


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
