"""Every code of 中通's page, and codes that nobody has seen."""

import json

import pytest

from bot.carriers.contract import SuccessOn
from bot.carriers.zto import mapping
from bot.carriers.zto.wire import Envelope, Status
from bot.domain.answer import Said
from bot.domain.case import WayHome
from bot.domain.parcel import Stage
from bot.domain.reason import ReasonCode
from tests.carriers.peers import ask

REASONS = {
    "E23101": "ALREADY_DELIVERED",
    "E23119": "NOT_PICKED_UP",
    "E23120": "ALREADY_OUT_FOR_DELIVERY",
    "E23137": "AT_DELIVERY_STATION",
    "E23112": "ALREADY_OUT_FOR_DELIVERY",
    "E23123": "ALREADY_RETURNING",
    **dict.fromkeys(["E23121", "E23127", "E23151", "E23157", "E23116", "E23160"], "ALREADY_INTERCEPTED"),
    **dict.fromkeys(["E23140", "E23141", "E23111", "E23113", "E23114", "E23115", "E23122", "E23124"], "CARRIER_RULE"),
    **dict.fromkeys(["E23136", "E23138", "E23139", "E23130", "E23131", "E23135"], "CARRIER_RULE"),
    **dict.fromkeys(["E23108", "E23146", "E23148", "E23149", "E23150"], "CARRIER_RULE"),
    **dict.fromkeys(["E23144", "E23118", "E404", "E409", "E413", "E418"], "CARRIER_ACCOUNT_NOT_AUTHORISED"),
    **dict.fromkeys(["S207", "S208", "S210", "S211", "S212", "S214"], "CARRIER_ACCOUNT_NOT_AUTHORISED"),
    **dict.fromkeys(["E23153", "E23154", "E23110", "E23102", "E416"], "NOT_OUR_WAYBILL"),
}
ALARMS = {
    *("E23108", "E23146", "E23148", "E23149", "E23150"),
    *(code for code, reason in REASONS.items() if reason == "CARRIER_ACCOUNT_NOT_AUTHORISED"),
}
QUERY = {
    "picked_up": ["收件", "1"],
    "in_transit": ["发件", "2", "安检"],
    "out_for_delivery": ["派件", "4", "DELIVERY", "45", "DEPARTURE"],
    "at_pickup_point": ["ARRIVAL", "44"],
    "delivered": ["签收", "5", "7", "SIGNED"],
    "returning": ["退件", "8"],
    "problem": ["问题件", "事件"],
    "forwarded": ["转单", "9"],
}
PUSH = {
    "GOT": "picked_up",
    "DEPARTURE": "in_transit",
    "ARRIVAL": None,
    "DISPATCH": "out_for_delivery",
    "INBOUND": "at_pickup_point",
    "SIGNED": "delivered",
    "HANDOVERSCAN_SIGNED": "at_pickup_point",
    "DEPARTURE_SIGNED": "delivered",
    "RETURN_SCAN": "returning",
    "RETURN_SIGNED": "returned",
    "PROBLEM": "problem",
    "NOBODY_KNOWS": None,
}


def no(code: str) -> Envelope:
    """An answer that says no, with that code."""
    return Envelope.model_validate({"status": False, "statusCode": code, "message": "原文"})


@pytest.mark.parametrize("code", REASONS)
def test_every_code_of_the_page_has_its_reason(code: str) -> None:
    """A refusal names a reason of ours, keeps 中通's code and words, and alarms where an operator must act."""
    answer = mapping.created(no(code), ask(), "sent", SuccessOn.CAUGHT)
    assert answer.said is Said.REFUSED
    assert answer.reason is not None
    assert answer.reason.code == REASONS[code]
    assert (answer.reason.carrier_code, answer.reason.carrier_text) == (code, "原文")
    assert (answer.alarm is not None) == (code in ALARMS)


def test_the_table_has_no_code_that_the_page_has_not() -> None:
    """What nobody has seen is not made up."""
    assert mapping.REFUSALS.keys() == REASONS.keys()
    assert mapping.PUSH_STAGES.keys() == {code for code, stage in PUSH.items() if stage}


@pytest.mark.parametrize("code", ["S200", "S202"])
def test_the_gateways_time_outs_are_in_doubt(code: str) -> None:
    """The order may have been made."""
    assert mapping.created(no(code), ask(), "sent", SuccessOn.CAUGHT).said is Said.NO_ANSWER


@pytest.mark.parametrize("code", ["S203", "S206", "S221"])
def test_the_gateways_refusals_did_nothing(code: str) -> None:
    """It was turned away, and wants to be left alone for a while."""
    answer = mapping.created(no(code), ask(), "sent", SuccessOn.CAUGHT)
    assert answer.said is Said.NEVER_LEFT
    assert answer.retry_after_s
    assert answer.retry_after_s > 0


@pytest.mark.parametrize("code", ["E99999", "E23000"])
def test_an_unknown_refusal_stays_unknown(code: str) -> None:
    """It is told in 中通's words, and the operator keeps the code."""
    answer = mapping.created(no(code), ask(), "sent", SuccessOn.CAUGHT)
    assert answer.reason is not None
    assert answer.reason.code is ReasonCode.CARRIER_RULE
    assert answer.reason.carrier_text == "原文"
    assert answer.alarm


@pytest.mark.parametrize("code", ["S299", "500", "", "F1"])
def test_an_unknown_gateway_code_is_in_doubt(code: str) -> None:
    """Nobody knows whether the back end got it."""
    answer = mapping.created(no(code), ask(), "sent", SuccessOn.CAUGHT)
    assert answer.said is Said.NO_ANSWER
    assert answer.alarm


def test_an_unknown_code_never_counts_as_a_success() -> None:
    """`status` true with a code that nobody knows is followed, not believed, also where accepted is success."""
    envelope = Envelope.model_validate({"status": True, "statusCode": "X1", "data": {"centerBizNo": "Z"}})
    answer = mapping.created(envelope, ask(), "sent", SuccessOn.ACCEPTED)
    assert answer.said is Said.PROCESSING
    assert answer.alarm


def test_accepted_may_be_the_moment_of_success() -> None:
    """The route's setting decides what counts."""
    envelope = Envelope.model_validate({"status": True, "statusCode": "SYS000", "data": {"centerBizNo": "Z"}})
    assert mapping.created(envelope, ask(), "sent", SuccessOn.ACCEPTED).said is Said.SUCCEEDED
    assert mapping.created(envelope, ask(), "sent", SuccessOn.CAUGHT).said is Said.PROCESSING
    following = mapping.followed(Status(status="INTERCEPTING", service_code="Z"), ask(), "sent", SuccessOn.ACCEPTED)
    assert following.said is Said.SUCCEEDED


@pytest.mark.parametrize(
    "status, said, way_home",
    [
        ("INTERCEPTING", Said.PROCESSING, None),
        ("INTERCEPT_SUCCESS", Said.SUCCEEDED, None),
        ("INTERCEPT_FAIL", Said.REFUSED, None),
        ("INTERCEPT_CANCEL", Said.CANCELLED, None),
        ("PACKAGE_DELIVERYING", Said.SUCCEEDED, WayHome.RETURNING),
        ("INTERCEPT_DISCONTINUE", Said.PROCESSING, None),
        ("SOMETHING_NEW", Said.PROCESSING, None),
    ],
)
def test_every_status_of_the_page_is_known(status: str, said: Said, way_home: WayHome | None) -> None:
    """Closed without telling how, and what nobody has seen, are kept and flagged."""
    answer = mapping.followed(Status(status=status, service_code="Z"), ask(reference="Z"), "sent", SuccessOn.CAUGHT)
    assert (answer.said, answer.way_home) == (said, way_home)
    assert (answer.alarm is not None) == (status in {"INTERCEPT_DISCONTINUE", "SOMETHING_NEW"})


@pytest.mark.parametrize("stage, code", [(stage, code) for stage, codes in QUERY.items() for code in codes])
def test_every_scan_type_has_its_stage(stage: str, code: str) -> None:
    """The query's vocabulary, whose English words mean a cabinet."""
    result = [{"scanType": code, "scanDate": 1741600000000, "desc": "x"}]
    events = mapping.trace(Envelope.model_validate({"status": True, "result": result}))
    assert [event.stage for event in events or ()] == [stage]


@pytest.mark.parametrize("code", ["到件", "3"])
@pytest.mark.parametrize(
    "flags, stage",
    [
        ({"isCenter": True}, Stage.IN_TRANSIT),
        ({"isTransfer": "true"}, Stage.IN_TRANSIT),
        ({"isCenter": False, "isTransfer": False}, Stage.AT_DELIVERY_STATION),
        ({}, None),
    ],
)
def test_an_arrival_is_read_by_its_site(code: str, flags: dict[str, object], stage: Stage | None) -> None:
    """A centre or the delivering branch; where the site does not tell, the text decides."""
    result = [{"scanType": code, "scanDate": 1741600000000, "scanSite": {"code": "9", **flags}}]
    events = mapping.trace(Envelope.model_validate({"status": True, "data": result}))
    assert [event.stage for event in events or ()] == [stage]


@pytest.mark.parametrize("action", PUSH)
def test_every_pushed_action_has_its_stage(action: str) -> None:
    """The push's vocabulary, whose ARRIVAL does not tell a centre from a branch."""
    text = json.dumps({"billCode": "7", "action": action, "actionTime": "2025-01-16 12:00:00", "desc": "【上海市】"})
    ((number, event),) = mapping.pushed(text)
    assert (number, event.stage, event.code, event.text) == ("7", PUSH[action], action, "【上海市】")


def test_a_push_without_words_still_says_something() -> None:
    """Site and action stand in for the missing text."""
    text = json.dumps({"billCode": 7, "action": "GOT", "actionTime": "2025-01-16 12:00:00", "facilityName": "示例网点"})
    ((number, event),) = mapping.pushed(text)
    assert (number, event.text, event.place) == ("7", "示例网点 · GOT", "示例网点")
