"""Who may intercept, and what (R1–R11): one function per rule, one table of them, all failing reasons at once.

Pure: facts in, verdict out. No rule hides another; the one exception is written in `evaluate`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.after_sale import AfterSale, AfterSaleStatus, AfterSaleType
from bot.domain.parcel import Stage
from bot.domain.people import Origin, Permission, Role, Scope
from bot.domain.reason import Reason, ReasonCode
from bot.rules.facts import Check, FactMap, Facts, Verdict
from bot.rules.fees import fee_for
from bot.rules.rulebook import BEIJING, RuleSet

TOO_EARLY_OR_LATE: Mapping[Stage, ReasonCode] = {
    Stage.CREATED: ReasonCode.NOT_PICKED_UP,
    Stage.OUT_FOR_DELIVERY: ReasonCode.ALREADY_OUT_FOR_DELIVERY,
    Stage.AT_PICKUP_POINT: ReasonCode.ALREADY_OUT_FOR_DELIVERY,
    Stage.DELIVERED: ReasonCode.ALREADY_DELIVERED,
    Stage.RETURNING: ReasonCode.ALREADY_RETURNING,
    Stage.RETURNED: ReasonCode.ALREADY_RETURNING,
    Stage.REFUSED: ReasonCode.ALREADY_RETURNING,
}
"""R9: the stages that prove too early or too late. `intercepted` belongs to R10; all others do not refuse."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found: the reason when it refuses, and the few facts that the record keeps."""

    code: ReasonCode | None = None
    facts: FactMap = field(default_factory=dict)


def not_cross_border(facts: Facts, rules: RuleSet) -> Finding:
    """R1: the shop is not cross-border."""
    del rules
    return Finding(ReasonCode.CROSS_BORDER_SHOP if facts.shop.cross_border else None)


def shop_active(facts: Facts, rules: RuleSet) -> Finding:
    """R2: the shop is in normal operation."""
    del rules
    return Finding(None if facts.shop.active else ReasonCode.SHOP_NOT_ACTIVE)


def agreements_signed(facts: Facts, rules: RuleSet) -> Finding:
    """R3: both agreements are signed, in a version that still counts."""
    missing = [a for a in rules.agreements if facts.shop.signed.get(a.kind, "") < a.oldest_valid]
    if not missing:
        return Finding(None, {"versions": [facts.shop.signed[a.kind] for a in rules.agreements]})
    return Finding(
        ReasonCode.AGREEMENT_NOT_SIGNED,
        {
            "missing": [a.kind for a in missing],
            "agreements_zh": [f"《{a.name.zh}》" for a in missing],
            "agreements_en": [a.name.en for a in missing],
        },
    )


def no_excluded_category(facts: Facts, rules: RuleSet) -> Finding:
    """R4: no item of an excluded category; names every such item, also of other orders in the parcel."""
    excluded = [(item, code) for item in facts.parcel.items if (code := rules.category(item.category)) is not None]
    if not excluded:
        return Finding()
    codes = list(dict.fromkeys(code for _, code in excluded))
    return Finding(
        ReasonCode.CATEGORY_EXCLUDED,
        {
            "items": [f"{item.name} {item.spec}" if item.spec else item.name for item, _ in excluded],
            "categories": codes,
            "categories_zh": [rules.categories[code].zh for code in codes],
            "categories_en": [rules.categories[code].en for code in codes],
            "since": rules.since["categories"].isoformat(),
        },
    )


def value_below_limit(facts: Facts, rules: RuleSet) -> Finding:
    """R5: the parcel's value, not the order's, is strictly below the limit."""
    seen: dict[str, str | int | list[str]] = {
        "value_fen": facts.parcel.value,
        "limit_fen": rules.value_limit_fen,
        "compensation_fen": rules.compensation_limit_fen,
        "since": rules.since["value_limit_fen"].isoformat(),
    }
    return Finding(None if facts.parcel.value < rules.value_limit_fen else ReasonCode.VALUE_TOO_HIGH, seen)


def refund_only(facts: Facts, rules: RuleSet) -> Finding:
    """R6: the after-sale's type is refund only."""
    del rules
    kind = facts.after_sale.type
    return Finding(
        None if kind is AfterSaleType.REFUND_ONLY else ReasonCode.NOT_REFUND_ONLY, {"after_sale_type": kind.value}
    )


def after_sale_open(facts: Facts, rules: RuleSet) -> Finding:
    """R7: the after-sale is not finished."""
    del rules
    return Finding(None if facts.after_sale.status is AfterSaleStatus.OPEN else ReasonCode.AFTER_SALE_CLOSED)


def carrier_supported(facts: Facts, rules: RuleSet) -> Finding:
    """R8: the carrier is supported and the shop has a route to it; names the supported ones."""
    code = facts.parcel.carrier
    name = rules.carrier_name(code)
    seen: dict[str, str | int | list[str]] = {"carrier": code, "carrier_zh": name.zh, "carrier_en": name.en}
    supported = code in rules.carriers
    if supported and facts.has_route:
        return Finding(None, seen)
    seen |= {
        "supported": list(rules.carriers),
        "supported_zh": [carrier.name.zh for carrier in rules.carriers.values()],
        "supported_en": [carrier.name.en for carrier in rules.carriers.values()],
        "why": "no_route" if supported else "no_carrier",
    }
    return Finding(ReasonCode.CARRIER_NOT_SUPPORTED, seen)


def in_window(facts: Facts, rules: RuleSet) -> Finding:
    """R9: the trace does not prove that it is too early or too late. An unknown stage does not refuse."""
    code = facts.parcel.carrier
    name = rules.carrier_name(code)
    seen: dict[str, str | int | list[str]] = {"stage": facts.stage.value, "carrier_zh": name.zh, "carrier_en": name.en}
    if facts.seen_at is not None:
        seen["seen_at"] = _iso(facts.seen_at)
    if code in rules.carriers:
        seen["window"] = rules.carriers[code].last_stage_open.value
    return Finding(TOO_EARLY_OR_LATE.get(facts.stage), seen)


def not_intercepted(facts: Facts, rules: RuleSet) -> Finding:
    """R10: no interception that is pending, unknown or has succeeded, by whomever; nor the carrier's own mark of one.

    With the record where it is this shop's, without where it is another's.
    """
    del rules
    held = facts.blocking
    if held is None:
        marked = facts.stage is Stage.INTERCEPTED
        return Finding(ReasonCode.ALREADY_INTERCEPTED, {"why": "mark"}) if marked else Finding()
    if not held.own:
        return Finding(ReasonCode.ALREADY_INTERCEPTED, {"why": "other"})
    record: dict[str, str | int | list[str]] = {"why": "own", "interception_id": held.id, "state": held.state.value}
    if held.number is not None:
        record["number"] = held.number
    return Finding(ReasonCode.ALREADY_INTERCEPTED, record)


def may_ask(facts: Facts, rules: RuleSet) -> Finding:
    """R11: an agent of that shop with `logistics_tools`, its owner, a platform agent while the after-sale is in
    arbitration, or an API key with `interceptions:write`.
    """
    del rules
    asker = facts.asker
    if asker.shop_id != facts.shop.shop_id:
        return Finding(ReasonCode.PERMISSION_DENIED, {"why": "shop"})
    if asker.origin is Origin.API:
        how, may = "scope", asker.key_id is not None and Scope.INTERCEPTIONS_WRITE in asker.scopes
    elif asker.origin is Origin.PLATFORM_AGENT or asker.role is Role.PLATFORM:
        how, may = "arbitration", asker.role is Role.PLATFORM and facts.after_sale.in_arbitration
    elif asker.role is Role.OWNER:
        how, may = "owner", True
    else:
        how, may = "permission", asker.role is Role.AGENT and Permission.LOGISTICS_TOOLS in asker.permissions
    return Finding(None if may else ReasonCode.PERMISSION_DENIED, {"why": how, "asker": asker.name})


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: the number, what the rule reads, and the function."""

    number: str
    source: str
    check: Callable[[Facts, RuleSet], Finding]


RULES: tuple[Rule, ...] = (
    Rule("R1", "shop", not_cross_border),
    Rule("R2", "shop", shop_active),
    Rule("R3", "agreements", agreements_signed),
    Rule("R4", "goods", no_excluded_category),
    Rule("R5", "goods", value_below_limit),
    Rule("R6", "after_sale", refund_only),
    Rule("R7", "after_sale", after_sale_open),
    Rule("R8", "routes", carrier_supported),
    Rule("R9", "trace", in_window),
    Rule("R10", "records", not_intercepted),
    Rule("R11", "permissions", may_ask),
)


def evaluate(facts: Facts, rules: RuleSet) -> Verdict:
    """Judges one parcel by every rule and tells every refusal.

    While the parcel has an interception that this bot knows (R10), R9 is not evaluated: its own way back is no second
    reason.
    """
    held = facts.blocking is not None
    reasons: list[Reason] = []
    checks: list[Check] = []
    for rule in RULES:
        if held and rule.check is in_window:
            checks.append(Check(rule.number, None))
            continue
        finding = rule.check(facts, rules)
        checks.append(Check(rule.number, finding.code is None, finding.facts))
        if finding.code is not None:
            reasons.append(Reason(finding.code, {**finding.facts, "source": rule.source}))
    return Verdict(tuple(reasons), tuple(checks), fee_for(facts.parcel.carrier, rules), rules.version)


def applicable(after_sale: AfterSale) -> bool:
    """U2: the after-sale's card shows 发起拦截 when R6 and R7 hold, and only then."""
    return after_sale.type is AfterSaleType.REFUND_ONLY and after_sale.status is AfterSaleStatus.OPEN


def _iso(moment: datetime) -> str:
    """ISO 8601 with Beijing's offset; a naive time is Beijing's already."""
    return (moment.replace(tzinfo=BEIJING) if moment.tzinfo is None else moment.astimezone(BEIJING)).isoformat()
