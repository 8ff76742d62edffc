from __future__ import annotations

from dataclasses import replace

import pytest

from bot.cards.plain import text_of
from bot.cards.result import already_confirmed, result_card, shown_state
from bot.cards.views import Draw, Ground
from bot.cards.words import reason
from bot.domain.case import Phase, State, WayHome
from bot.domain.interception import Interception
from bot.domain.people import Origin
from bot.domain.reason import Reason, ReasonCode
from tests.cards.samples import (
    ACTIONS,
    AGAIN,
    CONTRADICTED,
    EN,
    FAILED,
    MAY_NOT,
    OPEN,
    PENDING,
    REASONS,
    REFUSED,
    SUCCEEDED,
    UNKNOWN,
    VIEW,
    ZH,
    at,
    results,
)

FEE_LINES = {
    "succeeded": ("3.00 元 已从货款账户扣除", "¥3.00 debited from the payment account"),
    "platform": ("3.00 元 由抖店结算，这里不再扣", "¥3.00 settled by the platform, not debited here"),
    "failed": ("0.00 元 失败不收费", "¥0.00 a failure is free"),
    "pending": ("暂未收费 成功后收 3.00 元", "Not charged yet ¥3.00 on success"),
    "queued": ("暂未收费 成功后收 3.00 元", "Not charged yet ¥3.00 on success"),
    "unknown": ("暂未收费 查明是成功才收 4.00 元", "Not charged yet ¥4.00 only if it proves a success"),
    "contradicted": ("3.00 元已收 已列入待核对", "¥3.00 charged listed for reconciliation"),
    "contradicted_platform": (
        "3.00 元 由抖店结算，已列入待核对",
        "¥3.00 settled by the platform, listed for reconciliation",
    ),
    "refused": ("0.00 元 没有发出，不收费", "¥0.00 nothing was sent, nothing is charged"),
    "cancelled": ("0.00 元 已取消，不收费", "¥0.00 cancelled, nothing is charged"),
    "returning": ("3.00 元 已从货款账户扣除", "¥3.00 debited from the payment account"),
    "lost": ("3.00 元 已从货款账户扣除", "¥3.00 debited from the payment account"),
}

GROUNDS = {
    "succeeded": "中通答复「拦截成功」，工单 ZT250312004817",
    "accepted": "中通已受理，工单 ZT250312004817，按约定算成功；轨迹转回前仍可能派送",
    "platform": "抖店已受理（中通），工单 ZT250312004817，按约定算成功；轨迹转回前仍可能派送",
    "adopted": "中通答复已有有效拦截，正是这一单，工单 ZT250312004817",
    "by_trace": "没有等到中通答复，轨迹已转回，说明拦下了，工单 ZT250312004817",
    "returning": "中通已受理，工单 ZT250312004817，轨迹也已转回",
}

TITLES = {
    "succeeded": ("拦截成功", "Intercepted"),
    "failed": ("拦截失败", "Not intercepted"),
    "pending": ("拦截中", "In progress"),
    "queued": ("排队", "Queued"),
    "unknown": ("结果未知", "Outcome unknown"),
    "contradicted": ("状态矛盾：拦下后又派送", "Contradicted: out for delivery after success"),
    "refused": ("不可拦截", "Cannot be intercepted"),
    "cancelled": ("已取消", "Cancelled"),
    "returning": ("退回中", "On its way back"),
    "returned": ("已退回", "Returned"),
    "lost": ("退回途中丢失", "Lost on the way back"),
    "damaged": ("退回时破损", "Damaged on the way back"),
}


@pytest.mark.parametrize("name", FEE_LINES)
def test_the_fee_line_of_each_state(name: str) -> None:
    """Each state has its one fixed fee line, in both languages."""
    for draw, expected in zip((ZH, EN), FEE_LINES[name], strict=True):
        fee = results(draw)[name].facts[0]
        assert f"{fee.strong} {fee.text}" == expected


@pytest.mark.parametrize("name", GROUNDS)
def test_a_success_names_its_ground(name: str) -> None:
    """Each kind of proof has its own words: caught, accepted, through the platform, adopted, seen in the trace."""
    ground = results(ZH)[name].facts[1]
    assert (ground.label, ground.text) == ("依据", GROUNDS[name])


@pytest.mark.parametrize("name", TITLES)
def test_the_title_is_the_fixed_word(name: str) -> None:
    """The result is told in the same words everywhere, and `state` is its token."""
    assert tuple(results(draw)[name].title for draw in (ZH, EN)) == TITLES[name]
    assert results(ZH)[name].state == name


def test_success_as_a_whole() -> None:
    """A success reads as in the mock: result, parcel, fee, ground, where it goes, next step."""
    assert text_of(results(ZH)["succeeded"]) == (
        "【拦截成功】10:14:06 · 用时 1.8 秒\n"
        "中通 75400000000123\n"
        "费用：3.00 元 已从货款账户扣除\n"
        "依据：中通答复「拦截成功」，工单 ZT250312004817\n"
        "退回到：原寄件地址 · 义乌稠江仓\n"
        "下一步：可以同意退款。退回途中一直盯着，若又派给买家会马上提醒你。\n"
        "〔复制给买家的话〕 〔查看记录〕\n"
        "周琳 10:14:03 确认 · 记录 #20481"
    )


@pytest.mark.parametrize("name", ["accepted", "platform", "adopted"])
def test_a_refund_waits_where_nobody_has_the_parcel_yet(name: str) -> None:
    """An order that was only taken, also one that we found in force, advises to refund when the trace has turned."""
    assert results(ZH)[name].next_step.startswith("轨迹转回后再同意退款更稳")
    assert results(EN)[name].next_step.startswith("Safer to agree to the refund once the trace turns back")


def test_unknown_as_a_whole() -> None:
    """A doubt says the fee that may fall due, when it is asked about next, and has no button that sends it again."""
    assert text_of(results(ZH)["unknown"]) == (
        "【结果未知】10:09:31 起\n"
        "圆通 75400000000123\n"
        "费用：暂未收费 查明是成功才收 4.00 元\n"
        "原因：请求已发出，圆通 8 秒没有答复：可能拦下了，也可能没有\n"
        "正在查：已查 2 次，下次 10:16:30；查明前不会再发\n"
        "下一步：先别同意退款，也别重复提交。查明后这张卡片会自己变，并提醒你。\n"
        "〔再查一次〕 〔查看记录〕\n"
        "周琳 10:14:03 确认 · 记录 #20481"
    )


@pytest.mark.parametrize(
    "case, zh, en",
    [
        (PENDING, "再问：每小时自动", "Asks again: hourly, by itself"),
        (UNKNOWN, "正在查：每小时查一次；查明前不会再发", "read hourly; never sent again until known"),
    ],
)
def test_what_is_looked_at_hourly_names_no_time(case: Interception, zh: str, en: str) -> None:
    """Open pages hear of no look after the first hour, so the card then names what stays true: how often it looks."""
    late = replace(case, phase_since=at(8, 0), next_at=at(11, 3))
    for draw, words in ((ZH, zh), (EN, en)):
        drawn = text_of(result_card(late, VIEW, draw, ACTIONS))
        assert words.casefold() in drawn.casefold()
        assert "11:03" not in drawn


def test_contradiction_as_a_whole() -> None:
    """A contradiction shows both sides, what it cost, and whom to call."""
    assert text_of(results(ZH)["contradicted_phone"]) == (
        "【状态矛盾：拦下后又派送】10:00:12 发现\n"
        "中通 75400000000123\n"
        "费用：3.00 元已收 已列入待核对\n"
        "依据：中通答复「拦截成功」，工单 ZT250312004817\n"
        "昨天 16:40:06 中通答复：拦截成功，退回发件人\n"
        "今天 10:00:12 轨迹：洪山网点 正在派件\n"
        "下一步：马上打给派件网点（027-8700 0000，话术已备好）。「同意退款」已冻结，等包裹转回再开。\n"
        "〔复制电话话术〕 〔查看记录〕\n"
        "昨天 16:40 成功 → 今天 10:00 矛盾 · 记录 #20481"
    )


def test_pending_as_a_whole_in_english() -> None:
    """English says the same under the same keys."""
    assert text_of(results(EN)["pending"]) == (
        "[In progress] waiting 1 min\n"
        "中通 75400000000123\n"
        "Fee: Not charged yet ¥3.00 on success\n"
        "Progress: Accepted by 中通 10:14:50, waiting for a branch scan\n"
        "Asks again: 10:17:00, by itself\n"
        "Next: No need to wait here or click again. This card changes by itself and you will be told.\n"
        "〔Cancel interception〕 〔Open record〕\n"
        "Confirmed by 周琳 10:14:03 · Record #20481"
    )


@pytest.mark.parametrize(
    "case,held_back",
    [(PENDING, False), (replace(PENDING, can_cancel=False), True), (replace(UNKNOWN, can_cancel=True), True)],
)
def test_cancel_only_while_it_can(case: object, *, held_back: bool) -> None:
    """取消拦截 stands only on what is pending and can be taken back, even when the caller handed an action in."""
    card = result_card(case, VIEW, ZH, ACTIONS)  # type: ignore[arg-type]
    assert ("a-cancel" in {b.action for b in card.buttons}) is not held_back


def test_without_actions_there_is_nothing_to_press() -> None:
    """A viewer who may do nothing sees the same words without buttons that act."""
    for case in (SUCCEEDED, PENDING, UNKNOWN, FAILED, REFUSED):
        assert all(b.kind in ("copy", "link") for b in result_card(case, VIEW, ZH, {}).buttons)


def test_failed_tells_the_reason_and_its_rule() -> None:
    """What the carrier refused is said in its name, with the rule, and the way out is the next step."""
    card = results(ZH)["failed"]
    assert (card.facts[1].text, card.facts[1].rules) == ("中通答复：已开始派送，停不下来", ("R9",))
    assert card.next_step == "请买家拒收，包裹会自己退回；买家已签收就改走退货退款。"
    assert [b.label for b in card.buttons] == ["复制拒收的话", "查看记录"]


def test_a_failure_without_reasons_passes_the_carriers_words_on() -> None:
    """Where nobody named a reason, the carrier's own words stand there, verbatim."""
    case = replace(FAILED, reasons=(), carrier_code="E99999", carrier_text="系统内部规则 17")
    assert result_card(case, VIEW, ZH, ACTIONS).facts[1].text == "中通答复：「系统内部规则 17」"


@pytest.mark.parametrize(
    "why,text,following",
    [
        ("nothing_sent", "一直连不上中通，请求没有发出", "没有发出，可以重新发起；急的话先打给中通网点。"),
        (
            "no_sign",
            "15 天没有任何迹象：中通没有答复，轨迹也没说明",
            "打给中通网点核实包裹在哪；还在路上就重新发起。",
        ),
    ],
)
def test_unavailable_says_which(why: str, text: str, following: str) -> None:
    """「没有答复」 says whether nothing was sent, or whether 15 days brought no sign."""
    reasons = (Reason(ReasonCode.CARRIER_UNAVAILABLE, {"why": why}),)
    card = result_card(replace(FAILED, reasons=reasons), VIEW, ZH, ACTIONS)
    assert (card.facts[1].text, card.next_step) == (text, following)
    assert "a-open" in {b.action for b in card.buttons}


@pytest.mark.parametrize("draw", [ZH, EN])
def test_one_reason_says_its_remedy_once(draw: Draw) -> None:
    """The remedy of the only reason of a parcel is the next step, and does not stand below the reason as well."""
    one = REASONS[1:2]
    whole = result_card(replace(REFUSED, reasons=one), replace(VIEW, parcel=replace(MAY_NOT, reasons=one)), draw, {})
    remedy = reason(one[0], draw.lang).fix
    assert remedy
    assert text_of(whole).count(remedy) == 1
    assert remedy in whole.next_step


def test_refused_shows_every_reason_of_the_parcel() -> None:
    """A refusal by our rules carries the parcel with each reason, its rule and its remedy, the parcel's own first."""
    card = results(ZH)["refused_parcel"]
    assert [r.rule for r in card.parcels[0].reasons] == ["R9", "R5", "R4"]
    assert all(r.fix for r in card.parcels[0].reasons)
    assert card.next_step == "没有发出任何请求。按每条下面的办法改了，再重新发起。"


def test_many_reasons_share_the_last_line() -> None:
    """Without the parcel, more reasons than lines still all have their rule."""
    codes = ["CROSS_BORDER_SHOP", "SHOP_NOT_ACTIVE", "NOT_REFUND_ONLY", "AFTER_SALE_CLOSED", "PERMISSION_DENIED"]
    reasons = (*(Reason(ReasonCode(code)) for code in codes), *REASONS)
    card = result_card(replace(REFUSED, reasons=reasons), VIEW, ZH, ACTIONS)
    assert len(card.facts) == 6
    assert sorted(rule for fact in card.facts for rule in fact.rules) == sorted(r.rule or "" for r in reasons)
    assert card.facts[-1].text == "售后已完结、不是仅退款、店铺不在正常营业、跨境店"


def test_other_parcels_come_before_the_refund() -> None:
    """While other parcels of the after-sale have no outcome, the next step names them and a button leads to them."""
    card = results(ZH)["others"]
    assert card.next_step.startswith("还有圆通 1 个包裹、中通 2 个包裹没拦，都有结果后再同意退款。")
    assert card.buttons[0].label == "拦另一个包裹"


@pytest.mark.parametrize(
    "origin,foot",
    [
        (Origin.AGENT, "周琳 10:14:03 确认 · 记录 #20481"),
        (Origin.API, "接口 周琳 10:14:03 发起 · 记录 #20481"),
        (Origin.PLATFORM_AGENT, "平台客服 周琳 10:14:03 在仲裁中发起 · 记录 #20481"),
    ],
)
def test_the_foot_names_who_asked(origin: Origin, foot: str) -> None:
    """Each origin is told on the card."""
    assert result_card(replace(SUCCEEDED, origin=origin), VIEW, ZH, {}).foot == foot


def test_whoever_presses_later_reads_who_was_first() -> None:
    """The same card, and that nothing was sent twice."""
    card = already_confirmed(results(ZH)["pending"], "陈默", at(10, 15, 29), ZH)
    assert card.foot == "陈默 3 秒前已经确认了这个包裹。没有发第二次，你看到的是同一次拦截的结果。"
    assert card.state == "pending"


@pytest.mark.parametrize(
    "case,shown",
    [
        (SUCCEEDED, "succeeded"),
        (CONTRADICTED, "contradicted"),
        (PENDING, "pending"),
        (replace(PENDING, phase=Phase.CALLING), "pending"),
        (replace(PENDING, phase=Phase.QUEUED), "queued"),
        (UNKNOWN, "unknown"),
        (replace(OPEN, state=State.UNKNOWN, phase=Phase.UNCLEAR), "unknown"),
    ],
)
def test_shown_state(case: object, shown: str) -> None:
    """The way home goes before the success, and what never left shows as queued."""
    assert shown_state(case) == shown  # type: ignore[arg-type]


def test_the_way_home_shows_what_was_seen_last() -> None:
    """A parcel on its way back shows the newest line of its trace."""
    fact = results(ZH)["returning"].facts[-1]
    assert (fact.label, fact.text) == ("去向", "洪山网点 正在派件 · 10:00")
    bare = result_card(replace(SUCCEEDED, way_home=WayHome.RETURNED), VIEW, ZH, {})
    assert [f.label for f in bare.facts] == ["费用", "依据", "退回到"]


def test_a_contradiction_without_a_trace_line() -> None:
    """What was accepted and then goes on is a contradiction too, also when the line itself is gone."""
    view = replace(VIEW, ground=Ground.ACCEPTED)
    sides = result_card(CONTRADICTED, view, ZH, {}).contradiction
    assert [fact.text for fact in sides] == ["已受理，退回发件人", "又派给买家"]
    assert result_card(CONTRADICTED, replace(view, latest=AGAIN), ZH, {}).contradiction_label == "矛盾"
