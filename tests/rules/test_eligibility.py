from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.after_sale import AfterSaleStatus, AfterSaleType
from bot.domain.case import BLOCKING, State
from bot.domain.parcel import Stage
from bot.domain.people import Asker, Origin, Permission, Role, Scope
from bot.domain.reason import Reason, ReasonCode
from bot.rules.eligibility import RULES as TABLE
from bot.rules.eligibility import applicable, evaluate
from bot.rules.facts import Blocking, Facts, ShopFacts
from tests.rules.asks import NOW, RULES, SIGNED, ask, item, with_items

EXCLUDED = [
    "fresh_food",
    "virtual",
    "jewellery",
    "antiques",
    "second_hand",
    "tea",
    "large_appliance",
    "made_to_order",
]

BY_STAGE = {
    Stage.CREATED: ReasonCode.NOT_PICKED_UP,
    Stage.PICKED_UP: None,
    Stage.IN_TRANSIT: None,
    Stage.AT_DELIVERY_STATION: None,
    Stage.OUT_FOR_DELIVERY: ReasonCode.ALREADY_OUT_FOR_DELIVERY,
    Stage.AT_PICKUP_POINT: ReasonCode.ALREADY_OUT_FOR_DELIVERY,
    Stage.DELIVERED: ReasonCode.ALREADY_DELIVERED,
    Stage.PROBLEM: None,
    Stage.REFUSED: ReasonCode.ALREADY_RETURNING,
    Stage.INTERCEPTED: ReasonCode.ALREADY_INTERCEPTED,
    Stage.RETURNING: ReasonCode.ALREADY_RETURNING,
    Stage.RETURNED: ReasonCode.ALREADY_RETURNING,
    Stage.FORWARDED: None,
    Stage.UNKNOWN: None,
}


def codes(facts: Facts) -> list[ReasonCode]:
    """The codes of every reason, in the order of the rules."""
    return [reason.code for reason in evaluate(facts, RULES).reasons]


def only(facts: Facts) -> Reason:
    """The one reason that is told."""
    reasons = evaluate(facts, RULES).reasons
    assert len(reasons) == 1
    return reasons[0]


def test_an_ordinary_ask_passes_all_eleven_rules() -> None:
    """Every check of an ordinary ask passes, and the fee is the carrier's."""
    verdict = evaluate(ask(), RULES)
    assert verdict.eligible
    assert [check.rule for check in verdict.checks] == [f"R{n}" for n in range(1, 12)]
    assert all(check.passed for check in verdict.checks)
    assert (verdict.fee_fen, verdict.rules_version) == (300, "2025-01-01")


def test_r1_cross_border() -> None:
    """A cross-border shop may not intercept."""
    facts = ask()
    assert codes(replace(facts, shop=replace(facts.shop, cross_border=True))) == [ReasonCode.CROSS_BORDER_SHOP]


def test_r2_not_active() -> None:
    """A shop out of normal operation may not intercept."""
    facts = ask()
    assert codes(replace(facts, shop=replace(facts.shop, active=False))) == [ReasonCode.SHOP_NOT_ACTIVE]


@pytest.mark.parametrize(
    "signed, missing",
    [
        ({}, ["service", "debit"]),
        ({"service": "2025-01-01"}, ["debit"]),
        ({"debit": "2025-01-01"}, ["service"]),
        ({"service": "2022-12-31", "debit": "2025-01-01"}, ["service"]),
        (SIGNED, None),
        ({"service": "2023-01-22", "debit": "2023-01-22"}, None),
    ],
)
def test_r3_both_agreements(signed: dict[str, str], missing: list[str] | None) -> None:
    """Both agreements must be signed in a version that still counts, and the missing ones are named."""
    facts = replace(ask(), shop=ShopFacts("demo", signed=signed))
    if missing is None:
        assert codes(facts) == []
    else:
        reason = only(facts)
        assert (reason.code, reason.facts["missing"]) == (ReasonCode.AGREEMENT_NOT_SIGNED, missing)


@pytest.mark.parametrize("category", EXCLUDED)
def test_r4_each_excluded_category(category: str) -> None:
    """Each of the eight categories refuses and names the item, also beside ordinary goods."""
    reason = only(with_items(ask(), item(), item(category, name="那一件")))
    assert reason.code is ReasonCode.CATEGORY_EXCLUDED
    assert (reason.facts["items"], reason.facts["categories"]) == (["那一件"], [category])


def test_r4_names_every_item_and_category() -> None:
    """Several excluded goods are all named, each category once, in both languages."""
    reason = only(with_items(ask(), item("tea", name="红茶"), item("tea", name="绿茶"), item("virtual", name="会员")))
    assert reason.facts["items"] == ["红茶", "绿茶", "会员"]
    assert reason.facts["categories_zh"] == ["茶叶", "虚拟商品"]
    assert reason.facts["categories_en"] == ["tea", "virtual goods"]


@pytest.mark.parametrize("word", ["茶叶", "Tea", " TEA ", "生鲜"])
def test_r4_knows_categories_by_name(word: str) -> None:
    """A shop that writes a category's name instead of its code means the same."""
    assert codes(with_items(ask(), item(word))) == [ReasonCode.CATEGORY_EXCLUDED]


@pytest.mark.parametrize("value_fen, passes", [(0, True), (99_999, True), (100_000, False), (100_001, False)])
def test_r5_strictly_below_the_limit(value_fen: int, *, passes: bool) -> None:
    """999.99 yuan passes and 1000.00 yuan does not, whether stated by the shop or summed from the goods."""
    facts = ask()
    stated = replace(facts, parcel=replace(facts.parcel, value_fen=value_fen))
    summed = with_items(facts, item(price_fen=value_fen))
    expected = [] if passes else [ReasonCode.VALUE_TOO_HIGH]
    assert codes(stated) == codes(summed) == expected


def test_r5_takes_the_parcel_not_the_order() -> None:
    """What the order and the refund are worth plays no part."""
    facts = ask()
    assert codes(replace(facts, after_sale=replace(facts.after_sale, refund_fen=500_000))) == []


@pytest.mark.parametrize("kind", [AfterSaleType.RETURN_REFUND, AfterSaleType.EXCHANGE])
def test_r6_refund_only(kind: AfterSaleType) -> None:
    """Only a refund without return can be intercepted for."""
    facts = ask()
    reason = only(replace(facts, after_sale=replace(facts.after_sale, type=kind)))
    assert (reason.code, reason.facts["after_sale_type"]) == (ReasonCode.NOT_REFUND_ONLY, kind.value)


def test_r7_finished() -> None:
    """A finished after-sale takes no interception."""
    facts = ask()
    closed = replace(facts.after_sale, status=AfterSaleStatus.CLOSED)
    assert codes(replace(facts, after_sale=closed)) == [ReasonCode.AFTER_SALE_CLOSED]


@pytest.mark.parametrize("carrier, fee", [("sf", 0), ("nobody", 0), ("ZTO", 0)])
def test_r8_unsupported_carrier(carrier: str, fee: int) -> None:
    """Another carrier is refused, the supported ones are named, and no fee is quoted."""
    facts = ask()
    verdict = evaluate(replace(facts, parcel=replace(facts.parcel, carrier=carrier)), RULES)
    assert [r.code for r in verdict.reasons] == [ReasonCode.CARRIER_NOT_SUPPORTED]
    assert verdict.reasons[0].facts["supported_zh"] == ["中通", "韵达", "圆通"]
    assert verdict.reasons[0].facts["why"] == "no_carrier"
    assert verdict.fee_fen == fee


def test_r8_supported_carrier_without_a_route() -> None:
    """A supported carrier needs a route of this shop that takes this after-sale."""
    reason = only(replace(ask(), has_route=False))
    assert (reason.code, reason.facts["why"]) == (ReasonCode.CARRIER_NOT_SUPPORTED, "no_route")


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("carrier", ["zto", "yto", "yunda"])
def test_r9_every_stage(stage: Stage, carrier: str) -> None:
    """Each stage refuses with its own reason or lets pass, the same for every carrier."""
    facts = ask()
    facts = replace(facts, parcel=replace(facts.parcel, carrier=carrier), stage=stage)
    expected = BY_STAGE[stage]
    assert codes(facts) == ([] if expected is None else [expected])


def test_r9_tells_when_it_was_seen() -> None:
    """The reason carries the newest event's own time in Beijing, a naive one read as Beijing's."""
    assert only(replace(ask(), stage=Stage.DELIVERED)).facts["seen_at"] == "2026-11-24T10:15:00+08:00"
    naive = replace(ask(), stage=Stage.DELIVERED, seen_at=datetime(2026, 11, 24, 10, 15))  # noqa: DTZ001
    assert only(naive).facts["seen_at"] == "2026-11-24T10:15:00+08:00"


def test_no_trace_does_not_refuse() -> None:
    """A parcel without any trace may be tried: the carrier decides, and a failure costs nothing."""
    assert codes(replace(ask(), stage=Stage.UNKNOWN, seen_at=None)) == []


@pytest.mark.parametrize("state", sorted(BLOCKING))
@pytest.mark.parametrize("stage", list(Stage))
def test_r10_hides_r9_and_nothing_else(state: State, stage: Stage) -> None:
    """While a parcel is intercepted its way back is no second reason, whatever its trace shows."""
    facts = replace(ask(), blocking=Blocking("c1", state, own=True, number=20481), stage=stage)
    reason = only(facts)
    assert reason.code is ReasonCode.ALREADY_INTERCEPTED
    assert (reason.facts["interception_id"], reason.facts["number"]) == ("c1", 20481)
    checks = {check.rule: check.passed for check in evaluate(facts, RULES).checks}
    assert (checks["R9"], checks["R10"]) == (None, False)


def test_r10_another_shops_record_stays_hidden() -> None:
    """Another shop's interception refuses without its record."""
    reason = only(replace(ask(), blocking=Blocking("secret", State.SUCCEEDED, own=False, number=7)))
    assert reason.code is ReasonCode.ALREADY_INTERCEPTED
    assert "secret" not in str(reason.facts)
    assert "number" not in reason.facts


AGENT = ask().asker
NOBODY = replace(AGENT, permissions=frozenset())
OWNER = replace(AGENT, role=Role.OWNER, permissions=frozenset())
PLATFORM = Asker("demo", Origin.PLATFORM_AGENT, "顾平", Role.PLATFORM, "p9")
KEY = Asker("demo", Origin.API, "ERP", key_id="k1", scopes=frozenset({Scope.INTERCEPTIONS_WRITE}))


@pytest.mark.parametrize(
    "asker, arbitration, denied",
    [
        (AGENT, False, None),
        (NOBODY, False, "permission"),
        (replace(NOBODY, permissions=frozenset({Permission.SIGN_AGREEMENTS})), True, "permission"),
        (OWNER, False, None),
        (PLATFORM, False, "arbitration"),
        (PLATFORM, True, None),
        (replace(PLATFORM, origin=Origin.AGENT), False, "arbitration"),
        (replace(AGENT, origin=Origin.PLATFORM_AGENT), True, "arbitration"),
        (KEY, False, None),
        (replace(KEY, scopes=frozenset({Scope.INTERCEPTIONS_READ})), False, "scope"),
        (replace(KEY, key_id=None), False, "scope"),
        (replace(AGENT, shop_id="other"), False, "shop"),
        (replace(OWNER, shop_id="other"), False, "shop"),
        (replace(PLATFORM, shop_id="other"), True, "shop"),
        (replace(KEY, shop_id="other"), False, "shop"),
    ],
)
def test_r11_each_origin(asker: Asker, denied: str | None, *, arbitration: bool) -> None:
    """Agents need the permission, platform agents an arbitration, keys the scope, and all of them the right shop."""
    facts = ask()
    facts = replace(facts, asker=asker, after_sale=replace(facts.after_sale, in_arbitration=arbitration))
    if denied is None:
        assert codes(facts) == []
    else:
        reason = only(facts)
        assert (reason.code, reason.facts["why"]) == (ReasonCode.PERMISSION_DENIED, denied)


def test_all_failing_reasons_at_once() -> None:
    """Ten rules that fail together are all told, each once, in the order of their numbers."""
    facts = with_items(ask(), item("tea", price_fen=126_000))
    facts = replace(
        facts,
        asker=NOBODY,
        shop=ShopFacts("demo", active=False, cross_border=True),
        after_sale=replace(facts.after_sale, type=AfterSaleType.EXCHANGE, status=AfterSaleStatus.CLOSED),
        parcel=replace(facts.parcel, carrier="sf"),
        stage=Stage.DELIVERED,
    )
    assert [r.rule for r in evaluate(facts, RULES).reasons] == [f"R{n}" for n in range(1, 12) if n != 10]


def test_the_checks_are_plain_values() -> None:
    """What is stored with a record is plain JSON, with the facts of each rule."""
    checks = [check.as_json() for check in evaluate(ask(), RULES).checks]
    assert checks[4] == {
        "rule": "R5",
        "passed": True,
        "facts": {"value_fen": 12900, "limit_fen": 100_000, "compensation_fen": 100_000, "since": "2023-01-22"},
    }


@pytest.mark.parametrize("kind", list(AfterSaleType))
@pytest.mark.parametrize("status", list(AfterSaleStatus))
def test_the_button_shows_when_r6_and_r7_hold(kind: AfterSaleType, status: AfterSaleStatus) -> None:
    """发起拦截 stands on the after-sale's card when it is an open refund only, and only then."""
    after_sale = replace(ask().after_sale, type=kind, status=status)
    assert applicable(after_sale) is (kind is AfterSaleType.REFUND_ONLY and status is AfterSaleStatus.OPEN)


askers = st.sampled_from(
    [AGENT, NOBODY, OWNER, PLATFORM, KEY, replace(KEY, scopes=frozenset()), replace(AGENT, shop_id="x")]
)
signings = st.dictionaries(
    st.sampled_from(["service", "debit"]), st.sampled_from(["2022-01-01", "2023-01-22", "2025-01-01"])
)
blockings = st.none() | st.builds(
    Blocking, id=st.just("c1"), state=st.sampled_from(sorted(BLOCKING)), own=st.booleans()
)


@st.composite
def any_facts(draw: st.DrawFn) -> Facts:
    """Any ask at all."""
    facts = ask()
    items = draw(
        st.lists(
            st.builds(item, st.sampled_from([*EXCLUDED, "apparel", "shoes"]), price_fen=st.integers(0, 200_000)),
            max_size=3,
        )
    )
    after_sale = replace(
        facts.after_sale,
        type=draw(st.sampled_from(list(AfterSaleType))),
        status=draw(st.sampled_from(list(AfterSaleStatus))),
        in_arbitration=draw(st.booleans()),
    )
    return Facts(
        asker=draw(askers),
        shop=ShopFacts("demo", draw(st.booleans()), draw(st.booleans()), draw(signings)),
        after_sale=after_sale,
        parcel=replace(facts.parcel, carrier=draw(st.sampled_from(["zto", "yto", "yunda", "sf"])), items=tuple(items)),
        stage=draw(st.sampled_from(list(Stage))),
        seen_at=draw(st.none() | st.just(NOW)),
        blocking=draw(blockings),
        has_route=draw(st.booleans()),
    )


def expected(facts: Facts) -> set[str]:
    """The rules that an ask fails, read off the product's table once more and in other words."""
    asker, shop = facts.asker, facts.shop
    may = {
        Origin.API: Scope.INTERCEPTIONS_WRITE in asker.scopes,
        Origin.PLATFORM_AGENT: facts.after_sale.in_arbitration,
        Origin.AGENT: asker.role is Role.OWNER or Permission.LOGISTICS_TOOLS in asker.permissions,
    }[asker.origin] and asker.shop_id == "demo"
    fails = {
        "R1": shop.cross_border,
        "R2": not shop.active,
        "R3": not {"service", "debit"} <= {kind for kind, version in shop.signed.items() if version >= "2023-01-22"},
        "R4": any(i.category in EXCLUDED for i in facts.parcel.items),
        "R5": sum(i.price_fen for i in facts.parcel.items) >= 100_000,
        "R6": facts.after_sale.type != "refund_only",
        "R7": facts.after_sale.status == "closed",
        "R8": facts.parcel.carrier == "sf" or not facts.has_route,
        "R9": facts.blocking is None and BY_STAGE[facts.stage] not in (None, ReasonCode.ALREADY_INTERCEPTED),
        "R10": facts.blocking is not None or facts.stage is Stage.INTERCEPTED,
        "R11": not may,
    }
    return {rule for rule, failed in fails.items() if failed}


@given(any_facts())
def test_exactly_the_failing_rules_are_told(facts: Facts) -> None:
    """For any ask, the reasons are exactly the rules that fail, each once, and the checks say the same."""
    verdict = evaluate(facts, RULES)
    rules = [reason.rule for reason in verdict.reasons]
    assert set(rules) == expected(facts)
    assert len(rules) == len(set(rules))
    assert {check.rule for check in verdict.checks if check.passed is False} == set(rules)
    assert verdict.eligible is (not rules)


@given(any_facts())
def test_no_rule_looks_at_another(facts: Facts) -> None:
    """Each rule alone finds what it finds among all: none hides another, but R10 spares R9."""
    together = {check.rule: check for check in evaluate(facts, RULES).checks}
    for rule in TABLE:
        alone = rule.check(facts, RULES)
        if rule.number == "R9" and facts.blocking is not None:
            assert together["R9"].passed is None
        else:
            assert together[rule.number].passed is (alone.code is None)
            assert together[rule.number].facts == alone.facts
