"""The running bot beside its commands: one per database, changes seen at once, ended in order, routes read again."""

import json
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import started, twin
from tests.started import Served, ask, run, serving, well
from tests.test_cli import SALE
from tests.twin import Twin

NUMBER = SALE["parcels"][0]["tracking_number"]  # type: ignore[index]
SCOPES = ("--scope", "interceptions:write", "--scope", "interceptions:read", "--scope", "data:write")


@pytest.fixture(scope="module")
def carriers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    """A running sandbox."""
    with twin.running(tmp_path_factory.mktemp("twin")) as running:
        yield running


@pytest.fixture(scope="module")
def bot(carriers: Twin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo, for all that does not end it."""
    with serving(tmp_path_factory.mktemp("demo"), "serve", "--demo", SANDBOX_URL=carriers.url) as running:
        yield running


def _key(bot: Served) -> str:
    return well(bot.data, "apikey", "create", "--shop", "demo", *SCOPES).splitlines()[-1]


def _status(bot: Served, key: str) -> int:
    return ask(f"{bot.url}/api/v1/interceptions", Authorization=f"Bearer {key}").status


def _eventually(happened: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


# --- beside it -------------------------------------------------------------------------------------------------------


def test_it_says_where_it_is(bot: Served) -> None:
    """Once it is ready: the address alone on a line, Chinese first, and how to get in."""
    lines = bot.printed().splitlines()
    assert f"    {bot.url}/" in lines
    assert lines.index(f"    {bot.url}/") > next(n for n, line in enumerate(lines) if "启动" in line)
    assert "agent" in bot.printed()
    assert (ask(f"{bot.url}/healthz").status, ask(f"{bot.url}/readyz").status) == (200, 200)


def test_a_key_counts_at_once(bot: Served) -> None:
    """A key that was made beside the running bot is known to it, and one that was revoked is not any more."""
    key = _key(bot)
    assert _status(bot, key) == 200
    key_id = well(bot.data, "apikey", "list").splitlines()[-1].split()[0]
    well(bot.data, "apikey", "revoke", key_id)
    assert _status(bot, key) == 401


def test_no_key_for_an_unknown_shop_beside_it(bot: Served) -> None:
    """Exit 1, with or without a running bot."""
    done = run(bot.data, "apikey", "create", "--shop", "nobody", "--scope", "data:write")
    assert (done.returncode, done.stdout) == (1, "")


def test_an_import_counts_at_once(bot: Served) -> None:
    """What was imported beside the running bot can be intercepted in the next request."""
    (bot.data / "sales.jsonl").write_text(json.dumps(SALE, ensure_ascii=False), "utf-8")
    assert well(bot.data, "import", "sales.jsonl", "--shop", "demo") == "accepted 1, rejected 0\n"
    body = json.dumps({"tracking_numbers": [NUMBER]}).encode()
    headers = {"Authorization": f"Bearer {_key(bot)}", "Content_Type": "application/json", "Idempotency_Key": "1"}
    answer = ask(f"{bot.url}/api/v1/interceptions", "POST", body, **headers)
    assert answer.status in {200, 202}
    assert answer.json["items"][0]["tracking_number"] == NUMBER


def test_new_people_sign_in_at_once(bot: Served) -> None:
    """A shop and a person that were entered beside the running bot are there."""
    well(bot.data, "shop", "create", "late", "--name", "后来店")
    add = ("person", "add", "--shop", "late", "--login", "late", "--role", "owner", "--name", "后来的人")
    well(bot.data, *add, stdin="a long password\n")
    visitor = started.Visitor(bot.url)
    visitor.sign_in("late", "a long password")
    assert "后来的人" in visitor.get("/me").body


def test_who_has_left_is_out_at_once(bot: Served) -> None:
    """Beside the running bot: whoever is signed in is at the sign-in with the next page, and comes in again only after
    the return.
    """
    well(bot.data, "person", "add", "--shop", "demo", "--role", "agent", "--login", "leaver", stdin="a password\n")
    person = started.Visitor(bot.url)
    assert person.sign_in("leaver", "a password").status == 200
    assert "leaver" in person.get("/me").body
    assert well(bot.data, "person", "leave", "leaver") == "leaver left\n"
    assert 'name="password"' in person.get("/me").body
    assert started.Visitor(bot.url).sign_in("leaver", "a password").status == 422
    assert well(bot.data, "person", "return", "leaver") == "leaver returned\n"
    assert started.Visitor(bot.url).sign_in("leaver", "a password").status == 200
    last = run(bot.data, "person", "leave", "owner")
    assert (last.returncode, "last owner" in last.stderr) == (1, True)


def test_a_second_one_on_the_same_file_is_refused(bot: Served) -> None:
    """Exit 1 with words that name the way to several, and the first one goes on."""
    port = str(twin.free_port())
    done = run(bot.data, "serve", "--demo", SANDBOX_URL="http://127.0.0.1:1", PORT=port)
    assert (done.returncode, done.stdout) == (1, "")
    assert "PostgreSQL" in done.stderr
    assert "Traceback" not in done.stderr
    assert ask(f"{bot.url}/readyz").status == 200


def test_a_port_that_is_taken_is_named(tmp_path: Path, carriers: Twin) -> None:
    """Exit 1 with the address and what to do; what had begun ends in order."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run(tmp_path, "serve", "--demo", SANDBOX_URL=carriers.url, PORT=port)
    assert (done.returncode, done.stdout) == (1, "")
    assert port in done.stderr
    assert "Traceback" not in done.stderr


def test_the_doctor_finds_it_well(bot: Served, carriers: Twin) -> None:
    """Beside a running demo: ready, sandbox and routes answer; only the shop without an owner would fail."""
    done = run(bot.data, "doctor", SANDBOX_URL=carriers.url, PORT=bot.url.rpartition(":")[2])
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout
    assert all(line.startswith("ok ") and " · " in line for line in lines)
    assert any("一切就绪" in line for line in lines)
    assert sum("签名和账号被接受" in line for line in lines) == 3


# --- its end ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_told(tmp_path: Path, carriers: Twin, number: int) -> None:
    """Within ten seconds, with exit 0, though a page's stream is open."""
    with serving(tmp_path, "serve", "--demo", SANDBOX_URL=carriers.url) as bot:
        visitor = started.Visitor(bot.url)
        visitor.sign_in("agent", "demo")
        stream = visitor.stream("/events?page=workbench")
        code, seconds = bot.stop(number)
        stream.close()
        assert (code, seconds < 10) == (0, True)
        assert [bot.events(name) != [] for name in ("serve.ready", "serve.ended")] == [True, True]


def test_a_call_that_is_under_way_is_not_lost(tmp_path: Path, carriers: Twin) -> None:
    """Told to end during a carrier's slow answer it still ends in time; the next start finds out what became of it."""
    number = "75400000000077"
    parcel = {**SALE["parcels"][0], "tracking_number": number}  # type: ignore[index]
    with serving(tmp_path, "serve", "--demo", SANDBOX_URL=carriers.url, BOT_STOP_GRACE_S="0.2") as bot:
        key = _key(bot)
        headers = {"Authorization": f"Bearer {key}", "Content_Type": "application/json", "Idempotency_Key": "1"}
        sale = json.dumps({**SALE, "after_sale_id": "77", "parcels": [parcel]}).encode()
        assert ask(f"{bot.url}/api/v1/after-sales", "POST", sale, **headers).json["accepted"] == 1
        carriers.arm(number, "slow", later_s=1.1)
        asked = ask(
            f"{bot.url}/api/v1/interceptions", "POST", json.dumps({"tracking_numbers": [number]}).encode(), **headers
        )
        assert asked.json["items"][0]["state"] == "pending"
        code, seconds = bot.stop()
        assert (code, seconds < 10) == (0, True)
    with serving(tmp_path, "serve", "--demo", SANDBOX_URL=carriers.url) as again:
        case = asked.json["items"][0]["id"]
        url = f"{again.url}/api/v1/interceptions/{case}"
        _eventually(lambda: ask(url, Authorization=f"Bearer {key}").json["state"] == "succeeded")
    assert carriers.orders(number) == 1


def test_two_start_on_a_fresh_folder_in_turn(tmp_path: Path, carriers: Twin) -> None:
    """The tables are made at the first start and found at the second; the sample shop is loaded once."""
    for _ in range(2):
        with serving(tmp_path, "serve", "--demo", SANDBOX_URL=carriers.url) as bot:
            assert bot.stop()[0] == 0
    connection = sqlite3.connect(tmp_path / "data" / "intercept.db")
    assert connection.execute("select count(*) from shops where id = 'demo'").fetchone() == (1,)
    connection.close()


# --- its routes ------------------------------------------------------------------------------------------------------


def test_routes_are_read_again_when_told(tmp_path: Path) -> None:
    """SIGHUP: a right file takes effect, a wrong one is reported and the old one stays, and the bot goes on."""
    data = tmp_path / "data"
    data.mkdir()
    well(data, "shop", "create", "own", "--name", "自营店")
    routes = data / "shops.toml"
    right = '[shops.own.routes.zto]\napp_key = "k"\napp_secret = "s"\n'
    with serving(tmp_path, "serve") as bot:
        assert ask(f"{bot.url}/push/zto", "POST", b"x").status == 404
        routes.write_text(right, "utf-8")
        routes.chmod(0o600)
        bot.process.send_signal(signal.SIGHUP)
        _eventually(lambda: bot.events("routes.taken") != [])
        assert ask(f"{bot.url}/push/zto", "POST", b"x").status == 401
        routes.write_text(right.replace("app_key", "app_kye"), "utf-8")
        bot.process.send_signal(signal.SIGHUP)
        _eventually(lambda: bot.events("routes.not_taken") != [])
        assert ask(f"{bot.url}/push/zto", "POST", b"x").status == 401
        assert bot.stop()[0] == 0
    assert "app_kye" in bot.events("routes.not_taken")[0]["problem"]


def test_wrong_routes_are_told_at_the_start(tmp_path: Path) -> None:
    """Exit 1, the section and the field named, and no secret."""
    routes = tmp_path / "shops.toml"
    routes.write_text('[shops.own.routes.zto]\napp_kye = "hush-key"\napp_secret = "hush"\n', "utf-8")
    readable = run(tmp_path, "serve")
    routes.chmod(0o600)
    wrong = run(tmp_path, "serve")
    assert (readable.returncode, wrong.returncode) == (1, 1)
    assert "chmod 600" in readable.stderr
    assert "shops.own.routes.zto.app_kye" in wrong.stderr
    assert "hush" not in wrong.stderr


def test_a_misspelt_setting_is_told_at_the_start(tmp_path: Path) -> None:
    """A warning names it and the setting that was meant, and the bot starts."""
    with serving(tmp_path, "serve", BOT_CALL_TIMOUT_S="3") as bot:
        (told,) = bot.events("settings.unknown")
        assert (told["level"], told["name"], told["meant"]) == ("warning", "BOT_CALL_TIMOUT_S", "BOT_CALL_TIMEOUT_S")
        assert bot.stop()[0] == 0
