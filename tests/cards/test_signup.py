from __future__ import annotations

from dataclasses import replace

from bot.cards.plain import text_of
from bot.cards.signup import denied, sign_up, unsigned
from bot.cards.views import Signer
from bot.domain.people import Role
from tests.cards.samples import ACTIONS, DEBIT, FEES, SERVICE, ZH, others

OWNER = Signer("栗木家居旗舰店", "吴岚", Role.OWNER)


def test_sign_up_as_a_whole() -> None:
    """The cost comes first, nothing is ticked beforehand, and the card says where it goes on."""
    assert text_of(others(ZH)["sign_up"]) == (
        "【开通快递拦截】只需一次\n"
        "栗木家居旗舰店 · 签约人 吴岚（主账号）\n"
        "收费：成功一个包裹收一次：中通 3.00、韵达 3.00、圆通 4.00 元 F1 F2\n"
        "扣款：从货款账户自动扣，全部付给承运商，平台只代收 F3\n"
        "仲裁：平台客服仲裁时发起的拦截，也由店铺付 F5\n"
        "[ ] 我已阅读并同意《快递拦截服务开通协议》 · 约 4 分钟，12 条 · 2025-01-01 版\n"
        "[ ] 我已阅读并同意《扣款授权协议》 · 约 2 分钟，5 条 · 2025-01-01 版\n"
        "下一步：读完两份协议，勾选后立即签约。签约不收费。\n"
        "〔立即签约〕(还差 2 项：勾选《快递拦截服务开通协议》《扣款授权协议》)\n"
        "签完接着拦：圆通 YT74000000000561，停在「确认拦截」"
    )


def test_the_button_opens_with_the_last_tick() -> None:
    """One tick missing is named at the button; with both it can be pressed."""
    one = sign_up(OWNER, FEES, (replace(SERVICE, ticked=True), DEBIT), ZH, ACTIONS)
    both = sign_up(OWNER, FEES, (replace(SERVICE, ticked=True), replace(DEBIT, ticked=True)), ZH, ACTIONS)
    assert one.buttons[0].why_not == "还差一项：勾选《扣款授权协议》"
    assert both.buttons[0].why_not == ""
    assert [tick.name for tick in both.ticks] == ["agree_service", "agree_debit"]


def test_an_agent_signs_for_the_owner() -> None:
    """An agent whom the owner lets sign reads that it is on the owner's behalf."""
    assert others(ZH)["sign_up_agent"].subject == "店 · 签约人 周琳（主账号授权）"


def test_whoever_may_not_sign_reads_who_can() -> None:
    """What is missing, who signs, and that the ask is kept."""
    assert text_of(others(ZH)["unsigned"]) == (
        "【还没开通，暂时不能拦截】\n"
        "圆通 YT74000000000561\n"
        "费用：0.00 元 没有发出，不收费\n"
        "缺什么：店铺没签《快递拦截服务开通协议》《扣款授权协议》 R3\n"
        "谁能签：主账号 吴岚，或主账号授权的子账号\n"
        "下一步：已经替你留着这次拦截。主账号签完会自动接着走，并在这里告诉你。\n"
        "〔提醒吴岚去签〕 〔复制签约链接〕"
    )


def test_a_long_name_gives_way_on_the_button() -> None:
    """A label keeps to eight characters; a longer name becomes 主账号."""
    card = unsigned((SERVICE, DEBIT), ZH, ACTIONS, owner="欧阳诸葛司马")
    assert card.buttons[0].label == "提醒主账号"
    assert card.next_step == "请主账号签约，签完再发起。"


def test_signed_goes_on_where_it_stopped() -> None:
    """After signing the card leads back to the confirmation, or says what to type."""
    card = others(ZH)["signed"]
    assert card.next_step == "刚才的拦截接着走：请确认圆通 1 个包裹。"
    assert card.buttons[0].action == "a-open"
    assert others(ZH)["signed_plain"].buttons == ()


def test_no_permission_tells_the_whole_path() -> None:
    """R11 names the menu where the owner grants it, to read and to copy."""
    assert text_of(others(ZH)["denied"]) == (
        "【你还不能拦截】\n"
        "费用：0.00 元 没有发出，不收费\n"
        "开通路径：店铺 → 子账号管理 → 岗位管理 → 物流 → 物流工具 R11\n"
        "下一步：请主账号吴岚按路径开通物流工具，开通后立即生效，再发起一次。\n"
        "〔请吴岚开通〕 〔复制开通路径〕"
    )
    assert denied(ZH, {}).buttons[0].value == "店铺 → 子账号管理 → 岗位管理 → 物流 → 物流工具"


def test_may_not_sign_or_grant() -> None:
    """Signing and granting have their own words."""
    assert others(ZH)["denied_sign"].next_step == "请主账号签约，或由主账号给你「代签协议」的权限。"
    assert others(ZH)["denied_grant"].title == "只有主账号能开通权限"
