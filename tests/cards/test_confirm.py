from __future__ import annotations

from dataclasses import replace

from bot.cards.card import Card
from bot.cards.confirm import after_sale_line, choose_parcel, confirmation
from bot.cards.plain import text_of
from bot.cards.views import ParcelView
from bot.domain.parcel import Item, Parcel
from tests.cards.samples import ACTIONS, AFTER_SALE, EN, MAY, MAY_NOT, ZH, others


def confirm(*parcels: ParcelView) -> Card:
    """A confirmation of these parcels."""
    return confirmation("k1", 1, AFTER_SALE, parcels, ZH, ACTIONS)


def test_the_confirmation_as_a_whole() -> None:
    """One parcel that may go, with a stranger's goods in it, and one that three rules refuse: as in the mock."""
    assert text_of(others(ZH)["confirm"]) == (
        "【确认拦截】1 个可拦截 · 1 个不可\n"
        "售后单 7312045566778899118 · 仅退款 · 王**\n"
        "费用：4.00 元 成功才收，从货款账户扣\n"
        "包裹 1 · 圆通 YT74000000000561 · 可拦截\n"
        "  运输中 · 长沙集散中心 已发往 成都 · 轨迹截至 10:14（1 分钟前）\n"
        "  纯棉四件套 雾蓝 1.8 米 ×1 329.00 元\n"
        "  包裹价值（含另一笔订单）：388.00 元\n"
        "  同一个包裹里还有另一笔订单的东西，会一起退回来\n"
        "  订单 6933012345678905566 儿童雨靴 黄色 26 码 ×1 59.00 元\n"
        "  那笔订单没有退款。拦下后要给买家补发，或一起退。\n"
        "  费用：4.00 元 成功才收，从货款账户扣\n"
        "包裹 2 · 中通 75400000000562 · 不可拦截 · 3 条\n"
        "  派送 · 正在派件 · 轨迹截至 10:02（13 分钟前）\n"
        "  茉莉花茶 250 g ×1 1,260.00 元\n"
        "  包裹价值：1,260.00 元\n"
        "  费用：0.00 元 不能拦截，不收费\n"
        "  R9 10:02 已开始派送，中通要求到派件网点之前\n"
        "    已经来不及。请买家拒收，或改走退货退款\n"
        "  R5 包裹价值 1,260.00 元，须低于 1,000.00 元\n"
        "    承运商最高赔 1,000.00 元，超出的不接。规则自 2023-01-22 起\n"
        "  R4 里面有「茉莉花茶 250 g」，茶叶类不能拦截\n"
        "    只有这一件；不含它的包裹可以拦\n"
        "下一步：拦截 1 个包裹，成功收 4.00 元，失败 0 元\n"
        "〔确认拦截〕 〔先不拦〕"
    )


def test_all_refused_has_no_button_that_could_cost_money() -> None:
    """When nothing can be intercepted the title says so and there is nothing to confirm."""
    card = confirm(MAY_NOT, MAY_NOT)
    assert (card.title, card.state, card.facts[0].strong) == ("都不能拦截", "refused", "0.00 元")
    assert [b.action for b in card.buttons] == ["a-dismiss"]


def test_only_picked_parcels_are_summed() -> None:
    """The sum beside the button is that of the picked parcels; a refused one can never be picked."""
    both = confirm(MAY, replace(MAY, fee_fen=300), replace(MAY_NOT, picked=True))
    assert both.next_step == "拦截 2 个包裹，成功收 7.00 元，失败 0 元"
    assert [p.picked for p in both.parcels] == [True, True, False]
    assert confirm(MAY, replace(MAY, picked=False)).next_step == "拦截 1 个包裹，成功收 4.00 元，失败 0 元"


def test_with_nothing_picked_the_button_is_locked_in_words() -> None:
    """An empty choice locks the button and says why."""
    card = confirm(replace(MAY, picked=False))
    assert (card.buttons[0].kind, card.buttons[0].why_not) == ("primary", "先选包裹")
    assert confirm(MAY).buttons[0].why_not == ""


def test_the_platforms_fee_is_quoted_as_such() -> None:
    """Where the shop platform settles, the quote says so."""
    card = confirm(replace(MAY, platform=True))
    assert card.facts[0].text == "成功才收，由抖店结算"
    assert card.parcels[0].fee is not None
    assert card.parcels[0].fee.text == "成功才收，由抖店结算"


def test_goods_without_an_order_are_the_orders_own() -> None:
    """Goods of which the shop names no order count as the after-sale's."""
    view = replace(MAY, parcel=Parcel("1", "zto", (Item("袜子", "apparel", 3, 990),)))
    parcel = confirm(view).parcels[0]
    assert (parcel.other_goods, parcel.foreign, parcel.goods[0].amount_fen) == ((), "", 2970)
    assert parcel.value is not None
    assert parcel.value.label == "包裹价值"


def test_twenty_parcels_stay_on_one_card() -> None:
    """However many parcels there are, all stand on the card and the sum stays one line."""
    card = confirm(*[MAY] * 20)
    assert len(card.parcels) == 20
    assert card.next_step == "拦截 20 个包裹，成功收 80.00 元，失败 0 元"


def test_the_subject_leaves_an_unknown_buyer_out() -> None:
    """An after-sale without a buyer's name reads without a gap."""
    assert after_sale_line(replace(AFTER_SALE, buyer=None), "zh") == "售后单 7312045566778899118 · 仅退款"
    assert after_sale_line(AFTER_SALE, "en") == "After-sale 7312045566778899118 · refund only · 王**"


def test_choosing_among_after_sales() -> None:
    """A number in several after-sales: each is told apart by its last digits, type, state and amount."""
    card = others(ZH)["after_sales"]
    assert (card.title, card.facts[0].strong) == ("这个单号在 2 个售后单里", "YT74000000000561")
    assert card.choices[0].label == "售后 …9118"
    assert card.choices[0].text == "仅退款 · 待商家处理 · 2 个包裹 · 329.00 元"


def test_choosing_among_parcels() -> None:
    """A refused parcel stays in the list with its rules and cannot be pressed."""
    card = choose_parcel("k3", 1, AFTER_SALE, (replace(MAY, action="p1"), replace(MAY_NOT, action="p2")), EN)
    assert [(c.action, c.text) for c in card.choices] == [
        ("p1", "in transit · ¥4.00 on success"),
        ("", "cannot be intercepted R9 R5 R4"),
    ]


def test_stale_as_a_whole() -> None:
    """A card pressed too late says then and now, that nothing was sent, and how to get a fresh one."""
    assert text_of(others(ZH)["stale"]) == (
        "【这张卡片过期了】昨天 18:20\n"
        "圆通 YT74000000000561\n"
        "费用：0.00 元 这张卡片没有发出任何请求\n"
        "当时：可拦截，等待确认\n"
        "现在：今天 10:02 已开始派送，不能再拦 R4 R5 R9\n"
        "下一步：按钮已收起。要再看一遍，重新取一张最新的。\n"
        "〔取最新的卡片〕"
    )


def test_stale_rises_in_version() -> None:
    """The stale and the folded card replace the one that they came from."""
    cards = others(ZH)
    assert {(cards[n].id, cards[n].version) for n in ("stale_done", "stale_changed", "folded")} == {("k1", 2)}


def test_stale_for_other_causes() -> None:
    """Somebody else asked meanwhile, or something else changed: said in words."""
    cards = others(ZH)
    assert cards["stale_done"].facts[2].text == "已经发起：拦截中"
    assert cards["stale_changed"].facts[2].text == "已变化，再看一遍"


def test_folded_to_one_line() -> None:
    """A used confirmation is one line with name and time; one that was left says that nothing was sent."""
    assert text_of(others(ZH)["folded"]) == "【确认卡片已用】\n周琳 10:14:03 确认拦截中通 1 个包裹"
    assert text_of(others(ZH)["folded_left"]) == "【确认卡片已用】\n周琳 10:14:03 没有拦，没有发出，不收费"
