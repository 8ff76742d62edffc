"""Uses the address that came with a message. The robot cannot write on its own over callbacks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from bot.channels.budget import asked_to_wait_s
from bot.channels.contract import NotPosted, Throttled
from bot.outbound import NeverLeft, Outbound, Response

AGAIN_S = 2.0
BUSY = frozenset({-1, 6000})
LIMITED, PEACE_S = frozenset({45009, 45033}), 60.0
PASSING = BUSY | LIMITED
"""Codes that are no reason to stop trying."""


class _Said(BaseModel):
    errcode: int = 0
    errmsg: str = ""


class WecomClient:
    """Sends."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    async def respond(self, url: str, message: Mapping[str, Any]) -> None:
        """One message, once. Raises `NotPosted`; without an answer it may have been shown, and is not sent again."""
        outcome = await self._outbound.post(
            url,
            system="wecom",
            operation="response_url",
            body=json.dumps(message, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json; charset=utf-8"},
        )
        if isinstance(outcome, NeverLeft):
            raise NotPosted(f"企业微信: {outcome.why}", 1.0)
        if not isinstance(outcome, Response):
            raise NotPosted(f"企业微信: {outcome.why}", None)
        if outcome.status == 429:
            raise Throttled("企业微信: HTTP 429", asked_to_wait_s(outcome, PEACE_S))
        if outcome.status >= 500:
            raise NotPosted(f"企业微信: HTTP {outcome.status}", AGAIN_S)
        if outcome.status != 200:
            raise NotPosted(f"企业微信: HTTP {outcome.status}", None)
        try:
            said = _Said.model_validate_json(outcome.body or b"{}")
        except ValidationError:
            return
        if said.errcode != 0:
            raise refusal(said.errcode, said.errmsg)


def refusal(code: int, words: str = "") -> NotPosted:
    """What a code of 企业微信's means for the message that it refuses."""
    if code in LIMITED:
        return Throttled(f"企业微信: {code}", PEACE_S)
    return NotPosted(f"企业微信: {code} {words}".strip()[:120], AGAIN_S if code in BUSY else None)
