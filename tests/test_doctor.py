"""The doctor: what is well, and for everything that is not, a line that says what to do."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import text

from bot.doctor import examine, ground, ways
from bot.doctor.findings import Finding
from bot.domain.people import Role
from bot.merchants import passwords, people, shops
from bot.merchants.passwords import Cost
from bot.settings import Settings
from bot.store.database import now, open_database
from bot.store.events import publish
from tests import twin
from tests.loopback import TestServer
from tests.twin import Twin, free_port

PASSWORD = passwords.hash_password("demo", Cost(passes=1))
ZTO = '[shops.{shop}.routes.zto]\nbase_url = "{url}/zto"\napp_key = "demo-zto-key"\napp_secret = "{secret}"\n'
YTO = """[shops.{shop}.routes.yto.{part}]
base_url = "{url}/yto"
token = "demotok"
customer_code = "DEMO"
secret = "{secret}"
"""


@pytest.fixture(scope="module")
def carriers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    """A running sandbox."""
    with twin.running(tmp_path_factory.mktemp("twin")) as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a folder of its own, on a port that nobody uses."""
    return Settings(data=tmp_path / "data", port=free_port())


async def _look(settings: Settings) -> tuple[int, list[str]]:
    lines: list[str] = []
    code = await examine(settings, lines.append)
    assert code == int(any(line.startswith("fail") for line in lines)), lines
    assert all(" · " in line and "\n" not in line for line in lines)
    return code, lines


def _failing(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith("ok ")]


async def _enter(url: str, *shop_ids: str, owners: bool = True) -> None:
    database = open_database(url)

    def work(c: Any) -> None:
        for shop_id in shop_ids:
            shops.create(c, shop_id, shop_id, now(c))
            if owners:
                people.create(c, shop_id, f"o-{shop_id}", "o", Role.OWNER, password=PASSWORD, at=now(c))

    await database.write(work)
    await database.close()


def _routes(settings: Settings, *sections: str, mode: int = 0o600) -> None:
    settings.data.mkdir(exist_ok=True)
    (settings.data / "shops.toml").write_text("\n".join(sections), "utf-8")
    (settings.data / "shops.toml").chmod(mode)


@pytest.fixture
async def shop(settings: Settings, any_url: str) -> Settings:
    """A folder with a database of either kind and one shop, `own`, in it."""
    settings.data.mkdir()
    await _enter(any_url, "own")
    return settings.model_copy(update={"database_url": any_url})


# --- the ground ----------------------------------------------------------------------------------------------------


async def test_a_fresh_folder_is_well(settings: Settings) -> None:
    """Nothing was started yet, and nothing keeps it from starting; looking makes nothing."""
    code, lines = await _look(settings)
    assert code == 0
    assert any("第一次启动时建好" in line for line in lines)
    assert not settings.data.exists()


async def test_a_misspelt_setting(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """It fails with the name that was meant; a name that is like none may be another program's, and is only told."""
    monkeypatch.setenv("BOT_CALL_TIMOUT_S", "hush")
    monkeypatch.setenv("BOT_OF_SOMEBODY_ELSE", "hush")
    code, lines = await _look(settings)
    assert code == 1
    assert [line for line in _failing(lines) if "BOT_CALL_TIMOUT_S" in line and "BOT_CALL_TIMEOUT_S" in line]
    assert any("BOT_OF_SOMEBODY_ELSE" in line for line in lines if line.startswith("ok "))
    assert not any("hush" in line for line in lines)


async def test_a_folder_that_takes_no_file(settings: Settings, tmp_path: Path) -> None:
    """The folder is named, and what to do."""
    (tmp_path / "file").write_text("")
    code, lines = await _look(settings.model_copy(update={"data": tmp_path / "file" / "data"}))
    assert code == 1
    assert any("BOT_DATA" in line and str(tmp_path / "file") in line for line in _failing(lines))


async def test_too_little_room(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """How much is left, and how much is needed."""
    monkeypatch.setattr(ground, "LEAST_FREE", 1 << 80)
    _, lines = await _look(settings)
    assert ["请腾出" in line for line in _failing(lines)] == [True]


async def test_rules_that_cannot_be_used(settings: Settings, tmp_path: Path) -> None:
    """The problem is quoted, and the rest is looked at all the same."""
    (tmp_path / "rules.toml").write_text("fees = 3\n")
    code, lines = await _look(settings.model_copy(update={"rules_file": tmp_path / "rules.toml"}))
    assert code == 1
    assert ["rules.toml" in line for line in _failing(lines)] == [True]
    assert any("数据库" in line for line in lines)


async def test_a_database_is_tried(shop: Settings, carriers: Twin) -> None:
    """Of either kind: read, written, its tables the newest, its clock beside ours; and nothing is left in it."""
    _routes(shop, ZTO.format(shop="own", url=carriers.url, secret="demo-zto-secret"))
    code, lines = await _look(shop)
    assert (code, _failing(lines)) == (0, [])
    assert any("能读能写" in line for line in lines)
    assert any("数据库的时钟对得上" in line for line in lines)
    database = open_database(shop.database)
    assert await database.read(lambda c: c.execute(text("select count(*) from inbox")).scalar()) == 0
    await database.close()


@pytest.mark.parametrize("found, word", [("0000", "旧的"), ("9999", "更新的程序"), (None, "是空的")])
async def test_tables_of_another_release(settings: Settings, sqlite_url: str, found: str | None, word: str) -> None:
    """Older tables, newer ones, none at all: each with what to do, and never touched."""
    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    if found is None:
        connection.execute("drop table alembic_version")
    else:
        connection.execute("update alembic_version set version_num = ?", (found,))
    connection.commit()
    connection.close()
    code, lines = await _look(settings.model_copy(update={"database_url": sqlite_url}))
    assert code == int(found is not None)
    assert any(word in line for line in lines)


async def test_a_database_that_nobody_runs(settings: Settings) -> None:
    """The address is told as far as it is no secret."""
    address = "postgresql+psycopg://bot:hush@127.0.0.1:1/bot"
    code, lines = await _look(settings.model_copy(update={"database_url": address}))
    assert code == 1
    assert ["DATABASE_URL" in line and "hush" not in line for line in _failing(lines)] == [True]


async def test_a_clock_that_went_back(settings: Settings, sqlite_url: str) -> None:
    """Records from the future give it away."""
    database = open_database(sqlite_url)
    await database.write(lambda c: publish(c, "own", "case:1", 1, datetime.now(UTC) + timedelta(hours=3)))
    await database.close()
    await _enter(sqlite_url, "own")
    _, lines = await _look(settings.model_copy(update={"database_url": sqlite_url}))
    assert any("倒退过" in line for line in _failing(lines))


# --- shops and routes ----------------------------------------------------------------------------------------------


async def test_each_shop_is_told(settings: Settings, sqlite_url: str, carriers: Twin) -> None:
    """Without an owner, without a route, with some; and a section for a shop that is not there."""
    await _enter(sqlite_url, "some", "none")
    await _enter(sqlite_url, "lone", owners=False)
    sections = [ZTO.format(shop=name, url=carriers.url, secret="demo-zto-secret") for name in ("some", "lone", "gone")]
    _routes(settings, *sections)
    _, lines = await _look(settings.model_copy(update={"database_url": sqlite_url}))
    told = [line.partition(" · ")[0] for line in lines if "店铺" in line]
    assert "ok    店铺 some 能拦 中通；没有通道的按 R8 回绝：韵达、圆通" in told
    assert [line[6:] for line in told if line.startswith("fail")] == [
        "shops.toml 里的店铺 gone 不存在：intercept-bot shop create gone --name 名称，或删掉这一段",
        "店铺 lone 没有主账号，没人能签约：intercept-bot person add --shop lone --login 登录名 --role owner",
        "店铺 none 没有任何通道，什么都拦不了：写进 shops.toml（docs/routes.md）",
    ]


async def test_no_shop_at_all(settings: Settings, sqlite_url: str) -> None:
    """The command that makes one is named."""
    _, lines = await _look(settings.model_copy(update={"database_url": sqlite_url}))
    assert ["shop create" in line for line in _failing(lines)] == [True]


async def test_routes_are_tried(settings: Settings, sqlite_url: str, carriers: Twin) -> None:
    """A signed call that changes nothing: accepted, a wrong secret, nothing to try with, nobody there."""
    await _enter(sqlite_url, "own", "odd")
    yto = {"shop": "own", "url": carriers.url}
    _routes(
        settings,
        ZTO.format(shop="own", url=carriers.url, secret="demo-zto-secret"),
        YTO.format(**yto, part="intercept", secret="demo-yto-secret"),
        YTO.format(**yto, part="trace", secret="hush"),
        ZTO.format(shop="odd", url=carriers.url, secret="hush"),
        YTO.format(shop="odd", part="intercept", url="http://127.0.0.1:1", secret="hush"),
    )
    calls = len(carriers.log.read_text("utf-8").splitlines()) if carriers.log.exists() else 0
    _, lines = await _look(settings.model_copy(update={"database_url": sqlite_url}))
    told = {line.partition("：")[0]: line for line in lines if "→" in line}
    assert "签名和账号被接受" in told["ok    own → zto（zto）"]
    assert "不是能用的结果" in told["fail  own → yto（yto）"]
    assert "S211" in told["fail  odd → zto（zto）"]
    assert "没有无害的查询" in told["ok    odd → yto（yto）"]
    assert not any("hush" in line for line in lines)
    made = carriers.log.read_text("utf-8").splitlines()[calls:]
    assert made
    assert not any('"new_order": true' in line for line in made)


async def test_nobody_answers(settings: Settings, sqlite_url: str) -> None:
    """A refused connection is told as such, with what to check."""
    await _enter(sqlite_url, "own")
    _routes(settings, ZTO.format(shop="own", url=f"http://127.0.0.1:{free_port()}", secret="s"))
    _, lines = await _look(settings.model_copy(update={"database_url": sqlite_url}))
    assert ["base_url" in line and "连不上" in line for line in _failing(lines)] == [True]


@pytest.fixture
async def peer(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Somebody who is no carrier: slow, broken, or living at another time."""
    kind: str = request.param

    async def answer(_: web.Request) -> web.Response:
        if kind == "slow":
            await asyncio.sleep(30)
        date = datetime.now(UTC) - timedelta(minutes=7) if kind == "late" else datetime.now(UTC)
        headers = {"Date": format_datetime(date, usegmt=True)}
        if kind == "late":
            envelope = {"status": False, "statusCode": "E23102", "message": "单号不存在"}
            return web.json_response(envelope, headers=headers)
        return web.Response(text="<html>", status=503 if kind == "broken" else 200, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    async with TestServer(app, shutdown_timeout=0) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.mark.parametrize(
    "peer, word",
    [("slow", "没有回答"), ("broken", "HTTP 503"), ("page", "HTTP 200"), ("late", "时钟")],
    indirect=["peer"],
)
async def test_a_peer_that_is_no_carrier(
    settings: Settings, sqlite_url: str, peer: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too slow, an error, a page in place of an answer, a clock that is minutes off: each by its name."""
    monkeypatch.setattr(ways, "LIMIT_S", 0.4)
    await _enter(sqlite_url, "own")
    _routes(settings, ZTO.format(shop="own", url=peer, secret="s"))
    _, lines = await _look(settings.model_copy(update={"database_url": sqlite_url}))
    assert [word in line for line in _failing(lines)] == [True]


async def test_a_file_of_routes_that_cannot_be_used(settings: Settings) -> None:
    """Each mistake with its line; a file that others may read; no secret in any of it."""
    _routes(settings, '[shops.own.routes.zto]\napp_kye = "hush"\n')
    _, lines = await _look(settings)
    assert [line for line in _failing(lines) if "app_kye" in line and "第 2 行" in line]
    assert len(_failing(lines)) == 3  # two fields are missing besides
    _routes(settings, "", mode=0o644)
    _, lines = await _look(settings)
    assert ["chmod 600" in line for line in _failing(lines)] == [True]
    assert not any("hush" in line for line in lines)


async def test_chat_platforms_are_read(settings: Settings) -> None:
    """`channels.toml`: an unknown platform and an incomplete section fail by name."""
    settings.data.mkdir()
    file = settings.data / "channels.toml"
    file.write_text('[pigeon]\n[slack]\nsigning_secret = "hush"\n', "utf-8")
    file.chmod(0o600)
    _, lines = await _look(settings)
    assert [name in line for name, line in zip(("pigeon", "slack"), _failing(lines), strict=True)] == [True, True]
    assert not any("hush" in line for line in lines)


# --- what runs -----------------------------------------------------------------------------------------------------


async def test_the_sandbox_of_the_demo(settings: Settings, carriers: Twin) -> None:
    """With `SANDBOX_URL` the demo's routes are examined; a sandbox that is gone fails."""
    code, lines = await _look(settings.model_copy(update={"sandbox_url": carriers.url}))
    assert code == 0
    assert sum("签名和账号被接受" in line for line in lines) == 3
    _, lines = await _look(settings.model_copy(update={"sandbox_url": f"http://127.0.0.1:{free_port()}"}))
    assert any("沙箱" in line for line in _failing(lines))


@pytest.mark.parametrize(
    "document, status, word",
    [
        ({"status": "ready", "checks": {"database": True}}, 200, "一切就绪"),
        ({"status": "ready", "checks": {"database": True}, "channels": {"feishu": "up"}}, 200, "一切就绪"),
        ({"status": "ready", "checks": {}, "channels": {"feishu": "up", "slack": "invalid_auth"}}, 200, "slack: inv"),
        ({"status": "ready", "checks": {}, "channels": [1]}, 200, "别的程序"),
        ({"status": "not ready", "checks": {"database": True, "engine": False}}, 503, "engine"),
        (["something else"], 200, "别的程序"),
    ],
)
async def test_what_listens_on_the_port(settings: Settings, document: object, status: int, word: str) -> None:
    """The bot and ready, the bot without its connection to a chat platform, the bot and not ready, another program."""

    async def readyz(_: web.Request) -> web.Response:
        return web.json_response(document, status=status)

    app = web.Application()
    app.router.add_get("/readyz", readyz)
    async with TestServer(app) as server:
        code, lines = await _look(settings.model_copy(update={"port": server.port}))
    assert code == int(word != "一切就绪")
    assert any(word in line for line in lines)


def test_a_finding_is_one_line() -> None:
    """Whatever another program said, it fits on the line."""
    assert Finding(False, "不行", "no", "first\nsecond\t third").line == "fail  不行 · no · first second third"
