from __future__ import annotations

from dataclasses import replace

from bot.cards.batch import batch_card
from bot.cards.info import fees_line, not_found
from bot.cards.plain import text_of
from tests.cards.samples import ACTIONS, BATCH, EN, FEES, ZH, others


def test_fees_as_a_whole() -> None:
    """Every fee rule with its number, from the fees that hold."""
    assert text_of(others(ZH)["fees"]) == (
        "【拦截费用】\n"
        "费用：中通 3.00、韵达 3.00、圆通 4.00 元一个包裹，含退回运费 F1\n"
        "什么时候：成功才收，失败 0.00 元 F2\n"
        "从哪里：从货款账户自动扣，全部付给承运商，平台只代收 F3\n"
        "丢失破损：拦下后丢失或破损，费用不退，可以理赔，最高 1,000.00 元 F4\n"
        "仲裁：平台客服仲裁时发起的拦截，也由店铺付 F5\n"
        "下一步：输入 /intercept 加单号，确认前会先告诉你这一单收多少。\n"
        "规则自 2025-01-01 起"
    )


def test_a_line_of_fees() -> None:
    """In Chinese the unit stands once at the end, in English at each amount."""
    assert fees_line(FEES, "zh") == "中通 3.00、韵达 3.00、圆通 4.00 元"
    assert fees_line(FEES, "en") == "中通 ¥3.00, 韵达 ¥3.00, 圆通 ¥4.00"


def test_help_names_every_command() -> None:
    """Help has the five commands, in the language of the chat, and that one may simply ask."""
    zh, en = others(ZH)["help"], [f.label for f in others(ZH)["help"].facts]
    assert en == ["/拦截", "/记录", "/费用", "/签约", "/授权", "提问"]
    assert zh.next_step.startswith("输入 /intercept 加单号开始。")


def test_usage_says_how_many() -> None:
    """An empty command answers with its form, the limit, an example, and that nothing was charged."""
    told = text_of(others(ZH)["usage"])
    assert "一次最多 500 个" in told
    assert "比如：/intercept 75400000000123" in told
    assert "0.00 元 还没有发出，不收费" in told


def test_records_are_cut_short() -> None:
    """At most five lines with time, result, parcel and fee; an amount not known yet is never 0.00."""
    card = others(ZH)["records"]
    assert (len(card.facts), card.aside) == (5, "最近 5 条，共 17 条")
    assert (card.facts[0].label, card.facts[0].strong) == ("10:14", "拦截成功")
    assert card.facts[0].text == "中通 75400000000123 · 3.00 元 · 周琳"
    assert card.facts[1].text == "圆通 75400000000123 · 暂未收费 · 周琳"
    assert card.buttons[0].action == "a-records"


def test_records_of_one_number() -> None:
    """Asked for one number, the card is about it: a failure shows its rule, an empty list says so."""
    card = others(ZH)["records_of"]
    assert (card.subject, card.facts[0].rules, card.buttons[0].kind) == ("460", ("R9",), "link")
    assert others(ZH)["records_of_none"].facts[0].text == "这一单还没有拦截过，没有收过费"


def test_what_cannot_be_found() -> None:
    """Numbers are named back, a long list is cut, and nothing hints at other shops."""
    assert not_found(["123"], ZH).title == "查不到这个单号"
    many = others(ZH)["not_found_many"]
    assert many.title == "查不到 7 个单号"
    assert many.facts[2].strong.endswith("等 7 个")


def test_a_batch_as_a_whole() -> None:
    """The counts add up to the number of numbers, and the money so far stands beside the most."""
    assert text_of(others(ZH)["batch"]) == (
        "【60 个单号，34 个有结果】\n"
        "批量 #31\n"
        "费用：已收 88.00 元 最多 168.00 元（52 个能拦的都成功）\n"
        "有结果：成功 27 · 失败 7\n"
        "还在等：拦截中 4 · 排队 13\n"
        "结果未知：1 个，先别退款，查明前不会再发\n"
        "不可拦截：8 个，没有发出，不收费\n"
        "下一步：关掉页面也会继续，断电后接着没做完的做，不会重复。\n"
        "〔暂停〕 〔看每一个〕\n"
        "周琳 10:14:20 粘贴并确认"
    )


def test_a_batch_ends_in_words() -> None:
    """When all is sent, the card says what is left for a person."""
    unknown = batch_card(replace(BATCH, pending=0, unsent=0), ZH, ACTIONS)
    done = batch_card(replace(BATCH, pending=0, unsent=0, unknown=0, cancelled=2), ZH, ACTIONS)
    assert (unknown.state, done.state) == ("unknown", "succeeded")
    assert done.facts[1].text == "成功 27 · 失败 7 · 已取消 2"
    assert unknown.next_step.startswith("能发的都发完了。")


def test_a_batch_before_its_one_confirmation() -> None:
    """How many can go at which highest fee, how many cannot and why, ten by number, and one button to confirm."""
    card = others(ZH)["batch_draft"]
    assert text_of(replace(card, lines=card.lines[:6])) == (
        "【12 个单号，5 个可拦截】\n"
        "批量 #32\n"
        "费用：最多 17.00 元 逐个成功才收，失败 0 元\n"
        "可拦截：5 个，确认一次就逐个发出\n"
        "不可拦截：4 个 已签收 3 · 价值超过上限 1\n"
        "查不到：2 个，店铺的售后单和包裹里没有\n"
        "要先选：1 个，在几个售后单里，单独输入再选\n"
        "- 中通 75400000000123：拦截成功 3.00 元\n"
        "- 中通 75400000000124：拦截失败 已开始派送\n"
        "- 圆通 YT7400000000123：可拦截\n"
        "- 中通 75400000000562：不可拦截 有不能拦截的商品 · 价值超过上限\n"
        "- 75400000000999：查不到\n"
        "- 6930301234567891234：要先选\n"
        "下一步：还没有发出。核对后确认，不能拦的会留在外面。\n"
        "〔确认拦截〕 〔看每一个〕\n"
        "还有 2 个单号，在批量页里逐个看"
    )
    assert len(card.lines) == 10


def test_a_batch_that_cannot_go_at_all() -> None:
    """Nothing to confirm where every number is refused; the fee is 0.00 and the reasons are counted."""
    card = others(ZH)["batch_draft_none"]
    assert (card.state, card.title, card.facts[0].strong) == ("refused", "7 个单号，都不能拦截", "0.00 元")
    assert [button.label for button in card.buttons] == ["看每一个"]


def test_a_paused_batch_offers_to_go_on() -> None:
    """Paused, the card says how many are held back, and its one important button is to resume."""
    card = others(ZH)["batch_paused"]
    assert card.title == "已暂停，还有 13 个没发"
    assert [(button.label, button.kind) for button in card.buttons] == [("继续发", "primary"), ("看每一个", "link")]


def test_what_came_too_late_is_said() -> None:
    """A message older than five minutes is refused visibly, and so is a grant to nobody."""
    assert text_of(others(ZH)["too_old"]) == (
        "【这条消息送到得太晚，没有执行】\n"
        "费用：0.00 元 没有发出，不收费\n"
        "原因：发出 5 分钟以后才送到，那时的情况可能已经变了\n"
        "下一步：还要的话，现在再发一次。"
    )
    assert others(EN)["no_person"].facts[1].text == "The shop has no sub-account with the login lixiang"
    assert others(ZH)["no_person_named"].title == "给谁开通"
