"""Brings a database to the present tables, under a lock, at every start (`real-parts.md` 7).

Old and new code share the rows: tables only gain columns, and a state is read for one release longer than it is
written.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.pool import NullPool

from bot.store import after_sales, batches, cards, cases, chats, events, fees, people, questions, shops, told, turns
from bot.store.database import is_sqlite, sqlite_engine, sqlite_path

HEAD = "0006"
"""The newest revision; a test compares it with the scripts. A database that has it is not touched, and Alembic not even
imported."""

LOCK = 7_302_045
TABLES = (after_sales, batches, cards, cases, chats, events, fees, people, questions, shops, told, turns)
"""The files whose import puts the tables into `metadata`."""


def upgrade(url: str) -> None:
    """Creates or changes the tables; several processes at once are fine. Blocking: call it before the loop runs."""
    if is_sqlite(url):
        path = sqlite_path(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        engine = sqlite_engine(path)
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                _to_head(connection)
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise
        engine.dispose()
        return
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        _to_head(connection)
        from bot.store import jobs  # noqa: PLC0415 - needs the extra, which SQLite does without

        jobs.upgrade(connection)
    engine.dispose()


def revision(connection: Connection) -> str | None:
    """The revision that this database has, None when it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _to_head(connection: Connection) -> None:
    if revision(connection) == HEAD:
        return
    from alembic import command  # noqa: PLC0415 - a tenth of a second that only a change of tables needs
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
