"""Sends prepared HTTP requests over kept-alive connections, one after another on each, and times every answer.

A process of its own, with no HTTP library: what it costs is the same for all who are measured, and small.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import uvloop

from benchmarks.goals import percentile


class Sender(asyncio.Protocol):
    """One connection: sends the next request as soon as the last one is answered, until time is up."""

    def __init__(self, requests: list[bytes], first: int, step: int, until: float) -> None:
        self._requests = requests
        self._place = first
        self._step = step
        self._until = until
        self._buffer = b""
        self._sent_at = 0.0
        self._transport: Any = None
        self.taken: list[float] = []
        self.refused = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        size = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0] or 0)
        if len(rest) < size:
            return
        self._buffer = b""
        self.taken.append(time.perf_counter() - self._sent_at)
        self.refused += not head.startswith(b"HTTP/1.1 2")
        if time.perf_counter() < self._until:
            self._send()
        elif not self.done.done():
            self.done.set_result(None)
            self._transport.close()

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._requests[self._place % len(self._requests)])
        self._place += self._step


async def _run(port: int, requests: list[bytes], at_once: int, seconds: float) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    senders = []
    for place in range(at_once):
        _, sender = await loop.create_connection(
            lambda place=place: Sender(requests, place, at_once, began + seconds), "127.0.0.1", port
        )
        senders.append(sender)
    await asyncio.gather(*(sender.done for sender in senders))
    ended = time.perf_counter() - began
    taken = [value for sender in senders for value in sender.taken]
    return {
        "rps": len(taken) / ended,
        "p50_ms": percentile(taken, 0.5) * 1000,
        "p99_ms": percentile(taken, 0.99) * 1000,
        "refused": sum(sender.refused for sender in senders),
    }


def main() -> None:
    """Reads what to send as one line of JSON, prints what came of it as another."""
    for line in sys.stdin:
        wanted = json.loads(line)
        requests = [text.encode() for text in wanted["posts"]]
        found = uvloop.run(_run(wanted["port"], requests, wanted["at_once"], wanted["seconds"]))
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
