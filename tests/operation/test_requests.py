"""One id per request, on the answer and in the log; addresses are told by their pattern."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient
from structlog.testing import LogCapture

from bot.operation.requests import follow
from tests.channels.peers import until
from tests.loopback import TestServer

Asking = TestClient[web.Request, web.Application]
log = structlog.get_logger("tests")


@pytest.fixture
def told() -> list[dict[str, object]]:
    """What is logged, with what is bound to the request."""
    capture = LogCapture()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, capture], cache_logger_on_first_use=False)
    return capture.entries


@pytest.fixture
async def asking(told: list[dict[str, object]]) -> AsyncIterator[Asking]:
    """A few pages, each of which ends in another way."""

    async def page(request: web.Request) -> web.Response:
        log.info("inside")
        return web.Response(text=request.match_info.get("id", ""))

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x")
        return response

    async def gone(request: web.Request) -> web.Response:
        raise ConnectionResetError(request.path)

    async def endless(request: web.Request) -> web.StreamResponse:
        if request.query_string != "silent":
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"x")
        log.info("waits")
        await asyncio.Event().wait()
        raise AssertionError("nobody ends it")

    async def broken(request: web.Request) -> web.Response:
        raise RuntimeError(request.path)

    async def moved(_: web.Request) -> web.Response:
        raise web.HTTPFound("/pages/1")

    app = web.Application()
    follow(app)
    app.router.add_get("/pages/{id}", page)
    app.router.add_get("/stream", stream)
    app.router.add_get("/broken", broken)
    app.router.add_get("/gone", gone)
    app.router.add_get("/endless", endless)
    app.router.add_get("/moved", moved)
    app.router.add_get("/readyz", page)
    under = web.Application()
    under.router.add_get("/fees", page)
    app.add_subapp("/api/v1", under)
    server = TestServer(app)
    await server.start_server(shutdown_timeout=0.05)
    async with TestClient(server) as client:
        yield client
    structlog.reset_defaults()


@pytest.mark.parametrize(
    "path, status, pattern",
    [
        ("/pages/王小明?q=secret", 200, "/pages/{id}"),
        ("/stream", 200, "/stream"),
        ("/broken", 500, "/broken"),
        ("/moved", 302, "/moved"),
        ("/no/such/page", 404, "(no such path)"),
    ],
)
async def test_each_answer_is_told(
    asking: Asking, told: list[dict[str, object]], path: str, status: int, pattern: str
) -> None:
    """However it ends: method, pattern, status, and the id that the answer carries; nothing that was typed."""
    answer = await asking.get(path, allow_redirects=False)
    assert answer.status == status
    (line,) = [entry for entry in told if entry["event"] == "web.answered"]
    assert (line["method"], line["path"], line["status"]) == ("GET", pattern, status)
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert not re.search("小明|secret", str(told))


@pytest.mark.parametrize("query, status", [("", 200), ("silent", 499)])
async def test_a_stop_is_no_defect(asking: Asking, told: list[dict[str, object]], query: str, status: int) -> None:
    """A stream that ends because the bot stops keeps the status it began with; what was never begun is 499."""
    waiting = asyncio.ensure_future(asking.get(f"/endless?{query}"))
    await until(lambda: any(entry["event"] == "waits" for entry in told))
    await asking.server.close()
    await asyncio.gather(waiting, return_exceptions=True)
    (line,) = [entry for entry in told if entry["event"] == "web.answered"]
    assert line["status"] == status


async def test_who_went_is_no_defect(asking: Asking, told: list[dict[str, object]]) -> None:
    """The other side broke the connection while it was answered: 499."""
    await asking.get("/gone")
    assert [entry["status"] for entry in told if entry["event"] == "web.answered"] == [499]


async def test_each_request_has_its_own_id(asking: Asking, told: list[dict[str, object]]) -> None:
    """What is logged inside a request carries its id; one that the other side sent is not taken over."""
    answers = [await asking.get("/pages/1", headers={"X-Request-Id": "theirs"}) for _ in range(3)]
    ids = [answer.headers["X-Request-Id"] for answer in answers]
    assert len({*ids, "theirs"}) == 4
    assert [entry["request_id"] for entry in told if entry["event"] == "inside"] == ids


async def test_what_is_asked_every_second_is_quiet(asking: Asking, told: list[dict[str, object]]) -> None:
    """Health is told at `debug`; the API tells its own answers, and has an id all the same."""
    await asking.get("/readyz")
    answer = await asking.get("/api/v1/fees")
    assert [entry["log_level"] for entry in told if entry["event"] == "web.answered"] == ["debug"]
    assert len(answer.headers["X-Request-Id"]) == 16
