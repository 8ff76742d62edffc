from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.parcel import Stage
from bot.rules.rulebook import BEIJING, PACKAGED, Reload, RuleBook

SHIPPED = PACKAGED.read_text(encoding="utf-8")
BASE = datetime(2026, 6, 1, 12, tzinfo=BEIJING)


def edit(path: Path, text: str) -> None:
    """Writes the file as an operator does, at another moment than before."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(edit.clock, edit.clock))
    edit.clock += 1_000_000_000


edit.clock = 1_700_000_000_000_000_000  # type: ignore[attr-defined]


@pytest.fixture
def rules_file(tmp_path: Path) -> Path:
    """A copy of the rules that ship with the code."""
    path = tmp_path / "rules.toml"
    edit(path, SHIPPED)
    return path


def test_the_shipped_rules() -> None:
    """The wheel's own rules have the fees, the limit, the eight categories and both agreements of the product."""
    rules = RuleBook.load().at(BASE)
    assert {code: rule.fee_fen for code, rule in rules.carriers.items()} == {"zto": 300, "yunda": 300, "yto": 400}
    assert (rules.value_limit_fen, rules.compensation_limit_fen) == (100_000, 100_000)
    assert len(rules.categories) == 8
    assert [a.name.zh for a in rules.agreements] == ["快递拦截服务开通协议", "扣款授权协议"]
    assert rules.carriers["zto"].last_stage_open is Stage.IN_TRANSIT
    assert rules.carriers["yto"].last_stage_open is Stage.AT_DELIVERY_STATION


def test_names_in_both_languages() -> None:
    """A carrier has its name in both languages, also one that is not supported, and an unknown one its code."""
    rules = RuleBook.load().at(BASE)
    assert (rules.carrier_name("zto").of("zh"), rules.carrier_name("zto").of("en")) == ("中通", "ZTO")
    assert rules.carrier_name("sf").of("zh") == "顺丰"
    assert rules.carrier_name("newone").of("zh") == "NEWONE"


def test_a_later_version_takes_effect_by_itself(rules_file: Path) -> None:
    """A version of a later date begins at midnight in Beijing; what it does not name stays as before."""
    edit(rules_file, SHIPPED + "\n[[version]]\nfrom = 2026-12-01\n[version.carriers.zto]\nfee_fen = 350\n")
    book = RuleBook.load(rules_file)
    before = book.at(datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC))
    after = book.at(datetime(2026, 11, 30, 16, 0, tzinfo=UTC))
    assert (before.version, before.carriers["zto"].fee_fen) == ("2025-01-01", 300)
    assert (after.version, after.carriers["zto"].fee_fen) == ("2026-12-01", 350)
    assert (after.carriers["zto"].name.zh, after.carriers["yto"].fee_fen) == ("中通", 400)
    assert after.since["carriers"] == date(2026, 12, 1)
    assert after.since["value_limit_fen"] == date(2023, 1, 22)


def test_naive_times_are_beijing(rules_file: Path) -> None:
    """A time without offset is Beijing's."""
    edit(rules_file, SHIPPED + "\n[[version]]\nfrom = 2026-12-01\nvalue_limit_fen = 90_000\n")
    book = RuleBook.load(rules_file)
    assert book.at(datetime(2026, 11, 30, 23, 59)).value_limit_fen == 100_000  # noqa: DTZ001
    assert book.at(datetime(2026, 12, 1)).value_limit_fen == 90_000  # noqa: DTZ001


def test_before_the_first_date_the_first_version_holds() -> None:
    """There is no time without rules."""
    assert RuleBook.load().at(datetime(2020, 1, 1, tzinfo=UTC)).version == "2023-01-22"


@given(dates=st.lists(st.dates(date(2024, 1, 1), date(2030, 1, 1)), unique=True, max_size=6), days=st.integers(0, 3000))
def test_the_latest_version_begun_holds(tmp_path_factory: pytest.TempPathFactory, dates: list[date], days: int) -> None:
    """Whatever the versions' order in the file, the newest that has begun holds."""
    starts = [date(2023, 1, 22), *[d for d in dates if d != date(2025, 1, 1)], date(2025, 1, 1)]
    text = SHIPPED + "".join(f"\n[[version]]\nfrom = {d}\n" for d in starts[1:-1])
    moment = datetime(2023, 1, 22, 9, tzinfo=BEIJING) + timedelta(days=days)
    path = tmp_path_factory.getbasetemp() / "dated.toml"
    path.write_text(text, encoding="utf-8")
    expected = max(start for start in starts if start <= moment.date())
    assert RuleBook.load(path).at(moment).version == expected.isoformat()


def test_a_carrier_can_be_taken_out_and_another_put_in(rules_file: Path) -> None:
    """An operator ends one carrier and adds another without touching code; the old one keeps its name."""
    edit(
        rules_file,
        SHIPPED
        + "\n[[version]]\nfrom = 2026-01-01\n[version.carriers.yunda]\nsupported = false\n"
        + '[version.carriers.sto]\nzh = "申通"\nen = "STO"\nfee_fen = 250\nlast_stage_open = "in_transit"\n',
    )
    rules = RuleBook.load(rules_file).at(BASE)
    assert list(rules.carriers) == ["zto", "yto", "sto"]
    assert rules.carrier_name("yunda").zh == "韵达"


def test_categories_are_replaced_as_a_list(rules_file: Path) -> None:
    """A version that names categories names all of them."""
    edit(
        rules_file,
        SHIPPED
        + '\n[[version]]\nfrom = 2026-01-01\n[version.categories]\nlive = { zh = "活体", en = "live animals" }\n',
    )
    rules = RuleBook.load(rules_file).at(BASE)
    assert (rules.category("live"), rules.category("活体"), rules.category("tea")) == ("live", "live", None)


def test_an_edit_is_noticed(rules_file: Path) -> None:
    """A changed file is taken once, an unchanged one is left alone."""
    book = RuleBook.load(rules_file)
    assert book.reload_if_changed() is Reload.UNCHANGED
    edit(rules_file, SHIPPED.replace("fee_fen = 400", "fee_fen = 450"))
    assert book.reload_if_changed() is Reload.TAKEN
    assert book.at(BASE).carriers["yto"].fee_fen == 450
    assert book.reload_if_changed() is Reload.UNCHANGED


def test_a_wrong_edit_keeps_the_old_rules(rules_file: Path) -> None:
    """A mistake, or a file that is gone, is reported once and changes nothing; the next right edit is taken."""
    book = RuleBook.load(rules_file)
    edit(rules_file, SHIPPED.replace("fee_fen = 400", "fee_fen = 4.5"))
    assert book.reload_if_changed() is Reload.REFUSED
    assert "carriers.yto.fee_fen: 应为 0 至 10000 的整数，单位是分 · must be whole fen from 0 to 10000 (4.5)" in (
        book.problem or ""
    )
    assert book.at(BASE).carriers["yto"].fee_fen == 400
    assert book.reload_if_changed() is Reload.UNCHANGED
    rules_file.unlink()
    assert book.reload_if_changed() is Reload.REFUSED
    assert "cannot be read" in (book.problem or "")
    edit(rules_file, SHIPPED.replace("fee_fen = 400", "fee_fen = 460"))
    assert book.reload_if_changed() is Reload.TAKEN
    assert (book.problem, book.at(BASE).carriers["yto"].fee_fen) == (None, 460)
