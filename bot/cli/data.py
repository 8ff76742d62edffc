"""After-sales from a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.beside import beside, end, load_settings, write

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.interception.pace import Pace
    from bot.shops.embedded.importing import Report
    from bot.store.database import Database


@click.command("import")
@click.argument("file", type=click.Path(exists=True, path_type=Path, dir_okay=False))
@click.option("--shop", "shop_id", help="店铺；只有一个时可以不写")
def import_file(file: Path, shop_id: str | None) -> None:
    """导入售后单（JSON Lines 或 CSV）。 After-sales from JSON Lines or CSV; good lines are kept, bad ones named."""
    from bot.interception.pace import Pace
    from bot.merchants import shops
    from bot.shops.embedded.importing import import_file as take
    from bot.shops.embedded.intake import EmbeddedIntake
    from bot.store.database import NotStored

    settings = load_settings()
    known = [one.shop_id for one in write(shops.list_all)]
    if shop_id is None and len(known) != 1:
        end(f"请用 --shop 写明店铺：{'、'.join(known) or '还没有店铺'}\nName the shop with --shop.")
    name = shop_id or known[0]
    if name not in known:
        end(f"没有店铺 {name}。\nThere is no shop {name}.")
    pace = Pace.of(settings.call_timeout_s, settings.doubt_quiet_s, settings.unavailable_s, settings.watch_days)

    async def read(database: Database) -> Report:
        intake = EmbeddedIntake(database, lambda c, shop, number: _heard(c, shop, number, pace))
        return await take(intake, name, file, lambda line, why: click.echo(f"{line}: {why}"))

    try:
        report = beside(settings, read)
    except (OSError, NotStored) as problem:
        end(f"读到一半停了，前面的已经收下，可以再导入一次：{problem}")
    click.echo(f"accepted {report.accepted}, rejected {report.rejected}")
    sys.exit(0 if report.accepted else 1)


def _heard(connection: Connection, shop_id: str, number: str, pace: Pace) -> None:
    from bot.interception import traces

    traces.heard(connection, shop_id, number, pace)
