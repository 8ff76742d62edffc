"""A connection that a channel keeps itself, for merchants whom the platform cannot reach (`chat-overview.md`, rule 9).

`keep` opens it again and again, `read` hands on what comes through it. What a frame asks for is acknowledged by the
channel, and only once `Reception.take` has returned: then it is committed. A frame without an acknowledgement comes
again, on this connection or on another, and its id is the same as by the other door.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import structlog
from aiohttp import ClientError, ClientWebSocketResponse, WSMsgType
from yarl import URL

log = structlog.get_logger(__name__)

AT_ONCE = 256
"""So many frames are dealt with at once; the next one is read when one of them is done. More than a platform sends at
once: whoever waits here may be answered too late."""

FINISH_S = 2.5
"""A connection that is to end lets what has come so long be answered: a little more than the reception takes."""

STEADY_S = 30.0
"""A connection that ended sooner was none worth the name: the wait before the next one goes on growing."""

REFUSED_S = 300.0
"""After a no that only a person can mend, such as a wrong secret."""

READ = frozenset({WSMsgType.TEXT, WSMsgType.BINARY})


class NotConnected(Exception):
    """No connection, or no longer. `problem` is a short word for the log, without an address or a secret in it;
    `refused`: only a person can mend it.
    """

    def __init__(self, problem: str, *, refused: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.refused = refused


@dataclass(slots=True)
class Backoff:
    """How long to wait after the n-th failure in a row: anything up to `first_s` doubled n - 1 times, at most
    `longest_s`. Drawn by lot, so that those who lost their connection together do not come back together.
    """

    first_s: float = 1.0
    longest_s: float = 60.0

    def after(self, failures: int) -> float:
        """Seconds."""
        most = min(self.longest_s, self.first_s * 2 ** min(max(failures - 1, 0), 16))
        return random.uniform(min(0.1, most), most)  # noqa: S311 - no secret


@dataclass(slots=True)
class Line:
    """How a channel's own connection is.

    `alone`: the platform keeps one connection and puts out the older one (企业微信), so that of several processes one
    has it; elsewhere each has its own, and the platform sends each message to one of them. `backoff` may be set to what
    the platform asks for.
    """

    name: str
    alone: bool = False
    backoff: Backoff = field(default_factory=Backoff)
    up: bool = False
    opened: int = 0
    failures: int = 0
    problem: str = ""
    _since: float = 0.0

    def is_up(self) -> None:
        """It is open, and messages may come."""
        self.up, self.problem, self._since = True, "", time.monotonic()
        self.opened += 1
        log.info("channel.line_up", channel=self.name)

    def is_down(self, problem: str, *, refused: bool = False) -> float:
        """It has ended, or could not be opened. Returns after how many seconds to try again."""
        steady = self.up and time.monotonic() - self._since >= STEADY_S
        self.failures = 1 if steady else self.failures + 1
        self.up, self.problem = False, problem
        wait_s = REFUSED_S if refused else self.backoff.after(self.failures)
        tell = log.error if refused else log.warning
        tell("channel.line_down", channel=self.name, problem=problem, again_in_s=round(wait_s, 1))
        return wait_s


async def keep(line: Line, once: Callable[[], Awaitable[None]]) -> None:
    """Runs `once`, which opens one connection, calls `line.is_up` and stays until it ends, again and again until this
    is cancelled. Whatever goes wrong is told in the log and tried again later.
    """
    while True:
        refused = False
        try:
            await once()
            problem = "ended"
        except NotConnected as said:
            problem, refused = said.problem, said.refused
        except (ClientError, OSError, TimeoutError) as fault:
            problem = type(fault).__name__
        except Exception:
            log.exception("channel.line_failed", channel=line.name)
            problem = "failed"
        except asyncio.CancelledError:
            line.up = False
            log.info("channel.line_closed", channel=line.name)
            raise
        await asyncio.sleep(line.is_down(problem, refused=refused))


async def read(socket: ClientWebSocketResponse, take: Callable[[str | bytes], Awaitable[None]], name: str) -> None:
    """Hands on each message until the connection ends. Messages are taken side by side, at most `AT_ONCE` of them.

    Cancelled, it reads no more, lets what is being taken be answered within `FINISH_S`, and ends. What `take` raises is
    logged, and that message has no answer.
    """
    free = asyncio.Semaphore(AT_ONCE)
    working: set[asyncio.Task[None]] = set()

    async def one(data: str | bytes) -> None:
        try:
            await take(data)
        except (ClientError, OSError) as fault:  # the connection broke under the answer: the platform sends again
            log.warning("channel.not_answered", channel=name, problem=type(fault).__name__)
        except Exception:
            log.exception("channel.failed", channel=name)
        finally:
            free.release()

    try:
        while True:
            await free.acquire()
            message = await socket.receive()
            if message.type not in READ:
                break
            task = asyncio.create_task(one(message.data))
            working.add(task)
            task.add_done_callback(working.discard)
    finally:
        await finished(working)
    if socket.close_code is not None and socket.close_code != 1000:
        raise NotConnected(f"closed {socket.close_code}")


async def finished(working: set[asyncio.Task[None]]) -> None:
    """Lets what is being taken be answered within `FINISH_S`; the rest is given up, unanswered."""
    if not working:
        return
    _, late = await asyncio.wait(set(working), timeout=FINISH_S)
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=1.0)


async def leave(old: asyncio.Task[None], within_s: float) -> None:
    """A connection that another one has taken over from: the platform closes it; where it does not in time, we do."""
    try:
        await asyncio.wait([old], timeout=within_s)
    finally:
        await gone([old])


async def gone(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Ends connections, each of which answers what it has taken; why one of them ended is no news here."""
    ending = list(tasks)
    for task in ending:
        task.cancel()
    if ending:
        await asyncio.wait(ending, timeout=FINISH_S + 2.0)
    for task in ending:
        if task.done() and not task.cancelled():
            task.exception()


def pinned(given: str, api: str) -> URL:
    """The address that a platform gave for a connection: encrypted where its API is, and in the same domain. Raises
    `NotConnected`: such an address carries a secret, and whoever answers there gives us orders.
    """
    try:
        url, home = URL(given), URL(api)
    except ValueError:
        raise NotConnected("address not readable") from None
    scheme = {"https": "wss", "http": "ws"}.get(home.scheme)
    if url.scheme != scheme or not url.host or _domain(url.host) != _domain(home.host or ""):
        raise NotConnected("address elsewhere", refused=True)
    return url


def _domain(host: str) -> str:
    """`open.feishu.cn` → `feishu.cn`; an address of numbers stays whole."""
    return host if host.replace(".", "").isdecimal() or ":" in host else ".".join(host.split(".")[-2:])
