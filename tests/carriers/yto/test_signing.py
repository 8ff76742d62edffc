"""圆通's signatures against the worked examples, two of which are the carrier's own."""

import json
from typing import Any

import pytest

from bot.carriers.yto.signing import push_matches, sign
from bot.carriers.yto.wire import Call, TrackQuery, WantedReport


@pytest.mark.parametrize("name", ["yto_wanted_report_adapter", "yto_track_query_adapter", "yto_wanted_cancel_adapter"])
def test_a_call_is_signed_as_the_example(vectors: dict[str, Any], name: str) -> None:
    """Parameters, method, version and secret, in that order."""
    v = vectors[name]
    method = v.get("method", name.removeprefix("yto_"))
    assert sign(v["param"], method, v["secret"], v["v"]) == v["sign"]


def test_the_carriers_own_example_is_met(vectors: dict[str, Any]) -> None:
    """The official text has no method and version: the digest of the rest is the same."""
    v = vectors["yto_official"]
    assert sign(v["data"], "", v["secret"], "") == v["sign"]


def test_the_wire_form_is_the_examples(vectors: dict[str, Any]) -> None:
    """What is signed is what is sent, in the example's own order and spelling."""
    v = vectors["yto_wanted_report_adapter"]
    param = WantedReport(waybill_no="YT0000000000001", wanted_desc="买家申请退款，拦截退回").param()
    assert param == v["param"]
    assert Call(timestamp=1737000000000, param=param, sign=v["sign"]).wire() == v["wire_body"].encode()
    assert json.loads(v["wire_body"])["param"] == param
    assert TrackQuery(number="YT0000000000001").param() == vectors["yto_track_query_adapter"]["param"]


@pytest.mark.parametrize("name, field", [("yto_push", "logistics_interface"), ("yto_official_push", "data")])
def test_a_push_is_known_by_its_digest(vectors: dict[str, Any], name: str, field: str) -> None:
    """The examples' pushes are 圆通's; a changed one, another secret or a strange digest is not."""
    v = vectors[name]
    assert push_matches(v[field], v["secret"], v["data_digest"])
    assert not push_matches(v[field] + " ", v["secret"], v["data_digest"])
    assert not push_matches(v[field], "another", v["data_digest"])
    assert not push_matches(v[field], v["secret"], "中\ud800")
