"""Documents are read strictly, and each wrong field is named in words."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.after_sale import AfterSaleStatus, AfterSaleType
from bot.shops.contract import Unreadable
from bot.shops.embedded.mapping import after_sale_of, event_of
from bot.shops.embedded.reading import MOST_PROBLEMS, read, told
from bot.shops.embedded.wire import AfterSaleDocument, TraceDocument
from tests.shops.embedded.conftest import document, parcel

ITEM = {"name": "杯", "category": "kitchen", "quantity": 1, "price_fen": 100}


def reasons(wrong: object) -> str:
    """Why it was not taken."""
    found = read(AfterSaleDocument, wrong)
    assert isinstance(found, list), "it was taken"
    return told(found)


def test_the_contracts_example_is_read() -> None:
    """Every field of the example arrives as it is meant."""
    found = read(AfterSaleDocument, document())
    assert isinstance(found, AfterSaleDocument)
    after_sale = after_sale_of(found)
    assert (after_sale.type, after_sale.status) == (AfterSaleType.REFUND_ONLY, AfterSaleStatus.OPEN)
    assert after_sale.applied_at == datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
    box = after_sale.parcels[0]
    assert (box.tracking_number, box.carrier, box.value) == ("75400000000001", "zto", 12900)
    assert (box.items[0].spec, box.items[0].order_id) == ("白 L", "6900000000000000001")
    assert (box.trace[0].text, box.trace[0].place, box.trace[0].stage) == ("【杭州转运中心】已发出", "杭州", None)


def test_what_is_optional_may_be_left_out_or_null() -> None:
    """Reason, buyer, deadline, spec, order of the item, value and trace are not needed."""
    small = document(deadline=None, reason=None, parcels=[])
    del small["buyer"]
    box = parcel(items=[ITEM], trace=[])
    del box["value_fen"]
    small["parcels"] = [box]
    found = read(AfterSaleDocument, small)
    assert isinstance(found, AfterSaleDocument)
    assert after_sale_of(found).parcels[0].value == 100


@pytest.mark.parametrize("field", ["after_sale_id", "order_id", "type", "status", "in_arbitration", "applied_at"])
def test_what_is_needed_is_missed_by_name(field: str) -> None:
    """A missing field is named."""
    wrong = document()
    del wrong[field]
    assert reasons(wrong) == f"{field}：缺这一项（is missing）"


@pytest.mark.parametrize(
    "change, words",
    [
        ({"after_sale_id": 7300000000000000001}, "after_sale_id：应为字符串"),
        ({"after_sale_id": ""}, "after_sale_id：应为 1 至 64 个可见的半角字符"),
        ({"after_sale_id": "73 00"}, "after_sale_id：应为 1 至 64 个可见的半角字符"),
        ({"order_id": "订单"}, "order_id：应为 1 至 64 个可见的半角字符"),
        ({"type": "refund"}, "type：只能是 refund_only, return_refund, exchange 之一"),
        ({"status": "OPEN"}, "status：只能是 open, closed 之一"),
        ({"in_arbitration": "false"}, "in_arbitration：应为 true 或 false"),
        ({"in_arbitration": 0}, "in_arbitration：应为 true 或 false"),
        ({"applied_at": "昨天"}, "applied_at：不是 ISO 8601 时间"),
        ({"applied_at": 1764000000}, "applied_at：不是 ISO 8601 时间"),
        ({"applied_at": None}, "applied_at：不是 ISO 8601 时间"),
        ({"refund_fen": "12900"}, "refund_fen：应为整数，金额以分为单位"),
        ({"refund_fen": 129.5}, "refund_fen：应为整数，金额以分为单位"),
        ({"refund_fen": True}, "refund_fen：应为整数，金额以分为单位"),
        ({"refund_fen": -1}, "refund_fen：不能小于 0"),
        ({"refund_fen": 10**30}, "refund_fen：不能大于 1000000000000"),
        ({"reason": "x" * 2001}, "reason：最多 2000 个字"),
        ({"buyer": "a\x00b"}, "buyer：含有不能保存的字符"),
        ({"buyer": "\ud800"}, "buyer：含有不能保存的字符"),
        ({"parcels": {}}, "parcels：应为数组"),
        ({"parcels": ["x"]}, "parcels[0]：应为 JSON 对象"),
        ({"parcels": [parcel(f"7540000000{n:04}") for n in range(100)]}, "parcels：最多 99 个"),
        ({"parcels": [parcel(), parcel()]}, "同一个运单号 75400000000001 出现了两次"),
        ({"parcels": [parcel(carrier="  ")]}, "parcels[0].carrier：不能为空"),
        ({"parcels": [parcel(items=[], value_fen=None)]}, "parcels[0]：商品清单为空"),
        ({"parcels": [parcel(items=[ITEM | {"quantity": 0}])]}, "parcels[0].items[0].quantity：不能小于 1"),
        ({"parcels": [parcel(trace=[{"at": "x", "text": "y"}])]}, "parcels[0].trace[0].at：不是 ISO 8601 时间"),
    ],
)
def test_a_wrong_field_is_named_with_its_reason(change: dict[str, Any], words: str) -> None:
    """The reason begins with the field, Chinese first and English in brackets."""
    said = reasons(document(**change))
    assert said.startswith(words)
    assert said.endswith("）")


def test_every_wrong_field_is_told() -> None:
    """The first problem hides no other one; many of them are counted."""
    said = reasons(document(type="x", status="y"))
    assert "type：" in said
    assert "status：" in said
    many = reasons(document(parcels=[{} for _ in range(4)]))
    assert many.count("缺这一项") == MOST_PROBLEMS
    assert "另有 11 处" in many


@pytest.mark.parametrize("wrong", [None, 1, "x", [], [1], True])
def test_what_is_no_object_is_refused(wrong: object) -> None:
    """A document is a JSON object."""
    assert reasons(wrong) == "应为 JSON 对象（must be a JSON object）"


def test_what_could_not_be_read_says_why() -> None:
    """A document that was unreadable before keeps its reason."""
    assert reasons(Unreadable("坏了")) == "坏了"


def test_one_and_one_point_zero_are_the_same_number() -> None:
    """JSON knows no whole numbers: `12900.0` is one."""
    found = read(AfterSaleDocument, document(refund_fen=12900.0))
    assert isinstance(found, AfterSaleDocument)
    assert (found.refund_fen, type(found.refund_fen)) == (12900, int)


def test_an_unknown_carrier_is_taken() -> None:
    """A code that nobody knows is for R8 to refuse, and capitals make no difference."""
    for written, kept in (("sf", "sf"), ("ZTO", "zto"), (" YTO ", "yto"), ("某某快递", "某某快递")):
        found = read(AfterSaleDocument, document(parcels=[parcel(carrier=written)]))
        assert isinstance(found, AfterSaleDocument)
        assert found.parcels[0].carrier == kept


def test_what_nobody_knows_is_ignored() -> None:
    """A platform that tells more than before stops no feed."""
    assert isinstance(read(AfterSaleDocument, document(colour="red", parcels=[parcel(weight=1)])), AfterSaleDocument)


def test_a_time_without_offset_is_shanghais() -> None:
    """A naive time is read where the shops are."""
    found = read(TraceDocument, {"tracking_number": "7540", "at": "2026-11-24T09:00:00", "text": "已揽收", "place": ""})
    assert isinstance(found, TraceDocument)
    event = event_of(found)
    assert (event.at, event.place) == (datetime(2026, 11, 24, 1, 0, tzinfo=UTC), None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(document())), JSON)
def test_no_value_breaks_the_reading(field: str, value: object) -> None:
    """Whatever stands in a field, the document is taken or refused in words."""
    found = read(AfterSaleDocument, document(**{field: value}))
    if isinstance(found, list):
        assert found
        assert told(found)
        assert "（）" not in told(found)


def test_all_words_have_both_languages(root: Path) -> None:
    """Each reason is worded in Chinese and English, and none says that something failed without saying what."""
    table = tomllib.loads((root / "templates" / "shops" / "intake.toml").read_text("utf-8"))
    entries = [*(e for k, e in table.items() if k != "line"), *table["line"].values()]
    for entry in entries:
        assert set(entry) == {"zh", "en"}
        assert not any(word in entry["zh"] for word in ("出错", "失败", "繁忙", "您", "！"))
