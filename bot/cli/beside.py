"""What commands share: the settings, the database beside a running bot, an end in words."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.settings import Settings
    from bot.store.database import Database

T = TypeVar("T")


def load_settings(*, demo: bool = False) -> Settings:
    """The settings; ends in words when one is wrong."""
    from bot.settings import SettingsError, load

    try:
        return load(demo=demo)
    except SettingsError as problem:
        end(str(problem))


def write(work: Callable[[Connection], T]) -> T:
    """One short transaction beside a running bot (ruling 9)."""
    return beside(load_settings(), lambda database: database.write(work))


def beside(settings: Settings, use: Callable[[Database], Awaitable[T]]) -> T:
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
        end(f"数据库打不开：{cause}\nThe database cannot be opened. intercept-bot doctor 会逐项检查。")

    async def once() -> T:
        database = open_database(settings.database)
        try:
            return await use(database)
        finally:
            await database.close()

    return asyncio.run(once())


def end(words: str) -> NoReturn:
    """Exit 1, with the reason on standard error."""
    click.echo(words, err=True)
    sys.exit(1)
