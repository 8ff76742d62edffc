"""Settings: what is wrong is named with what is allowed, and never quotes a secret."""

from pathlib import Path

import pytest

from bot.settings import Settings, SettingsError, load, unknown


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without a file of settings."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "name, value, allowed",
    [
        ("PORT", "eighty", "应为整数"),
        ("PORT", "70000", "不能大于 65535"),
        ("BOT_LOG_FORMAT", "xml", "json"),
        ("BOT_API_RATE", "0", "应大于 0"),
        ("BOT_CALL_SLOTS", "0", "不能小于 1"),
        ("BOT_DEMO", "perhaps", "true"),
        ("DATABASE_URL", "mysql://bot:hush@db/bot", "postgresql://"),
        ("DATABASE_URL", "hush", "postgresql://"),
        ("BOT_CALL_TIMEOUT_S", "300", "BOT_DOUBT_QUIET_S"),
        ("BOT_DOUBT_QUIET_S", "16", "BOT_CALL_TIMEOUT_S"),
        ("BOT_STALLED_S", "2", "BOT_HEARTBEAT_S"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str) -> None:
    """The message names the setting and what is allowed, Chinese first, and no secret."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load()
    words = str(caught.value)
    assert name in words
    assert allowed in words
    assert " · " in words
    assert "hush" not in words


def test_half_of_the_quiet_time_is_already_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call may last strictly less than half of the quiet time (ruling 6)."""
    monkeypatch.setenv("BOT_DOUBT_QUIET_S", "16.1")
    assert load().call_timeout_s == 8


def test_the_demo_lives_faster() -> None:
    """Its calls end sooner and its doubts are settled within seconds (ruling 6)."""
    live, demo = load(), load(demo=True)
    assert (live.call_timeout_s, live.doubt_quiet_s) == (8, 600)
    assert (demo.call_timeout_s, demo.doubt_quiet_s) == (1.2, 3)


def test_what_is_set_holds_in_the_demo_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time that somebody set is not replaced by the demo's."""
    monkeypatch.setenv("BOT_CALL_TIMEOUT_S", "1.4")
    assert load(demo=True).call_timeout_s == 1.4


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_there_is_one_driver(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """Every spelling of a PostgreSQL address becomes that of psycopg (ruling 26)."""
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://bot@db/bot")
    assert load().database == "postgresql+psycopg://bot@db/bot"


def test_without_an_address_it_is_a_file_of_the_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite, beside routes and secrets."""
    monkeypatch.setenv("BOT_DATA", "/srv/bot")
    assert load().database == "sqlite:////srv/bot/intercept.db"


def test_the_environment_comes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `.env` in the working folder is read, and overruled."""
    (tmp_path / ".env").write_text("PORT=9001\nBOT_WATCH_DAYS=7\nUNKNOWN=1\n")
    monkeypatch.setenv("PORT", "9002")
    settings: Settings = load()
    assert (settings.port, settings.watch_days) == (9002, 7)


@pytest.mark.parametrize(
    "name, meant",
    [
        ("BOT_CALL_TIMOUT_S", "BOT_CALL_TIMEOUT_S"),
        ("bot_watch_day", "BOT_WATCH_DAYS"),
        ("BOT_PORT", "PORT"),
        ("BOT_DATABASE_URL", "DATABASE_URL"),
        ("BOT_OF_SOMEBODY_ELSE", ""),
    ],
)
@pytest.mark.parametrize("in_file", [True, False])
def test_a_name_that_sets_nothing_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    meant: str,
    in_file: bool,  # noqa: FBT001 - pytest's own
) -> None:
    """A slip in a name is found with the setting that was meant, wherever it stands; real names are no slips."""
    monkeypatch.setenv("BOT_WATCH_DAYS", "7")
    assert not unknown()
    if in_file:
        (tmp_path / ".env").write_text(f"{name}=5\nbot_api_rate=7\nUNKNOWN=1\n")
    else:
        monkeypatch.setenv(name, "5")
    assert unknown() == {name.upper(): meant}
