"""抖店's signatures against the worked examples."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.shops.doudian.signing import SignMethod, canonical, event_matches, event_sign, sign, spi_sign

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors.json").read_text(encoding="utf-8"))
API = VECTORS["doudian_api"]
KEY, SECRET = API["app_key"], API["app_secret"]


@pytest.mark.parametrize("method, name", [(SignMethod.HMAC_SHA256, "sign_hmac_sha256"), (SignMethod.MD5, "sign_md5")])
def test_a_call_is_signed_as_the_example(method: SignMethod, name: str) -> None:
    """Key, method, parameters and time between two secrets."""
    assert sign(KEY, SECRET, API["method"], API["param_json"], API["timestamp"], method) == API[name]


def test_parameters_are_written_as_the_example() -> None:
    """Keys sorted at every depth, no blanks, ids as numbers, nothing escaped that need not be."""
    params = {
        "op_from": 1,
        "intercept_targets": [{"tracking_no": "75400000000001", "company_code": "zhongtong"}],
        "after_sale_id": 7300000000000000001,
    }
    assert canonical(params) == API["param_json"]
    escaped = {"remark": "<a>&中文", "need_operation_record": True, "after_sale_id": "7300000000000000001"}
    v = VECTORS["doudian_api_escape"]
    assert canonical(escaped) == v["param_json"]
    assert sign(KEY, SECRET, "afterSale.Detail", canonical(escaped), "1737000000") == v["sign_hmac_sha256"]
    assert canonical({}) == "{}"


@pytest.mark.parametrize("method, name", [(SignMethod.HMAC_SHA256, "sign_hmac_sha256"), (SignMethod.MD5, "sign_md5")])
def test_a_call_from_the_platform_is_signed_as_the_example(method: SignMethod, name: str) -> None:
    """Without method and version."""
    v = VECTORS["doudian_spi"]
    assert spi_sign(KEY, SECRET, v["param_json"], v["timestamp"], method) == v[name]


@pytest.mark.parametrize(
    "method, said, name",
    [
        (SignMethod.MD5, "md5", "event_sign_md5"),
        (SignMethod.MD5, " MD5 ", "event_sign_md5"),
        (SignMethod.HMAC_SHA256, "hmac-sha256", "event_sign_hmac_sha256"),
        (SignMethod.HMAC_SHA256, "", "event_sign_hmac_sha256"),
    ],
)
def test_a_push_is_known_by_its_signature(method: SignMethod, said: str, name: str) -> None:
    """The example's push is 抖店's, by either method; a changed one or another secret is not."""
    v = VECTORS["doudian_push"]
    body = v["raw_body"].encode()
    assert event_sign(KEY, SECRET, body, method) == v[name]
    assert event_matches(KEY, SECRET, body, v[name].upper(), said)
    assert not event_matches(KEY, SECRET, body + b" ", v[name], said)
    assert not event_matches(KEY, "another", body, v[name], said)
    assert not event_matches(KEY, SECRET, body, "", said)
    assert not event_matches(KEY, SECRET, body, "中\ud800", said)


@given(st.dictionaries(st.text(max_size=5), st.recursive(st.integers() | st.text(max_size=5), st.lists, max_leaves=5)))
def test_parameters_come_back_as_they_went(params: dict[str, Any]) -> None:
    """Whatever is asked for survives being written."""
    assert json.loads(canonical(params)) == params
