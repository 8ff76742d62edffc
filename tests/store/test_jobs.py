"""The queue's own tables: there with ours, brought along when the library moves on."""

import re
from importlib import resources
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from bot.store import jobs, migrate
from tests.stored import driver_url

OLD = "03.02.00_50"

CATALOGUE = """
SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type FROM information_schema.columns
 WHERE table_name LIKE 'procrastinate%'
UNION ALL SELECT 'function ' || p.proname || ' ' || md5(regexp_replace(p.prosrc, '[[:space:]]+', ' ', 'g'))
  FROM pg_proc p WHERE p.proname LIKE 'procrastinate%'
UNION ALL SELECT 'index ' || indexname FROM pg_indexes WHERE tablename LIKE 'procrastinate%'
UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger WHERE tgname LIKE 'procrastinate%'
ORDER BY 1
"""


@pytest.fixture
def url(postgres_url: str) -> str:
    """The address of an empty database."""
    return driver_url(postgres_url)


def catalogue(connection: Connection) -> list[str]:
    """What the queue has in this database, bodies of functions included."""
    return list(connection.execute(text(CATALOGUE)).scalars())


def old_tables(connection: Connection) -> None:
    """The queue's tables as an earlier version of the library made them, with a job in them."""
    folder = Path(str(resources.files("procrastinate.sql"))) / "migrations"
    for script in sorted(folder.glob("*.sql")):
        if script.name <= OLD + "~":
            connection.exec_driver_sql(script.read_text("utf-8").replace("%", "%%"))
            connection.commit()
    connection.execute(text(f"COMMENT ON TABLE procrastinate_jobs IS '{OLD}'"))
    row = "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('default', 'intercept:move')"
    connection.execute(text(row))
    connection.commit()


def test_the_version_is_written_on_the_table(url: str) -> None:
    """After a start the table says which version of the library's tables it is, and a second start changes nothing."""
    migrate.upgrade(url)
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        before = catalogue(connection)
        comment = connection.execute(text("SELECT obj_description('procrastinate_jobs'::regclass)")).scalar_one()
    migrate.upgrade(url)
    with engine.connect() as connection:
        assert catalogue(connection) == before
    assert re.fullmatch(r"\d\d\.\d\d\.\d\d_\d\d", comment)


def test_older_tables_are_brought_along(url: str, shared_url: str) -> None:
    """A database with the tables of an earlier version has those of the present one afterwards, its jobs kept."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        old_tables(connection)
        old = catalogue(connection)
    migrate.upgrade(url)
    with engine.connect() as connection, create_engine(shared_url, poolclass=NullPool).connect() as fresh:
        assert catalogue(connection) == catalogue(fresh)
        assert catalogue(connection) != old
        assert connection.execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar_one() == 1


def test_a_copy_without_comments_is_taken_for_the_present_version(url: str) -> None:
    """A dump that was restored without comments starts all the same."""
    migrate.upgrade(url)
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("COMMENT ON TABLE procrastinate_jobs IS NULL"))
        before = catalogue(connection)
    migrate.upgrade(url)
    with engine.begin() as connection:
        assert catalogue(connection) == before
        jobs.upgrade(connection)
        assert catalogue(connection) == before
