"""How the rows of `stage_patterns.py` are written: words with gaps and names instead of bare regular expressions.

A row is a list of words with blanks between. In a word `‥` is a gap of up to 5 characters and `…` one of up to 14, both
within one clause; `<NAME>` is one of the groups below; the rest is a regular expression. Lines are NFKC, where ‥ and …
cannot occur.
"""

from __future__ import annotations

import re

CLAUSE = r"[^,。;]"
_GAPS = {"……": CLAUSE + "{0,28}?", "…": CLAUSE + "{0,14}?", "‥": CLAUSE + "{0,5}?"}

GROUPS: dict[str, str] = {
    "SENDER": "寄件人 寄件方 寄件客户 发件人 发件方 发件客户 发件公司 寄方 发方 商家 卖家 发货人 发货方 发货仓 退货仓",
    "BUYER": "收件人 收货人 收件客户 客户 买家 用户 本人 您",
    "COURIER": "快递员 派件员 派送员 投递员 递送员 配送员 业务员 派件人 小件员 小哥",
    "DELIVER": "派件 派送 投递 配送 送货",
    "BACK": "退回 退件 退货 退运 退签 返件 返程 返回 回退 转退 退商家 退仓",
    # Where a parcel waits for its buyer. 店 counts only right before 代收, for the rest of the world's 店 deliver.
    "STATION": "驿站 自提 快递柜 智能柜 包裹柜 柜机 喵柜 喵站 丰巢 速递易 柜(?=[^员面台]|$) 菜鸟 兔喜 妈妈店 邻里 便利"
    " 超市 代收点 代理点 代办点 便民 服务站 e站 合作店 合作点 三方代收 店(?=[】\\]]?(?:代收|代签))",
    # Who takes a parcel in for the buyer, and where it is left for him.
    "PERSON": "门卫 物业 前台 收发室 传达室 家人 家属 邻居 同事 朋友 亲友 保安 单位 学校 本人 署名 办公室 管理处"
    " 村委会",
    "DOORSTEP": "门口 门把手 信箱 信报箱 鞋柜 鞋架 水表箱 电表箱 牛奶箱 消防栓",
    # 签收 as an event: not 准备签收, 等待签收, 请签收, 未签收, 签收失败.
    "SIGNED": "(?<![备待注请便未再])签收(?!失败|异常|时|前)",
}
_NAME = re.compile("<([A-Z]+)>")


def compiled(words: str) -> re.Pattern[str]:
    """A row's words as one pattern."""
    pattern = _NAME.sub(lambda name: _alternatives(GROUPS[name[1]]), _alternatives(words))
    for gap, meaning in _GAPS.items():
        pattern = pattern.replace(gap, meaning)
    return re.compile(pattern, re.IGNORECASE)


def _alternatives(words: str) -> str:
    return f"(?:{'|'.join(words.split())})"


# --- what `stage.py` looks for before and beside the rows ------------------------------------------------------------

# A failed or withdrawn interception: the parcel goes on as before.
INTERCEPTION_OFF = compiled(
    "拦截…(?:失败|未成功|不成功|未果|撤销|取消|超时|关闭) (?:撤销|取消|撤回|解除)‥拦截 (?:未能?|无法|不能)‥拦截"
)
# Cut out of a line before the rows see it: advice to the buyer, and what is only expected.
ADVICE = compiled(
    """
    (?:如果?|若|倘若?)[您你有需要遇想因对不拒未客收寄][^,。;]*(?:,请[^,。;]*)? 有(?:问题|疑问|事)[^,。;]*
    请(?:联系|致电|电联|拨打|放心)[^,。;]* (?:投诉|感谢|期待|温馨提示|可查看)[^,。;]*
    """
)
FORECAST = compiled("(?:预计|预估|估计|大约)[^,。;]*")
# Takes back that a parcel turned round.
RETURN_OFF = compiled("(?:退件|退回|退货)‥(?:撤销|取消|冲销|删除) (?:取消|撤销|终止)‥(?:退回|退件|退货)")
