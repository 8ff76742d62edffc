"""Where a round happens: a fresh database with the present tables, and a process of its own for what is measured."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from bot.store.migrate import upgrade
from tests.postgres import PostgresServer
from tests.stored import driver_url

LIMIT_S = 180.0


class Places(AbstractContextManager["Places"]):
    """A folder for this run, and the server of the tests, started when a round first needs it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bench-"))
        self._server: PostgresServer | None = None
        self._template = self.folder / "template.db"
        self._made = 0

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def fresh_folder(self) -> Iterator[Path]:
        """A folder for one round."""
        self._made += 1
        folder = self.folder / f"round{self._made}"
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def database(self, kind: str) -> Iterator[str]:
        """The address of an empty database with all tables: `sqlite` or `postgres`."""
        if kind == "postgres":
            server = self._server = self._server or PostgresServer()
            name = server.create(server.prepared("tables", lambda url: upgrade(driver_url(url))))
            yield driver_url(server.url(name))
            server.drop(name)
            return
        if not self._template.exists():
            upgrade(f"sqlite:///{self._template}")
        with self.fresh_folder() as folder:
            shutil.copy(self._template, folder / "bot.db")
            yield f"sqlite:///{folder / 'bot.db'}"


def worker(module: str, *args: str) -> Any:
    """Runs a module of this package as a process of its own; what it prints is its result."""
    done = subprocess.run(
        [sys.executable, "-m", module, *args], stdout=subprocess.PIPE, check=True, timeout=LIMIT_S, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])
