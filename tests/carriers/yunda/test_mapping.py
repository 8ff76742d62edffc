"""Every code of 韵达's page, and what nobody has seen."""

import pytest

from bot.carriers.yunda import mapping
from bot.carriers.yunda.wire import Envelope

ACTIONS = {
    "picked_up": ["ACCEPT", "GOT"],
    "in_transit": [
        *("ARRIVAL", "DEPARTURE", "CLEARANCE_START", "CLEARANCE_FINISH", "TRANSFER"),
        *("OVERSEA_IN", "OVERSEA_OUT", "OVERSEA_ARRIVAL", "OVERSEA_DEPARTURE"),
    ],
    "out_for_delivery": ["SENT", "OUTBOUND"],
    "at_pickup_point": ["INBOUND"],
    "delivered": ["SIGNED"],
    "returning": ["RETURN"],
    "problem": ["SIGNFAIL", "ISSUE", "CLEARANCE_FAIL", "OTHER", "REJECTION"],
}
STATUSES = {
    "GOT": "picked_up",
    "TRANSIT": "in_transit",
    "SIGNED": "delivered",
    "RETURN": "returning",
    "SIGNFAIL": "problem",
}


@pytest.mark.parametrize("stage, code", [(stage, code) for stage, codes in ACTIONS.items() for code in codes])
def test_every_action_has_its_stage(stage: str, code: str) -> None:
    """The steps' vocabulary."""
    data = {"steps": [{"time": "2025-03-10 18:00:00", "action": code, "description": "x"}]}
    events = mapping.trace(Envelope.model_validate({"code": "0000", "result": True, "data": data}))
    assert [event.stage for event in events or ()] == [stage]


@pytest.mark.parametrize("code", STATUSES)
def test_every_status_of_the_whole_has_its_stage(code: str) -> None:
    """Where there are no steps, the parcel's status as a whole is the one event."""
    data = {"status": code, "time": "2025-03-10 18:00:00", "steps": []}
    events = mapping.trace(Envelope.model_validate({"code": "0000", "result": "true", "data": data}))
    assert [event.stage for event in events or ()] == [STATUSES[code]]


def test_the_tables_have_no_code_that_the_page_has_not() -> None:
    """What nobody has seen is not made up."""
    assert mapping.ACTION_STAGES.keys() == {code for codes in ACTIONS.values() for code in codes}
    assert mapping.STATUS_STAGES == STATUSES


def test_a_signature_after_a_return_is_the_senders() -> None:
    """The one that came home is not taken for one that the buyer has."""
    steps = [
        {"time": f"2025-03-1{day} 18:00:00", "action": code} for day, code in enumerate(["GOT", "RETURN", "SIGNED"])
    ]
    events = mapping.trace(Envelope.model_validate({"code": "0000", "result": True, "data": {"steps": steps}}))
    assert [event.stage for event in events or ()] == ["picked_up", "returning", "returned"]
