from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.forms import BEIJING, ago, dated, duration, listed, money, sentence, took, when
from tests.cards.samples import NOW, at


@pytest.mark.parametrize(
    "moment,long,short,english",
    [
        (at(10, 14, 6), "10:14:06", "10:14", "10:14:06"),
        (at(0, 0), "00:00:00", "00:00", "00:00:00"),
        (at(16, 40, day=11), "昨天 16:40", "昨天 16:40", "yesterday 16:40"),
        (at(16, 20, day=8), "03-08 16:20", "03-08 16:20", "03-08 16:20"),
        (datetime(2024, 3, 8, 16, 20, tzinfo=BEIJING), "2024-03-08", "2024-03-08", "2024-03-08"),
        (datetime(2025, 3, 12, 2, 14, 6, tzinfo=UTC), "10:14:06", "10:14", "10:14:06"),
        (datetime(2025, 3, 12, 10, 14, 6), "10:14:06", "10:14", "10:14:06"),  # noqa: DTZ001
        (at(23, 59, day=13), "03-13 23:59", "03-13 23:59", "03-13 23:59"),
    ],
)
def test_times(moment: datetime, long: str, short: str, english: str) -> None:
    """Today with seconds, lists without, then 昨天, month and day, and the year: always Beijing time."""
    assert when(moment, NOW, "zh") == long
    assert when(moment, NOW, "zh", seconds=False) == short
    assert when(moment, NOW, "en") == english


def test_times_without_a_now() -> None:
    """Where nobody knows when it is read, the date is written out."""
    assert when(at(16, 20, day=8), None, "zh") == "2025-03-08 16:20"


def test_times_beside_each_other() -> None:
    """Two times side by side both name their day."""
    assert [dated(moment, NOW, "zh") for moment in (at(10, 0, 12), at(16, 40, 6, day=11), at(9, 0, 1, day=1))] == [
        "今天 10:00:12",
        "昨天 16:40:06",
        "03-01 09:00:01",
    ]
    assert dated(datetime(2024, 3, 8, 16, 20, tzinfo=BEIJING), NOW, "zh", seconds=False) == "2024-03-08 16:20"


@pytest.mark.parametrize(
    "fen,zh,en",
    [
        (0, "0.00 元", "¥0.00"),
        (300, "3.00 元", "¥3.00"),
        (126_000, "1,260.00 元", "¥1,260.00"),
        (5, "0.05 元", "¥0.05"),
    ],
)
def test_money(fen: int, zh: str, en: str) -> None:
    """Two decimals always, thousands grouped."""
    assert (money(fen, "zh"), money(fen, "en")) == (zh, en)


@pytest.mark.parametrize(
    "seconds,words",
    [(-1, "0 秒"), (42, "42 秒"), (60, "1 分钟"), (3_599, "59 分钟"), (11_100, "3 小时 5 分"), (200_000, "2 天")],
)
def test_durations(seconds: float, words: str) -> None:
    """The largest unit that fits; a clock that runs backwards shows nothing below zero."""
    assert duration(seconds, "zh") == words


def test_how_long_it_took() -> None:
    """Below a minute with a tenth, then in minutes; never below zero."""
    assert took(NOW, NOW + timedelta(milliseconds=1_840), "zh") == "用时 1.8 秒"
    assert took(NOW, NOW + timedelta(minutes=12), "zh") == "用时 12 分钟"
    assert took(NOW, NOW - timedelta(seconds=3), "en") == "in 0.0 s"


def test_ago() -> None:
    """Seconds, minutes, hours, days; a future moment is 0 seconds ago."""
    ages = [timedelta(seconds=3), timedelta(minutes=4), timedelta(hours=3), timedelta(days=2), -timedelta(hours=1)]
    assert [ago(NOW - age, NOW, "zh") for age in ages] == ["3 秒前", "4 分钟前", "3 小时前", "2 天前", "0 秒前"]


def test_sentences_and_lists() -> None:
    """A next step ends in a full stop once; titles stand side by side, names are separated."""
    assert [sentence(w, "zh") for w in ("好", "好。", "")] == ["好。", "好。", ""]
    assert sentence("Done", "en") == "Done."
    assert (listed(["中通", "圆通"], "zh"), listed(["《甲》", "《乙》"], "zh")) == ("中通、圆通", "《甲》《乙》")
    assert listed(["ZTO", "YTO"], "en") == "ZTO, YTO"
    assert listed([], "zh") == ""


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_any_time_has_a_form(moment: datetime) -> None:
    """No time, past or to come, is without words."""
    for lang in ("zh", "en"):
        assert when(moment, NOW, lang)
        assert dated(moment, NOW, lang)
        assert ago(moment, NOW, lang)
