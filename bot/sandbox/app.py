"""Builds the sandbox and serves it: one process of its own, on loopback, until SIGTERM or SIGINT."""

import asyncio
import signal
import sys
from pathlib import Path

from aiohttp import web

from bot.sandbox import doudian, yto, yunda, zto
from bot.sandbox.control import Control
from bot.sandbox.listener import Listener
from bot.sandbox.log import CallLog
from bot.sandbox.signing import ZTO_DIGESTS
from bot.sandbox.world import World

LISTENER = web.AppKey("listener", Listener)
LOG = web.AppKey("log", CallLog)


def build(log_path: Path, seed: int, *, zto_digest: str = ZTO_DIGESTS[0]) -> web.Application:
    """All twins and the control routes as one application; its log is opened here and closed with it.

    `zto_digest` is the way of signing that the demo app chose in 中通's console.
    """
    world, log, listener = World(seed), CallLog(Path(log_path)), Listener()
    app = web.Application()
    app[LISTENER] = listener
    app[LOG] = log
    Control(world, listener).mount(app)
    zto.Zto(world, log, zto_digest).mount(app)
    yto.Yto(world, log).mount(app)
    doudian.Doudian(world, log).mount(app)
    yunda.Yunda(world, log).mount(app)
    app.on_cleanup.append(_close_log)
    return app


async def _close_log(app: web.Application) -> None:
    app[LOG].close()


async def run(host: str, port: int, log_path: Path, seed: int) -> None:
    """Serve until SIGTERM or SIGINT, then end within a second. Raises `OSError` when port or log cannot be had."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    app = build(log_path, seed)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        bound = await app[LISTENER].open(runner, host, port)
        sys.stdout.write(f"sandbox: http://{host}:{bound}, log {log_path}, seed {seed}\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await app[LISTENER].close()
        await runner.cleanup()


def main(port: int, log: Path, seed: int) -> int:
    """`intercept-bot sandbox`: the exit code, 1 with words when the port or the log cannot be had."""
    try:
        asyncio.run(run("127.0.0.1", port, log, seed))
    except OSError as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 1
    return 0
