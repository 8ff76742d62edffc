"""The sandbox as a process of its own, as users start it, for tests that speak to it through our own adapters."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LATER_S = 0.2

_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


@dataclass(frozen=True)
class Twin:
    """A running sandbox: where it listens, and what it wrote down."""

    url: str
    log: Path

    def arm(self, tracking_number: str, outcome: str, **more: Any) -> None:
        """Decides what the next create of that parcel meets."""
        self._put(f"/parcels/{tracking_number}", {"outcome": outcome, "delay_s": 0, "later_s": LATER_S, **more})

    def down(self, seconds: float) -> None:
        """Nobody can reach it for so long."""
        self._put("/defaults", {"outcome": "down", "later_s": seconds})

    def orders(self, tracking_number: str) -> int:
        """How many orders the parcel got, in the sandbox's own world."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return sum(c["new_order"] for c in map(json.loads, lines) if c["tracking_number"] == tracking_number)

    def _put(self, path: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.url}/_sandbox{path}",
            data=json.dumps(body).encode(),
            method="PUT",
            headers={"Content-Type": "application/json"},
        )
        _open(request, timeout=10).read()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Twin]:
    """Starts a sandbox, waits until it answers, and ends it."""
    port = free_port()
    twin = Twin(f"http://127.0.0.1:{port}", folder / "sandbox.jsonl")
    command = [sys.executable, "-m", "bot.sandbox", "--port", str(port), "--log", str(twin.log), "--seed", "7"]
    with (folder / "sandbox.out").open("w") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
        try:
            _wait(twin, process)
            yield twin
        finally:
            process.terminate()
            process.wait(timeout=10)


def _wait(twin: Twin, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the sandbox ended before it answered: see {twin.log.parent}")
        try:
            _open(f"{twin.url}/_sandbox/parcels/none", timeout=2)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the sandbox did not answer within 30 s")
