"""Carriers in memory, one for each way in which a doubt is settled, and what may befall a request on its way.

They take orders as the real ones do: 中通 knows a request id again, 圆通 refuses a second order of a waybill, the
platform takes every apply as a further order and shows it only after a while, and nothing guards what is done by hand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.carriers.contract import Ask, Doubt, RouteFacts, SuccessOn
from bot.domain.answer import Answer, Said
from bot.domain.case import SettledBy
from bot.domain.parcel import Stage, TraceEvent
from bot.domain.reason import Reason, ReasonCode
from tests.interception.steps import Exchange, pause

SHOWS_AFTER_S = 5.0
"""So long the platform does not show an order that it has."""


class Violation(AssertionError):
    """What must never happen, and how it came about."""


class Kind(StrEnum):
    """The four ways to a carrier."""

    ZTO = "zto"
    YTO = "yto"
    PLATFORM = "platform"
    BY_HAND = "by_hand"


FACTS = {
    Kind.ZTO: RouteFacts("zto", "zto", Doubt.REPEAT, SuccessOn.CAUGHT, SettledBy.CARRIER, True, True, True),
    Kind.YTO: RouteFacts("yto", "yto", Doubt.REPEAT, SuccessOn.ACCEPTED, SettledBy.CARRIER, False, False, True),
    Kind.PLATFORM: RouteFacts(
        "doudian", "yunda", Doubt.READ, SuccessOn.ACCEPTED, SettledBy.PLATFORM, False, True, True
    ),
    Kind.BY_HAND: RouteFacts(
        "by_hand", "yunda", Doubt.PERSON, SuccessOn.ACCEPTED, SettledBy.CARRIER, False, False, True
    ),
}

EFFECTIVE = {"processing", "accepted", "caught"}


@dataclass
class Order:
    """An order at the carrier. `case` is None for somebody else's."""

    case: str | None
    reference: str
    request_id: str
    made_at: float
    state: str
    overlooked: bool = False
    """A reading has overlooked it, though it was there."""


@dataclass
class Box:
    """One parcel as the carrier knows it."""

    number: str
    trace: list[TraceEvent] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    refuses: bool = False
    creates: list[str] = field(default_factory=list)
    """The cases of all creates that left, in the order in which they were sent."""

    @property
    def effective(self) -> Order | None:
        """The order that holds."""
        return next((order for order in self.orders if order.state in EFFECTIVE), None)

    @property
    def stage(self) -> Stage:
        """Where it is."""
        return self.trace[-1].stage or Stage.UNKNOWN if self.trace else Stage.CREATED


def case_of(request_id: str) -> str:
    """The case that a request id was made from."""
    return request_id.partition("#")[0]


class Carrier:
    """All parcels of one carrier; `clock` tells the true time in seconds."""

    def __init__(self, kind: Kind, numbers: list[str], base: datetime) -> None:
        self.kind = kind
        self.t = 0.0
        self.overlooks = False
        """The platform reads an old copy once, for each order: two readings are not one too many."""
        self._base = base
        self.boxes = {number: Box(number) for number in numbers}
        for box in self.boxes.values():
            self.scan(box, Stage.IN_TRANSIT)

    # --- what happens to parcels -----------------------------------------------------------------------------------

    def scan(self, box: Box, stage: Stage) -> TraceEvent | None:
        """The parcel goes where it can go from where it is."""
        if box.stage in {Stage.DELIVERED, Stage.RETURNED} or stage is box.stage:
            return None
        if (stage is Stage.RETURNED) != (box.stage is Stage.RETURNING) and stage is not Stage.OUT_FOR_DELIVERY:
            return None
        at = self._base + timedelta(seconds=self.t, microseconds=len(box.trace))
        event = TraceEvent(at, f"{stage.value} {len(box.trace)}", place="杭州", stage=stage)
        box.trace.append(event)
        box.refuses = box.refuses or stage in {Stage.OUT_FOR_DELIVERY, Stage.DELIVERED}
        for order in box.orders:
            if order.state == "processing" and stage in {Stage.DELIVERED, Stage.RETURNING}:
                order.state = "failed" if stage is Stage.DELIVERED else "caught"
        return event

    def finish(self, box: Box, *, well: bool) -> None:
        """The carrier catches the parcel, or does not; only 中通 tells later."""
        for order in box.orders:
            if order.state == "processing":
                order.state = "caught" if well else "failed"

    def somebody_else(self, box: Box) -> None:
        """An order that is not ours."""
        if box.effective is None and not box.refuses and self.kind in {Kind.ZTO, Kind.YTO}:
            state = "processing" if self.kind is Kind.ZTO else "accepted"
            box.orders.append(Order(None, f"X{len(box.orders)}", "", self.t, state))

    # --- what it answers ---------------------------------------------------------------------------------------------

    def handle(self, verb: str, ask: Ask, fate: str) -> Answer:
        """A request has arrived."""
        box = self.boxes[ask.tracking_number]
        if fate == "error":
            return Answer(Said.NO_ANSWER, got="HTTP 500")
        if fate == "turned_away":
            return Answer(Said.NEVER_LEFT, got="S203")
        if verb == "create":
            return self._create(box, ask)
        return self._query(box, ask) if verb == "query" else self._cancel(box, ask)

    def _create(self, box: Box, ask: Ask) -> Answer:
        held = box.effective
        if self.kind is Kind.ZTO:
            again = next((order for order in box.orders if order.request_id == ask.interception_id), None)
            if again is not None:
                return Answer(Said.PROCESSING, again.reference, got="repeat")
            if held is not None:
                return _refused(ReasonCode.ALREADY_INTERCEPTED, "E23121")
        if self.kind is Kind.YTO and held is not None:
            if ask.in_doubt:
                return Answer(Said.SUCCEEDED, adopted=True, got="已有有效拦截件")
            return _refused(ReasonCode.ALREADY_INTERCEPTED, "已有有效拦截件")
        if box.refuses:
            return _refused(ReasonCode.ALREADY_OUT_FOR_DELIVERY, "E23120")
        return self._new(box, ask)

    def _new(self, box: Box, ask: Ask) -> Answer:
        case, held = case_of(ask.interception_id), box.effective
        state = "processing" if self.kind is Kind.ZTO else "accepted"
        order = Order(case, f"R{len(box.orders)}", ask.interception_id, self.t, state)
        box.orders.append(order)
        if held is not None and (self.kind is not Kind.BY_HAND or held.case == case):
            raise Violation(f"a second order for {box.number}: {held} and {order}")
        if self.kind is Kind.ZTO:
            return Answer(Said.PROCESSING, order.reference)
        return Answer(Said.SUCCEEDED, order.reference, settled_by=FACTS[self.kind].settled_by)

    def _query(self, box: Box, ask: Ask) -> Answer:
        if self.kind is Kind.PLATFORM:
            order = box.effective
            if order is None or order.made_at + SHOWS_AFTER_S > self.t:
                return Answer(Said.NOTHING)
            if self.overlooks and not order.overlooked:
                order.overlooked = True
                return Answer(Said.NOTHING, got="an old copy was read")
            return Answer(Said.SUCCEEDED, settled_by=SettledBy.PLATFORM)
        order = next((order for order in box.orders if order.reference == ask.reference), None)
        if ask.reference is None or order is None:
            return Answer(Said.NO_ANSWER)
        reason = Reason(ReasonCode.CARRIER_RULE, carrier_code="INTERCEPT_FAIL")
        answers = {
            "processing": Answer(Said.PROCESSING, order.reference),
            "caught": Answer(Said.SUCCEEDED, order.reference),
            "failed": Answer(Said.REFUSED, order.reference, reason),
            "cancelled": Answer(Said.CANCELLED, order.reference),
        }
        return answers[order.state]

    def _cancel(self, box: Box, ask: Ask) -> Answer:
        order = next((order for order in box.orders if order.case == ask.interception_id), None)
        if order is None or order.state not in {"processing", "cancelled"}:
            return _refused(ReasonCode.CARRIER_RULE, "E23130")
        order.state = "cancelled"
        return Answer(Said.CANCELLED, order.reference)


def _refused(code: ReasonCode, carrier_code: str) -> Answer:
    return Answer(Said.REFUSED, reason=Reason(code, carrier_code=carrier_code))


class FakeRoute:
    """Meets `bot.carriers.contract.Route`; what becomes of each request is decided by whoever moves the world."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier

    @property
    def facts(self) -> RouteFacts:
        return FACTS[self.carrier.kind]

    def accepts(self, after_sale_id: str) -> bool:
        return True

    async def intercept(self, ask: Ask) -> Answer:
        answer: Answer = await pause(Exchange("create", ask, self.carrier.handle))
        return answer

    async def query(self, ask: Ask) -> Answer:
        if not self.facts.has_status:
            return Answer(Said.NO_ANSWER)
        answer: Answer = await pause(Exchange("query", ask, self.carrier.handle))
        return answer

    async def cancel(self, ask: Ask) -> Answer:
        answer: Answer = await pause(Exchange("cancel", ask, self.carrier.handle))
        return answer

    async def trace(self, ask: Ask) -> list[TraceEvent] | None:
        return list(self.carrier.boxes[ask.tracking_number].trace)


class OneRoute:
    """Meets `Routes`: every shop has the same way."""

    def __init__(self, route: FakeRoute) -> None:
        self._route = route

    def find(self, shop_id: str, carrier: str) -> FakeRoute | None:
        return self._route if carrier == self._route.facts.carrier else None
