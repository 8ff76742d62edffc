"""The command line (`contract.md`). Each command imports late what it needs: `parse` starts at once (ruling 12)."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.interception.pace import Pace
    from bot.settings import Settings
    from bot.shops.embedded.importing import Report
    from bot.store.database import Database

T = TypeVar("T")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """拦截助手：在聊天里把路上的包裹拦回来。 Has a carrier turn a parcel round, from the team's chat."""


# --- serving -------------------------------------------------------------------------------------------------------


@main.command()
@click.option("--demo", is_flag=True, help="示例店铺，所有通道都指向沙箱；sample shop, every route to the sandbox")
def serve(demo: bool) -> None:  # noqa: FBT001 - a command's flag
    """启动机器人和网页。 Runs the bot with its web console and its API."""
    settings = _settings(demo=demo)
    if demo and not settings.sandbox_url:
        _end(
            "serve --demo 需要 SANDBOX_URL（沙箱的地址）；或者用 intercept-bot demo 一起启动。\n"
            "serve --demo needs SANDBOX_URL, the address of a running sandbox; `intercept-bot demo` starts both."
        )
    sys.exit(_serve(settings))


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), required=True)
@click.option("--log", "log_file", type=click.Path(path_type=Path, dir_okay=False), required=True)
@click.option("--seed", type=int, default=0, show_default=True)
def sandbox(port: int, log_file: Path, seed: int) -> None:
    """快递和平台的沙箱。 Loopback twins of the carriers and the shop platform, one process of its own."""
    from bot.sandbox.app import main as run_sandbox

    sys.exit(run_sandbox(port, log_file, seed))


@main.command()
def demo() -> None:
    """沙箱和机器人一起启动。 What `make run` starts: a sandbox, unless SANDBOX_URL names one, and `serve --demo`."""
    settings = _settings(demo=True)
    if sys.stderr.isatty():
        os.environ.setdefault("BOT_LOG_LEVEL", "error")  # a newcomer reads the address, not a line for each call
    if settings.sandbox_url:
        sys.exit(_serve(_settings(demo=True)))
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        _end(f"BOT_DATA: {settings.data} 用不了（{problem.strerror}）。\n{settings.data} cannot be used.")
    port = _free_port()
    command = [sys.executable, "-m", "bot.cli", "sandbox", "--port", str(port), "--log"]
    twin = subprocess.Popen([*command, str(settings.data / "sandbox.jsonl")], preexec_fn=_die_with_parent)  # noqa: PLW1509, S603
    code = 1
    try:
        _wait_for(port, twin)
        os.environ["SANDBOX_URL"] = f"http://127.0.0.1:{port}"
        code = _serve(_settings(demo=True))
    finally:
        twin.terminate()
        with suppress(subprocess.TimeoutExpired):
            twin.wait(5)
    sys.exit(code)


def _serve(settings: Settings) -> int:
    from bot.serve import run

    try:
        import uvloop
    except ImportError:
        return asyncio.run(run(settings))
    return uvloop.run(run(settings))


def _die_with_parent() -> None:
    """Linux: the sandbox ends when the bot is killed. Elsewhere it is ended in the ordinary way only."""
    with suppress(Exception):
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _free_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    import socket

    for _ in range(200):
        if process.poll() is not None:
            _end("沙箱没有启动。\nThe sandbox did not start.")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    _end("沙箱 10 秒内没有应答。\nThe sandbox gave no answer within 10 s.")


# --- data, people, keys --------------------------------------------------------------------------------------------


@main.command("import")
@click.argument("file", type=click.Path(exists=True, path_type=Path, dir_okay=False))
@click.option("--shop", "shop_id", help="店铺；只有一个时可以不写")
def import_file(file: Path, shop_id: str | None) -> None:
    """导入售后单（JSON Lines 或 CSV）。 After-sales from JSON Lines or CSV; good lines are kept, bad ones named."""
    from bot.interception.pace import Pace
    from bot.merchants import shops
    from bot.shops.embedded.importing import import_file as take
    from bot.shops.embedded.intake import EmbeddedIntake
    from bot.store.database import NotStored

    settings = _settings()
    known = [one.shop_id for one in _write(shops.list_all)]
    if shop_id is None and len(known) != 1:
        _end(f"请用 --shop 写明店铺：{'、'.join(known) or '还没有店铺'}\nName the shop with --shop.")
    name = shop_id or known[0]
    if name not in known:
        _end(f"没有店铺 {name}。\nThere is no shop {name}.")
    pace = Pace.of(settings.call_timeout_s, settings.doubt_quiet_s, settings.unavailable_s, settings.watch_days)

    async def read(database: Database) -> Report:
        intake = EmbeddedIntake(database, lambda c, shop, number: _heard(c, shop, number, pace))
        return await take(intake, name, file, lambda line, why: click.echo(f"{line}: {why}"))

    try:
        report = _beside(settings, read)
    except (OSError, NotStored) as problem:
        _end(f"读到一半停了，前面的已经收下，可以再导入一次：{problem}")
    click.echo(f"accepted {report.accepted}, rejected {report.rejected}")
    sys.exit(0 if report.accepted else 1)


def _heard(connection: Connection, shop_id: str, number: str, pace: Pace) -> None:
    from bot.interception import traces

    traces.heard(connection, shop_id, number, pace)


@main.group()
def apikey() -> None:
    """API 密钥。 Keys for the HTTP API."""


@apikey.command("create")
@click.option("--shop", "shop_id", required=True)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(["interceptions:write", "interceptions:read", "data:write", "ledger:read"]),
)
@click.option("--name", default="")
def apikey_create(shop_id: str, scopes: tuple[str, ...], name: str) -> None:
    """新密钥；最后一行就是它，只显示这一次。 The key is the last line, shown once."""
    from bot.domain.people import Scope
    from bot.merchants import keys
    from bot.merchants.shops import UnknownShop

    try:
        key_id, key = _write(lambda c: keys.create(c, shop_id, map(Scope, scopes), name, datetime.now(UTC)))
    except UnknownShop:
        _end(f"没有店铺 {shop_id}。\nThere is no shop {shop_id}.")
    click.echo(f"{key_id}  {shop_id}  {' '.join(scopes)}", err=True)
    click.echo(key)


@apikey.command("list")
def apikey_list() -> None:
    """所有密钥，不含密钥本身。 All keys, without their secrets."""
    from bot.merchants import keys

    for key in _write(keys.list_all):
        state = "revoked" if key.revoked_at else "active"
        scopes = " ".join(sorted(key.scopes))
        click.echo(f"{key.id}  {key.shop_id}  {state}  {key.created_at:%Y-%m-%d %H:%M}Z  {scopes}  {key.name}")


@apikey.command("revoke")
@click.argument("key_id")
def apikey_revoke(key_id: str) -> None:
    """作废一把密钥，立刻生效。 Ends a key at once."""
    from bot.merchants import keys

    if not _write(lambda c: keys.revoke(c, key_id, datetime.now(UTC))):
        _end(f"没有可作废的密钥 {key_id}。\nThere is no active key {key_id}.")
    click.echo(f"{key_id} revoked")


@main.group()
def shop() -> None:
    """店铺。 Shops."""


@shop.command("create")
@click.argument("shop_id")
@click.option("--name", required=True)
@click.option("--return-to", default=None, help="退回到哪里，卡片上显示")
def shop_create(shop_id: str, name: str, return_to: str | None) -> None:
    """新店铺。 Enters a shop."""
    from bot.merchants import shops

    try:
        new = _write(lambda c: shops.create(c, shop_id, name, datetime.now(UTC), return_to=return_to))
    except ValueError as problem:
        _end(str(problem))
    if not new:
        _end(f"店铺 {shop_id} 已经有了。\nThere is a shop {shop_id} already.")
    click.echo(shop_id)


@main.group()
def person() -> None:
    """店里的人。 People of a shop."""


@person.command("add")
@click.option("--shop", "shop_id", required=True)
@click.option("--login", required=True)
@click.option("--role", required=True, type=click.Choice(["owner", "agent", "platform"]))
@click.option("--name", default="", help="记录里显示的名字")
def person_add(shop_id: str, login: str, role: str, name: str) -> None:
    """新人员；密码从标准输入读，没有就生成并显示一次。 Password from standard input, or made and printed once."""
    from bot.domain.people import Role
    from bot.merchants import passwords, people
    from bot.merchants.shops import UnknownShop

    given = "" if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    password = given or passwords.new_password()
    hashed = passwords.hash_password(password)
    try:
        _write(
            lambda c: people.create(c, shop_id, login, name or login, Role(role), password=hashed, at=datetime.now(UTC))
        )
    except UnknownShop:
        _end(f"没有店铺 {shop_id}。\nThere is no shop {shop_id}.")
    except people.LoginTaken:
        _end(f"登录名 {login} 已经有人用了。\nThe login {login} is taken.")
    except ValueError as problem:
        _end(str(problem))
    if not given:
        click.echo(password)


@person.command("code")
@click.argument("login")
def person_code(login: str) -> None:
    """聊天账号的绑定码，10 分钟有效，只用一次。 A code that binds a chat account, once, within 10 minutes."""
    from bot.merchants import people
    from bot.store import chats

    found = _write(lambda c: people.by_login(c, login))
    if found is None:
        _end(f"没有登录名 {login}。\nThere is no login {login}.")
    click.echo(_write(lambda c: chats.new_code(c, found.id, datetime.now(UTC))))


@main.command()
def doctor() -> None:
    """检查设置、数据库、通道、凭证、时钟。 One line each; exit 1 when one fails."""
    from bot import logs
    from bot.doctor import examine

    settings = _settings()
    logs.configure(settings.log_format, "error")
    sys.exit(asyncio.run(examine(settings, click.echo)))


# --- line protocols ------------------------------------------------------------------------------------------------


@main.command("parse")
def parse_lines() -> None:
    """每行一条消息，输出命令或 null。 JSON lines in, one command or null out."""
    from bot.handlers.grammar import parse

    def answer(message: dict[str, Any]) -> Any:
        parsed = parse(str(message.get("text") or ""))
        return None if parsed is None else {"command": parsed.command, "ids": list(parsed.ids)}

    _lines(answer)


@main.command()
def faq() -> None:
    """每行一条消息，输出问的是什么。 JSON lines in, the topics asked about out."""
    from bot.faq.recognise import recognise

    _lines(lambda message: {"intents": recognise(str(message.get("text") or ""))})


@main.command()
def stage() -> None:
    """每行一条轨迹，输出包裹走到哪一步。 JSON lines in, the stage of each trace line out."""
    from bot.rules.stage import stage_of_text

    _lines(
        lambda line: {"stage": str(stage_of_text(str(line.get("text") or ""), str(line.get("carrier") or "generic")))}
    )


def _lines(answer: Callable[[dict[str, Any]], Any]) -> None:
    """One line out for each line in, flushed; a line that is no object counts as an empty message."""
    import json

    for line in _input():
        try:
            message = json.loads(line)
        except ValueError:
            message = {}
        said = answer(message if isinstance(message, dict) else {})
        sys.stdout.write(json.dumps(said, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def _input() -> Iterable[str]:
    for raw in sys.stdin.buffer:
        if raw.strip():
            yield raw.decode("utf-8", "replace")


# --- shared by commands --------------------------------------------------------------------------------------------


def _settings(*, demo: bool = False) -> Settings:
    from bot.settings import SettingsError, load

    try:
        return load(demo=demo)
    except SettingsError as problem:
        _end(str(problem))


def _write(work: Callable[[Connection], T]) -> T:
    """One short transaction beside a running bot (ruling 9)."""
    return _beside(_settings(), lambda database: database.write(work))


def _beside(settings: Settings, use: Callable[[Database], Awaitable[T]]) -> T:
    """Uses the database beside a running bot, whose lock is left alone; the tables are brought up to date first."""
    from sqlalchemy.exc import SQLAlchemyError

    from bot import logs
    from bot.store import migrate
    from bot.store.database import open_database

    logs.configure(settings.log_format, "warning")
    try:
        migrate.upgrade(settings.database)
    except (OSError, SQLAlchemyError) as problem:
        cause = str(getattr(problem, "orig", None) or problem).partition("\n")[0]
        _end(f"数据库打不开：{cause}\nThe database cannot be opened. intercept-bot doctor 会逐项检查。")

    async def once() -> T:
        database = open_database(settings.database)
        try:
            return await use(database)
        finally:
            await database.close()

    return asyncio.run(once())


def _end(words: str) -> NoReturn:
    click.echo(words, err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
