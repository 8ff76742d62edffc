"""Commands that run until they are stopped: the bot, the sandbox, and both for the demo."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.beside import end, load_settings

if TYPE_CHECKING:
    from bot.settings import Settings


@click.command()
@click.option("--demo", is_flag=True, help="示例店铺，所有通道都指向沙箱；sample shop, every route to the sandbox")
def serve(demo: bool) -> None:  # noqa: FBT001 - a command's flag
    """启动机器人和网页。 Runs the bot with its web console and its API."""
    settings = load_settings(demo=demo)
    if demo and not settings.sandbox_url:
        end(
            "serve --demo 需要 SANDBOX_URL（沙箱的地址）；或者用 intercept-bot demo 一起启动。\n"
            "serve --demo needs SANDBOX_URL, the address of a running sandbox; `intercept-bot demo` starts both."
        )
    sys.exit(_serve(settings))


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), required=True)
@click.option("--log", "log_file", type=click.Path(path_type=Path, dir_okay=False), required=True)
@click.option("--seed", type=int, default=0, show_default=True)
def sandbox(port: int, log_file: Path, seed: int) -> None:
    """快递和平台的沙箱。 Loopback twins of the carriers and the shop platform, one process of its own."""
    from bot.sandbox.app import main as run_sandbox

    sys.exit(run_sandbox(port, log_file, seed))


@click.command()
def demo() -> None:
    """沙箱和机器人一起启动。 What `make run` starts: a sandbox, unless SANDBOX_URL names one, and `serve --demo`."""
    settings = load_settings(demo=True)
    if sys.stderr.isatty():
        os.environ.setdefault("BOT_LOG_LEVEL", "error")  # a newcomer reads the address, not a line for each call
    if settings.sandbox_url:
        sys.exit(_serve(load_settings(demo=True)))
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        end(f"BOT_DATA: {settings.data} 用不了（{problem.strerror}）。\n{settings.data} cannot be used.")
    port = _free_port()
    command = [sys.executable, "-m", "bot.cli", "sandbox", "--port", str(port), "--log"]
    twin = subprocess.Popen([*command, str(settings.data / "sandbox.jsonl")], preexec_fn=_die_with_parent)  # noqa: PLW1509, S603
    code = 1
    try:
        _wait_for(port, twin)
        os.environ["SANDBOX_URL"] = f"http://127.0.0.1:{port}"
        code = _serve(load_settings(demo=True))
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
            end("沙箱没有启动。\nThe sandbox did not start.")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    end("沙箱 10 秒内没有应答。\nThe sandbox gave no answer within 10 s.")
