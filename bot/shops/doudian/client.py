"""Sends to 抖店 and keeps its token. The only file that knows its addresses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

import structlog
from pydantic import BaseModel, ValidationError
from yarl import URL

from bot.outbound import NeverLeft, Outbound, Outcome, Response
from bot.shops.doudian.signing import SignMethod, canonical, sign
from bot.shops.doudian.wire import Envelope, Token

if TYPE_CHECKING:
    from bot.shops.doudian.shop import DoudianSettings

APPLY: Final = "afterSale.applyLogisticsIntercept"
LIST: Final = "afterSale.List"
DETAIL: Final = "afterSale.Detail"
OPERATE: Final = "afterSale.operate"
ORDER: Final = "order.orderDetail"
TRACE: Final = "logistics.trackNoRouteDetail"
TOKEN_CREATE: Final = "token.create"  # noqa: S105 - the name of an interface
TOKEN_REFRESH: Final = "token.refresh"  # noqa: S105 - the same

OK: Final = frozenset({10000, 0})
EARLY_S: Final = 3600.0
"""A token is renewed an hour before its end."""

TOKEN_ENDED: Final = frozenset({"isv.access-token-expired", "isv.access-token-no-existed"})
"""The gateway turned a call away, having done nothing, because the token holds no longer [1: two SDKs]."""

HEADERS: Final = {"Content-Type": "application/json; charset=utf-8", "x-open-no-old-err-code": "1"}

_log = structlog.get_logger("bot.shops.doudian")

D = TypeVar("D", bound=BaseModel)


class DoudianClient:
    """One shop's account at 抖店."""

    def __init__(self, settings: DoudianSettings, outbound: Outbound) -> None:
        """With that shop's own app."""
        self._outbound = outbound
        self._base = str(settings.base_url).rstrip("/")
        self._key = settings.app_key
        self._secret = settings.app_secret.get_secret_value()
        self._tokens = _Tokens(settings, self)

    async def post(self, method: str, operation: str, params: Mapping[str, Any]) -> Outcome:
        """Sends one call. Without a token nothing is sent, and that is told as such; the limit holds for both."""
        deadline = time.monotonic() + self._outbound.limit_s
        try:
            async with asyncio.timeout(self._outbound.limit_s):
                token = await self._tokens.current()
        except TimeoutError:
            token = None
        if token is None:
            return NeverLeft("no access token", 0)
        return await self.send(method, operation, params, token, deadline - time.monotonic())

    async def read(self, method: str, operation: str, params: Mapping[str, Any], model: type[D]) -> D | None:
        """The data of a call that changes nothing; None when it could not be asked, or was refused."""
        envelope = envelope_of(await self.post(method, operation, params))
        if envelope is not None and self.token_ended(envelope):
            envelope = envelope_of(await self.post(method, operation, params))
        return data_of(envelope, model)

    def token_ended(self, envelope: Envelope) -> bool:
        """Whether the call was turned away for a token that we renew ourselves; it is fetched anew before the next."""
        return envelope.sub_code in TOKEN_ENDED and self._tokens.forget()

    async def send(
        self,
        method: str,
        operation: str,
        params: Mapping[str, Any],
        token: str | None,
        limit_s: float | None = None,
    ) -> Outcome:
        """Signs and sends the very same bytes."""
        param_json = canonical(params)
        timestamp = str(int(time.time()))
        signed = sign(self._key, self._secret, method, param_json, timestamp)
        query = (
            f"app_key={self._key}&method={method}&timestamp={timestamp}&v=2"
            f"&sign_method={SignMethod.HMAC_SHA256}&sign={signed}"
        )
        if token is not None:
            query += f"&access_token={quote(token, safe='')}"
        url = URL(f"{self._base}/{method.replace('.', '/')}?{query}", encoded=True)
        return await self._outbound.post(
            url,
            system="doudian",
            operation=operation,
            body=param_json.encode("utf-8", "replace"),
            headers=HEADERS,
            limit_s=limit_s,
        )


class _Tokens:
    """The access token: the one of the configuration, or fetched and renewed under a lock."""

    def __init__(self, settings: DoudianSettings, client: DoudianClient) -> None:
        self._shop_id = settings.shop_id
        self._client = client
        self._given = settings.access_token.get_secret_value() if settings.access_token is not None else None
        self._token: Token | None = None
        self._until = 0.0
        self._renew_at = 0.0
        self._lock = asyncio.Lock()

    async def current(self) -> str | None:
        """A token that holds for a while; None when none can be had."""
        if self._given is not None:
            return self._given
        if time.monotonic() >= self._renew_at:
            async with self._lock:
                if time.monotonic() >= self._renew_at:
                    await self._renew()
        return self._token.access_token if self._token is not None and time.monotonic() < self._until else None

    def forget(self) -> bool:
        """Drops the token; False where it is not ours to renew."""
        self._token = None
        self._renew_at = 0.0
        return self._given is None

    async def _renew(self) -> None:
        token = None
        if self._token is not None and self._token.refresh_token:
            params = {"grant_type": "refresh_token", "refresh_token": self._token.refresh_token}
            token = await self._ask(TOKEN_REFRESH, params)
        if token is None:
            params = {"code": "", "grant_type": "authorization_self", "shop_id": self._shop_id or ""}
            token = await self._ask(TOKEN_CREATE, params)
        if token is not None:
            now = time.monotonic()
            self._token = token
            self._until = now + token.expires_in
            self._renew_at = self._until - min(EARLY_S, token.expires_in / 2)

    async def _ask(self, method: str, params: Mapping[str, str]) -> Token | None:
        envelope = envelope_of(await self._client.send(method, method, params, None))
        token = data_of(envelope, Token)
        if token is None and envelope is not None:
            _log.error("doudian_token_refused", method=method, code=envelope.code, sub_code=envelope.sub_code)
        return token


def envelope_of(outcome: Outcome) -> Envelope | None:
    """The envelope of an answer; None for none, for HTTP 5xx, and for what is not 抖店's."""
    if not isinstance(outcome, Response) or outcome.status >= 500:
        return None
    try:
        return Envelope.model_validate_json(outcome.body)
    except ValidationError:
        return None


def data_of(envelope: Envelope | None, model: type[D]) -> D | None:
    """The data of a good answer; None for everything else."""
    if envelope is None or envelope.code not in OK:
        return None
    try:
        return model.model_validate(envelope.data)
    except ValidationError:
        return None
