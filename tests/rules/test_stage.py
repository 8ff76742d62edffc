"""Where a parcel is, read from trace lines and whole traces (R9, samples/trace_texts.md)."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.parcel import Stage, TraceEvent
from bot.rules.stage import deciding_row, plain, stage_of_text, stage_of_trace
from bot.rules.stage_patterns import ROWS

HERE = Path(__file__).parent
SAMPLES = [json.loads(line) for line in (HERE / "trace_texts.jsonl").read_text("utf-8").splitlines()]
# Stages that are right (the best first), carrier, line.
OWN = [
    ([Stage(name) for name in stages.split()], carrier.strip(), text.strip())
    for stages, carrier, text in (
        line.split("|", 2)
        for line in (HERE / "trace_texts_own.txt").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    )
]
START = datetime(2026, 11, 24, 9, tzinfo=UTC)


def event(minutes: int, text: str = "", stage: Stage | None = None) -> TraceEvent:
    """An event so many minutes after nine."""
    return TraceEvent(START + timedelta(minutes=minutes), text, stage=stage)


# --- one line ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("carrier", sorted({sample["carrier"] for sample in SAMPLES}))
def test_each_sample_line_gets_its_label(carrier: str) -> None:
    """Every published sample line of a carrier gets its label or one that is defensible too."""
    wrong = {
        sample["text"]: got
        for sample in SAMPLES
        if sample["carrier"] == carrier
        and (got := stage_of_text(sample["text"], carrier)) not in [sample["stage"], *sample.get("accept", [])]
    }
    assert wrong == {}


@pytest.mark.parametrize("stage", list(Stage))
def test_our_own_lines_get_their_stage(stage: Stage) -> None:
    """Every line of our own collection, stage by stage, is read as meant."""
    wrong = {
        text: got
        for stages, carrier, text in OWN
        if stages[0] is stage and (got := stage_of_text(text, carrier)) not in stages
    }
    assert wrong == {}


def test_our_own_collection_covers_all_carriers_and_stages() -> None:
    """At least 200 lines of our own show every stage and every carrier of the samples."""
    assert len(OWN) >= 200
    assert {stages[0] for stages, _, _ in OWN} == set(Stage)
    assert {carrier for _, carrier, _ in OWN} == {sample["carrier"] for sample in SAMPLES}


def test_what_the_sender_has_is_never_read_as_delivered() -> None:
    """No line that tells of a return is read as a delivery to the buyer."""
    home = [(sample["text"], sample["carrier"]) for sample in SAMPLES if sample["stage"] in {"returned", "returning"}]
    home += [(text, carrier) for stages, carrier, text in OWN if stages[0] in {Stage.RETURNED, Stage.RETURNING}]
    assert [text for text, carrier in home if stage_of_text(text, carrier) is Stage.DELIVERED] == []


@given(
    st.sampled_from(["退件", "退回件", "退货", "退回"]),
    st.sampled_from(["", "已", "，", "：", " 已由【丰巢】代", "，签收人：本人，已", "已由 门卫 ", "派件员：张三，已"]),
)
def test_a_signature_on_a_return_is_the_senders(back: str, between: str) -> None:
    """签收 behind any word for a return means `returned`, whoever signed."""
    assert stage_of_text(f"【杭州余杭】{back}{between}签收") is Stage.RETURNED


@pytest.mark.parametrize(
    "row,example",
    [(row, example) for row in ROWS for example in row.examples],
    ids=[example for row in ROWS for example in row.examples],
)
def test_each_example_of_the_table_is_decided_by_its_row(row: object, example: str) -> None:
    """An example in the table is decided by the row that it stands in, not by one above."""
    carriers = getattr(row, "carriers", None) or {"generic"}
    assert {id(deciding_row(plain(example), carrier)) for carrier in carriers} == {id(row)}


@pytest.mark.parametrize(
    "text,stage",
    [
        ("拦截失败，快件已签收", Stage.DELIVERED),
        ("拦截失败，快件已被【丰巢】代收", Stage.AT_PICKUP_POINT),
        ("客户取消拦截", Stage.IN_TRANSIT),
        ("订单已取消，拦截退回中", Stage.RETURNING),
        ("如需拦截请联系网点，快件已到达【杭州转运中心】", Stage.IN_TRANSIT),
        ("温馨提示：如需拒收请当面说明。快件正在派件", Stage.OUT_FOR_DELIVERY),
        ("如需退回或改址请联系客服，快件已由【本人】签收", Stage.DELIVERED),
        ("快件正在派送中，请准备签收，预计12:00前送达", Stage.OUT_FOR_DELIVERY),
        ("因电话无人接听，快件已放驿站，请及时取件", Stage.AT_PICKUP_POINT),
    ],
)
def test_the_event_counts_and_not_what_is_announced_or_advised(text: str, stage: Stage) -> None:
    """Advice, forecasts and failed interceptions are cut out before a line is read."""
    assert stage_of_text(text) is stage


def test_a_wording_may_mean_another_thing_with_another_carrier() -> None:
    """入库扫描 is an agent's shop with 极兔, else a hub; 待取件 is the courier's with 京东, else the buyer's."""
    assert (stage_of_text("入库扫描", "jt"), stage_of_text("入库扫描", "sto")) == (
        Stage.AT_PICKUP_POINT,
        Stage.IN_TRANSIT,
    )
    assert (stage_of_text("待取件", "jd"), stage_of_text("待取件", "cainiao")) == (Stage.CREATED, Stage.AT_PICKUP_POINT)


@given(st.text(max_size=600), st.text(max_size=8))
def test_any_text_has_a_stage(text: str, carrier: str) -> None:
    """Reading a line raises nothing, whatever stands in it."""
    assert stage_of_text(text, carrier) in set(Stage)


def test_a_long_line_is_read_at_once() -> None:
    """Words repeated over 20 kB do not keep the reader busy."""
    pieces = ["退回", "签收", "已到达", "【丰巢】", "客户", "如有，请", "拦截", "未", "a", "预计", "待", "正在派", "(("]
    began = time.perf_counter()
    for piece in pieces:
        stage_of_text(piece * (20_000 // len(piece.encode())))
    assert time.perf_counter() - began < 1


# --- a whole trace -----------------------------------------------------------------------------------------------


def test_no_event_is_unknown() -> None:
    """A parcel without a trace has no known stage, so R9 refuses nothing."""
    assert stage_of_trace([]) is Stage.UNKNOWN


def test_the_newest_event_by_its_own_time_decides() -> None:
    """R9: events count by their own time, in whatever order they were received."""
    trace = [event(30, "【杭州】正在派件"), event(10, "【杭州】已揽收"), event(20, "快件到达【杭州转运中心】")]
    assert stage_of_trace(trace) is Stage.OUT_FOR_DELIVERY


def test_of_equal_times_the_later_received_decides() -> None:
    """R9: two events of one moment count in the order in which they were received."""
    assert stage_of_trace([event(5, "正在派件"), event(5, "已签收")]) is Stage.DELIVERED
    assert stage_of_trace([event(5, "已签收"), event(5, "正在派件")]) is Stage.OUT_FOR_DELIVERY


def test_an_event_of_a_future_time_is_kept() -> None:
    """R9: the clock is not asked."""
    assert stage_of_trace([event(10**7, "已签收"), event(0, "已揽收")]) is Stage.DELIVERED


def test_a_code_goes_before_the_text() -> None:
    """The stage that a carrier's code stands for beats what the words would mean; without one the words decide."""
    assert stage_of_trace([event(0, "已签收", Stage.AT_PICKUP_POINT)]) is Stage.AT_PICKUP_POINT
    assert stage_of_trace([event(0, "已签收")]) is Stage.DELIVERED


@pytest.mark.parametrize("signed", [event(60, "已签收"), event(60, "", Stage.DELIVERED)], ids=["text", "code"])
@pytest.mark.parametrize(
    "back",
    [event(20, "已做退回件扫描"), event(20, "", Stage.RETURNING), event(20, "退件已签收")],
    ids=["text", "code", "returned"],
)
def test_a_signature_after_a_return_is_the_senders(back: TraceEvent, signed: TraceEvent) -> None:
    """签收 after an event of the way back means `returned`, with other events between, in any order of arrival."""
    between = event(40, "【义乌】正在派件")
    for trace in ([back, between, signed], [signed, between, back]):
        assert stage_of_trace(trace) is Stage.RETURNED


def test_a_withdrawn_return_lets_a_signature_be_the_buyers() -> None:
    """退件撤销 takes the return back, so the signature after it is a delivery."""
    trace = [event(10, "退件登记"), event(20, "退件撤销"), event(30, "正在派件"), event(40, "已签收")]
    assert stage_of_trace(trace) is Stage.DELIVERED


def test_a_return_after_a_signature_is_a_return() -> None:
    """What happened before the newest event matters for a signature only."""
    assert stage_of_trace([event(10, "已签收"), event(20, "退件扫描")]) is Stage.RETURNING
    assert stage_of_trace([event(10, "退件扫描"), event(20, "快件到达【义乌转运中心】")]) is Stage.IN_TRANSIT


STAGES = st.sampled_from(list(Stage))


@given(st.lists(st.tuples(st.integers(0, 6), STAGES), min_size=1, max_size=8))
def test_a_trace_reads_as_its_newest_event(pairs: list[tuple[int, Stage]]) -> None:
    """With codes alone the newest event is the answer, except that a delivery after a return is `returned`."""
    trace = [event(minutes, "", stage) for minutes, stage in pairs]
    newest = max(range(len(pairs)), key=lambda number: (pairs[number][0], number))
    expected = pairs[newest][1]
    turned = any(stage in {Stage.RETURNING, Stage.RETURNED} for _, stage in pairs)
    assert stage_of_trace(trace) is (Stage.RETURNED if turned and expected is Stage.DELIVERED else expected)
