"""Sends to 中通. The only file that knows its addresses and headers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from yarl import URL

from bot.carriers.zto.signing import digest
from bot.carriers.zto.wire import ByBill, CancelIntercept, CreateIntercept

if TYPE_CHECKING:
    from bot.carriers.zto.carrier import ZtoSettings
    from bot.outbound import Outbound, Outcome

CREATE: Final = "thirdcenter.createIntercept"
CANCEL: Final = "thirdcenter.cancelIntercept"
STATUS: Final = "thirdcenter.queryInterceptAndReturnStatus"
TRACE: Final = "zto.merchant.waybill.track.query"


class ZtoClient:
    """One account at 中通."""

    def __init__(self, settings: ZtoSettings, outbound: Outbound) -> None:
        """Addresses are made once."""
        self._settings = settings
        self._secret = settings.app_secret.get_secret_value()
        self._hmac_key = settings.hmac_key.get_secret_value()
        self._outbound = outbound
        base = str(settings.base_url).rstrip("/")
        self._urls = {name: URL(f"{base}/{name}") for name in (CREATE, CANCEL, STATUS, TRACE)}
        self.limit_s = outbound.limit_s

    async def create(self, message: CreateIntercept) -> Outcome:
        """Asks for an interception."""
        return await self._post(CREATE, "intercept.create", message.wire())

    async def cancel(self, message: CancelIntercept) -> Outcome:
        """Takes one back."""
        return await self._post(CANCEL, "intercept.cancel", message.wire())

    async def status(self, message: ByBill, deadline: float) -> Outcome:
        """What became of the waybill's order; `deadline` by the monotonic clock."""
        return await self._post(STATUS, "intercept.query", message.wire(), deadline)

    async def trace(self, message: ByBill, deadline: float) -> Outcome:
        """The waybill's scans; `deadline` by the monotonic clock."""
        return await self._post(TRACE, "trace.query", message.wire(), deadline)

    async def _post(self, api: str, operation: str, body: bytes, deadline: float | None = None) -> Outcome:
        settings = self._settings
        stamp = int(time.time() * 1000) if settings.send_timestamp else None
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            settings.key_header: settings.app_key,
            settings.digest_header: digest(
                body, self._secret, variant=settings.digest, hmac_key=self._hmac_key, timestamp_ms=stamp
            ),
        }
        if stamp is not None:
            headers["x-timestamp"] = str(stamp)
        limit_s = None if deadline is None else deadline - time.monotonic()
        return await self._outbound.post(
            self._urls[api], system="zto", operation=operation, body=body, headers=headers, limit_s=limit_s
        )
