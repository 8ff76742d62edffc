"""A carrier on this machine that costs as little as possible: it speaks 圆通's answers, and says yes to everything.

A process of its own, so that its work is not counted as ours. `python -m benchmarks.loopback --delay 0.05` prints its
port and serves until its standard input ends, so it never outlives whoever started it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
ACCEPTED = json.dumps({"statusCode": 0, "statusMessage": "成功"}).encode()
SCANS = (
    ("2026-11-23 20:10:00", "GOT", "【杭州市】您的快件已揽收"),
    ("2026-11-23 23:40:00", "DEPARTURE", "【杭州转运中心】已发出"),
    ("2026-11-24 05:20:00", "ARRIVAL", "【武汉转运中心】已到达"),
)
TRACE = json.dumps(
    [
        {"waybill_No": "", "upload_Time": at, "infoContent": info, "processInfo": words, "city": "杭州市"}
        for at, info, words in SCANS
    ]
).encode()


class Peer(asyncio.Protocol):
    """One kept-alive connection: reads whole requests, answers each after the delay that holds for its path."""

    def __init__(self, delay_s: float) -> None:
        self._delay = delay_s
        self._buffer = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head, separator, rest = self._buffer.partition(b"\r\n\r\n")
            if not separator:
                return
            found = LENGTH.search(head)
            size = int(found[1]) if found else 0
            if len(rest) < size:
                return
            self._buffer = rest[size:]
            self._answer(head.split(b" ", 2)[1])

    def _answer(self, path: bytes) -> None:
        if b"track_query" in path:
            self._send(TRACE)
        elif self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._send, ACCEPTED)
        else:
            self._send(ACCEPTED)

    def _send(self, body: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            self._transport.write(head.encode() + body)


@dataclass(frozen=True, slots=True)
class Carrier:
    """A running one."""

    url: str
    pid: int
    delay_s: float


@contextlib.contextmanager
def carrier(delay_s: float) -> Iterator[Carrier]:
    """Starts a carrier, and ends it."""
    command = [sys.executable, "-m", "benchmarks.loopback", "--delay", str(delay_s)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port = int(process.stdout.readline())
        try:
            yield Carrier(f"http://127.0.0.1:{port}", process.pid, delay_s)
        finally:
            process.stdin.close()
            process.wait(10)


async def _serve(delay_s: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Peer(delay_s), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def main() -> None:
    """Runs one."""
    import uvloop  # noqa: PLC0415 - only this process needs it

    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=0.0)
    uvloop.run(_serve(parser.parse_args().delay))


if __name__ == "__main__":
    main()
