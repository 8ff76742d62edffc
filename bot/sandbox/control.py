"""The control routes, `/_sandbox/…`: what an operator or a check sets and reads. No real system has them."""

import math
import time
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from bot.sandbox.answers import json_answer, read_object
from bot.sandbox.listener import Listener
from bot.sandbox.orders import OUTCOMES
from bot.sandbox.world import Parcel, Settings, World, WorldFullError

DAY_S: Final = 86_400.0
MAX_NUMBER_LENGTH: Final = 64
FIELDS: Final = frozenset({"outcome", "code", "delay_s", "later_s"})


class WrongSettingsError(ValueError):
    """The settings cannot be taken; the words say why."""


def read_settings(data: dict[str, Any] | None, *, defaults: bool) -> Settings:
    """Settings out of a body. Raises `WrongSettingsError` for whatever is not known or cannot be."""
    if data is None:
        raise WrongSettingsError("the body is no JSON object")
    unknown = data.keys() - (FIELDS | {"weights"} if defaults else FIELDS)
    if unknown:
        raise WrongSettingsError(f"unknown fields: {', '.join(sorted(unknown))}")
    outcome = data.get("outcome")
    if outcome is None and not defaults:
        raise WrongSettingsError("outcome is missing")
    if outcome is not None and not (isinstance(outcome, str) and outcome in known_outcomes(defaults=defaults)):
        raise WrongSettingsError(f"unknown outcome: {outcome!r}")
    code = data.get("code")
    if code is not None and not (isinstance(code, str) and code):
        raise WrongSettingsError("code is a text")
    weights = _weights(data.get("weights"))
    if outcome == "down" and weights:
        raise WrongSettingsError("down takes no weights")
    times = _seconds(data, "delay_s"), _seconds(data, "later_s")
    return Settings(0, outcome or "success", weights, code, *times)


def known_outcomes(*, defaults: bool) -> frozenset[str]:
    """The outcomes that may be set: `down` only for the whole sandbox."""
    return OUTCOMES | {"down"} if defaults else OUTCOMES


def _seconds(data: Mapping[str, Any], name: str) -> float | None:
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= DAY_S:
        raise WrongSettingsError(f"{name} is a number of seconds from 0 to {DAY_S:.0f}")
    return float(value)


def _weights(given: object) -> dict[str, float] | None:
    if given is None:
        return None
    if not isinstance(given, dict) or given.keys() - OUTCOMES:
        raise WrongSettingsError("weights is an object of outcomes and their shares")
    shares = [v for v in given.values() if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(shares) < len(given) or not all(math.isfinite(s) and s >= 0 for s in shares) or sum(shares) <= 0:
        raise WrongSettingsError("shares are numbers from 0 up, and not all of them 0")
    return {outcome: float(share) for outcome, share in given.items() if share}


class Control:
    """Sets and shows the world; `down` goes to the listener."""

    def __init__(self, world: World, listener: Listener) -> None:
        self._world = world
        self._listener = listener

    def mount(self, app: web.Application) -> None:
        """Put the routes into the application."""
        app.router.add_put("/_sandbox/parcels/{tracking_number}", self.put_parcel)
        app.router.add_get("/_sandbox/parcels/{tracking_number}", self.get_parcel)
        app.router.add_put("/_sandbox/defaults", self.put_defaults)
        app.router.add_get("/_sandbox/defaults", self.get_defaults)

    async def put_parcel(self, request: web.Request) -> web.Response:
        """Arm one parcel, afresh; with `If-None-Match: *` only one that nobody has named, else 412."""
        number = request.match_info["tracking_number"]
        if len(number) > MAX_NUMBER_LENGTH:
            return _wrong("the tracking number is too long")
        if request.headers.get("If-None-Match") == "*" and self._world.known(number) is not None:
            return json_answer({"code": "KNOWN", "detail": "somebody has named this parcel"}, 412)
        try:
            settings = read_settings(read_object(await request.read()), defaults=False)
            parcel = self._world.arm(number, settings)
        except WrongSettingsError as wrong:
            return _wrong(str(wrong))
        except WorldFullError:
            return json_answer({"code": "FULL", "detail": "the sandbox holds no more parcels; restart it"}, 503)
        return json_answer(self._shown(parcel))

    async def get_parcel(self, request: web.Request) -> web.Response:
        """Settings and orders of one parcel; 404 for one that nobody has named."""
        parcel = self._world.known(request.match_info["tracking_number"])
        if parcel is None:
            return json_answer({"code": "NOT_FOUND", "detail": "nobody has named this parcel"}, 404)
        return json_answer(self._shown(parcel))

    async def put_defaults(self, request: web.Request) -> web.Response:
        """Settings of all parcels without their own, or `down`: the port is closed before this answer leaves."""
        data = read_object(await request.read())
        try:
            settings = read_settings(data, defaults=True)
        except WrongSettingsError as wrong:
            return _wrong(str(wrong))
        if settings.outcome == "down":
            later_s = self._world.defaults.later_s if settings.later_s is None else settings.later_s
            if not await self._listener.close_for(later_s or 0.0, keep=request):
                return _wrong("this sandbox does not own its port, so it cannot close it")
            answer = json_answer({"outcome": "down", "later_s": later_s})
            answer.force_close()
            return answer
        if data and data.keys() & {"outcome", "weights"}:
            self._world.arm_all(settings)
        else:
            self._world.set_times(settings.delay_s, settings.later_s)
        return json_answer(self._shown_defaults())

    async def get_defaults(self, _request: web.Request) -> web.Response:
        """The settings of parcels without their own."""
        return json_answer(self._shown_defaults())

    def _shown(self, parcel: Parcel) -> dict[str, Any]:
        now = time.time()
        settings = parcel.settings or self._world.defaults
        plan = self._world.plan(parcel)
        orders = [
            {"id": o.id, "system": o.system, "request_id": o.request_id, "state": o.state(now).value}
            for o in parcel.orders
        ]
        return {
            "tracking_number": parcel.tracking_number,
            "outcome": self._world.outcome(parcel),
            "code": plan.code,
            "delay_s": plan.delay_s,
            "later_s": plan.later_s,
            "used_up": parcel.spent == settings.number,
            "orders": orders,
        }

    def _shown_defaults(self) -> dict[str, Any]:
        shown = self._world.defaults._asdict()
        del shown["number"]
        return shown


def _wrong(words: str) -> web.Response:
    return json_answer({"code": "BAD_REQUEST", "detail": words}, 400)
