"""The figures: counted here, or read from the database when somebody looks."""

from datetime import timedelta

import pytest
from prometheus_client import generate_latest
from sqlalchemy import Connection

from bot.operation import figures as room
from bot.operation.figures import Figures
from bot.outbound import NeverLeft, NoAnswer, Response
from bot.store import notices
from bot.store.cases import cases
from bot.store.database import Database, now
from bot.store.shops import shops
from tests.store.conftest import case_row


def _shown(figures: Figures) -> dict[str, float]:
    lines = generate_latest(figures.registry).decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line.startswith("intercept_"))
    return {name.removeprefix("intercept_"): float(value) for name, value in pairs}


def _cases(connection: Connection) -> None:
    at = now(connection)
    shop = {"id": "demo", "name": "demo", "active": True, "cross_border": False, "created_at": at}
    connection.execute(shops.insert(), shop)
    ended = {"phase": "ended", "next_at": None}
    rows = [
        case_row("a", next_at=at - timedelta(seconds=90)),
        case_row("b", next_at=at + timedelta(hours=1)),
        case_row("c", state="failed", alarm="zto: S211", **ended),
        case_row("d", state="succeeded", way_home="contradicted", **ended),
        case_row("e", state="succeeded", carrier="yto", **ended),
    ]
    for row in rows:
        connection.execute(cases.insert(), row)
    notices.keep(connection, "doudian", "demo", "m1", "7001", at)


async def test_what_is_stored_is_read(any_database: Database) -> None:
    """Interceptions by state and carrier, those with an alarm, contradicted ones, and how late the open ones are."""
    await any_database.write(_cases)
    figures = Figures()
    await figures.read(any_database)
    shown = _shown(figures)
    assert shown['cases{carrier="zto",state="pending"}'] == 2
    assert shown['cases{carrier="zto",state="failed"}'] == 1
    assert shown['cases{carrier="yto",state="succeeded"}'] == 1
    assert shown['cases_with_alarm{carrier="zto"}'] == 1
    assert shown['cases_contradicted{carrier="zto"}'] == 1
    assert shown['cases_contradicted{carrier="yto"}'] == 0
    assert shown['open_cases{phase="queued",state="pending"}'] == 2
    assert 90 <= shown['open_cases_overdue_seconds{phase="queued",state="pending"}'] < 150
    assert shown["inbox_open"] == 1


async def test_what_has_gone_is_shown_no_more(any_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state that no interception is in any more has no stale figure."""
    await any_database.write(_cases)
    figures = Figures()
    await figures.read(any_database)
    await any_database.write(lambda c: c.execute(cases.delete()))
    monkeypatch.setattr(room, "FRESH_S", 0.0)
    await figures.read(any_database)
    assert not [name for name in _shown(figures) if name.startswith(("cases{", "open_cases"))]


async def test_scrapes_close_together_ask_once(database: Database) -> None:
    """A second look within a few seconds shows what the first one read."""
    figures = Figures()
    await figures.read(database)
    await database.write(_cases)
    await figures.read(database)
    assert _shown(figures)["inbox_open"] == 0


def test_calls_are_counted_by_what_became_of_them() -> None:
    """Answered, refused by a broken server, never left, no answer; with their time."""
    figures = Figures()
    for outcome in (Response(200, b"", 100), Response(503, b"", 1), NeverLeft("x", 2), NoAnswer("x", 8000)):
        figures.called("zto", "intercept.create", outcome)
    shown = _shown(figures)
    label = 'operation="intercept.create",outcome="{}",system="zto"'
    assert [
        shown["carrier_call_seconds_count{" + label.format(outcome) + "}"]
        for outcome in ("answered", "server_error", "never_left", "no_answer")
    ] == [1, 1, 1, 1]
    assert shown["carrier_call_seconds_sum{" + label.format("no_answer") + "}"] == 8


def test_alarms_pushes_and_the_writer() -> None:
    """Each by its name."""
    figures = Figures(lambda: 7, lambda: 3)
    figures.alarm("zto", "zto: S211")
    figures.pushed("doudian", "taken")
    shown = _shown(figures)
    assert shown['alarms_total{carrier="zto",code="zto: S211"}'] == 1
    assert shown['pushes_total{outcome="taken",system="doudian"}'] == 1
    assert shown["writer_waiting"] == 7
    assert shown["false_deaths_total"] == 3
