"""Alarms: heard around every call, told with the case and a code, and the answer goes on unchanged."""

from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from bot.carriers.contract import Ask, Doubt, RouteFacts, SuccessOn
from bot.domain.answer import Answer, Said
from bot.domain.case import SettledBy
from bot.domain.parcel import TraceEvent
from bot.operation.alarms import HeardRoutes, code_of

ASK = Ask("icpt-1", "75400000000001", "zto", "7300000000000000001")
FACTS = RouteFacts("zto", "zto", Doubt.REPEAT, SuccessOn.CAUGHT, SettledBy.CARRIER, True, True, True)


@dataclass
class Carrier:
    """A way to 中通 that always says the same."""

    said: Answer
    asked: list[str] = field(default_factory=list)
    facts: RouteFacts = FACTS

    def find(self, shop_id: str, carrier: str) -> "Carrier | None":
        return self if (shop_id, carrier) == ("own", "zto") else None

    def accepts(self, after_sale_id: str) -> bool:
        return bool(after_sale_id)

    async def intercept(self, ask: Ask) -> Answer:
        return self._say("intercept", ask)

    async def query(self, ask: Ask) -> Answer:
        return self._say("query", ask)

    async def cancel(self, ask: Ask) -> Answer:
        return self._say("cancel", ask)

    async def trace(self, ask: Ask) -> list[TraceEvent] | None:
        self._say("trace", ask)
        return None

    def _say(self, verb: str, ask: Ask) -> Answer:
        self.asked.append(f"{verb} {ask.interception_id}")
        return self.said


@pytest.mark.parametrize("verb", ["intercept", "query", "cancel"])
async def test_an_alarm_is_told_and_counted(verb: str) -> None:
    """Each verb that answers is heard: one error line without the carrier's prose, one count."""
    answer = Answer(Said.REFUSED, alarm="zto: S211 · 王小明的签名错误", got="王小明")
    counted: list[tuple[str, str]] = []
    route = HeardRoutes(Carrier(answer), lambda *what: counted.append(what)).find("own", "zto")
    assert route is not None
    with capture_logs() as lines:
        assert await getattr(route, verb)(ASK) is answer
    assert lines == [
        {
            "event": "carrier.alarm",
            "log_level": "error",
            "code": "zto: S211",
            "shop": "own",
            "carrier": "zto",
            "route": "zto",
        }
    ]
    assert counted == [("zto", "zto: S211")]


async def test_a_good_answer_is_passed_on_in_silence() -> None:
    """The route behind is asked as it was, and is what it was."""
    carrier = Carrier(Answer(Said.SUCCEEDED))
    routes = HeardRoutes(carrier, lambda *_: pytest.fail("no alarm"))
    route = routes.find("own", "zto")
    assert route is not None
    with capture_logs() as lines:
        assert (await route.intercept(ASK)).said is Said.SUCCEEDED
        assert await route.trace(ASK) is None
    assert lines == []
    assert (route.facts, route.accepts("1"), routes.find("own", "yto")) == (FACTS, True, None)
    assert carrier.asked == ["intercept icpt-1", "trace icpt-1"]


@pytest.mark.parametrize(
    "alarm, code",
    [
        ("zto: S211 · 签名错误", "zto: S211"),
        ("doudian: 30001", "doudian: 30001"),
        ("x" * 500, "x" * 80),
    ],
)
def test_a_code_is_the_first_part(alarm: str, code: str) -> None:
    """What follows may quote the carrier's words, which stay in the record."""
    assert code_of(alarm) == code
