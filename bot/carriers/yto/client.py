"""Sends to 圆通. The only file that knows its addresses: the console issues one for each interface."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from yarl import URL

from bot.carriers.yto.signing import VERSION, sign
from bot.carriers.yto.wire import Call, TrackQuery, WantedReport

if TYPE_CHECKING:
    from bot.carriers.yto.carrier import YtoInterface, YtoSettings
    from bot.outbound import Outbound, Outcome

CREATE: Final = "wanted_report_adapter"
TRACE: Final = "track_query_adapter"
HEADERS: Final = {"Content-Type": "application/json; charset=utf-8"}


class YtoClient:
    """One customer at 圆通."""

    def __init__(self, settings: YtoSettings, outbound: Outbound) -> None:
        """Addresses are made once."""
        self._outbound = outbound
        self._create = _Endpoint(CREATE, settings.intercept)
        self._trace = _Endpoint(TRACE, settings.trace) if settings.trace is not None else None

    async def create(self, message: WantedReport) -> Outcome:
        """Asks for the parcel back."""
        return await self._post(self._create, "intercept.create", message.param())

    async def trace(self, message: TrackQuery) -> Outcome | None:
        """The waybill's events; None without an account for this interface."""
        return None if self._trace is None else await self._post(self._trace, "trace.query", message.param())

    async def _post(self, endpoint: _Endpoint, operation: str, param: str) -> Outcome:
        call = Call(timestamp=int(time.time() * 1000), param=param, sign=endpoint.sign(param))
        return await self._outbound.post(
            endpoint.url, system="yto", operation=operation, body=call.wire(), headers=HEADERS
        )


class _Endpoint:
    """Address and secret of one interface: `{base}/open/{method}/{version}/{token}/{customer}`."""

    def __init__(self, method: str, account: YtoInterface) -> None:
        base = str(account.base_url).rstrip("/")
        self.url = URL(f"{base}/open/{method}/{VERSION}/{account.token}/{account.customer_code}")
        self._method = method
        self._secret = account.secret.get_secret_value()

    def sign(self, param: str) -> str:
        return sign(param, self._method, self._secret)
