"""Why a request was not taken: problem documents (RFC 9457) with a stable `code`, in both languages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from aiohttp import web

from bot.api.words import Words, words

CONTENT_TYPE = "application/problem+json"


class Code(StrEnum):
    """The stable names of `contract.md`, and two for what no page foresees."""

    BAD_REQUEST = "BAD_REQUEST"
    IDEMPOTENCY_KEY_REQUIRED = "IDEMPOTENCY_KEY_REQUIRED"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    CHOICE_REQUIRED = "CHOICE_REQUIRED"
    NOT_CANCELLABLE = "NOT_CANCELLABLE"
    TOO_MANY = "TOO_MANY"
    RATE_LIMITED = "RATE_LIMITED"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    NOT_READY = "NOT_READY"


STATUS: Mapping[Code, int] = {
    Code.BAD_REQUEST: 400,
    Code.IDEMPOTENCY_KEY_REQUIRED: 400,
    Code.UNAUTHENTICATED: 401,
    Code.PERMISSION_DENIED: 403,
    Code.NOT_FOUND: 404,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.IDEMPOTENCY_KEY_REUSED: 409,
    Code.CHOICE_REQUIRED: 409,
    Code.NOT_CANCELLABLE: 409,
    Code.TOO_MANY: 413,
    Code.RATE_LIMITED: 429,
    Code.INTERNAL_ERROR: 500,
    Code.NOT_READY: 503,
}


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One wrong field of a request: its name as the caller wrote it, empty for the request as a whole."""

    field: str
    words: Words


class Problem(Exception):
    """Ends a request with a problem document.

    `more` holds further members of the document, `headers` further headers of the answer.
    """

    def __init__(
        self,
        code: Code,
        detail: Words,
        *,
        more: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.more = more or {}
        self.headers = headers or {}

    def response(self) -> web.Response:
        """The document, ready to be sent."""
        title = words("title", self.code)
        status = STATUS[self.code]
        document = {
            "type": f"urn:intercept-bot:problem:{self.code.value}",
            "title": title.zh,
            "title_en": title.en,
            "status": status,
            "code": self.code.value,
            "detail": self.detail.zh,
            "detail_en": self.detail.en,
            **self.more,
        }
        body = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
        return web.Response(status=status, body=body, content_type=CONTENT_TYPE, headers=self.headers)


def problem(code: Code, key: str, **facts: object) -> Problem:
    """A problem in the words of `[detail]`."""
    return Problem(code, words("detail", key, **facts))


def wrong_fields(problems: Sequence[FieldProblem]) -> Problem:
    """Every wrong field at once: 400 (ruling 21)."""

    def line(said: FieldProblem, text: str, colon: str) -> str:
        return f"{said.field}{colon}{text}" if said.field else text

    detail = Words(
        "；".join(line(p, p.words.zh, "：") for p in problems) + "。",
        "; ".join(line(p, p.words.en, " ") for p in problems) + ".",
    )
    errors = [{"field": p.field, "reason": p.words.zh, "reason_en": p.words.en} for p in problems]
    return Problem(Code.BAD_REQUEST, detail, more={"errors": errors})
