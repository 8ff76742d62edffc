"""The tables are brought up to date at every start, by whoever comes first."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.pool import NullPool

from bot.store import jobs, migrate
from bot.store.schema import metadata
from tests.stored import driver_url

LIMIT_S = 60.0


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new' / 'bot.db'}"
    return driver_url(request.getfixturevalue("postgres_url"))


@pytest.fixture
def look(any_url: str) -> Iterator[Connection]:
    """A connection to a database with the present tables."""
    engine = create_engine(any_url, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def tables(url: str) -> set[str]:
    """The names of all our tables, without those of the queue."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return {name for name in inspect(connection).get_table_names() if not name.startswith(jobs.PREFIX)}


def python(code: str, *arguments: str) -> "subprocess.Popen[str]":
    """A process of its own that runs this."""
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_the_newest_revision_is_the_constant() -> None:
    """What the code takes for the newest revision is the newest script, and there is one line of scripts."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).with_name("migrations")))
    assert ScriptDirectory.from_config(config).get_heads() == [migrate.HEAD]


def test_an_empty_database_gets_every_table(empty_url: str) -> None:
    """After one start all tables are there, and a missing folder for the file is made."""
    migrate.upgrade(empty_url)
    assert tables(empty_url) == {*metadata.tables, "alembic_version"}


def test_the_scripts_make_what_the_code_describes(look: Connection) -> None:
    """Compared with the tables in the code, the migrated database lacks nothing and has nothing else."""

    def ours(_object: Any, name: str | None, kind: str, _reflected: object, _compared: object) -> bool:
        return kind != "table" or name is None or not name.startswith(jobs.PREFIX)

    context = MigrationContext.configure(look, opts={"include_object": ours})
    assert compare_metadata(context, metadata) == []


def test_checks_are_in_the_database(look: Connection) -> None:
    """The checks of ruling 8 are there on both databases, which a comparison of tables does not see."""
    checks = {check["name"] for check in inspect(look).get_check_constraints("cases")}
    assert {"ck_cases_state_phase", "ck_cases_fee_only_on_success"} <= checks


def test_looks_are_swept_early(shared_url: str) -> None:
    """The table of cases, whose rows change at each look, leaves room in its pages and is vacuumed often."""
    engine = create_engine(shared_url, poolclass=NullPool)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT reloptions FROM pg_class WHERE relname = 'cases'")).scalar_one()
    assert set(found) == {"fillfactor=80", "autovacuum_vacuum_scale_factor=0.02"}


def test_a_second_start_changes_nothing(any_url: str) -> None:
    """A database that is up to date is left alone, whatever is in it."""
    engine = create_engine(any_url, poolclass=NullPool)
    row = "INSERT INTO shops (id, name, active, cross_border, created_at) VALUES ('s', 's', true, false, 0)"
    with engine.begin() as connection:
        connection.execute(text(row))
    migrate.upgrade(any_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT id FROM shops")).scalars().all() == ["s"]
        assert migrate.revision(connection) == migrate.HEAD


def test_a_start_without_a_change_is_quick(any_url: str) -> None:
    """A database that is up to date is recognised without loading the machinery of migrations."""
    code = "import sys; from bot.store import migrate; migrate.upgrade(sys.argv[1]); print('alembic' in sys.modules)"
    said, _ = python(code, any_url).communicate(timeout=LIMIT_S)
    assert said == "False\n"


def test_four_starts_at_once(empty_url: str) -> None:
    """Processes that start together on an empty database all come up, and make the tables once."""
    code = "import sys; from bot.store import migrate; migrate.upgrade(sys.argv[1])"
    started = [python(code, empty_url) for _ in range(4)]
    said = [process.communicate(timeout=LIMIT_S)[0] for process in started]
    assert [process.returncode for process in started] == [0] * 4, said
    assert tables(empty_url) == {*metadata.tables, "alembic_version"}


def test_a_migration_that_fails_leaves_nothing(empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a script breaks in the middle, the database is as it was, and the next start begins anew."""
    scripts = tmp_path / "copy" / "migrations"
    shutil.copytree(Path(migrate.__file__).with_name("migrations"), scripts)
    (first,) = (scripts / "versions").glob("0001_*.py")
    first.write_text(first.read_text("utf-8") + "\n    raise LookupError('on purpose')\n", "utf-8")
    with monkeypatch.context() as broken:
        broken.setattr(migrate, "__file__", str(scripts.with_name("migrate.py")))
        with pytest.raises(LookupError, match="on purpose"):
            migrate.upgrade(empty_url)
    assert tables(empty_url) == set()
    migrate.upgrade(empty_url)
    assert tables(empty_url) == {*metadata.tables, "alembic_version"}


def test_sqlite_needs_nothing_of_the_extra(tmp_path: Path) -> None:
    """Without psycopg and Procrastinate an SQLite database is migrated and opened."""
    code = """
import sys
sys.modules.update(dict.fromkeys(["psycopg", "psycopg_pool", "procrastinate"]))
from bot.runners import local
from bot.store import database, migrate
migrate.upgrade(sys.argv[1])
database.open_database(sys.argv[1])
print("open")
"""
    said, _ = python(code, f"sqlite:///{tmp_path / 'bot.db'}").communicate(timeout=LIMIT_S)
    assert said == "open\n"


def test_the_queue_stands_beside_our_tables(shared_url: str) -> None:
    """The queue's tables are there as well, under names of their own."""
    engine = create_engine(shared_url, poolclass=NullPool)
    with engine.connect() as connection:
        both = set(inspect(connection).get_table_names())
    assert {name for name in both if name.startswith(jobs.PREFIX)} == both - {*metadata.tables, "alembic_version"}
    assert f"{jobs.PREFIX}jobs" in both
