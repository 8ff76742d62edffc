"""Speaks to Chatwoot. It and `tryout.py` alone know its addresses."""

from __future__ import annotations

import json

from pydantic import BaseModel, ValidationError

from bot.channels.budget import asked_to_wait_s
from bot.channels.chatwoot.inbound import OURS
from bot.channels.contract import NotPosted, Throttled
from bot.outbound import NeverLeft, Outbound, Response

AGAIN_S = 2.0
SLOWER_S = 30.0


class _Made(BaseModel):
    id: int


class ChatwootClient:
    """One account."""

    def __init__(self, outbound: Outbound, base: str, account: int, token: str) -> None:
        self._outbound = outbound
        self._base = f"{base}/api/v1/accounts/{account}"
        self._headers = {"api_access_token": token, "Content-Type": "application/json"}

    async def note(self, conversation: str, words: str, *, private: bool = True) -> int:
        """A private note, or a reply that the customer reads; returns its id. Raises `NotPosted`."""
        body = {
            "content": words,
            "message_type": "outgoing",
            "private": private,
            "content_type": "text",
            "content_attributes": {OURS: True},
        }
        outcome = await self._outbound.post(
            f"{self._base}/conversations/{conversation}/messages",
            system="chatwoot",
            operation="note" if private else "reply",
            body=json.dumps(body, ensure_ascii=False).encode(),
            headers=self._headers,
        )
        if not isinstance(outcome, Response):
            raise NotPosted(f"Chatwoot: {outcome.why}", 1.0 if isinstance(outcome, NeverLeft) else AGAIN_S)
        if outcome.status == 429:
            raise Throttled("Chatwoot: HTTP 429", asked_to_wait_s(outcome, SLOWER_S))
        if outcome.status not in (200, 201):
            again = AGAIN_S if outcome.status >= 500 else None
            raise NotPosted(f"Chatwoot: HTTP {outcome.status}", again)
        try:
            return _Made.model_validate_json(outcome.body).id
        except ValidationError:
            raise NotPosted("Chatwoot: no answer that can be read", None) from None
