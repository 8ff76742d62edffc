"""Runs the house until it is told to stop, and says in words why it cannot start."""

from __future__ import annotations

import asyncio
import signal
import sys

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from bot import logs
from bot.app import RELOAD, build
from bot.carriers.contract import ConfigurationError
from bot.channels.configuration import ChannelsError
from bot.rules.rulefile import RulesFileError
from bot.settings import Settings, unknown
from bot.store.database import DatabaseInUse, NotStored

log = structlog.get_logger(__name__)

OPEN_STREAMS_S = 1.0
"""How long an open page's event stream holds up the end."""


async def run(settings: Settings) -> int:
    """Serves until SIGTERM or SIGINT; 0 then, 1 when it could not start. SIGHUP reads the routes again.

    Told to stop while it is still starting, it finishes that first: what it has begun ends in order.
    """
    logs.configure(settings.log_format, settings.log_level)
    for name, meant in unknown().items():
        log.warning("settings.unknown", name=name, meant=meant)
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    try:
        server = await _built(settings)
    except Refused as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    try:
        await web.TCPSite(server, settings.host, settings.port).start()
    except OSError as problem:
        await server.cleanup()
        sys.stderr.write(
            f"{settings.host}:{settings.port} 不能监听（{problem.strerror}）：换一个 PORT，或停掉占着它的程序。\n"
            f"Cannot listen on {settings.host}:{settings.port}: choose another PORT, or stop what uses it.\n"
        )
        return 1
    address = _address(server)
    _greet(address, demo=settings.demo)
    log.info("serve.ready", address=address, demo=settings.demo)
    await told.wait()
    log.info("serve.ending")
    await server.cleanup()
    log.info("serve.ended")
    return 0


class Refused(Exception):
    """The house cannot be built; the text says why, and what to do."""


async def _built(settings: Settings) -> web.AppRunner:
    """The house with its runner going, not yet listening. Raises `Refused`."""
    try:
        app = await build(settings)
        server = web.AppRunner(app, access_log=None, shutdown_timeout=OPEN_STREAMS_S)
        await server.setup()
    except DatabaseInUse as problem:
        raise Refused(
            f"数据库 {problem} 已经有一个 serve 在用；要同时跑几个，请用 PostgreSQL（DATABASE_URL）。\n"
            f"Another serve is using {problem}; several at once need PostgreSQL (DATABASE_URL)."
        ) from None
    except (ConfigurationError, ChannelsError, RulesFileError) as problem:
        raise Refused(f"{problem}\n改好以后再启动。 Mend this and start again.") from None
    except (SQLAlchemyError, NotStored) as problem:
        cause = str(getattr(problem, "orig", None) or problem).partition("\n")[0]
        raise Refused(
            f"数据库打不开（{cause}）：检查 DATABASE_URL，或数据目录的权限和空间。\n"
            "The database cannot be opened: check DATABASE_URL, or the data folder's permissions and space."
        ) from None
    except OSError as problem:
        raise Refused(
            f"{problem.filename or settings.data} 用不了（{problem.strerror}）：换一个 BOT_DATA，或改它的权限。\n"
            f"{problem.filename or settings.data} cannot be used: name another BOT_DATA, or change its permissions."
        ) from None
    except ModuleNotFoundError as problem:
        raise Refused(
            f"PostgreSQL 要多装一份（缺 {problem.name}）：pip install 'intercept-bot[postgres]'\n"
            f"PostgreSQL needs its extra ({problem.name} is missing): pip install 'intercept-bot[postgres]'"
        ) from None
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, app[RELOAD])
    return server


def _address(server: web.AppRunner) -> str:
    """Where a browser on this machine finds it, with the port that was really taken."""
    host, port = server.addresses[0][:2]
    seen = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - listened on, seen from here
    return f"http://[{seen}]:{port}/" if ":" in seen else f"http://{seen}:{port}/"


def _greet(address: str, *, demo: bool) -> None:
    """For whoever started it by hand."""
    zh, en = ("登录名 agent，密码 demo。", "Sign in as agent with the password demo. ") if demo else ("", "")
    sys.stdout.write(
        f"\n拦截助手已经启动，请用浏览器打开：\n\n    {address}\n\n{zh}按 Ctrl+C 停下。\n"
        f"intercept-bot is ready: open the address above in a browser. {en}Ctrl+C stops it.\n\n"
    )
    sys.stdout.flush()
