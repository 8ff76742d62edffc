from __future__ import annotations

from pathlib import Path

import pytest

from bot.rules.rulebook import PACKAGED
from bot.rules.rulefile import RulesFileError, merged, read

SHIPPED = PACKAGED.read_text(encoding="utf-8")


def problem(tmp_path: Path, text: str) -> str:
    """What is said of a file with that text."""
    path = tmp_path / "rules.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RulesFileError) as caught:
        read(path)
    return str(caught.value)


@pytest.mark.parametrize(
    "old, new, said",
    [
        (
            "fee_fen = 400",
            "fee_fen = 4.0",
            "version 2023-01-22, carriers.yto.fee_fen: 4.0; allowed: whole fen from 0 to",
        ),
        ("fee_fen = 400", "fee_fen = -1", "carriers.yto.fee_fen: -1; allowed: whole fen from 0 to 10000"),
        ("fee_fen = 400", 'fee_fen = "4.00"', "carriers.yto.fee_fen: '4.00'; allowed: whole fen"),
        ("fee_fen = 400", "fee_fen = true", "carriers.yto.fee_fen: True; allowed: whole fen"),
        ("fee_fen = 400", "fee = 400", "carriers.yto.fee_fen: missing; allowed: whole fen"),
        ("fee_fen = 400", "fee = 400", "carriers.yto.fee: not known; allowed: zh, en, fee_fen, last_stage_open"),
        ('"in_transit"', '"delivered"', "carriers.zto.last_stage_open: 'delivered'; allowed: picked_up, in_transit or"),
        ('zh = "中通"', 'zh = ""', "carriers.zto.zh: ''; allowed: a name of 1 to 60 characters"),
        ("value_limit_fen = 100_000 ", "value_limit_fen = 0 ", "value_limit_fen: 0; allowed: whole fen from 1 to"),
        ("value_limit_fen = 100_000 ", "value_limit = 1 ", "value_limit: not known; allowed: value_limit_fen, comp"),
        (
            "[version.agreements.debit]",
            "[version.agreements.other]",
            "agreements.debit: missing; allowed: a table with",
        ),
        (
            "[version.agreements.debit]",
            "[version.agreements.other]",
            "agreements.other: not known; allowed: service, debit",
        ),
        (
            'version = "2025-01-01"',
            'version = "2025"',
            "version 2025-01-01, agreements.service.version: '2025'; allowed: a",
        ),
        (
            'version = "2025-01-01"',
            'version = "2025-02-30"',
            "version 2025-01-01, agreements.service.version: '2025-02-30'; allowed: a date",
        ),
        ("tea = {", '"Tea 2" = {', "categories.Tea 2.[key]: 'Tea 2'; allowed: a code of small letters"),
        ("from = 2025-01-01", "from = 2023-01-22", "version 2023-01-22, from: named twice; allowed: each date once"),
        ("from = 2025-01-01", 'from = "2025"', "version no. 2, from: '2025'; allowed: a date such as 2025-01-01"),
        ("from = 2025-01-01", "from = 2025-01-01T10:00:00", "version no. 2, from: datetime"),
        ("from = 2025-01-01", "", "version no. 2, from: None; allowed: a date"),
        (
            "[[version]]\nfrom = 2023",
            "fee = 1\n[[version]]\nfrom = 2023",
            "fee: not known; allowed: [[version]]",
        ),
    ],
)
def test_a_mistake_is_said_with_place_and_what_is_allowed(tmp_path: Path, old: str, new: str, said: str) -> None:
    """Each mistake is told with file, version, field and what may stand there."""
    assert old in SHIPPED
    told = problem(tmp_path, SHIPPED.replace(old, new))
    assert said in told
    assert str(tmp_path / "rules.toml") in told


def test_all_mistakes_of_a_version_are_told(tmp_path: Path) -> None:
    """An operator who made two mistakes reads of both."""
    told = problem(tmp_path, SHIPPED.replace("fee_fen = 400", "fee_fen = 4.5").replace('zh = "中通"', "zh = 1"))
    assert len(told.splitlines()) == 2


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "version: missing; allowed: one or more [[version]] tables"),
        ("version = 3", "version: missing; allowed: one or more [[version]] tables"),
        ("version = [1]", "version: missing; allowed: one or more [[version]] tables"),
        ("[[version", "is no TOML file in UTF-8"),
        ("[[version]]\nfrom = 2024-01-01\ncarriers = 3", "carriers: 3; allowed: at least one carrier"),
        ("[[version]]\nfrom = 2024-01-01", "carriers: missing; allowed: at least one carrier"),
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
    with pytest.raises(RulesFileError, match=r"nowhere\.toml: cannot be read: No such file"):
        read(tmp_path / "nowhere.toml")


def test_at_least_one_carrier_stays(tmp_path: Path) -> None:
    """Rules under which nothing can be intercepted are a mistake."""
    ended = "".join(f"[version.carriers.{code}]\nsupported = false\n" for code in ("zto", "yto", "yunda"))
    told = problem(tmp_path, f"{SHIPPED}\n[[version]]\nfrom = 2026-01-01\n{ended}")
    assert "version 2026-01-01, carriers: none is supported" in told


def test_what_is_signed_today_counts(tmp_path: Path) -> None:
    """An agreement that would not count in the version that is offered is a mistake: nobody could ever sign."""
    change = '[version.agreements.debit]\noldest_valid = "2026-02-01"\n'
    told = problem(tmp_path, f"{SHIPPED}\n[[version]]\nfrom = 2026-01-01\n{change}")
    said = "version 2026-01-01, agreements.debit.oldest_valid: '2026-02-01'; allowed: 2025-01-01, the version that is"
    assert said in told


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
