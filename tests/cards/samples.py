"""Sample people, parcels and records, and every kind of card once, for the tests of the cards."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.cards.after_sale import ListedView, ToldParcel, after_sale_card, list_card
from bot.cards.batch import batch_card
from bot.cards.card import Card
from bot.cards.confirm import choose_after_sale, choose_parcel, confirmation, folded, stale
from bot.cards.forms import BEIJING
from bot.cards.info import fees_card, help_card, no_person, not_found, records_card, too_old, usage
from bot.cards.result import already_confirmed, result_card
from bot.cards.signup import denied, granted, sign_up, signed, unsigned
from bot.cards.subscribing import not_understood, subscribed, unable, unsubscribed
from bot.cards.views import (
    AfterSaleView,
    AgreementView,
    BatchLine,
    BatchStage,
    BatchView,
    CarrierFee,
    Doubtful,
    Draw,
    Ground,
    ParcelView,
    RecordRow,
    ResultView,
    Signer,
    Waiting,
)
from bot.domain.after_sale import AfterSale, AfterSaleStatus, AfterSaleType
from bot.domain.case import Phase, SettledBy, State, WayHome
from bot.domain.interception import Interception
from bot.domain.parcel import Item, Parcel, Stage, TraceEvent
from bot.domain.people import Origin, Role
from bot.domain.reason import Reason, ReasonCode

VERBS = ["open", "confirm", "dismiss", "sign", "cancel", "look_again", "refresh", "records", "remind", "ask_grant"]
VERBS += ["confirm_batch", "pause_batch", "resume_batch"]
ACTIONS = {verb: f"a-{verb}" for verb in VERBS}


def at(hour: int, minute: int, second: int = 0, *, day: int = 12) -> datetime:
    """A time of March 2025 in Beijing."""
    return datetime(2025, 3, day, hour, minute, second, tzinfo=BEIJING)


NOW = at(10, 15, 32)
ZH, EN = Draw("zh", NOW), Draw("en", NOW)

SUCCEEDED = Interception(
    id="c1",
    number=20481,
    version=3,
    shop_id="demo",
    after_sale_id="7312045566778899001",
    tracking_number="75400000000123",
    carrier="zto",
    route="zto",
    state=State.SUCCEEDED,
    phase=Phase.ENDED,
    origin=Origin.AGENT,
    asked_by="周琳",
    created_at=at(10, 14, 3),
    quoted_fen=300,
    fee_fen=300,
    settled_by=SettledBy.CARRIER,
    carrier_reference="ZT250312004817",
    called_at=datetime(2025, 3, 12, 10, 14, 4, 200_000, tzinfo=BEIJING),
    settled_at=at(10, 14, 6),
)
OPEN = replace(SUCCEEDED, fee_fen=0, settled_by=None, settled_at=None, carrier_reference=None)
PENDING = replace(OPEN, state=State.PENDING, phase=Phase.WATCHING, next_at=at(10, 17), can_cancel=True)
QUEUED = replace(PENDING, phase=Phase.QUEUED, next_at=None, called_at=None)
UNKNOWN = replace(OPEN, state=State.UNKNOWN, phase=Phase.CALLING, quoted_fen=400, polls=2, next_at=at(10, 16, 30))
LATE = Reason(ReasonCode.ALREADY_OUT_FOR_DELIVERY, {}, "0", "快件已派件，无法拦截")
FAILED = replace(OPEN, state=State.FAILED, phase=Phase.ENDED, settled_at=at(10, 14, 6), reasons=(LATE,))
CANCELLED = replace(FAILED, state=State.CANCELLED, reasons=())
REFUSED = replace(
    FAILED, state=State.REFUSED, called_at=None, reasons=(Reason(ReasonCode.NOT_PICKED_UP, {"stage": "created"}),)
)
CONTRADICTED = replace(SUCCEEDED, way_home=WayHome.CONTRADICTED, settled_at=at(16, 40, 6, day=11))
AGAIN = TraceEvent(at(10, 0, 12), "洪山网点 正在派件", "武汉")
VIEW = ResultView("中通", returns_to="义乌稠江仓", record_link="/records/c1")

TWO_ORDERS = Parcel(
    "YT74000000000561",
    "yto",
    (
        Item("纯棉四件套", "home", 1, 32900, "雾蓝 1.8 米", "6930301234567891234"),
        Item("儿童雨靴", "shoes", 1, 5900, "黄色 26 码", "6933012345678905566"),
    ),
)
TEA = Parcel("75400000000562", "zto", (Item("茉莉花茶 250 g", "tea", 1, 126_000, None, "6930301234567891234"),))
AFTER_SALE = AfterSale(
    after_sale_id="7312045566778899118",
    order_id="6930301234567891234",
    type=AfterSaleType.REFUND_ONLY,
    status=AfterSaleStatus.OPEN,
    in_arbitration=False,
    applied_at=at(9, 0),
    refund_fen=32900,
    parcels=(TWO_ORDERS, TEA),
    buyer="王**",
)
REASONS = (
    Reason(
        ReasonCode.CATEGORY_EXCLUDED,
        {"items": ["茉莉花茶 250 g"], "categories": ["tea"], "categories_zh": ["茶叶"], "categories_en": ["tea"]},
    ),
    Reason(
        ReasonCode.VALUE_TOO_HIGH,
        {"value_fen": 126_000, "limit_fen": 100_000, "compensation_fen": 100_000, "since": "2023-01-22"},
    ),
    Reason(
        ReasonCode.ALREADY_OUT_FOR_DELIVERY,
        {
            "stage": "out_for_delivery",
            "seen_at": "2025-03-12T10:02:00+08:00",
            "window": "in_transit",
            "carrier_zh": "中通",
            "carrier_en": "ZTO",
        },
    ),
)
MAY = ParcelView(
    TWO_ORDERS, "圆通", 400, stage=Stage.IN_TRANSIT, latest=TraceEvent(at(10, 14), "长沙集散中心 已发往 成都")
)
MAY_NOT = ParcelView(
    TEA, "中通", 300, REASONS, Stage.OUT_FOR_DELIVERY, TraceEvent(at(10, 2), "正在派件"), Stage.IN_TRANSIT
)
FEES = (CarrierFee("中通", 300), CarrierFee("韵达", 300), CarrierFee("圆通", 400))
SERVICE = AgreementView("service", "快递拦截服务开通协议", "2025-01-01", 4, 12, "/agreements/service")
DEBIT = AgreementView("debit", "扣款授权协议", "2025-01-01", 2, 5, "/agreements/debit")
WAITING = Waiting("圆通", "YT74000000000561")
BATCH = BatchView("b1", 31, 9, "周琳", at(10, 14, 20), 27, 7, 0, 1, 4, 13, 8, 8800, 16800, "/batch/b1")

LINES = (
    BatchLine("75400000000123", "中通", SUCCEEDED),
    BatchLine("75400000000124", "中通", replace(FAILED, tracking_number="75400000000124"), (LATE,)),
    BatchLine("YT7400000000123", "圆通"),
    BatchLine("75400000000562", "中通", reasons=REASONS[:2]),
    BatchLine("75400000000999", known=False),
    BatchLine("6930301234567891234", several=True),
)
WHYS = ((ReasonCode.ALREADY_DELIVERED, 3), (ReasonCode.VALUE_TOO_HIGH, 1))
DRAFT = BatchView(
    "b2",
    32,
    1,
    "周琳",
    at(10, 14, 20),
    unsent=5,
    refused=7,
    most_fen=1700,
    link="/batch/b2",
    stage=BatchStage.DRAFTED,
    whys=WHYS,
    unfound=2,
    several=1,
    lines=LINES * 2,
)


def results(draw: Draw) -> dict[str, Card]:
    """A result card of every state and way home."""
    cases = {
        "succeeded": (SUCCEEDED, VIEW),
        "accepted": (SUCCEEDED, replace(VIEW, ground=Ground.ACCEPTED)),
        "platform": (replace(SUCCEEDED, settled_by=SettledBy.PLATFORM), replace(VIEW, ground=Ground.PLATFORM)),
        "adopted": (replace(SUCCEEDED, adopted=True), replace(VIEW, ground=Ground.ADOPTED)),
        "by_trace": (SUCCEEDED, replace(VIEW, ground=Ground.TRACE)),
        "others": (SUCCEEDED, replace(VIEW, others=(("圆通", 1), ("中通", 2)))),
        "pending": (PENDING, replace(VIEW, answered_at=at(10, 14, 50))),
        "sent": (replace(PENDING, phase=Phase.CALLING), VIEW),
        "queued": (QUEUED, VIEW),
        "queued_place": (QUEUED, replace(VIEW, queue=(14, 15))),
        "unknown": (UNKNOWN, replace(VIEW, carrier_name="圆通", no_answer_s=8, doubted_at=at(10, 9, 31))),
        "unknown_same": (UNKNOWN, replace(VIEW, doubt=Doubtful.SAME_ORDER)),
        "unknown_person": (replace(UNKNOWN, next_at=None), replace(VIEW, doubt=Doubtful.PERSON)),
        "failed": (FAILED, VIEW),
        "failed_silent": (replace(FAILED, reasons=()), VIEW),
        "cancelled": (CANCELLED, VIEW),
        "cancelled_unsent": (replace(CANCELLED, called_at=None), VIEW),
        "refused": (REFUSED, VIEW),
        "refused_parcel": (replace(REFUSED, reasons=REASONS), replace(VIEW, parcel=MAY_NOT)),
        "contradicted": (CONTRADICTED, replace(VIEW, latest=AGAIN)),
        "contradicted_phone": (CONTRADICTED, replace(VIEW, latest=AGAIN, phone="027-8700 0000")),
        "contradicted_platform": (replace(CONTRADICTED, settled_by=SettledBy.PLATFORM), VIEW),
        "api": (replace(SUCCEEDED, origin=Origin.API, asked_by="ERP"), VIEW),
        "platform_agent": (replace(SUCCEEDED, origin=Origin.PLATFORM_AGENT, asked_by="顾平"), VIEW),
    }
    for way in (WayHome.RETURNING, WayHome.RETURNED, WayHome.LOST, WayHome.DAMAGED):
        cases[way.value] = (replace(SUCCEEDED, way_home=way), replace(VIEW, latest=AGAIN, ground=Ground.ACCEPTED))
    return {name: result_card(case, view, draw, ACTIONS) for name, (case, view) in cases.items()}


def others(draw: Draw) -> dict[str, Card]:
    """Every other kind of card."""
    confirm = confirmation("k1", 1, AFTER_SALE, (MAY, MAY_NOT), draw, ACTIONS)
    alone = confirmation("k1", 1, AFTER_SALE, (MAY,), Draw(draw.lang, at(18, 20, day=11)), ACTIONS)
    none_picked = confirmation("k1", 1, AFTER_SALE, (replace(MAY, picked=False),), draw, ACTIONS)
    return {
        "confirm": confirm,
        "confirm_refused": confirmation("k1", 1, AFTER_SALE, (MAY_NOT,), draw, ACTIONS),
        "confirm_none_picked": none_picked,
        "stale": stale(alone, draw, ACTIONS, reasons=REASONS),
        "stale_done": stale(confirm, draw, ACTIONS, done=PENDING),
        "stale_changed": stale(confirm, draw, ACTIONS),
        "folded": folded(confirm, "周琳", at(10, 14, 3), draw, confirmed=(("中通", 1),)),
        "folded_left": folded(confirm, "周琳", at(10, 14, 3), draw),
        "first": already_confirmed(result_card(PENDING, VIEW, draw, ACTIONS), "陈默", at(10, 15, 29), draw),
        "after_sales": choose_after_sale("k2", 1, "YT74000000000561", [AfterSaleView(AFTER_SALE, "s1")] * 2, draw),
        "parcels": choose_parcel("k3", 1, AFTER_SALE, (replace(MAY, action="p1"), MAY_NOT), draw),
        "sign_up": sign_up(
            Signer("栗木家居旗舰店", "吴岚", Role.OWNER), FEES, (SERVICE, DEBIT), draw, ACTIONS, waiting=WAITING
        ),
        "sign_up_agent": sign_up(Signer("店", "周琳", Role.AGENT), FEES, (SERVICE, DEBIT), draw, ACTIONS),
        "unsigned": unsigned((SERVICE, DEBIT), draw, ACTIONS, owner="吴岚", waiting=WAITING, link="/sign"),
        "unsigned_plain": unsigned((SERVICE, DEBIT), draw, {}),
        "signed": signed("吴岚", "2025-01-01", at(10, 15, 20), draw, ACTIONS, parcels=(("圆通", 1),)),
        "signed_plain": signed("吴岚", "2025-01-01", at(10, 15, 20), draw, ACTIONS),
        "denied": denied(draw, ACTIONS, owner="吴岚"),
        "denied_sign": denied(draw, ACTIONS, kind="sign"),
        "denied_asked": denied(draw, {}, owner="吴岚", kind="asked"),
        "denied_grant": denied(draw, ACTIONS, kind="grant"),
        "granted": granted("李想", draw),
        **told(draw),
        "help": help_card(draw),
        "usage": usage(draw, 500),
        "fees": fees_card(FEES, 100_000, "2025-01-01", draw),
        "records": records_card([RecordRow(SUCCEEDED, "中通"), RecordRow(UNKNOWN, "圆通")] * 4, 17, draw, ACTIONS),
        "records_none": records_card([], 0, draw, ACTIONS),
        "records_of": records_card([RecordRow(FAILED, "韵达")], 1, draw, {}, page="/records?q=1", number="460"),
        "records_of_none": records_card([], 0, draw, {}, number="460"),
        "not_found": not_found(["75400000000999"], draw),
        "not_found_many": not_found([f"7540000000099{n}" for n in range(7)], draw),
        "batch": batch_card(BATCH, draw, ACTIONS),
        "batch_done": batch_card(replace(BATCH, pending=0, unsent=0, unknown=0, cancelled=3), draw, ACTIONS),
        "batch_unknown": batch_card(replace(BATCH, pending=0, unsent=0), draw, ACTIONS),
        "batch_lines": batch_card(replace(BATCH, lines=LINES), draw, ACTIONS),
        "batch_paused": batch_card(replace(BATCH, stage=BatchStage.PAUSED), draw, ACTIONS),
        "batch_draft": batch_card(DRAFT, draw, ACTIONS),
        "batch_draft_none": batch_card(replace(DRAFT, unsent=0, most_fen=0), draw, ACTIONS),
        "too_old": too_old(5, draw),
        "no_person": no_person("lixiang", draw),
        "no_person_named": no_person("", draw),
    }


def told(draw: Draw) -> dict[str, Card]:
    """What chats are told of new after-sales, and the commands that choose them."""
    over = replace(AFTER_SALE, status=AfterSaleStatus.CLOSED)
    tried = [ToldParcel(MAY, SUCCEEDED), ToldParcel(MAY_NOT, PENDING)]
    names = [ListedView(f"中通 7540000000{n:04}", "eligible" if n % 3 else "succeeded") for n in range(40)]
    return {
        "told": after_sale_card("after_sale:1", 1, AFTER_SALE, [ToldParcel(MAY), ToldParcel(MAY_NOT)], draw, ACTIONS),
        "told_refused": after_sale_card("after_sale:1", 1, AFTER_SALE, [ToldParcel(MAY_NOT)], draw, ACTIONS),
        "told_closed": after_sale_card("after_sale:1", 2, over, [ToldParcel(MAY)], draw, {}),
        "told_tried": after_sale_card("after_sale:1", 3, AFTER_SALE, tried, draw, ACTIONS),
        "told_many": after_sale_card("after_sale:1", 3, AFTER_SALE, [ToldParcel(MAY)] * 20, draw, ACTIONS),
        "listed": list_card("listed:1", 40, names, draw),
        "listed_done": list_card("listed:1", 40, [ListedView("7312045566778891", "closed")], draw),
        "subscribed": subscribed("吴岚", at(10, 0), (1320, 480), 2, draw),
        "subscribed_always": subscribed("吴岚", at(10, 0), None, 1, draw),
        "unsubscribed": unsubscribed(draw, was=True),
        "unsubscribed_before": unsubscribed(draw, was=False),
        "unable": unable(draw),
        "hours": not_understood("晚上", draw),
    }


def everything(draw: Draw) -> dict[str, Card]:
    """All cards."""
    return {**results(draw), **others(draw)}
