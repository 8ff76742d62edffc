"""Whether a message without a slash is an order to intercept (`samples/commands.md`, step 6).

An order has a verb (拦截, 拦一下, 截回, intercept …) and an id. It is none when it asks, forbids, takes back or
reports. The cues are looked for where they say something about the verb: 买家不要了 and 已发货 are reasons for an
order, 不要拦截 and 已拦截 end it. What is in doubt counts as no order.

Texts come tidied by `grammar.tidy`. They are compared in lower case and, for the characters that matter, simplified.
"""

from __future__ import annotations

import re

from bot.handlers.typed_ids import find_ids

# An order is short; a pasted notice with the verb and a number in it is none. Letters without ids, and what may stand
# beside each id of a list (a name, a carrier).
LONGEST_ORDER = 120
LONGEST_LABEL = 12
WINDOW = 60  # how far around the verb its clause is read


def _any(*lines: str) -> str:
    """A group of alternatives, written as words with blanks between; each word is a pattern of its own."""
    return f"(?:{'|'.join(word.replace('_', ' ') for line in lines for word in line.split())})"


def _english(*lines: str) -> str:
    """The same for whole English words, `_` standing for a blank."""
    return f"(?<![a-z]){_any(*lines)}(?![a-z])"


_SIMPLIFIED = {
    ord(pair[0]): pair[1]
    for line in (
        "攔拦 幫帮 煩烦 嗎吗 麼么 個个 單单 號号 請请 該该 經经 剛刚 別别 無无 費费 錢钱 還还 沒没 點点 幾几 為为",
        "誰谁 會会 將将 敗败 應应 銷销 過过 問问 說说 顯显",
        "須须 訂订 處处 顧顾 購购 買买 賣卖 發发 貨货 運运 壞坏 錯错 後后 來来 給给 讓让 們们 這这 實实 況况 狀状",
        "態态 結结 記记 錄录 紀纪 撤撤 遲迟 開开 辦办 勞劳",
        "駕驾 謝谢 時时 動动 從从 與与 準准 備备 現现 總总 終终 對对 報报 駁驳 權权 進进 續续",
    )
    for pair in line.split()
}

_ID = "□"  # stands in the place of each id
_SAME_CLAUSE = r"[^,，。;；!！\n]"
_PAUSE = r"(?=[ ,，。;；!！?呀啊\n]|$)"

# --- the verb ----------------------------------------------------------------------------------------------------
# Every 拦 is one, and 截 where a parcel can be its object (截图, 截止, 截单 are not); 栏截 and 兰截 are common slips.
_VERB = _any(
    rf"[栏兰拦阑][截节接] 拦 截(?:回|返|住|停|下|低|掉|一截|一下|一?个) 截(?=_?{_ID}) lan_?jie",
    r"(?<![a-z])intercept(?![a-z])",
)
# Behind the verb it makes the name of a thing: 拦截费, 拦截记录, 拦截助手, intercept status.
_THING = _any(
    "费 功能 按钮 规则 协议 原因 时间 服务 通知 提醒 短信 助手 机器人 率 流程 入口 页面 权限 条件 问题 理?赔 详情 明细",
    "列表 数据 方式 方法 教程 指令 命令 口令 器 网 路 系统 工具 卡片 件(?!号) 支持 广告 骚扰 垃圾 链接",
    "的(?:事|话|时候)",
    "_?(?:记录|纪录|状态|结果|进度|情况|进展|后续|扣费)",
    r"_?(?:status|records?|fees?|results?|button|bot|history|failed|failure|success\w*|rate|price|cost|command)(?![a-z])",
)

# --- what is no part of the order: reasons and set phrases -----------------------------------------------------------
# Cut out before the cues are looked for. None may swallow a 不要 or a don't that belongs to the verb: what follows the
# reason is a list of words, taken whole (++), and 客户不要拦截 stays.
_BUYER = _any("买家 客户 客人 顾客 用户 对方 收件人 买方 亲 人家 他 她 buyer customer")
_UNWANTED = _any(
    "不想要 不要 不需要 唔要 唔想要 退款 退货 退单 拒收 拍错 下错 买错 付错 写错 填错 选错 反悔 后悔 改主意 变卦 取消"
)
_OF_IT = "(?:订单|这单|这个|收货|购买|交易|货物?|东西|的|掉|过)*+"
_EARLIER = _any("已经? 刚刚? 刚才 昨天 前天 昨晚 今天 今早 早上 上午 下午 上周 之前")
_ON_ITS_WAY = _any(
    "发(?![起送布现票拦截])[货出走]? 寄出? 揽收 揽件 出库 打包 下单 拍 付款 买(?!家) 在路上 在途",
    "到(?:站|达|货|网点|中转)",
)
_NOT_ON = _any("不要 不用 不必 别 勿 不能 唔好 先别")
_UP_TO = r"[^,，。;；!！\n□拦截]"
_PERSON = _english("buyer customer client he she they")
_ASIDES = tuple(
    re.compile(pattern)
    for pattern in (
        # the 别 and 不要 in these forbid nothing
        _any("特别 分别 个别 类别 级别 识别 区别 别的 别人 别家 别处 不要紧 来不及了(?!_?[拦截])"),
        # 买家不要了, 客户已经退款了: with 了, whatever follows; else not right before the verb
        rf"{_BUYER}{_UP_TO}{{0,12}}?{_UNWANTED}(?<!取消){_OF_IT}[了啦咗]",
        rf"{_BUYER}{_UP_TO}{{0,12}}?{_UNWANTED}{_OF_IT}[了啦咗]?+(?! ?[再去来给我你他们把将帮做着先个]{{0,4}}{_VERB})",
        # he does not want it, buyer cancelled the order
        _PERSON
        + rf"(?:(?!intercept)[^,.;!\n{_ID}]){{0,30}}?(?:cancel|refus|refund|reject|want|chang)[a-z]*+"
        + rf"(?: (?!do|not?(?![a-z])|never|stop|cancel|please|pls|intercept)[a-z']++){{0,5}}+(?! ?{_VERB})",
        # 不要了 in front, 取消订单了, 发错货了: the goods, not the interception
        rf"(?:不想要|不要|不需要|唔要)(?:了|啦|咗)(?= ?[{_ID},，。;；\n帮麻请赶快速直给]| ?拦)",
        r"(?:已经?|刚刚?|刚才|都|又|申请|要求|还?没有?|未)*"
        + _any(
            "取消(?:了|咗)?(?:订单|购买|交易|这单|付款) (?:申请|仅|全额)*退款 退单 拍错 下错单? 发错货? 发重",
            "重复发货? 漏发 地址写?错",
        )
        + "(?:成功|完成|中)?(?:了|啦|咗)?",
        # 刚发的, 已发货, 昨天寄出的
        rf"{_EARLIER}{_UP_TO}{{0,4}}?{_ON_ITS_WAY}去?[的了]?",
        # 不要派送, 别让他签收
        _NOT_ON
        + "(?:再|给|让|继续|往|把|他|她|客户|买家|快递){0,3}"
        + r"(?:配?送|派件?|投|签收|收到?|取件?|出库|发(?![起拦截]))(?:了|啦|件|货物?|到|给?他|给?她|过去|出去|签收)*+",
    )
)

# --- cues ------------------------------------------------------------------------------------------------------------
_ASKING = re.compile(
    _any(
        r"\? 吗 咩 多少 几(?:块|元|毛|钱|多|天|时|点|分钟|小时) 怎么 怎样 咋 如何 点样 点解 能不能 可不可以 可唔可以",
        r"得唔得",
        "行不行 能否 可否 是否 是不是 系咪 系唔系 有没有 有冇 会不会 会唔会 要不要 使唔使 用不用 该不该 为什么 为何",
        "为啥 什么 对吧 对不对 对么 是吧",
        "甚么 啥 哪 谁 边个 多久 多长 几耐 请问 想问 问一?下 咨询 求问 要钱 收钱 收费",
        rf"(?<![这那多要])么{_PAUSE} (?:没|未|没有|不|冇|呢){_PAUSE}".replace("[ ", "[_"),
    )
    + "|"
    + _english("how what when why where who which whether costs? prices? fees?")
)
# A request in the form of a question may go either way; it is taken where somebody is asked to help with the verb.
_POLITE_FORM = re.compile(
    rf"(?:可以|好|行|能|成|得|方便|可|ok)?(?:吗|么|咩|不){_PAUSE}"
    rf"|{_any('[?] 能不能 可不可以 可唔可以 得唔得 能否 可否 行不行 好不好')}"
    r"|(?:can|could|would|will) (?:you|someone|anyone|somebody)"
)
_HELP = re.compile(
    rf"{_any('帮 麻烦 劳烦 劳驾 辛苦 拜托 唔该 请')}"
    rf"[{_ID} ,，把将这那个单几件条票包裹快递运订我们你您忙下一手的给再先请即速号:了去直接赶紧尽]{{0,24}}?{_VERB}"
    r"|(?:can|could|would|will) (?:you|someone|anyone|somebody)(?: please| pls| plz| kindly| help| me| us| to){0,5} "
    rf"{_VERB}"
)

# Before the verb in its clause. A close cue has nothing between but particles and the parcel.
_PARTICLES = rf"[ {_ID}再去来给我你他们把将帮进行做被能要必想用着先个这那单件]{{0,10}}"
_CLOSE_BEFORE = _any(
    # forbids
    "不 没 未 没有 无 不是 不急着? 甭 休 唔 咪 冇 莫 免 无法 没法 难以 来不及 来得及 暂停 中止 终止 避免 拒绝 禁止",
    "严禁",
    # reports, announces, judges
    "曾经? 早就 昨天 前天 上次 上周 之前 正在 正 准备 打算 尝试 显示 提示 被 可以 可 能够? 会 建议 应该 将[会为]",
    "待会儿? 等下 等会儿? 一会儿? 稍后 明天 晚点",
    "(?:提交|发起|申请|做|点|办|登记|设置|安排|加|弄|进行|处理|完成)(?:了|过|咗|好了?|完)",
    "我们?(?:来|先|这就|马上|现在)?[帮给替为][你他她]们?",
)
_WIDE_BEFORE = {  # a cue, and how many characters of the same clause may stand behind it
    _any("不要 不用 不必 不需 无需 无须 毋须 勿 唔好 唔使 不能 不准 不许 不可 不值 不建议 不支持 不允许 不想"): 8,
    _any("不打算 没必要 犯不着 别 取消 撤销 撤回 撤 放弃 停"): 10,
    _any("已经? 刚刚? 刚才 才刚 [帮为给替跟]您 我们?(?:已|让|叫|请|找|喊|通知|联系)"): 10,
    _any("查询? 看 催 跟进 关于 问 确认 核实 了解 解释 比如 例如 譬如 举例 示例 格式 用法 输入 发送 打字 回复 教"): 12,
    _any("如果 要是 假如 万一 凡是"): 12,
    _english("no hold pause skip ignore revoke withdraw reverse"): 12,
    _english("type use send enter write run try example e[.]g[.] like check about regarding"): 16,
    _english("don'?t do_not never not no_need(?:_to)? cancel stop abort undo avoid without unable_to failed_to"): 24,
    _english(
        "tried_to can'?t cannot won'?t shouldn'?t couldn'?t didn'?t needn'?t hold_off possible asked told said"
    ): 24,
    _english("i'?ll we'?ll will would could can may might should shall did does do if unless to_be being how_to"): 24,
    _english("when_to"): 24,
}
_BEFORE = re.compile(
    rf"(?:{_CLOSE_BEFORE}{_PARTICLES}"
    # who does it or did it: 我拦了, 他们去拦; 帮我拦 is somebody else's
    r"|(?<![帮给替为和跟叫让由助])(?:我|我们|咱们?|他们?|她|同事|同学|仓库)"
    rf"(?:这边|们|自己|来|去|先|都|就|把|将|[{_ID} ]){{0,6}}"
    # 在拦; and other senses of the word
    "|在|"
    + _any("防火墙 安检 海关 清关 风控 反诈 安全 手机 电话 短信 广告 登录 支付 转账 请求")
    + "(?:中心|软件|系统)?|"
    + "|".join(f"{cue}{_SAME_CLAUSE}{{0,{width}}}" for cue, width in _WIDE_BEFORE.items())
    + ")$"
)
# Behind the verb at once: it has been done, cannot be done, is the attribute of something.
_AFTER = re.compile(
    rf"(?:一下|下来|下|住|回来|回去|回|返|掉|低|到|停|退回|成|得|申请|处理|受理|登记|{_ID}|[ :和跟及,，、/#])*"
    + _any(
        "已经?(?:成功|完成|受理|提交|登记|申请|通知|联系|处理|安排|拦|截|生效|退回|返回|撤|取消|结束|关闭|做|弄|搞|在)",
        "成功 失败 完成 完了 好了 好啦 过(?![来去期敏]) 咗 紧(?![急要张]) 中(?![通国午]) 着(?!急) 错(?=了|$)",
        "不[了住到下成掉回] 唔到 唔住 吗 (?:没有?|未)(?=[_,，。;；!！呀啊\\n]|$) 之?前(?!台)",
        "了(?:吗|么|没|过|[_,，]?(?:成功|失败)) (?<!拦)(?P<done>(?<!到)[了啦]) 到[了啦]",
    )
)
# The verb and 了 is a report (拦截了, 拦住了) unless it is handed over: 把 … 拦截了, 麻烦 … 拦住了. 拦了 alone orders.
_HANDED_OVER = re.compile(_any("把 将 帮 麻烦 (?<!申)请 给我 赶紧 尽快 赶快 速 务必 快(?![递件])"))
_ATTRIBUTE = re.compile(rf"(?:一下|下来|下|住|回来|回|掉|到|{_ID}| )*的")
_WANTED = re.compile(rf"{_any('要 需要? 想 待 该 得 请 帮 麻烦 处理')}{_PARTICLES}$")

# Anywhere in what is left: taken back, or over.
_OVER = re.compile(
    _any(
        "算了 不用 不必 不要 不拦 没拦 未拦 先别 先不 先等 别了 作废 等等 等一等 缓一缓 缓缓 暂缓 取消 撤销 撤回",
        "当我没说 停一下 不同意 (?:未|没)(?:生效|反应|动静|退回) 报错 驳回 扣了 [无没]权限",
        "成功 失败 没成 拦错 截错 搞定 弄好 处理好 拦好 拦完 没必要 没用 不支持 不行 不可以 不划算 退回来了 唔好",
        "唔使 唔用",
    )
    + "|"
    + _english("never_?mind forget_it already succeeded successful(?:ly)? failed cancell?ed cancel no_need not_needed")
    + "|"
    + _english("hold_on is_done was_done")
)

_VERB_AT = re.compile(_VERB)
_THING_AT = re.compile(_THING)
_NO_WORD = re.compile(r"[\W_]+")
_CLAUSE_END = re.compile(r"[,，。;；!！\n]")


def asks(text: str) -> bool:
    """Whether a text has the marks of a question."""
    return _ASKING.search(_plain(text)) is not None


def is_order(text: str) -> bool:
    """Whether a tidied text orders the interception of the ids in it; the caller has found at least one."""
    plain = _plain(text)
    if len(_NO_WORD.sub("", plain)) > LONGEST_ORDER + LONGEST_LABEL * plain.count(_ID):
        return False
    for aside in _ASIDES:
        plain = aside.sub(" ", plain)
    polite = _HELP.search(plain) is not None
    if _ASKING.search(_POLITE_FORM.sub(" ", plain) if polite else plain) or _OVER.search(plain):
        return False
    verdicts = [_verdict(plain, verb, polite=polite) for verb in _VERB_AT.finditer(plain)]
    return True in verdicts and False not in verdicts


def _plain(text: str) -> str:
    """The text with each id as one sign, in lower case and simplified characters, typographic apostrophes straight."""
    pieces, end = [], 0
    for found in find_ids(text):
        pieces += [text[end : found.start], _ID]
        end = found.end
    pieces.append(text[end:])
    return "".join(pieces).lower().translate(_SIMPLIFIED).replace("’", "'")


def _verdict(text: str, verb: re.Match[str], *, polite: bool) -> bool | None:
    """True: this verb orders. False: it asks, forbids or reports, and so does the message. None: a thing's name."""
    if _THING_AT.match(text, verb.end()):
        return None
    clause = _CLAUSE_END.split(text[max(verb.start() - WINDOW, 0) : verb.start()])[-1]
    if polite:
        clause = _POLITE_FORM.sub(" ", clause)
    if _BEFORE.search(clause):
        return False
    done = _AFTER.match(text, verb.end(), verb.end() + WINDOW)
    if done is not None and not (done["done"] and _HANDED_OVER.search(clause)):
        return False
    return _ATTRIBUTE.match(text, verb.end(), verb.end() + WINDOW) is None or _WANTED.search(clause) is not None
