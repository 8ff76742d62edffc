"""Whose request it is: a Bearer key, its scopes, and how often it asks."""

from __future__ import annotations

import math

from aiohttp import web

from bot.api.limits import RateLimit
from bot.api.problems import Code, Problem, problem
from bot.api.words import words
from bot.domain.people import Asker, Scope
from bot.merchants.keys import Keys

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="intercept-bot"'}


async def authenticate(request: web.Request, keys: Keys) -> Asker:
    """Whoever the key belongs to, read anew for each request (ruling 9)."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key:
        raise Problem(Code.UNAUTHENTICATED, words("detail", "no_key"), headers=_CHALLENGE)
    asker = await keys.asker(key)
    if asker is None:
        raise Problem(Code.UNAUTHENTICATED, words("detail", "unknown_key"), headers=_CHALLENGE)
    return asker


def permit(asker: Asker, scope: Scope) -> None:
    """Refuses a key without that scope."""
    if scope not in asker.scopes:
        raise problem(Code.PERMISSION_DENIED, "scope", scope=scope.value)


def count(asker: Asker, limit: RateLimit) -> None:
    """Refuses a key that asks too often, and says when it may again."""
    wait = limit.wait_s(asker.key_id or "")
    if wait > 0:
        seconds = max(math.ceil(wait), 1)
        detail = words("detail", "rate", rate=f"{limit.rate:g}", burst=limit.burst, seconds=seconds)
        raise Problem(Code.RATE_LIMITED, detail, headers={"Retry-After": str(seconds)})
