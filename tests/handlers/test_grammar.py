"""What people type, and what they mean by it (samples/commands.md)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.handlers.grammar import Parsed, parse, tidy
from bot.handlers.typed_ids import ids_in, is_id

HERE = Path(__file__).parent
SAMPLES = [json.loads(line) for line in (HERE / "commands_dev.jsonl").read_text("utf-8").splitlines()]
Reading = tuple[str, tuple[str, ...]] | None


def reading(parsed: Parsed | None) -> Reading:
    """What the samples compare: the command and its ids."""
    return None if parsed is None else (parsed.command, parsed.ids)


def own_cases() -> list[tuple[str, str, list[Reading]]]:
    """Kind, message and tolerated readings of each line of commands_own.txt, which explains its form."""
    cases: list[tuple[str, str, list[Reading]]] = []
    for line in (HERE / "commands_own.txt").read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        kind, rest = line.split(" | ", 1)
        text, expected = rest.rsplit("| ", 1)
        text = re.sub(r"\\u([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), text.removesuffix(" "))
        for written, meant in (("\\r", "\r"), ("\\n", "\n"), ("\\t", "\t"), ("⏎", "\n"), ("\\\\", "\\")):
            text = text.replace(written, meant)
        words = [one.split() for one in expected.split(" or ")]
        cases.append((kind, text, [None if word == ["null"] else (word[0], tuple(word[1:])) for word in words]))
    return cases


CASES = own_cases()


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample["note"] for sample in SAMPLES])
def test_each_example_of_the_grammar_page_parses_as_written_there(sample: dict) -> None:
    """The 32 examples of samples/commands.md parse as that page says."""
    expected = sample["expect"]
    assert reading(parse(sample["text"])) == (expected and (expected["command"], tuple(expected["ids"])))


@pytest.mark.parametrize("kind", sorted({kind for kind, _, _ in CASES}))
def test_each_kind_of_message_is_read_as_meant(kind: str) -> None:
    """Every message of our own collection, kind by kind, gets one of the readings that are right for it."""
    wrong = {
        text: reading(parse(text)) for one, text, right in CASES if one == kind and reading(parse(text)) not in right
    }
    assert wrong == {}


def test_our_own_collection_is_large() -> None:
    """At least 250 messages of our own stand beside the examples."""
    assert len(CASES) >= 250


@pytest.mark.parametrize(
    "text,expected",
    [
        ("/grant agent2", Parsed("grant", (), "agent2")),
        ("/授权：agent2", Parsed("grant", (), "agent2")),
        ("@bot /grant 7300000000000000001", Parsed("grant", (), "7300000000000000001")),
        ("/grant@bot li.si@shop.com", Parsed("grant", (), "li.si@shop.com")),
        ("/fees YT7400000000001", Parsed("fees", (), "YT7400000000001")),
        ("/sign", Parsed("sign")),
        ("/拦截 YT7400000000001 退款", Parsed("intercept", ("YT7400000000001",), "YT7400000000001 退款")),
    ],
)
def test_a_slash_command_keeps_its_argument(text: str, expected: Parsed) -> None:
    """What follows a slash command is kept tidied, and only intercept, records and help look for ids in it."""
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text", ["费用", "签约", "授权 agent2", "@bot 费用", "@bot sign", "@bot 授权 agent2", "grant agent2"]
)
def test_fees_sign_and_grant_need_their_slash(text: str) -> None:
    """Ruling 19: these three are never read from plain words, with a mention or without."""
    assert parse(text) is None


def test_a_list_of_five_hundred_numbers_is_one_order() -> None:
    """A pasted batch of 500 numbers with names beside them is read whole."""
    numbers = [f"YT74{number:011}" for number in range(500)]
    lines = [f"圆通{number} 张三" for number in numbers]
    assert reading(parse("\n".join(["麻烦拦截", *lines]))) == ("intercept", tuple(numbers))
    assert reading(parse("/拦截 " + ",".join(numbers))) == ("intercept", tuple(numbers))


def test_a_pasted_notice_is_no_order() -> None:
    """A long text that happens to hold the verb and a number orders nothing."""
    assert (
        parse(
            "各位同事，本周起快递拦截统一走工单系统，网点收到工单以后安排人员处理，处理结果由专人登记在表格里，" * 4
            + "78900000000001"
        )
        is None
    )


PIECES = [
    *"a-@> <「\n①1.？的我了□⏎",
    *(
        "/",
        "/拦截 ",
        "拦截 ",
        "拦",
        "intercept ",
        "can you ",
        "don't ",
        "不要",
        "别",
        "帮",
        "把",
        "已",
        "刚",
        "没 ",
        "买家 不",
    ),
    *(
        "<at ",
        "<at x>",
        "@拦截 ",
        "「a:",
        "- ",
        "YT ",
        "http://",
        "a.",
        "a.a-",
        "\u0301",
        "\u0327\u0301",
        "\ufdfa",
        "buyer ",
    ),
    *("78900000000001", "78900000000001 ", "拦截 78900000000001 ", "把78900000000001"),
]


def test_time_grows_with_the_length_alone() -> None:
    """No piece repeated over 20 kB keeps the parser busy: it reads each such message in well under a second."""
    slow = {}
    for piece in PIECES:
        for start in ("", "@", "拦截 78900000000001 "):
            text = start + piece * (20_000 // len(piece.encode()))
            began = time.perf_counter()
            parse(text)
            slow[piece, start] = time.perf_counter() - began
    assert max(slow.values()) < 0.8, max(slow, key=lambda key: slow[key])


def test_parsing_starts_in_well_under_a_second() -> None:
    """The grammar needs the standard library alone: neither pydantic nor a database comes with it."""
    code = "import sys, bot.handlers.grammar; print({'pydantic', 'sqlalchemy', 'aiohttp'} & set(sys.modules))"
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HERE.parents[1])
    assert (done.stdout.strip(), time.perf_counter() - began < 1) == ("set()", True)


# --- properties --------------------------------------------------------------------------------------------------

IDS = st.one_of(
    st.from_regex(r"[1-9][0-9]{11,18}", fullmatch=True),
    st.from_regex(
        r"YT7[0-9]{12}|JT[0-9]{13}|DPK[0-9]{12}|SF[A-Z][0-9]{12}|JDV[A-Z][0-9]{11}|E[A-Z][0-9]{9}CN", fullmatch=True
    ),
)
WORDS = "/拦截 /intercept /records /grant 拦截 拦一下 intercept 帮我 不要 吗 @bot 帮助 记录 「小王: </at> 」 ， - ①"
MARKS = ["\n", " ", "> ", "」\n- - - -\n", '<at user_id="', '">', "https://x.cn/", "\u200b"]
FRAGMENTS = st.one_of(IDS, st.text(max_size=8), st.sampled_from([*WORDS.split(), *MARKS]))
MESSAGES = st.one_of(st.text(), st.lists(FRAGMENTS, max_size=24).map("".join))


@given(MESSAGES)
def test_whatever_is_typed_the_parser_answers_with_valid_ids(text: str) -> None:
    """Parsing raises nothing, and its ids are valid forms, upper case, each once; fees, sign and grant have none."""
    parsed = parse(text)
    if parsed is not None:
        assert parsed.command in {"intercept", "records", "help", "fees", "sign", "grant"}
        assert all(is_id(one) and one == one.upper() for one in parsed.ids)
        assert len(set(parsed.ids)) == len(parsed.ids)
        assert not (parsed.ids and parsed.command in {"fees", "sign", "grant"})


@given(st.lists(FRAGMENTS.filter(lambda piece: "//" not in piece), max_size=24).map("".join))
def test_width_makes_no_difference(text: str) -> None:
    """A message and its NFKC form mean the same (① and ² apart, which NFKC would glue to a number)."""
    if any(unicodedata.category(char) == "No" or char == "\u20e3" for char in text) or "://" in tidy(text):
        return
    assert parse(unicodedata.normalize("NFKC", text)) == parse(text)


@given(st.lists(IDS, min_size=1, max_size=4, unique=True), IDS, MESSAGES)
def test_quoted_ids_never_appear(quoted: list[str], own: str, noise: str) -> None:
    """Ids in lines that begin with > or in a quoted block do not count, whatever stands around them."""
    quote = "".join(f"> {noise.splitlines()[0] if noise.splitlines() else ''} {one}\n" for one in quoted)
    block = f"「小王：{' '.join(quoted)}」\n- - - - - - - -\n"
    for message in (f"{quote}/拦截 {own}", f"/拦截 {own}\n{quote}", f"{block}/拦截 {own}", f"{block}拦截 {own}"):
        assert reading(parse(message)) == ("intercept", (own,))


@given(
    st.lists(IDS, min_size=1, max_size=6),
    st.sampled_from([" ", ",", "，", "、", ";", "；", "/", "|", "\n", "#", "和", "跟", "及", "」「", '"', "。"]),
)
def test_ids_come_in_order_and_once(ids: list[str], separator: str) -> None:
    """After any separator of the page the ids come as they stand, each once, in either case of letters."""
    assert reading(parse(f"/拦截 {separator.join(ids).lower()}")) == ("intercept", tuple(dict.fromkeys(ids)))
    assert reading(parse(f"麻烦拦截 {separator.join(ids)}")) == ("intercept", tuple(dict.fromkeys(ids)))


@given(
    st.from_regex(
        r"[0-9]{1,11}|[0-9]{20,40}|1[3-9][0-9]{9}|[0-9]{2,6}\.[0-9]{2}|20[0-9]{2}-[0-9]{2}-[0-9]{2}", fullmatch=True
    )
)
def test_what_has_another_form_is_no_id(text: str) -> None:
    """Counts, telephone numbers, amounts, dates and endless digits are no ids, so no order in plain words either."""
    assert ids_in(text) == ()
    assert parse(f"拦截 {text}") is None


@settings(max_examples=200)
@given(
    IDS,
    st.sampled_from(
        [
            "不要拦截 {}",
            "别拦 {} 了",
            "{} 能拦截吗",
            "{} 拦截多少钱",
            "{} 已拦截",
            "{} 拦截成功",
            "取消拦截 {}",
            "{}",
            "don't intercept {}",
        ]
    ),
)
def test_no_false_command(one: str, message: str) -> None:
    """Forbidding, asking, reporting and a number alone are no command, with any id."""
    assert parse(message.format(one)) is None


REASONS = """
    客户不要了 买家退款了 买家已申请退款 刚发货 已发货 昨天发的 客户反悔了 别派送了 不要送了 特别急 不好意思
    买家取消订单 客户取消订单了 他不想要了 地址写错了 发错货了 老板说 客户说 买家又要了 快递说 拍错了 已出库
    还没派件 来不及了 你好
"""
OPPOSITES = """
    不要拦截{} 别拦{} 先别拦{} 别拦截{}了 已拦截{} {}已经拦截了 {}拦截成功了 取消拦截{} 不用拦{}了 {}能拦吗
    {}拦截多少钱 没拦{} {}拦截了 {}拦不住了 不拦{}了 {}先不拦 无需拦截{} {}拦截失败 {}拦截中 撤销拦截{}
    停止拦截{} {}不需要拦截 刚拦了{} {}怎么拦 我拦了{} 正在拦截{}
"""


@pytest.mark.parametrize("pause", ["", " ", "，", "\n"])
def test_a_reason_beside_it_turns_no_opposite_into_an_order(pause: str) -> None:
    """What forbids, asks or reports does so with any reason before or behind it: 客户反悔了不要拦截 is no order."""
    messages = [f"{reason}{pause}{opposite}" for reason in REASONS.split() for opposite in OPPOSITES.split()]
    messages += [f"{opposite}{pause}{reason}" for reason in REASONS.split() for opposite in OPPOSITES.split()]
    assert [message for message in messages if parse(message.format("78900000000001"))] == []
