"""The queue's own tables (Procrastinate, PostgreSQL alone), put there under the migration lock (ruling 26).

Nothing in them matters: what is to be done stands in the rows, and the tick makes the jobs again from those.
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

from sqlalchemy import Connection, text

PREFIX = "procrastinate_"
"""How each of its tables begins."""

_VERSION = re.compile(r"(\d\d\.\d\d\.\d\d_\d\d)_")
_FRESH = "SELECT to_regclass('procrastinate_jobs') IS NULL"
_HAVE = "SELECT obj_description(to_regclass('procrastinate_jobs'), 'pg_class')"


def upgrade(connection: Connection) -> None:
    """Creates the queue's tables, or brings them to the installed version; that version is a comment on the table.

    The caller holds the migration lock, in a transaction.
    """
    scripts = _migrations()
    newest = max(scripts)
    if connection.execute(text(_FRESH)).scalar():
        _run(connection, (resources.files("procrastinate.sql") / "schema.sql").read_text("utf-8"))
    else:
        have = connection.execute(text(_HAVE)).scalar()
        if have == newest:
            return
        # A copy without comments says nothing of its version: then it is taken for the present one.
        for version in sorted(scripts):
            if have is not None and version > have:
                _run(connection, scripts[version].read_text("utf-8"))
    _run(connection, f"COMMENT ON TABLE procrastinate_jobs IS '{newest}'")


def _migrations() -> dict[str, Path]:
    folder = Path(str(resources.files("procrastinate.sql"))) / "migrations"
    return {found.group(1): path for path in folder.glob("*.sql") if (found := _VERSION.match(path.name))}


def _run(connection: Connection, script: str) -> None:
    # A whole script goes to the server as it is: the driver must not look for parameters in it.
    connection.exec_driver_sql(script.replace("%", "%%"))
