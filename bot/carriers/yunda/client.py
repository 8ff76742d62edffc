"""Sends to 韵达. The only file that knows its addresses; those of an interception come from the configuration."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from yarl import URL

from bot.carriers.reading import compact
from bot.carriers.yunda.signing import sign
from bot.carriers.yunda.wire import TrackQuery

if TYPE_CHECKING:
    from bot.carriers.contract import Ask
    from bot.carriers.yunda.carrier import PrivateCall, YundaSettings
    from bot.outbound import Outbound, Outcome


class YundaClient:
    """One account at 韵达."""

    def __init__(self, settings: YundaSettings, outbound: Outbound) -> None:
        """With that shop's own key."""
        self._settings = settings
        self._secret = settings.app_secret.get_secret_value()
        self._outbound = outbound
        self._base = str(settings.base_url).rstrip("/")

    async def private(self, operation: str, call: PrivateCall, ask: Ask) -> Outcome:
        """One call of the private interface, its body filled from the configured template."""
        return await self._post(call.path, operation, compact(self._filled(call.body, ask)))

    async def trace(self, message: TrackQuery) -> Outcome:
        """The waybill's steps."""
        return await self._post(self._settings.trace_path, "trace.query", message.wire())

    def _filled(self, template: dict[str, str], ask: Ask) -> dict[str, str]:
        values = {
            "{tracking_no}": ask.tracking_number,
            "{interception_id}": ask.interception_id,
            "{reason}": self._settings.reason,
        }
        return {name: values.get(text, text) for name, text in template.items()}

    async def _post(self, path: str, operation: str, body: bytes) -> Outcome:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "app-key": self._settings.app_key,
            "req-time": str(int(time.time() * 1000)),
            "sign": sign(body, self._secret),
        }
        return await self._outbound.post(
            URL(self._base + path), system="yunda", operation=operation, body=body, headers=headers
        )
