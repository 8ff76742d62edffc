"""One message as typed becomes plain text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.faq.tidy import LONGEST, tidy


@pytest.mark.parametrize(
    "typed, plain",
    [
        ("攔截費點計", "拦截费怎么算"),
        ("攔唔到會唔會收錢", "拦不到会不会收钱"),
        ("喺邊度睇攔截記錄", "在哪里看拦截记录"),
        ("快件到達營業點可以攔截嗎", "快件到达营业点可以拦截吗"),
        ("点拦截没反应", "点拦截没反应"),
        ("栏截费多少", "拦截费多少"),
        ("兰截怎么开通", "拦截怎么开通"),
        ("签收了还能栏吗", "签收了还能拦吗"),
        ("阳台栏杆", "阳台栏杆"),
        ("lanjie duoshao qian", "拦截多少钱"),
        ("lan jie fei cong na kou", "拦截费从哪扣"),
        ("kaitong lanjie yao qian shenme xieyi", "开通拦截要签什么协议"),
        ("duoshao qian", "duoshao qian"),
        ("zt拦截几块", "中通拦截几块"),
        ("azt", "azt"),
        ("拦截　要钱吗\u200b🤔", "拦截 要钱吗"),
        ("@助手 拦截价目", "拦截价目"),
        ('<at user_id="1">小王</at> 拦截多少钱', "拦截多少钱"),
        ("> 旧话\n拦截多少钱", "拦截多少钱"),
        ("[图片] 拦截多少钱", "拦截多少钱"),
        ("https://example.com/拦截 拦截多少钱", "拦截 拦截多少钱"),
        ("what's interception", "what is interception"),
    ],
)
def test_tidied(typed: str, plain: str) -> None:
    """Script, dialect, sound, pinyin, short names, marks and markup are made plain; what is right stays."""
    assert tidy(typed).text == plain


def test_numbers_are_taken_out_and_told() -> None:
    """Numbers of parcels and after-sales leave a mark, telephone numbers leave nothing, sums stay."""
    found = tidy("sf 1390112000101 和 78120033445566 还有 13900139000 值1500元")
    assert found.ids == ("SF1390112000101", "78120033445566")
    assert "13900139000" not in found.text
    assert "1500元" in found.text


@given(st.text(max_size=300))
def test_never_raises_and_ends(text: str) -> None:
    """Any text is tidied to at most the longest that is read."""
    assert len(tidy(text).text) <= 4 * LONGEST


def test_only_marks() -> None:
    """Numbers, emoji and marks alone are nothing to read."""
    assert all(tidy(text).only_marks for text in ("👌", "！！", "[视频]", "43998877665544332", "", " \n"))
    assert not tidy("43998877665544332 能拦吗").only_marks
