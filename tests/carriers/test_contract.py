"""One set of tests over every registered way to a carrier, against the sandbox: each outcome has its right answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count

import pytest

from bot.carriers import routing
from bot.carriers.contract import Ask, Doubt, Route, SuccessOn
from bot.carriers.routing import RouteTable
from bot.domain.answer import Answer, Said
from bot.domain.case import SettledBy, WayHome
from bot.domain.parcel import Stage
from bot.domain.reason import ReasonCode
from bot.outbound import Outbound
from bot.shops import registry as shops
from tests.carriers.conftest import CALL_LIMIT_S, table_into
from tests.twin import LATER_S, Twin, free_port

CARRIERS = ("zto", "yto", "yunda")
FORMS = {"zto": "754{:011d}", "yto": "YT{:013d}", "yunda": "3{:012d}"}
SECRETS = ("demo-zto-secret", "demo-yto-secret", "00000000-0000-4000-8000-000000000000", "demo-token")
LOST = ("lost_answer", "http_500_after", "malformed")

_numbers = count(1)


@pytest.fixture(params=CARRIERS)
def carrier(request: pytest.FixtureRequest) -> str:
    """Each carrier of the demo: two by their own interface, one through the platform."""
    return str(request.param)


@pytest.fixture
def route(table: RouteTable, carrier: str) -> Route:
    """The demo's route to that carrier."""
    found = table.find("demo", carrier)
    assert found is not None
    return found


@pytest.fixture
def asked(carrier: str) -> Ask:
    """A parcel that no other test has."""
    return ask_for(carrier)


def ask_for(carrier: str) -> Ask:
    """An ask for a parcel that no other test has."""
    number = next(_numbers)
    return Ask(f"icpt-{number}", FORMS[carrier].format(number), carrier, str(7_300_000_000_000_000_000 + number))


async def settle(route: Route, ask: Ask, first: Answer) -> Answer:
    """Follows a first answer as the bot would: doubt by the route's own way, then the status where there is one."""
    answer = first
    if answer.said is Said.NO_ANSWER:
        doubtful = replace(ask, in_doubt=True)
        answer = await (route.intercept(doubtful) if route.facts.doubt is Doubt.REPEAT else route.query(doubtful))
    if answer.said is Said.PROCESSING:
        followed = replace(ask, reference=answer.reference)
        for _ in range(40):
            answer = await route.query(followed)
            if answer.said is not Said.PROCESSING:
                break
            await asyncio.sleep(0.05)
    return answer


def is_harmless(answer: Answer) -> bool:
    """Whether nothing secret stands in what the record keeps."""
    kept = f"{answer.sent} {answer.got} {answer.alarm}"
    return not any(secret in kept for secret in SECRETS)


def test_what_a_route_is_fits_together(route: Route, carrier: str) -> None:
    """Its facts name the carrier, and say nothing that contradicts itself."""
    facts = route.facts
    assert facts.carrier == carrier
    assert facts.doubt is not Doubt.READ or facts.has_status
    assert facts.success_on is not SuccessOn.CAUGHT or facts.has_status
    assert not facts.can_cancel or facts.success_on is SuccessOn.CAUGHT


async def test_success_is_settled_once(twin: Twin, route: Route, asked: Ask) -> None:
    """A parcel that can be intercepted is, with one order, and who debits the fee is told."""
    twin.arm(asked.tracking_number, "success")
    first = await route.intercept(asked)
    assert first.said is (Said.SUCCEEDED if route.facts.success_on is SuccessOn.ACCEPTED else Said.PROCESSING)
    assert first.sent
    assert first.got
    answer = await settle(route, asked, first)
    assert answer.said is Said.SUCCEEDED
    assert answer.settled_by is route.facts.settled_by
    assert not answer.adopted
    assert twin.orders(asked.tracking_number) == 1
    assert is_harmless(first)
    assert is_harmless(answer)


async def test_a_refusal_names_its_reason(twin: Twin, route: Route, asked: Ask) -> None:
    """A refused parcel has a reason of ours and the carrier's own words, and no order."""
    twin.arm(asked.tracking_number, "refuse")
    answer = await route.intercept(asked)
    assert answer.said is Said.REFUSED
    assert answer.reason is not None
    assert answer.reason.carrier_text
    assert answer.reason.code is (
        ReasonCode.CARRIER_RULE if route.facts.doubt is Doubt.READ else ReasonCode.ALREADY_OUT_FOR_DELIVERY
    )
    assert twin.orders(asked.tracking_number) == 0


async def test_somebody_elses_order_is_not_ours(twin: Twin, route: Route, asked: Ask) -> None:
    """An order that another made refuses us."""
    twin.arm(asked.tracking_number, "already")
    answer = await route.intercept(asked)
    assert answer.said is Said.REFUSED
    assert answer.reason is not None
    assert answer.reason.code is (
        ReasonCode.CARRIER_RULE if route.facts.doubt is Doubt.READ else ReasonCode.ALREADY_INTERCEPTED
    )


@pytest.mark.parametrize("outcome", LOST)
async def test_a_lost_answer_is_in_doubt_and_settled_without_a_second_order(
    twin: Twin, route: Route, asked: Ask, outcome: str
) -> None:
    """The order was made and the answer lost: doubt, then the route's own way finds the one order."""
    twin.arm(asked.tracking_number, outcome)
    first = await route.intercept(asked)
    assert first.said is Said.NO_ANSWER
    assert first.sent
    answer = await settle(route, asked, first)
    assert answer.said is Said.SUCCEEDED
    assert answer.settled_by is route.facts.settled_by
    assert answer.adopted is (route.facts.name == "yto")
    assert twin.orders(asked.tracking_number) == 1


async def test_an_answer_after_the_time_limit_is_in_doubt(twin: Twin, route: Route, asked: Ask) -> None:
    """Too slow is no answer, and the order that was made is found all the same."""
    twin.arm(asked.tracking_number, "slow", later_s=CALL_LIMIT_S + 0.4)
    first = await route.intercept(asked)
    assert first.said is Said.NO_ANSWER
    answer = await settle(route, asked, first)
    assert answer.said is Said.SUCCEEDED
    assert twin.orders(asked.tracking_number) == 1


async def test_a_server_error_without_an_order_is_in_doubt_too(twin: Twin, route: Route, asked: Ask) -> None:
    """Nobody can tell it from one with an order: a repeat makes the order, a reading shows nothing."""
    twin.arm(asked.tracking_number, "http_500")
    first = await route.intercept(asked)
    assert first.said is Said.NO_ANSWER
    answer = await settle(route, asked, first)
    assert answer.said is (Said.SUCCEEDED if route.facts.doubt is Doubt.REPEAT else Said.NOTHING)
    assert not answer.adopted
    assert twin.orders(asked.tracking_number) == (1 if route.facts.doubt is Doubt.REPEAT else 0)


async def test_a_refused_repeat_means_that_there_is_no_order(twin: Twin, route: Route, asked: Ask) -> None:
    """In doubt, a refusal of the repeat is the answer."""
    if route.facts.doubt is not Doubt.REPEAT:
        return
    twin.arm(asked.tracking_number, "refuse")
    answer = await route.intercept(replace(asked, in_doubt=True))
    assert answer.said is Said.REFUSED
    assert twin.orders(asked.tracking_number) == 0


async def test_an_order_that_nobody_made_is_not_seen(route: Route, asked: Ask) -> None:
    """Asking about a parcel without an order shows none, and makes none."""
    answer = await route.query(asked)
    assert answer.said is (Said.NOTHING if route.facts.has_status else Said.NO_ANSWER)
    assert await route.trace(asked) == []


@pytest.mark.parametrize("in_doubt", [False, True])
async def test_a_call_that_never_left_says_so(carrier: str, asked: Ask, in_doubt: bool) -> None:  # noqa: FBT001
    """Nobody listens: the create never left, and a reading that failed is no answer."""
    async with Outbound(limit_s=CALL_LIMIT_S) as out:
        route = table_into(f"http://127.0.0.1:{free_port()}", out).find("demo", carrier)
        assert route is not None
        ask = replace(asked, in_doubt=in_doubt)
        assert (await route.intercept(ask)).said is Said.NEVER_LEFT
        assert (await route.query(ask)).said is Said.NO_ANSWER
        assert await route.trace(ask) is None


@pytest.fixture
async def misconfigured(twin: Twin, carrier: str) -> AsyncIterator[Route]:
    """The same route with a wrong secret."""
    config = routing.demo_config(twin.url)
    assert config.everyone is not None
    platform = {**(config.everyone.platform or {}), "app_secret": "wrong"}
    section = dict(config.everyone.routes[carrier])
    for place in (section, section.get("intercept"), section.get("trace")):
        if isinstance(place, dict):
            place.update({name: "wrong" for name in ("app_secret", "secret") if name in place})
    sections = replace(config.everyone, platform=platform, routes={carrier: section})
    async with Outbound(limit_s=CALL_LIMIT_S) as out:
        accounts = shops.build({}, out, everyone=platform)
        found = routing.build(replace(config, everyone=sections), out, accounts.route).find("demo", carrier)
        assert found is not None
        yield found


async def test_a_wrong_secret_is_the_operators_business(twin: Twin, misconfigured: Route, asked: Ask) -> None:
    """The agent reads that the account is not authorised, the operator gets an alarm, and no order is made."""
    answer = await misconfigured.intercept(asked)
    assert answer.said is Said.REFUSED
    assert answer.reason is not None
    assert answer.reason.code is ReasonCode.CARRIER_ACCOUNT_NOT_AUTHORISED
    assert answer.alarm
    assert await misconfigured.trace(asked) is None
    assert (await misconfigured.query(asked)).said is Said.NO_ANSWER
    assert twin.orders(asked.tracking_number) == 0


async def test_a_wrong_secret_proves_nothing_about_an_earlier_call(misconfigured: Route, asked: Ask) -> None:
    """While an earlier call is in doubt, a gateway that only complains of the signature leaves it there."""
    answer = await misconfigured.intercept(replace(asked, in_doubt=True))
    assert answer.said is Said.NO_ANSWER
    assert answer.alarm


async def test_the_trace_turns_back_after_a_success(twin: Twin, route: Route, asked: Ask) -> None:
    """What follows a success shows in the trace, with stages: back, then home."""
    twin.arm(asked.tracking_number, "success")
    await route.intercept(asked)
    await asyncio.sleep(LATER_S * 2 + 0.2)
    events = await route.trace(asked)
    assert events is not None
    assert [event.stage for event in events] == [Stage.RETURNING, Stage.RETURNED]
    assert all(event.at.tzinfo is not None and event.text for event in events)


async def test_a_success_that_goes_on_to_the_buyer_is_seen(twin: Twin, route: Route, asked: Ask) -> None:
    """The trace contradicts: out for delivery, then the buyer has it."""
    twin.arm(asked.tracking_number, "contradict")
    await route.intercept(asked)
    await asyncio.sleep(LATER_S * 2 + 0.2)
    events = await route.trace(asked)
    assert events is not None
    assert events[0].stage is Stage.OUT_FOR_DELIVERY


async def test_what_cannot_be_taken_back_says_so(route: Route, asked: Ask) -> None:
    """A route that cannot cancel refuses, and one that can has nothing to take back here."""
    answer = await route.cancel(asked)
    assert answer.said is Said.REFUSED
    assert answer.reason is not None


async def test_zto_takes_back_what_is_still_pending(twin: Twin, table: RouteTable) -> None:
    """A pending order is cancelled, and the status says so; then a new one may be made."""
    route, ask = table.find("demo", "zto"), ask_for("zto")
    assert route is not None
    twin.arm(ask.tracking_number, "late_success", later_s=30)
    first = await route.intercept(ask)
    followed = replace(ask, reference=first.reference)
    assert (await route.query(followed)).said is Said.PROCESSING
    assert (await route.cancel(followed)).said is Said.CANCELLED
    assert (await route.query(followed)).said is Said.CANCELLED


async def test_zto_fails_late(twin: Twin, table: RouteTable) -> None:
    """中通 takes the order and cannot stop the parcel: refused, with its own words."""
    route, ask = table.find("demo", "zto"), ask_for("zto")
    assert route is not None
    twin.arm(ask.tracking_number, "late_failure")
    answer = await settle(route, ask, await route.intercept(ask))
    assert answer.said is Said.REFUSED
    assert answer.reason is not None
    assert answer.reason.carrier_text


async def test_zto_never_takes_anothers_order_for_ours(twin: Twin, table: RouteTable) -> None:
    """A second request id meets the first one's order: ours only when we hold its reference."""
    route, ask = table.find("demo", "zto"), ask_for("zto")
    assert route is not None
    twin.arm(ask.tracking_number, "late_success", later_s=30)
    first = await route.intercept(ask)
    other = replace(ask, interception_id="icpt-other", in_doubt=True)
    assert (await route.intercept(other)).said is Said.REFUSED
    adopted = await route.intercept(replace(other, reference=first.reference))
    assert adopted.said is Said.PROCESSING
    assert adopted.adopted
    assert (await route.query(replace(ask, reference="ZT-OTHER"))).said is Said.NOTHING
    assert (await route.query(ask)).said is Said.NO_ANSWER
    assert twin.orders(ask.tracking_number) == 1


async def test_zto_is_home_when_the_order_is_closed_and_the_trace_says_so(twin: Twin, table: RouteTable) -> None:
    """拦截完结 alone does not tell how it ended; with the sender's signature in the trace it came home."""
    route, ask = table.find("demo", "zto"), ask_for("zto")
    assert route is not None
    twin.arm(ask.tracking_number, "success")
    first = await route.intercept(ask)
    await asyncio.sleep(LATER_S * 2 + 0.2)
    answer = await route.query(replace(ask, reference=first.reference))
    assert answer.said is Said.SUCCEEDED
    assert answer.way_home is WayHome.RETURNED


async def test_the_platform_shows_who_settles_and_what_came_home(twin: Twin, table: RouteTable) -> None:
    """The platform names its cost and debits it; when the merchant has signed for the parcel it is home."""
    route, ask = table.find("demo", "yunda"), ask_for("yunda")
    assert route is not None
    twin.arm(ask.tracking_number, "success")
    first = await route.intercept(ask)
    assert first.settled_by is SettledBy.PLATFORM
    assert first.fee_fen == 300
    await asyncio.sleep(LATER_S * 2 + 0.2)
    assert (await route.query(ask)).way_home is WayHome.RETURNED


@pytest.mark.parametrize(
    "number, taken",
    [
        ("7300000000000000001", True),
        ("1", True),
        (str(2**63 - 1), True),
        (str(2**63), False),
        ("99999999999999999999", False),
        ("0", False),
        ("007", False),
        ("-1", False),
        ("+1", False),
        ("1_0", False),
        ("１２", False),
        ("AS-1", False),
        ("", False),
    ],
)
async def test_the_platform_takes_int64_numbers_only(table: RouteTable, number: str, taken: bool) -> None:  # noqa: FBT001
    """Ruling 21: elsewhere any number of an after-sale will do, and one of another shape never leaves."""
    route = table.find("demo", "yunda")
    assert route is not None
    assert route.accepts(number) is taken
    others = [table.find("demo", carrier) for carrier in ("zto", "yto")]
    assert all(other is not None and other.accepts(number) for other in others)
    if not taken:
        answer = await route.intercept(replace(ask_for("yunda"), after_sale_id=number))
        assert answer.said is Said.REFUSED
        assert answer.reason is not None
        assert answer.reason.code is ReasonCode.CARRIER_NOT_SUPPORTED
