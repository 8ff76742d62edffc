"""Money, numbers and times have one form everywhere (console README 7)."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards import texts, words
from bot.console.drawing import Drawing, Speech, ending, grouped, numbered, titled

NOW = datetime(2026, 11, 24, 2, 15, 32, tzinfo=UTC)


def speech(lang: str = "zh") -> Speech:
    """What pages speak with."""
    return Speech(words, lang, NOW)


def plain(markup: str) -> str:
    """What copying a drawn text gives."""
    return re.sub("<[^>]+>", "", markup)


@pytest.mark.parametrize(
    "number, groups",
    [
        ("75400000000123", ["75", "4000", "0000", "0123"]),
        ("YT7400000000123", ["YT7", "4000", "0000", "0123"]),
        ("SF139000019011", ["SF1390", "0001", "9011"]),
        ("7312045566778899001", ["731", "2045", "5667", "7889", "9001"]),
        ("A", ["A"]),
    ],
)
def test_numbers_are_grouped_from_the_end(number: str, groups: list[str]) -> None:
    """Groups of four, letters glued to the first, the last four strong."""
    drawn = grouped(number)
    assert re.findall("<[ib]>([^<]+)", drawn) == groups
    assert drawn.endswith(f"<b>{groups[-1]}</b></span>")


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=40))
def test_a_grouped_number_copies_as_it_is(number: str) -> None:
    """The gaps are style: the text without markup is the number, and nothing in it becomes markup."""
    drawn = str(grouped(number))
    assert plain(drawn) == number.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace(
        "'", "&#39;"
    ).replace('"', "&#34;")


def test_long_numbers_in_a_sentence_are_grouped_and_the_rest_is_text() -> None:
    """Amounts, times and short digits stay; markup in the sentence stays text."""
    drawn = numbered("运单 75400000000123 <b> 3.00 元 10:14:06 13900139000")
    assert drawn.count('class="no"') == 1
    assert "&lt;b&gt; 3.00 元 10:14:06 13900139000" in drawn


@pytest.mark.parametrize(
    "fen, zh, en", [(126_000, "1,260.00 元", "¥1,260.00"), (0, "0.00 元", "¥0.00"), (None, "—", "—")]
)
def test_money_has_two_decimals_and_unknown_is_a_dash(fen: int | None, zh: str, en: str) -> None:
    """From whole fen; what is not known yet is never 0.00."""
    assert (speech().money(fen), speech("en").money(fen)) == (zh, en)


@pytest.mark.parametrize(
    "ago, shown",
    [
        (timedelta(minutes=1), "10:14"),
        (timedelta(days=1), "昨天 10:15"),
        (timedelta(days=16), "11-08 10:15"),
        (timedelta(days=700), "2024-12-24"),
    ],
)
def test_times_are_beijings_and_shorter_the_nearer(ago: timedelta, shown: str) -> None:
    """Today the clock, then the day before, then the date; the whole moment stands in `datetime`."""
    assert speech().when(NOW - ago) == shown
    assert 'datetime="2026-11-24T10:15:32+08:00"' in speech().time(NOW)


@pytest.mark.parametrize(
    "seconds, shown", [(42, "42 秒"), (240, "4 分钟"), (66_300, "18 小时 25 分"), (400_000, "4 天"), (-5, "0 秒")]
)
def test_durations_are_told_in_the_largest_unit_that_fits(seconds: float, shown: str) -> None:
    """Seconds, minutes, hours with minutes, days."""
    assert speech().duration(seconds) == shown


def test_what_is_filled_into_marked_words_is_escaped() -> None:
    """Our own words may hold markup, facts never do."""
    assert speech().marked("permissions.wants", person="<i>", what="x") == "<b>&lt;i&gt;</b> 想用「x」"
    assert speech().strong("confirm.sum_one", n=1, fee="<") == "拦截 <b>1</b> 个包裹，成功收 <b>&lt;</b>，失败 0 元"


def test_a_line_keeps_its_end_together() -> None:
    """「轨迹截至 …」 never breaks in the middle; a title is found between its marks."""
    assert '<span class="nowrap">轨迹截至 10:14</span>' in ending("已发往 成都 · 轨迹截至 10:14")
    assert ending("<x>") == "&lt;x&gt;"
    assert (titled("我已阅读并同意《协议》"), titled("I agree")) == ("《协议》", "I agree")
    assert titled(texts.text("signup.tick", "en", title="Debit Agreement")) == "Debit Agreement"


def test_an_asset_changes_its_address_with_its_content() -> None:
    """So a browser may keep it for good."""
    drawing = Drawing(words)
    assert re.fullmatch(r"/static/console\.js\?[0-9a-f]{12}", drawing.asset("console.js"))
