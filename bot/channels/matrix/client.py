"""Speaks to the homeserver as the application service. It and `tryout.py` alone know its addresses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from bot.channels.budget import LONGEST_WAIT_S, asked_to_wait_s
from bot.channels.contract import NotPosted, Throttled
from bot.outbound import NeverLeft, Outbound, Response

AGAIN_S = 2.0
SLOWER_S = 4.0
FOR_GOOD = frozenset({"M_FORBIDDEN", "M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_TOO_LARGE", "M_NOT_FOUND", "M_GUEST"})


class _Sent(BaseModel):
    event_id: str


class _Problem(BaseModel):
    errcode: str = "M_UNKNOWN"
    retry_after_ms: float = 0.0


class MatrixClient:
    """One bot user. The server knows each of our transactions by its id: sent twice, it is one event."""

    def __init__(self, outbound: Outbound, homeserver: str, token: str, user: str) -> None:
        self._outbound = outbound
        self._base = f"{homeserver}/_matrix/client/v3"
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._as = f"user_id={quote(user, safe='')}"

    async def send(self, room: str, key: str, content: Mapping[str, Any]) -> str:
        """A message; the same `key` again is the same event, whose id is returned. Raises `NotPosted`."""
        transaction = sha256(f"{room}\0{key}".encode()).hexdigest()[:40]
        url = f"{self._base}/rooms/{quote(room, safe='')}/send/m.room.message/{transaction}?{self._as}"
        outcome = await self._outbound.change(
            "PUT", url, system="matrix", operation="send", body=_json(content), headers=self._headers
        )
        try:
            return _Sent.model_validate_json(_answered(outcome)).event_id
        except ValidationError:
            raise NotPosted("Matrix: no answer that can be read", AGAIN_S) from None

    async def join(self, room: str) -> None:
        """Follows an invitation; joined already, nothing changes. Raises `NotPosted`."""
        url = f"{self._base}/rooms/{quote(room, safe='')}/join?{self._as}"
        outcome = await self._outbound.post(url, system="matrix", operation="join", body=b"{}", headers=self._headers)
        _answered(outcome)


def _answered(outcome: object) -> bytes:
    if not isinstance(outcome, Response):
        why = getattr(outcome, "why", "")
        raise NotPosted(f"Matrix: {why}", 1.0 if isinstance(outcome, NeverLeft) else AGAIN_S)
    if outcome.status == 200:
        return outcome.body
    try:
        problem = _Problem.model_validate_json(outcome.body)
    except ValidationError:
        problem = _Problem(errcode=f"HTTP {outcome.status}")
    code = problem.errcode
    if outcome.status == 429:
        told_s = asked_to_wait_s(outcome, SLOWER_S)
        asked_s = problem.retry_after_ms / 1000
        raise Throttled(f"Matrix: {code[:60]}", asked_s if 0 < asked_s < LONGEST_WAIT_S else told_s)
    raise NotPosted(f"Matrix: {code[:60]}", None if code in FOR_GOOD else AGAIN_S)


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()
