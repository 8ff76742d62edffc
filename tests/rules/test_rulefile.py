from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.rules.rulebook import PACKAGED
from bot.rules.rulefile import AgreementEntry, RulesFileError, VersionEntry, merged, read

SHIPPED = PACKAGED.read_text(encoding="utf-8")


def problem(tmp_path: Path, text: str) -> str:
    """What is said of a file with that text."""
    path = tmp_path / "rules.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RulesFileError) as caught:
        read(path)
    return str(caught.value)


V2023, V2025 = "[[version]] 2023-01-22: ", "[[version]] 2025-01-01: "
FEE = "应为 0 至 10000 的整数，单位是分 · must be whole fen from 0 to 10000"
VERSION = '应为加引号的日期，如 "2025-01-01" · must be a date in quotes, such as "2025-01-01"'
FROM = "应为不加引号的日期，如 2025-01-01 · must be a date without quotes, such as 2025-01-01"
STAGE = (
    "应为 picked_up, in_transit, at_delivery_station 之一 · must be one of picked_up, in_transit, at_delivery_station"
)


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("fee_fen = 400", "fee_fen = 4.0", V2023 + f"carriers.yto.fee_fen: {FEE} (4.0)"),
        ("fee_fen = 400", "fee_fen = -1", V2023 + f"carriers.yto.fee_fen: {FEE} (-1)"),
        ("fee_fen = 400", "fee_fen = 10001", V2023 + f"carriers.yto.fee_fen: {FEE} (10001)"),
        ("fee_fen = 400", 'fee_fen = "4.00"', V2023 + f"carriers.yto.fee_fen: {FEE} ('4.00')"),
        ("fee_fen = 400", "fee_fen = true", V2023 + f"carriers.yto.fee_fen: {FEE} (True)"),
        (
            "fee_fen = 400",
            "fee = 400",
            "carriers.yto.fee_fen: 缺这一项，应为 0 至 10000 的整数，单位是分 · is missing; must",
        ),
        (
            "fee_fen = 400",
            "fee = 400",
            "carriers.yto.fee: 没有这一项，这里能写的有 zh, en, fee_fen, last_stage_open, supported · unknown field;",
        ),
        ('"in_transit"', '"delivered"', V2023 + f"carriers.zto.last_stage_open: {STAGE} ('delivered')"),
        (
            'zh = "中通"',
            'zh = ""',
            "carriers.zto.zh: 应为 1 至 60 个字的名称 · must be a name of 1 to 60 characters ('')",
        ),
        (
            "value_limit_fen = 100_000 ",
            "value_limit_fen = 0 ",
            "value_limit_fen: 应为 1 至 100000000 的整数，单位是分 · ",
        ),
        (
            "value_limit_fen = 100_000 ",
            "value_limit = 1 ",
            "value_limit: 没有这一项，这里能写的有 value_limit_fen, comp",
        ),
        (
            "minutes = 4",
            "minutes = 121",
            "agreements.service.minutes: 应为 1 至 120 的整数 · must be a whole number from 1",
        ),
        (
            "[version.agreements.debit]",
            "[version.agreements.other]",
            "agreements.debit: 缺这一项，应为一节，里面有 zh, en, version, oldest_valid, minutes, clauses · is",
        ),
        (
            "[version.agreements.debit]",
            "[version.agreements.other]",
            "agreements.other: 没有这一项，这里能写的有 service, debit · unknown field; known here are service, debit",
        ),
        ('version = "2025-01-01"', 'version = "2025"', V2025 + f"agreements.service.version: {VERSION} ('2025')"),
        ('version = "2025-01-01"', 'version = "2025-02-30"', f"agreements.service.version: {VERSION} ('2025-02-30')"),
        ("tea = {", '"Tea 2" = {', "categories.Tea 2.[key]: 应为小写字母、数字和下划线组成的代码"),
        (
            "from = 2025-01-01",
            "from = 2023-01-22",
            V2023 + "from: 这个日期写了两次，一个日期只能有一个版本 · this date",
        ),
        ("from = 2025-01-01", 'from = "2025"', f"[[version]] no. 2: from: {FROM} ('2025')"),
        ("from = 2025-01-01", "from = 2025-01-01T10:00:00", f"[[version]] no. 2: from: {FROM} (datetime"),
        ("from = 2025-01-01", "", f"[[version]] no. 2: from: {FROM} (None)"),
        (
            "[[version]]\nfrom = 2023",
            "fee = 1\n[[version]]\nfrom = 2023",
            ": 最外层只能写 [[version]]，多了 fee · only ",
        ),
    ],
)
def test_a_mistake_is_said_with_place_and_what_is_allowed(tmp_path: Path, old: str, new: str, said: str) -> None:
    """Each mistake is told with file, version, field and what may stand there, Chinese first, English beside it."""
    assert old in SHIPPED
    told = problem(tmp_path, SHIPPED.replace(old, new))
    assert said in told
    assert str(tmp_path / "rules.toml") in told


@pytest.mark.parametrize(
    "field", [*VersionEntry.model_fields, *(f"agreements.{k}" for k in AgreementEntry.model_fields)]
)
def test_every_field_says_what_may_stand_there(tmp_path: Path, field: str) -> None:
    """Whatever field is wrong, both languages say what it must be."""
    agreement = field.removeprefix("agreements.")
    entry = f"[version.agreements.debit]\n{agreement} = []" if "." in field else f"{field} = []"
    told = problem(tmp_path, f"{SHIPPED}\n[[version]]\nfrom = 2026-01-01\n{entry}\n")
    [line] = [line for line in told.splitlines() if "([])" in line]
    assert re.search(rf"2026-01-01: .*{agreement}: 应为.+ · must be .+ \(\[\]\)$", line)


def test_all_mistakes_of_a_version_are_told(tmp_path: Path) -> None:
    """An operator who made two mistakes reads of both."""
    told = problem(tmp_path, SHIPPED.replace("fee_fen = 400", "fee_fen = 4.5").replace('zh = "中通"', "zh = 1"))
    assert len(told.splitlines()) == 2


NONE = "rules.toml: 没有版本，至少写一节 [[version]] · has no version: at least one [[version]] table"


@pytest.mark.parametrize(
    "text, said",
    [
        ("", NONE),
        ("version = 3", NONE),
        ("version = [1]", NONE),
        ("[[version", "不是 UTF-8 编码的 TOML 文件 · is no TOML file in UTF-8 (Expected"),
        (
            "[[version]]\nfrom = 2024-01-01\ncarriers = 3",
            "carriers: 应为至少一家快递，每家有 zh, en, fee_fen, last_stage_open · must be",
        ),
        ("[[version]]\nfrom = 2024-01-01", "carriers: 缺这一项，应为至少一家快递，每家有 zh"),
    ],
)
def test_no_rules_at_all(tmp_path: Path, text: str, said: str) -> None:
    """A file without usable versions is refused in words."""
    assert said in problem(tmp_path, text)


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are refused in words."""
    path = tmp_path / "rules.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(RulesFileError, match="no TOML file in UTF-8"):
        read(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A wrong BOT_RULES_FILE is said with its path."""
    with pytest.raises(RulesFileError, match=r"nowhere\.toml: 读不出来 · cannot be read \(No such file"):
        read(tmp_path / "nowhere.toml")


def test_at_least_one_carrier_stays(tmp_path: Path) -> None:
    """Rules under which nothing can be intercepted are a mistake."""
    ended = "".join(f"[version.carriers.{code}]\nsupported = false\n" for code in ("zto", "yto", "yunda"))
    told = problem(tmp_path, f"{SHIPPED}\n[[version]]\nfrom = 2026-01-01\n{ended}")
    assert "[[version]] 2026-01-01: carriers: 没有一家支持拦截，至少要有一家 · none is supported" in told


def test_what_is_signed_today_counts(tmp_path: Path) -> None:
    """An agreement that would not count in the version that is offered is a mistake: nobody could ever sign."""
    change = '[version.agreements.debit]\noldest_valid = "2026-02-01"\n'
    told = problem(tmp_path, f"{SHIPPED}\n[[version]]\nfrom = 2026-01-01\n{change}")
    said = "[[version]] 2026-01-01: agreements.debit.oldest_valid: 应为 2025-01-01（现在签的版本）或更早"
    assert said in told
    assert "must be 2025-01-01, the version that is offered" in told


def test_a_mark_at_the_beginning_is_no_mistake(tmp_path: Path) -> None:
    """A file that an editor saved as UTF-8 with a byte-order mark is read like any other."""
    path = tmp_path / "rules.toml"
    path.write_text(SHIPPED, encoding="utf-8-sig")
    assert read(path) == read(PACKAGED)


def test_merging_keeps_what_is_not_named() -> None:
    """Entries are merged field by field, other fields replaced; neither side is changed."""
    before = {"carriers": {"a": {"fee": 1, "zh": "甲"}, "b": {"fee": 2}}, "categories": {"x": 1}, "limit": 5}
    after = merged(before, {"carriers": {"a": {"fee": 3}}, "categories": {"y": 2}})
    assert after == {"carriers": {"a": {"fee": 3, "zh": "甲"}, "b": {"fee": 2}}, "categories": {"y": 2}, "limit": 5}
    assert before["carriers"]["a"]["fee"] == 1  # type: ignore[index]
