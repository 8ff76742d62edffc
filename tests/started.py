"""The commands as people start them: processes of their own, in a folder and an environment of their own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.twin import ROOT, free_port

COMMAND = (sys.executable, "-m", "bot.cli")
LIMIT_S = 60.0

_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


def environment(data: Path, **more: str) -> dict[str, str]:
    """What a command of this folder sees: nothing of whoever runs the tests."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "BOT_DATA": str(data), **more}


def run(data: Path, *args: str, stdin: str | bytes = b"", **env: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    done = subprocess.run(
        [*COMMAND, *args],
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        timeout=LIMIT_S,
        cwd=data,
        env=environment(data, **env),
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def well(data: Path, *args: str, stdin: str | bytes = b"", **env: str) -> str:
    """What a command that must succeed prints."""
    done = run(data, *args, stdin=stdin, **env)
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP."""

    status: int
    body: str
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def ask(url: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
    """One request, whatever its status; header names with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, named, method=method)  # noqa: S310 - loopback
    try:
        with _open(request, timeout=20) as answer:
            return Answer(answer.status, answer.read().decode(), dict(answer.headers))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read().decode(), dict(error.headers))


@dataclass
class Served:
    """A running bot: where it listens, and what it printed."""

    url: str
    data: Path
    process: subprocess.Popen[bytes]
    out: Path
    err: Path
    env: dict[str, str] = field(default_factory=dict)

    def printed(self) -> str:
        """Its standard output so far."""
        return self.out.read_text("utf-8")

    def logged(self) -> str:
        """Its standard error so far."""
        return self.err.read_text("utf-8")

    def events(self, name: str) -> list[dict[str, Any]]:
        """Its log lines of that event; every line of the log is one JSON object."""
        lines = [json.loads(line) for line in self.logged().splitlines()]
        return [line for line in lines if line["event"] == name]

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Tells it to end; its exit code, and how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(20), time.monotonic() - began


@contextlib.contextmanager
def serving(folder: Path, *args: str, **env: str) -> Iterator[Served]:
    """Starts a bot, waits until it is ready, and ends it."""
    port = env.pop("PORT", str(free_port()))
    data = folder / "data"
    data.mkdir(exist_ok=True, parents=True)
    whole = environment(data, PORT=port, BOT_LOG_FORMAT="json", **env)
    out, err = folder / "serve.out", folder / "serve.err"
    with out.open("wb") as to_out, err.open("wb") as to_err:
        process = subprocess.Popen([*COMMAND, *args], stdout=to_out, stderr=to_err, cwd=folder, env=whole)
    served = Served(f"http://127.0.0.1:{port}", data, process, out, err, env)
    try:
        _wait(served)
        yield served
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)


def _wait(served: Served) -> None:
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        if served.process.poll() is not None:
            raise RuntimeError(f"it ended before it was ready:\n{served.logged()[-2000:]}")
        with contextlib.suppress(OSError):
            if ask(f"{served.url}/readyz").status == 200:
                return
        time.sleep(0.05)
    raise RuntimeError(f"it was not ready within {LIMIT_S:g} s:\n{served.logged()[-2000:]}")


class Visitor:
    """Somebody with a browser that runs no script: cookies are kept, forms carry their token."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.cookies = CookieJar()
        self._open = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.cookies)
        ).open
        self.tokens: set[str] = set()

    def get(self, path: str) -> Answer:
        """A page; the form token in it is remembered."""
        return self._answer(urllib.request.Request(self._url + path))  # noqa: S310 - loopback

    def post(self, path: str, **fields: str) -> Answer:
        """A form as the last page showed it."""
        body = urlencode({"csrf": self._token, **fields}).encode()
        headers = {"Origin": self._url, "Sec-Fetch-Site": "same-origin"}
        return self._answer(urllib.request.Request(self._url + path, body, headers))  # noqa: S310 - loopback

    def sign_in(self, login: str, password: str) -> Answer:
        """From the sign-in page on to the workbench, or back to the sign-in page."""
        self.get("/sign-in")
        return self.post("/sign-in", login=login, password=password, next="/")

    def _answer(self, request: urllib.request.Request) -> Answer:
        try:
            with self._open(request, timeout=20) as came:
                answer = Answer(came.status, came.read().decode(), dict(came.headers))
        except urllib.error.HTTPError as error:
            with error:
                answer = Answer(error.code, error.read().decode(), dict(error.headers))
        found = re.search(r'name="csrf" value="([^"]+)"', answer.body)
        if found is not None:
            self._token = found[1]
            self.tokens.add(found[1])
        return answer

    def stream(self, path: str) -> Any:
        """An open stream of events; whoever opens it closes it."""
        return self._open(urllib.request.Request(self._url + path), timeout=20)  # noqa: S310 - loopback
