"""What an operator must hear of a route's answer: a wrong account, a signature, a code that nobody knows yet.

Stands around the routes, so that every call is heard, whoever makes it, and each of its log lines names the case. What
it hears changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from structlog.contextvars import bound_contextvars

from bot.carriers.contract import PART, Ask, Route, RouteFacts, Routes
from bot.domain.answer import Answer
from bot.domain.parcel import TraceEvent

log = structlog.get_logger(__name__)

LONGEST = 80

OnAlarm = Callable[[str, str], None]
"""The carrier, and the code that its answer named."""


@dataclass(frozen=True, slots=True)
class HeardRoutes:
    """Meets `carriers.contract.Routes`. `urgent`: whether somebody can mend it; behind a sandbox nobody has to."""

    routes: Routes
    on_alarm: OnAlarm
    urgent: bool = True

    def find(self, shop_id: str, carrier: str) -> Route | None:
        """The route of that shop to that carrier, whose answers are heard."""
        found = self.routes.find(shop_id, carrier)
        return None if found is None else _HeardRoute(found, shop_id, self.on_alarm, self.urgent)


@dataclass(frozen=True, slots=True)
class _HeardRoute:
    route: Route
    shop_id: str
    on_alarm: OnAlarm
    urgent: bool

    @property
    def facts(self) -> RouteFacts:
        return self.route.facts

    def accepts(self, after_sale_id: str) -> bool:
        return self.route.accepts(after_sale_id)

    async def intercept(self, ask: Ask) -> Answer:
        with bound_contextvars(case=ask.interception_id):
            return self._heard(ask, await self.route.intercept(ask))

    async def query(self, ask: Ask) -> Answer:
        with bound_contextvars(case=ask.interception_id):
            return self._heard(ask, await self.route.query(ask))

    async def cancel(self, ask: Ask) -> Answer:
        with bound_contextvars(case=ask.interception_id):
            return self._heard(ask, await self.route.cancel(ask))

    async def trace(self, ask: Ask) -> list[TraceEvent] | None:
        with bound_contextvars(case=ask.interception_id):
            return await self.route.trace(ask)

    def _heard(self, ask: Ask, answer: Answer) -> Answer:
        """One line for the operator, and a count. The carrier's prose stays in the record: it may quote a person."""
        if answer.alarm is not None:
            code, name = code_of(answer.alarm), self.route.facts.name
            say = log.error if self.urgent else log.warning
            say("carrier.alarm", shop=self.shop_id, carrier=ask.carrier, route=name, code=code)
            self.on_alarm(ask.carrier, code)
        return answer


def code_of(alarm: str) -> str:
    """The system and its code, such as `zto: S211`: the first part of what the adapter noted."""
    return alarm.partition(PART)[0][:LONGEST]
