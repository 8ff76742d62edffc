from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards import words
from bot.domain.case import State
from bot.domain.parcel import Stage
from bot.domain.people import Origin
from bot.domain.reason import Reason, ReasonCode
from bot.rules.eligibility import evaluate
from bot.rules.facts import Blocking, Facts
from tests.cards.samples import NOW, REASONS
from tests.rules.asks import RULES, ask, item, with_items

HOLE = "{"


def told(facts: Facts, lang: str = "zh") -> tuple[str, str]:
    """Words and remedy of the one reason of an ask."""
    (reason,) = evaluate(facts, RULES).reasons
    worded = words.reason(reason, lang, carrier="?", now=NOW)
    return worded.text, worded.fix


def test_reasons_as_in_the_mock() -> None:
    """Three rules at once read as the mock has them."""
    assert [words.reason(r, "zh", now=NOW).text for r in REASONS] == [
        "里面有「茉莉花茶 250 g」，茶叶类不能拦截",
        "包裹价值 1,260.00 元，须低于 1,000.00 元",
        "10:02 已开始派送，中通要求到派件网点之前",
    ]
    assert words.reason(REASONS[1], "zh").fix == "承运商最高赔 1,000.00 元，超出的不接。规则自 2023-01-22 起"


def test_our_rules_fill_their_words() -> None:
    """What the rules find is enough for the words, in every case of every rule."""
    facts = ask()
    parcel = facts.parcel
    platform = replace(facts.asker, origin=Origin.PLATFORM_AGENT)
    assert told(replace(facts, parcel=replace(parcel, carrier="sf"))) == (
        "顺丰还不能拦截，现在支持中通、韵达、圆通",
        "请买家拒收，或改走退货退款",
    )
    assert told(replace(facts, has_route=False))[0] == "这一单没有通到中通的拦截通道，支持的承运商是中通、韵达、圆通"
    assert told(replace(facts, asker=replace(facts.asker, permissions=frozenset()))) == (
        "你还不能拦截",
        "主账号在 店铺 → 子账号管理 → 岗位管理 → 物流 → 物流工具 里开通",
    )
    assert told(replace(facts, asker=platform))[0] == "平台客服只在售后单处于仲裁时能拦"
    assert told(replace(facts, shop=replace(facts.shop, signed={})))[0] == (
        "店铺没签《快递拦截服务开通协议》《扣款授权协议》"
    )
    assert told(with_items(facts, item("tea", name="红茶"), item("virtual", name="会员"))) == (
        "里面有「红茶」「会员」，茶叶、虚拟商品类不能拦截",
        "共 2 件；不含它们的包裹可以拦",
    )
    blocked = replace(facts, blocking=Blocking("c9", State.UNKNOWN, own=True, number=20479))
    assert told(blocked)[0] == "这个包裹已有一次拦截：记录 #20479，结果未知"
    assert told(replace(facts, blocking=Blocking("c9", State.UNKNOWN, own=False)))[0] == "这个包裹已有别处发起的拦截"
    assert told(replace(facts, stage=Stage.INTERCEPTED))[0] == "轨迹显示已被拦截，不是这里发起的"
    assert told(replace(facts, stage=Stage.RETURNED, seen_at=None))[0] == "已经退回发件人"
    assert told(replace(facts, stage=Stage.AT_PICKUP_POINT, seen_at=None))[0] == (
        "已到驿站或快递柜，中通要求到派件网点之前"
    )


def test_english_beside_it() -> None:
    """The same facts in English, with the English names."""
    facts = ask()
    assert (
        told(with_items(facts, item("tea", name="Tea 250 g")), "en")[0]
        == "Holds “Tea 250 g”; tea cannot be intercepted"
    )
    assert told(replace(facts, parcel=replace(facts.parcel, carrier="sf")), "en")[0] == (
        "SF cannot be intercepted; supported: ZTO, Yunda, YTO"
    )
    late = replace(facts, stage=Stage.OUT_FOR_DELIVERY)
    assert told(late, "en")[0] == "Out for delivery 2026-11-24; ZTO takes it only before the delivery station"


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("code", list(ReasonCode))
def test_words_for_every_reason_from_anybody(code: ReasonCode, lang: str) -> None:
    """Every reason has words without holes: told by us without any facts, and told by a carrier."""
    ours = words.reason(Reason(code), lang)
    theirs = words.reason(Reason(code, {}, "E1", "原话"), lang, carrier="中通")
    for worded in (ours, theirs):
        assert worded.code == code
        assert worded.rule == Reason(code).rule
        assert worded.text
        assert HOLE not in worded.text + worded.fix
    assert words.short(code, lang)


def test_a_carriers_own_rule_is_passed_on_verbatim() -> None:
    """Words that we do not know stand in 「」, braces and all; without any the reason is still said."""
    reason = Reason(ReasonCode.CARRIER_RULE, {}, "E23122", "目的地{停}发")
    assert words.reason(reason, "zh", carrier="中通").text == "中通答复：「目的地{停}发」"
    silent = Reason(ReasonCode.CARRIER_RULE, {}, "E23122", " ")
    assert words.reason(silent, "zh", carrier="中通").text == "中通按自己的规则没有接"


def test_known_codes_speak_in_our_words() -> None:
    """A refusal that we know is said in words that an agent understands, in the carrier's name."""
    late = Reason(ReasonCode.ALREADY_OUT_FOR_DELIVERY, {}, "E23120", "S-DELIV-SCAN")
    assert words.reason(late, "zh", carrier="韵达").text == "韵达答复：已开始派送，停不下来"
    station = Reason(ReasonCode.AT_DELIVERY_STATION, {}, "E23137", "")
    assert words.reason(station, "zh", carrier="中通").text == "中通答复：已到派件网点，不再接拦截"
    assert words.reason(late, "zh").text == "承运商答复：已开始派送，停不下来"


def test_odd_facts_do_not_break_the_words() -> None:
    """A time that is none, or a word that we do not have, shortens the words and breaks nothing."""
    reason = Reason(ReasonCode.ALREADY_DELIVERED, {"seen_at": "yesterday", "stage": "beamed_up"})
    assert words.reason(reason, "zh").text == "已签收"


def test_what_the_rules_found() -> None:
    """「当时的规则」 reads in a few words, from the facts that the record keeps."""
    checks = {c.rule: words.check(c.rule, c.facts, "zh", passed=c.passed) for c in evaluate(ask(), RULES).checks}
    assert checks == {
        "R1": "非跨境店",
        "R2": "店铺正常营业",
        "R3": "两份协议已签",
        "R4": "无不可拦截类目",
        "R5": "价值 129.00 元",
        "R6": "仅退款",
        "R7": "售后未完结",
        "R8": "中通有通道",
        "R9": "运输中",
        "R10": "无在途拦截",
        "R11": "周琳有物流工具",
    }
    assert words.check("R9", {}, "zh", passed=None) == "已有拦截，这条不看"
    assert words.check("R11", {"why": "scope", "asker": "ERP"}, "zh", passed=True) == "接口密钥 ERP 可发起拦截"
    assert words.check("R5", {}, "zh", passed=True) == "R5"


@given(st.text(max_size=40), st.sampled_from(list(ReasonCode)))
def test_no_text_of_a_carrier_breaks_the_words(said: str, code: ReasonCode) -> None:
    """Whatever a carrier writes, it is passed on as it is and never read as a form."""
    worded = words.reason(Reason(code, {}, None, said), "zh", carrier="中通")
    assert worded.text
    if code is ReasonCode.CARRIER_RULE and said.strip():
        assert said.strip() in worded.text
