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
from bot.settings import Settings
from bot.store.database import DatabaseInUse

log = structlog.get_logger(__name__)

OPEN_STREAMS_S = 1.0
"""How long an open page's event stream holds up the end."""


async def run(settings: Settings) -> int:
    """Serves until SIGTERM or SIGINT; 0 then, 1 when it could not start. SIGHUP reads the routes again."""
    logs.configure(settings.log_format, settings.log_level)
    try:
        app = await build(settings)
        server = web.AppRunner(app, access_log=None, shutdown_timeout=OPEN_STREAMS_S)
        await server.setup()
    except DatabaseInUse as problem:
        return _no(
            f"数据库 {problem} 已经有一个 serve 在用；要同时跑几个，请用 PostgreSQL（DATABASE_URL）。",
            f"Another serve is using {problem}; several at once need PostgreSQL (DATABASE_URL).",
        )
    except (ConfigurationError, ChannelsError, RulesFileError) as problem:
        return _no(str(problem))
    except SQLAlchemyError as problem:
        return _no(f"数据库打不开：{problem}", "The database cannot be opened.")
    try:
        await web.TCPSite(server, settings.host, settings.port).start()
    except OSError as problem:
        await server.cleanup()
        return _no(
            f"{settings.host}:{settings.port} 不能监听：{problem.strerror}。",
            f"Cannot listen on {settings.host}:{settings.port}.",
        )
    sys.stdout.write(f"拦截助手 / intercept-bot  http://{settings.host}:{settings.port}/\n")
    sys.stdout.flush()
    log.info("serve.ready", host=settings.host, port=settings.port, demo=settings.demo)
    await _until_told(app)
    await server.cleanup()
    log.info("serve.ended")
    return 0


async def _until_told(app: web.Application) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    loop.add_signal_handler(signal.SIGHUP, app[RELOAD])
    await told.wait()


def _no(*words: str) -> int:
    sys.stderr.write("\n".join(words) + "\n")
    return 1
