"""Every code and every text of 圆通's page, and what nobody has seen; XML that means harm."""

import time

import pytest

from bot.carriers.yto import mapping
from bot.carriers.yto.wire import Reported
from bot.domain.answer import Said
from bot.domain.parcel import Stage
from bot.domain.reason import ReasonCode
from tests.carriers.peers import ask

PROSE = {
    "1 已有有效拦截件，不能重复发起拦截": "ALREADY_INTERCEPTED",
    "请勿重复下单": "ALREADY_INTERCEPTED",
    "运单已签收": "ALREADY_DELIVERED",
    "快件已派件，无法拦截": "ALREADY_OUT_FOR_DELIVERY",
    "派送中": "ALREADY_OUT_FOR_DELIVERY",
    "快件已退回": "ALREADY_RETURNING",
    "未揽收": "NOT_PICKED_UP",
    "无走件信息": "NOT_PICKED_UP",
    "运单不存在": "NOT_PICKED_UP",
    "无权限": "CARRIER_ACCOUNT_NOT_AUTHORISED",
    "客户编码错误": "CARRIER_ACCOUNT_NOT_AUTHORISED",
    "请求加密校验失败": "CARRIER_ACCOUNT_NOT_AUTHORISED",
    "天气原因": "CARRIER_RULE",
}
STAGES = {
    "created": ["ACCEPT", "ORDER_BOOKING", "NOT_SEND"],
    "picked_up": ["GOT"],
    "in_transit": ["ARRIVAL", "DEPARTURE", "AIRSEND", "AIRPICK", "FORWARDING"],
    "out_for_delivery": ["SENT_SCAN"],
    "at_pickup_point": ["INBOUND"],
    "delivered": ["SIGNED"],
    "problem": ["FAILED"],
    "returning": ["TMS_RETURN"],
}


def answer_of(words: str) -> Reported:
    """A refusal in these words."""
    return Reported.model_validate({"statusCode": 1, "statusMessage": words})


@pytest.mark.parametrize("words", PROSE)
def test_every_text_of_the_page_has_its_reason(words: str) -> None:
    """The prose is read by a table, and the agent sees the carrier's own words."""
    answer = mapping.reported(answer_of(words), ask(carrier="yto"), "sent")
    assert answer.said is Said.REFUSED
    assert answer.reason is not None
    assert answer.reason.code == PROSE[words]
    assert answer.reason.carrier_text == words
    operator = {"CARRIER_RULE", "CARRIER_ACCOUNT_NOT_AUTHORISED"}
    assert (answer.alarm is not None) == (PROSE[words] in operator)


@pytest.mark.parametrize("words", PROSE)
def test_only_an_order_that_is_there_proves_ours(words: str) -> None:
    """In doubt, "already" is a success of ours, a signature error nothing, and every other refusal the end."""
    answer = mapping.reported(answer_of(words), ask(carrier="yto", in_doubt=True), "sent")
    if PROSE[words] == ReasonCode.ALREADY_INTERCEPTED:
        assert (answer.said, answer.adopted) == (Said.SUCCEEDED, True)
    elif "加密校验" in words:
        assert answer.said is Said.NO_ANSWER
    else:
        assert answer.said is Said.REFUSED


@pytest.mark.parametrize("code", ["2", "-1", "E01"])
def test_an_unknown_status_code_is_in_doubt(code: str) -> None:
    """0 and 1 are all that is known."""
    answer = mapping.reported(
        Reported.model_validate({"statusCode": code, "statusMessage": "?"}), ask(carrier="yto"), "sent"
    )
    assert answer.said is Said.NO_ANSWER
    assert answer.alarm


@pytest.mark.parametrize("stage, code", [(stage, code) for stage, codes in STAGES.items() for code in codes])
def test_every_code_of_the_trace_has_its_stage(stage: str, code: str) -> None:
    """Query and push speak the same words."""
    body = f'[{{"upload_Time": "2025-03-10 18:00:00", "infoContent": "{code}", "processInfo": "x"}}]'
    assert [event.stage for event in mapping.trace(200, body.encode()) or ()] == [stage]
    assert mapping.STAGES[code] == stage


def test_the_table_has_no_code_that_the_page_has_not() -> None:
    """What nobody has seen is not made up."""
    assert mapping.STAGES.keys() == {code for codes in STAGES.values() for code in codes}


def test_an_unknown_code_leaves_it_to_the_text() -> None:
    """The event is kept, with its code."""
    body = '[{"upload_Time": "2025-03-10 18:00:00", "infoContent": "NEW", "processInfo": "新动作"}]'
    (event,) = mapping.trace(200, body.encode()) or ()
    assert (event.stage, event.code, event.text) == (None, "NEW", "新动作")


def test_a_push_is_read() -> None:
    """Number, time, code and words of `<UpdateInfo>`."""
    text = (
        "<UpdateInfo><mailNo>YT1</mailNo><infoContent>SIGNED</infoContent><acceptTime>2025-01-16 12:00:00</acceptTime>"
        "<remark>客户签收 &amp; 完成</remark><orgName>示例公司</orgName></UpdateInfo>"
    )
    ((number, event),) = mapping.pushed(text)
    assert (number, event.stage, event.text, event.place) == ("YT1", Stage.DELIVERED, "客户签收 & 完成", "示例公司")
    assert event.at.isoformat() == "2025-01-16T12:00:00+08:00"


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE x [<!ENTITY a "b">]><UpdateInfo><mailNo>&a;</mailNo></UpdateInfo>',
        '<!DOCTYPE UpdateInfo SYSTEM "file:///etc/passwd"><UpdateInfo><mailNo>1</mailNo></UpdateInfo>',
        "<UpdateInfo><mailNo>&undefined;</mailNo></UpdateInfo>",
        "<UpdateInfo>" + "<a>" * 100 + "</a>" * 100 + "</UpdateInfo>",
        "<UpdateInfo><mailNo>1</mailNo>",
        "",
        "\ud800",
        "{}",
    ],
)
def test_xml_that_means_harm_says_nothing(text: str) -> None:
    """No document type, no entities, no depth, no half documents."""
    assert mapping.update_info(text) == {}
    assert mapping.pushed(text) == []


def test_an_entity_bomb_costs_nothing() -> None:
    """It is refused at its first line."""
    entities = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 9}">' for n in range(1, 30))
    bomb = f"<!DOCTYPE a [{entities}]><a>&x29;</a>"
    began = time.perf_counter()
    assert mapping.update_info(bomb) == {}
    assert time.perf_counter() - began < 0.5
