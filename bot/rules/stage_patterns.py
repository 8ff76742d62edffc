"""What the words of a trace line mean: the ordered table that `stage.py` reads from top to bottom.

The first row that matches decides, so the order of the rows is a statement: a line that tells of a way back is no
delivery whatever else it says, a failed attempt beats the word 派件 in it, what has happened beats what is announced.
Each row shows lines that it decides; a test reads them. Rows see a line as `stage.plain` leaves it: NFKC, one kind of
blank, without advice to the buyer and without forecasts. How a row is written: `stage_words.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.domain.parcel import Stage
from bot.rules.stage_words import compiled


@dataclass(frozen=True, slots=True)
class Row:
    """Lines that match mean this stage; `carriers` narrows a wording that others use in another sense."""

    stage: Stage
    pattern: re.Pattern[str]
    examples: tuple[str, ...]
    carriers: frozenset[str] = frozenset()


def _row(stage: Stage, words: str, *examples: str, carriers: str = "") -> Row:
    return Row(stage, compiled(words), examples, frozenset(carriers.split()))


ROWS: tuple[Row, ...] = (
    # --- no event, or one that is taken back
    _row(
        Stage.UNKNOWN,
        """
        (?:[投揽派签收退寄]|扫描|下段|登记)‥(?:撤销|冲销|删除) 删除邮件 删除$ 配发取消 交接取消
        (?:取消|撤销|终止)‥(?:退回|退件|退货)
        """,
        "投递妥投撤销",
        "揽收环节删除邮件",
    ),
    _row(
        Stage.UNKNOWN,
        "暂无 查无(?:轨迹|记录|信息|结果) (?:无|没有)(?:物流)?(?:轨迹|信息|记录) 盘点",
        "暂无物流信息",
        "【昆明官渡网点】库存盘点",
    ),
    _row(Stage.PROBLEM, "退(?:商家|回|件|货)失败 理赔签收", "退商家失败"),
    # --- a new number or address: follow it
    _row(
        Stage.FORWARDED,
        """
        新的?(?:运单|快递|邮政)?单?号 转单 换单 转邮 转同行 转其他快递 转第?三方
        (?:转交|移交|交付给)‥(?:第三方|其他快递)
        转[至给]…<DELIVER> 转寄(?!退) 改寄 改派 改(?:地)?址(?!失败) (?:更改|变更|修改)…(?:地址|收件信息)
        地址(?:更改|变更)
        新目的地 新的?(?:收件|派送|收货)?地址 转投 转递 其他快递公司
        """,
        "快件已退回/转寄,新单号为: SF0000000000001",  # one code for return and new address
        "已做改地址件扫描，新目的地【山西大同】",
        "更改派送地址，快件转往新地址派送",
    ),
    # --- the sender has it again
    _row(
        Stage.RETURNED,
        """
        (?:<BACK>|拦截)[^。;]{0,24}?(?:<SIGNED>|(?<!未)妥投|代收) 签收人‥(?:退件|退回|<SENDER>)
        <SIGNED>了?(?:退件|退货|退回件)
        <SENDER>‥(?:<SIGNED>|收到(?!您|订单)|确认收货|已收货|取回) 仓库‥<SIGNED>
        已经?(?:成功)?(?:退回|返回|退还|送回|退给|退)[至到给]?[【\\[]?<SENDER>(?!‥(?:网点|公司|途中|运输))
        退商家成功 退货(?:完成|成功) 退回(?:完成|成功) 退回客户 退签 returned(?=.to)
        """,
        "拦截退回已签收",
        "退件签收，签收人是【寄件人】",
        "退回妥投，寄件人已收到",
        "快件已成功退回至寄件人",
        "站点【退货部】进行了【货物退回客户扫描】操作",
    ),
    # --- on its way back, moving
    _row(
        Stage.RETURNING,
        """
        (?:正在?|开始|已经?|进行|安排|做)‥<BACK>(?!要求|申请)
        <BACK>…(?:途中|中(?![心转通国])|扫描|登记|开拆|封发|出站|出库|入库|收入|发出|发往|离开|到达|路上|在途)
        <BACK>(?:件|邮件)[^。;]{0,10}(?:已离开|发往|到达|收入|发出) 离开……,?退[回往] 退货未签收
        返回[发寄商卖] 运回[商卖发寄] 收回邮件 库区退回 交换站退回 退回件- 退往 邮件撤回 ^撤回$ (?:要求|申请)撤回
        """,
        "【河南郑州转运中心】 已做退回件扫描，由【河南郑州转运中心】发往【浙江台州路桥公司】",
        "包裹正在退回发件方",
        "多次投递失败，货物开始返回发货仓",
        "收件人拒收，快件已退回发件网点",  # the branch has it, not yet the shop
        "投递员收回邮件，准备退回",
        "退货出站，发往退货仓",
        "退商家出库",
    ),
    # --- the carrier's own mark; an interception that failed is cut out before (stage.py)
    _row(
        Stage.INTERCEPTED,
        "拦截 截留 intercepted",
        "订单拦截成功",
        "快件已被拦截，按发件客户要求退回",
        "【浙江杭州转运中心】 拦截件登记，发件客户申请拦截",
        "货物已拦截，暂停配送",
    ),
    _row(
        Stage.REFUSED,
        "拒收 拒签 拒付 拒绝‥(?:签收|收件|接收|收货|付款) refused rejected",
        "您的订单客户拒收",
        "问题件扫描-A2 客户拒收",
        "收件人拒收，包裹将原路退回",  # announced, not moving
    ),
    _row(Stage.RETURNING, "<BACK>(?!派件网点|中心重新) returning", "应寄件人要求退回"),
    # --- a problem scan, and what was never collected
    _row(
        Stage.PROBLEM,
        "问题件 疑难 异常件 [超逾]期?时?未取 柜满 (?:入柜|投柜|代收|存放)失败 未妥投 异常签收 签收(?:失败|异常)",
        "问题件扫描-A9 收件人联系不上",
        "超时未取件，请尽快联系驿站",
        "投递失败，柜满退出，快递员将再次联系您",
        "签收失败：客户要求改日派送",
    ),
    _row(Stage.UNKNOWN, "(?:订单|运单)‥取消 已?销单 取消完成 撤单 单?已撤销$ 取消(?:发货|寄件|下单)", "您的订单已取消"),
    # --- the shop still has it
    _row(
        Stage.CREATED,
        """
        (?:待|等待|未)[^,。;取]{0,12}(?:揽收|揽件|上门) 揽收任务 (?:揽收|揽件|揽货|取件|取货|收件)失败 终止揽收
        交接终止 揽件再取
        接单 下单 约车 接货中 抢单 (?:通知|安排|预约|赶来|将)…(?:揽收|揽件|上门|来取件) (?:商家|卖家)已?发货
        """,
        "快件已打包，待快递员上门取件",
        "包裹等待揽收中",
        "揽收任务已分配给配送员，等待取件",
    ),
    # --- the buyer took it from where it waited
    _row(
        Stage.DELIVERED,
        """
        <BUYER>……(?:取走|取件成功|已取件?(?!码)|已领取|领取成功|确认收货) (?:柜|驿站|代收点)…(?:取件成功|取出,?签收)
        凭…码\\)?(?:签收|取走|取出) 码签收 \\(凭取件码\\) 签收人在……领取 (?:最终|异常后)签收 (?<!未)妥投 驿站出库
        被取走 已自提
        自提,已签收
        """,
        "客户已从【丰巢智能快递柜】取件成功",
        "已签收, 签收人凭取货码签收, 您的快递已经妥投",
        "收件人已取走邮件",
        "异常后最终签收",
    ),
    # --- a courier takes it out again, which ends the waiting
    _row(
        Stage.OUT_FOR_DELIVERY,
        "(?:<COURIER>|代收)…取[出走] 取出扫描 快件取出 取出…,?‥<DELIVER>",
        "快递员从丰巢取出快件，将重新派送",
        "第三方代收快递员取出，重新派送",
    ),
    # --- still in the shop: 待取件 where no station is named, and with carriers that say it of their own collecting
    _row(Stage.CREATED, "订单(?:(?!<STATION>)[^。;]){0,12}待取件", "订单已接收，待取件"),
    _row(Stage.CREATED, "^(?:(?!<STATION>).)*待取件(?!码)", "待取件", carriers="jd deppon sf ems"),
    # --- somebody of the buyer's house has it, or it lies at his door
    _row(
        Stage.DELIVERED,
        """
        <PERSON>[】\\])]?.?(?:代收|代签|代为签收|代为收) 代(?:收|签收?)[:(【\\[]?.?<PERSON>
        (?:放|投递)…(?:<DOORSTEP>|<PERSON>)
        """,
        "代签收（门卫），如有退回需求请重新下单寄件",
        "您的快件由【家人】代为签收，感谢使用京东快递",
        "已签收,收发室 代收,投递员：王八",
        "快件已投递至信箱",
    ),
    # --- waits for the buyer in a station, locker or shop, even where the line says 签收
    _row(
        Stage.AT_PICKUP_POINT, "入库扫描 第三方(?:进站|入库)", "入库扫描", carriers="jt zto yunda"
    ),  # into an agent's shop
    _row(
        Stage.AT_PICKUP_POINT,
        """
        <STATION>.{0,24}?(?:代收|代签|代为签收|保管|存放|暂存|接收|收货|签收|收入|入库|入柜|上架|待取|自提|取件|取货|领取)
        (?:代收|代签|存放|暂存|暂放|放置|放在|放入|已放|改放|投递至|投递到|投入|派送至|派送到|送至|送达|已送|入库|到达|已到|发至|签收)……<STATION>
        代收(?!货款|款|/) 请…(?:取件|领取|来取|自提|提货|取货) 来取 取它回家 待自?取 凭…(?:取件|领取|取货|提货)
        取件码 取货码 提货码 自提 自取 存局 投柜 入柜 便民点 代理收件 窗口投交 转窗投 pick.?up.(?:point|station)
        """,
        "快件已被【兔喜快递超市】代收，如有问题请电联（130****0015），在您身边等您来取",
        "[四川成都武侯区公司]快件已被 丰巢智能柜 代签收",
        "自提上架：您的快件已存放至【京东快递柜-翡翠湖苑】，请凭取件码取件",
        "包裹柜/自提点已接收，请收件人凭短信取件",
        "快件已由便利蜂锦绣路店代收，请及时取件",
    ),
    # --- an attempt that failed, a delay, a loss
    _row(
        Stage.PROBLEM,
        """
        (?:<DELIVER>|送达|发货)‥(?:不成功|失败|未成功|未果) 异常 无人接听 无法(?:联系|接通|送达|正常|派|投|配)
        联系不(?:上|到)
        关机 停机 空号 不在(?:家|指定|单位|地址) 不方便 查无此
        (?:地址|电话|姓名|信息)‥(?:不详|错误|有误|不清|不全|不符|禁止)
        滞留 留仓 延[迟误时期] 暂缓 暂停 改约 改期 改日 改天 另约 (?:要求|预约)…<DELIVER> (?:更改|变更|修改)‥时间 再投
        试投
        超区 超范围 乡镇件 破损 损坏 污损 丢失 遗失 丢件 短少 查找 核查 赔付 错[分发派装] 禁寄 违禁 未送达 超时 逾期
        弃货 报废 作废
        未到齐 清关失败 扣留 查扣 审核未通过 天气 灾害 管制 (?:暂存|存放)[在至]?网点 exception delayed damaged failed
        """,
        "由于客户外出或电话无人接听原因 派件不成功，我们将再次安排派送",
        "包裹暂存网点，节假日延迟派送",
        "快件滞留，【山西太原转运中心】留仓件",
        "站点再投：首次投递未成功，等待再次配送",
        "包裹疑似遗失，正在查找",
    ),
    # --- the buyer has it
    _row(
        Stage.DELIVERED,
        """
        已签收 签收人 (?:由|被)……<SIGNED> (?:正常|图片|本人|成功|扫描)签收 签收(?:扫描|成功) 代(?:为)?签收?
        <SIGNED>[】\\)\\].!]*$
        (?:完成|结束)<DELIVER> <DELIVER>(?:已)?(?:完成|成功) <BUYER>…已收货 ^已收货
        (?:派送至|送到|送至|交付|交给)‥<BUYER> 投妥 已投递(?![至到员])
        已送达(?!…(?:中心|网点|营业)) (?<!not.)(?<!un)delivered
        """,
        "快件已由【本人】签收",
        "[四川成都武侯区公司]快件已被 已签收 签收",  # doubled wording is normal for 韵达
        "货物已完成配送，感谢您选择京东配送",
        "已送达",
    ),
    # --- with the courier
    _row(
        Stage.OUT_FOR_DELIVERY,
        """
        (?:正在|开始|出发|第[0-9一二三四]次)…(?:<DELIVER>|送件)(?!网点|城市|机构|员) <DELIVER>途?中(?!心) 派件扫描
        (?:重新|再次|二次)派
        out.for.delivery
        """,
        "快件已到达【长沙岳麓】,业务员 何冬冬 正在第1次派件, 请保持电话畅通",  # the later step counts
        "正在派送途中,请您准备签收(派件人:赵六,电话:130****0061)",
        "进行派件扫描；派送业务员：周九",
        "配送员开始配送，请您准备收货",
    ),
    # --- has reached whoever delivers it
    _row(
        Stage.AT_DELIVERY_STATION,
        """
        (?:等待|待|准备|即将|很快|尽快|马上)(?:安排|进行|为您|网点|再次)*<DELIVER>(?!员) 安排派件员 分配…<COURIER>
        预派送
        (?:到达|已到|抵达|到)……(?:(?:派件|派送|目的地?)(?:网点|城市|机构|公司)|投递[机部站局点]|配送站|所在城市|末端|目的地$)
        (?:派件|派送|目的地)网点…[到收] 站点已?(?:收货|到货|验货) 订单入站 投递[站部][】\\]]?‥接收
        """,
        "快件到达 【深圳南山科苑营业部】，准备安排派送",
        "山东济南历下区公司 到达目的地网点，快件很快进行派送",
        "到达投递机构【沈阳皇姑揽投部】",
        "快件到达派件城市【苏州市】，等待网点派送",
    ),
    _row(
        Stage.PICKED_UP,
        "揽收(?!‥配发) 揽件 已收件(?!人) 收件扫描 ^收件$ 客户交接",
        "河北保定白沟公司 进行揽件扫描 业务员：王五",
        "【浙江台州路桥公司】的收件员【李四】已收件",
    ),
    _row(
        Stage.OUT_FOR_DELIVERY,
        """
        <COURIER>(?:[是:【\\[(]|.[【\\[(]) <COURIER>‥赶往 安排<DELIVER> 已派件 代派 交由……派 领件 (?<!海外)出库扫描
        第三方出[站库]
        出门投递 投递下段 送货上门 派[件送]$ 为您<DELIVER>
        """,
        "【沈阳皇姑揽投部】安排投递，投递员：李四，电话：130****0092",
        "第三方代派：快件交由【溪鸟共配】派送",
    ),
    # --- the rest of the way
    _row(
        Stage.CREATED,
        "提交 拣货 面单 打印 已出库 支付 付款 订单生成 初始化 下发 团购 order.(?:created|placed) label.created",
        "您的订单已提交",
        "您的订单已拣货完成",
    ),
    _row(
        Stage.PICKED_UP,
        "收取 已?取件 (?<!离开)收寄 开单 交付‥(?:快递|物流|速递|速运) 完成收货 上门收货 picked.up",
        "顺丰速运 已收取快件",
        "【义乌北苑网点】 的极兔小哥 林小满 已取件。联系电话：130****0081",
        "货物已交付京东快递",
    ),
    _row(
        Stage.IN_TRANSIT,
        """
        到达 抵达 离开 发往 发出 发件 到件 到站 进站 出站 下一站 上一站 ^到 装车 卸车 装机 发车 封车 启运 离港 出发
        送往 运往 运输 途中 在途 干线
        分拣 分拨 中转 转运 扫描 收入 收货 发货 提货 入库 出库 暂存 封发 开拆 封袋 装袋 集包 打包 拆包 [装入]箱
        齐格 称重 复重 理货 配载 配发
        处理中心 航空 航班 起飞 降落 机场 口岸 互换局 清关 报关 通关 海关 放行 申报 征税 税单 安检 铁路 高铁 交航 承运
        到底
        in.transit arrived departed
        """,
        "快件离开 【揭阳中心】 已发往 【成都中心】",
        "【苏州转运中心】已发出，预计今天晚上到达派件网点",  # the station is a forecast
        "【湖南省长沙市雨花区高桥公司】 已收入",  # a branch, not said to be the delivering one
        "快件运输中",
    ),
)
