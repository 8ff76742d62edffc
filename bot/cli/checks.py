"""What keeps the bot from working, before somebody needs it."""

from __future__ import annotations

import asyncio
import sys

import click

from bot.cli.beside import load_settings


@click.command()
def doctor() -> None:
    """检查设置、数据库、通道、凭证、时钟。 One line each; exit 1 when one fails."""
    from bot import logs
    from bot.doctor import examine

    settings = load_settings()
    logs.configure(settings.log_format, "error")
    sys.exit(asyncio.run(examine(settings, click.echo)))
