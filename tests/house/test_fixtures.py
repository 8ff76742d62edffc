"""The ground the other tests stand on: a closed network, a real database, a real browser."""

import asyncio
import contextlib
import socket
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from aiohttp import web

from tests.browser import Pages
from tests.loopback import TestServer
from tests.network import NetworkClosedError, is_loopback
from tests.postgres import PostgresServer

if TYPE_CHECKING:
    from playwright.async_api import Browser


@pytest.mark.parametrize("host", ["192.0.2.1", "example.com", b"example.com", "2001:db8::1", "127.example.com"])
def test_other_machines_are_not_loopback(host: object) -> None:
    """A host that may be another machine is never taken for this one."""
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", b"localhost", None, "", "::"])
def test_this_machine_is_loopback(host: object) -> None:
    """Every way to name this machine stays open."""
    assert is_loopback(host)


def test_no_connection_leaves_the_machine() -> None:
    """A connection, a datagram and a name look-up elsewhere are refused before anything is sent."""
    with socket.socket() as tcp, pytest.raises(NetworkClosedError, match=r"192\.0\.2\.1"):
        tcp.connect(("192.0.2.1", 80))
    with socket.socket(type=socket.SOCK_DGRAM) as udp, pytest.raises(NetworkClosedError):
        udp.sendto(b"x", ("192.0.2.1", 53))
    with pytest.raises(NetworkClosedError, match=r"example\.com"):
        urllib.request.urlopen("http://example.com/", timeout=1)


async def test_no_connection_leaves_the_event_loop() -> None:
    """Asynchronous connections are refused in the same way."""
    with pytest.raises(NetworkClosedError):
        await asyncio.open_connection("192.0.2.1", 80)


def test_each_test_has_an_empty_database(postgres_url: str) -> None:
    """A fresh database speaks UTF-8 and has no table in it."""
    with psycopg.connect(postgres_url) as connection:
        connection.execute("create table parcels (note text)")
        connection.execute("insert into parcels values ('拦截成功')")
        assert connection.execute("select note from parcels").fetchall() == [("拦截成功",)]


def test_a_prepared_database_is_filled_once(postgres_server: PostgresServer) -> None:
    """Copies of a prepared database have its rows, and the preparation runs a single time."""
    runs = []

    def prepare(url: str) -> None:
        runs.append(url)
        with psycopg.connect(url) as connection:
            connection.execute("create table shops as select 'demo' as id")

    for _ in range(2):
        copy = postgres_server.create(postgres_server.prepared("house", prepare))
        with psycopg.connect(postgres_server.url(copy)) as connection:
            assert connection.execute("select id from shops").fetchall() == [("demo",)]
        postgres_server.drop(copy)
    assert len(runs) == 1


async def _page(request: web.Request) -> web.Response:
    del request
    return web.Response(
        text="<!doctype html><link rel=icon href=data:,><title>拦截</title><h1>拦截</h1>", content_type="text/html"
    )


async def test_a_page_is_drawn_with_chinese(browser_page: Pages, tmp_path: Path) -> None:
    """A browser opens a page of this event loop and has a glyph for Chinese characters."""
    app = web.Application()
    app.router.add_get("/", _page)
    async with TestServer(app) as server:
        page = await browser_page.open(str(server.make_url("/")), width=390, height=844)
        assert await page.title() == "拦截"
        # A missing glyph is drawn as one and the same box whatever the character: different characters must differ.
        shots = [await page.locator("h1").screenshot()]
        await page.evaluate("document.querySelector('h1').textContent = '运费'")
        shots.append(await page.locator("h1").screenshot())
    assert shots[0] != shots[1]


async def test_a_script_error_is_a_fault(chromium: "Browser") -> None:
    """What goes wrong inside a page is kept for the test to see."""
    pages = Pages(chromium)
    page = await pages.open("data:text/html,<script>console.error('kept')</script>")
    await page.evaluate("setTimeout(() => { throw new Error('thrown') })")
    await page.wait_for_timeout(50)
    await pages.close()
    assert ["kept" in fault or "thrown" in fault for fault in pages.faults] == [True, True]


@pytest.mark.parametrize("turns", range(4))
async def test_who_comes_as_a_server_closes_is_hung_up_on(turns: int) -> None:
    """No connection stays open: neither one that was just taken nor one that nobody had taken yet."""
    server = TestServer(web.Application(), host="127.0.0.1")
    await server.start_server()
    with socket.socket() as caller:
        caller.connect(("127.0.0.1", server.port))
        for _ in range(turns):
            await asyncio.sleep(0)
        await server.close()
        caller.settimeout(2)
        with contextlib.suppress(ConnectionResetError):
            assert await asyncio.to_thread(caller.recv, 1) == b""
