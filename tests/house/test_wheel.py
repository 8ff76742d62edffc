"""The wheel, installed where no checkout is, serves."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

LIMIT_S = 30.0


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of what it is made from, by the pinned builder and without the network."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(root / name, source)
    for name in ("bot", "templates"):
        shutil.copytree(root / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", source / "dist", source],
        check=True,
        capture_output=True,
        timeout=LIMIT_S,
    )
    (built,) = (source / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own with the wheel in it. What the wheel needs is lent from the environment of the tests:
    by a path file, which is not followed any further, so the checkout that is installed there stays out of sight.
    """
    home = tmp_path_factory.mktemp("elsewhere") / "env"
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    uv = Path(sysconfig.get_path("scripts")) / "uv"
    subprocess.run(
        [uv, "pip", "install", "-q", "--offline", "--no-deps", "--python", python, wheel],
        check=True,
        capture_output=True,
        timeout=LIMIT_S,
    )
    (site,) = (home / "lib").glob("python*/site-packages")
    (site / "lent.pth").write_text(sysconfig.get_path("purelib"), "utf-8")
    return home


def test_the_wheel_carries_every_file(wheel: Path, root: Path) -> None:
    """Code, rules, migrations, script and templates are all in the wheel, and nothing else is."""
    with zipfile.ZipFile(wheel) as archive:
        carried = {name for name in archive.namelist() if ".dist-info/" not in name}
    ours = {
        (Path("bot") / path.relative_to(root) if folder == "templates" else path.relative_to(root)).as_posix()
        for folder in ("bot", "templates")
        for path in (root / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert carried == ours


def test_the_wheel_stands_alone(installed: Path, tmp_path: Path) -> None:
    """The installed package is the wheel's, finds its templates inside itself, and starts its line filters."""
    seen = subprocess.run(
        [installed / "bin" / "python", "-c", "import bot.resources as r; print(r.__file__); print(r.templates())"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        timeout=LIMIT_S,
    ).stdout.split()
    assert [Path(line).is_relative_to(installed) for line in seen] == [True, True]
    assert any(Path(seen[1]).iterdir())
    parsed = subprocess.run(
        [installed / "bin" / "intercept-bot", "parse"],
        input='{"text": "/help"}\n',
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        timeout=LIMIT_S,
    )
    assert parsed.stdout == '{"command": "help", "ids": []}\n'


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answer(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - an address of our own
        return str(answer.read().decode("utf-8"))


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + LIMIT_S
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            _answer(url)
            return
        time.sleep(0.1)
    pytest.fail(f"the demo did not get ready:\n{log.read_text('utf-8', 'replace')[-2000:]}")


@pytest.fixture
def demo(installed: Path, tmp_path: Path) -> Iterator[str]:
    """The address of `intercept-bot demo` from the wheel, once ready; SIGTERM ends it within ten seconds."""
    port = _free_port()
    env = {"PATH": os.defpath, "HOME": str(tmp_path), "PORT": str(port), "BOT_DATA": str(tmp_path / "data")}
    with (tmp_path / "demo.log").open("wb") as log:
        process = subprocess.Popen(
            [installed / "bin" / "intercept-bot", "demo"],
            cwd=tmp_path,
            env=env,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_until_ready(f"{address}/readyz", process, tmp_path / "demo.log")
        yield address
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def test_the_wheel_serves(demo: str) -> None:
    """The demo runs from the wheel alone and shows its sign-in page in its own words."""
    assert "拦截" in _answer(f"{demo}/")
