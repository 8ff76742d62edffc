"""What may go wrong while parcels are on their way: never twice, never lost, never charged twice (engine.md 5)."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from sqlalchemy import text

from tests import twin
from tests.loopback import TestServer
from tests.scenarios.house import FEE, FINAL, Bot, until, words
from tests.scenarios.serving import serving
from tests.twin import Twin

CARRIERS = ("zto", "yto", "yunda")


# --- at once -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_64_asks_at_once(any_bot: Bot, carrier: str) -> None:
    """64 systems ask for one parcel in the same moment: one case, one call, one fee; 63 records that name the first."""
    shop = await any_bot.shop()
    sale = await shop.sale(carrier, "success")
    answers = await asyncio.gather(*(shop.ask(sale) for _ in range(64)))
    items = [answer.body["items"][0] for answer in answers]
    assert Counter(item["state"] == "refused" for item in items) == {True: 63, False: 1}
    assert {r["code"] for item in items for r in item["reasons"]} == {"ALREADY_INTERCEPTED"}
    await until(lambda: shop.records(sale.number), lambda found: all(item["state"] in FINAL for item in found))
    assert len(await any_bot.creates(sale.number)) == 1
    assert [entry["amount_fen"] for entry in await shop.fees(sale.number)] == [FEE[carrier]]


async def test_64_times_the_same_key(any_bot: Bot) -> None:
    """One request delivered 64 times at once, with one key: the same interception for each."""
    shop = await any_bot.shop()
    sale = await shop.sale("yunda", "success")
    answers = await asyncio.gather(*(shop.api.ask({"after_sale_id": sale.id}, key="once") for _ in range(64)))
    assert {answer.status for answer in answers} <= {200, 202}
    assert len({answer.body["items"][0]["id"] for answer in answers}) == 1
    await shop.ends(sale.number)
    assert (len(await shop.records(sale.number)), len(await any_bot.creates(sale.number))) == (1, 1)


async def test_64_clicks_at_once(any_bot: Bot) -> None:
    """One card pressed 64 times at once: one case, one call, one card for everybody."""
    shop = await any_bot.shop()
    sale = await shop.sale("zto", "success")
    asked = await shop.agent.types(f"/intercept {sale.id}")
    replies = await asyncio.gather(*(shop.agent.picks(asked.card, sale.number) for _ in range(64)))
    item = await shop.ends(sale.number)
    assert {reply.target for reply in replies} == {f"case:{item['id']}"}
    assert (len(await shop.records(sale.number)), len(await any_bot.creates(sale.number))) == (1, 1)


async def test_a_push_and_a_look_at_once(any_bot: Bot) -> None:
    """The trace turns back while looks run: told ten times and asked ten times, one success and one fee."""
    shop = await any_bot.shop()
    sale = await shop.sale("zto", "late_success", later_s=0.4)
    item = await shop.asked(sale)
    event = {"tracking_number": sale.number, "at": "2026-11-24T12:00:00+08:00", "text": "退回件 从站点发出"}
    agent = shop.agent
    looks = [await agent.incoming(action=f"look_again.{item['id']}") for _ in range(10)]
    pushes = (shop.api.post("/traces", [event]) for _ in range(10))
    await asyncio.gather(*pushes, *(agent.hands(look) for look in looks))
    ended = await shop.ends(sale.number)
    assert (ended["state"], ended["fee_fen"]) == ("succeeded", 300)
    assert [entry["amount_fen"] for entry in await shop.fees(sale.number)] == [300]
    assert (await shop.story(item["id"])).count("settled") == 1


async def test_a_push_before_the_calls_own_answer(any_bot: Bot) -> None:
    """The trace turns back while the call is still in flight: settled by it; the later answer changes nothing."""
    shop = await any_bot.shop()
    sale = await shop.sale("yto", "success", delay_s=0.4)
    item = await shop.asked(sale)
    event = {"tracking_number": sale.number, "at": "2026-11-24T12:00:00+08:00", "text": "退回件 从站点发出"}
    assert (await shop.api.post("/traces", [event, event])).body["accepted"] >= 1
    ended = await shop.gets(sale.number, "returning")
    assert (ended["id"], ended["state"]) == (item["id"], "succeeded")
    await asyncio.sleep(0.6)
    assert [entry["amount_fen"] for entry in await shop.fees(sale.number)] == [400]
    assert (await shop.story(item["id"])).count("settled") == 1


async def test_traces_of_nobody_and_after_the_end(bot: Bot) -> None:
    """Events of a parcel that nobody knows are kept; those after the end change the way home alone."""
    shop = await bot.shop()
    unknown = {"tracking_number": "75400000000009", "at": "2026-11-24T12:00:00+08:00", "text": "已签收"}
    assert (await shop.api.post("/traces", [unknown])).body == {"accepted": 1, "rejected": []}
    sale = await shop.sale("zto", "refuse")
    await shop.asked(sale, wait=5)
    await shop.api.post("/traces", [{**unknown, "tracking_number": sale.number, "text": "退回件 从站点发出"}])
    [item] = await shop.records(sale.number)
    assert (item["state"], item["way_home"], await shop.fees(sale.number)) == ("failed", None, [])


# --- calls without an answer ---------------------------------------------------------------------------------------


async def test_an_answer_after_the_time_limit(any_bot: Bot) -> None:
    """The platform takes the order and answers later than we wait: unknown, read, ours; one order, one fee."""
    shop = await any_bot.shop()
    sale = await shop.sale("yunda", "success", delay_s=1.0)
    item = await shop.asked(sale)
    await until(lambda: shop.records(sale.number), lambda found: found[0]["state"] in ("unknown", "succeeded"))
    ended = await shop.ends(sale.number)
    assert (ended["id"], ended["state"], await any_bot.orders(sale.number)) == (item["id"], "succeeded", 1)
    assert "doubt" in await shop.story(item["id"])
    assert len(await shop.fees(sale.number)) == 1


class Road:
    """A way to the carriers on which an application travels for a while, also after its sender has given up."""

    def __init__(self, twin_url: str) -> None:
        self.twin_url = twin_url
        self.travels_s = 0.0
        self._travelling: set[asyncio.Task[tuple[int, bytes]]] = set()

    async def carry(self, request: web.Request) -> web.Response:
        """Passes a request on; nothing of it is repeated."""
        body, target = await request.read(), f"{self.twin_url}{request.rel_url}"
        slow = self.travels_s if "applyLogisticsIntercept" in target else 0.0
        task = asyncio.create_task(self._deliver(target, body, request.content_type, slow))
        self._travelling.add(task)
        task.add_done_callback(self._travelling.discard)
        status, answer = await asyncio.shield(task)
        return web.Response(status=status, body=answer, content_type="application/json")

    async def _deliver(self, target: str, body: bytes, kind: str, slow: float) -> tuple[int, bytes]:
        await asyncio.sleep(slow)
        async with self.session.post(target, data=body, headers={"Content-Type": kind}) as answer:
            return answer.status, await answer.read()

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """Its address."""
        app = web.Application()
        app.router.add_post("/{rest:.*}", self.carry)
        app.router.add_get("/{rest:.*}", self.carry)
        async with TestServer(app) as server, aiohttp.ClientSession() as self.session:
            yield f"http://127.0.0.1:{server.port}"


async def test_a_request_that_still_travels(tmp_path: Path, sqlite_url: str, carriers: Twin) -> None:
    """The platform learns of an application long after we gave up waiting: early «nothing» permits no second one."""
    road = Road(carriers.url)
    async with road.open() as address:
        on_the_road = Twin(address, carriers.log)
        async with serving(tmp_path, sqlite_url, on_the_road, call_timeout_s=0.4, doubt_quiet_s=1.5) as bot:
            shop = await bot.shop()
            road.travels_s = 1.0
            sale = await shop.sale("yunda")
            await shop.asked(sale)
            ended = await shop.ends(sale.number)
            story = await shop.story(ended["id"])
            orders = await bot.orders(sale.number), len(await bot.creates(sale.number))
    assert (ended["state"], ended["fee_fen"], orders) == ("succeeded", 300, (1, 1))
    assert story.count("sent") == 1
    assert story.index("reading") < story.index("settled")


# --- the carriers are away -----------------------------------------------------------------------------------------


@pytest_asyncio.fixture(loop_scope="session")
async def lonely(tmp_path: Path, sqlite_url: str) -> AsyncIterator[Bot]:
    """A bot with a sandbox of its own, which may go down; an ask that never left is tried for four seconds."""
    with twin.running(tmp_path) as own:
        async with serving(tmp_path, sqlite_url, own, unavailable_s=4.0) as running:
            yield running


async def test_carriers_that_cannot_be_reached(lonely: Bot) -> None:
    """Nothing leaves: queued and said so, sent when they are back; what is still queued can be cancelled."""
    shop = await lonely.shop()
    sales = {carrier: await shop.sale(carrier) for carrier in CARRIERS}
    given_up = await shop.sale("yto")
    await asyncio.to_thread(lonely.twin.down, 1.6)
    for sale in [*sales.values(), given_up]:
        await shop.asked(sale)
    waiting = await until(lambda: shop.row_of(given_up.number), lambda row: row.phase == "queued" and row.call_no > 0)
    card = await shop.agent.sees(f"case:{waiting.id}")
    assert "还没发出，正在排队" in words(card)
    assert "暂未收费" in words(card)
    cancelled = await shop.agent.presses(card, "取消拦截")
    assert "还没发出就取消了" in words(cancelled.card)
    for carrier, sale in sales.items():
        item = await shop.ends(sale.number)
        assert (item["state"], item["fee_fen"]) == ("succeeded", FEE[carrier])
        assert await lonely.orders(sale.number) == 1
    assert await lonely.calls(given_up.number) == []


async def test_carriers_that_stay_away(lonely: Bot) -> None:
    """After the limit: failed, CARRIER_UNAVAILABLE, nothing sent and nothing charged; asking again is possible."""
    shop = await lonely.shop()
    sales = [await shop.sale(carrier) for carrier in CARRIERS]
    await asyncio.to_thread(lonely.twin.down, 8.0)
    for sale in sales:
        await shop.asked(sale)
    for sale in sales:
        item = await shop.ends(sale.number)
        assert (item["state"], [reason["code"] for reason in item["reasons"]]) == ("failed", ["CARRIER_UNAVAILABLE"])
        told = words(await shop.agent.sees(f"case:{item['id']}"))
        assert "没有发出" in told
        assert "0.00 元 失败不收费" in told
        assert await shop.fees(sale.number) == []
    again = await shop.asked(sales[0])
    assert again["state"] == "pending"


# --- the work engine's own tables ----------------------------------------------------------------------------------


async def test_the_queues_tables_hold_nothing_that_matters(tmp_path: Path, shared_url: str, carriers: Twin) -> None:
    """Everything of Procrastinate's is deleted with work in flight: all of it still ends, once (PostgreSQL)."""
    async with serving(tmp_path, shared_url, carriers, call_slots_shared=1) as bot:
        shop = await bot.shop()
        outcomes = ["success", "lost_answer", "late_success", "http_500_after"]
        sales = [await shop.sale(CARRIERS[n % 3], outcomes[n % 4], delay_s=0.2) for n in range(24)]
        await asyncio.gather(*(shop.ask(sale) for sale in sales))
        for _ in range(4):
            await bot.database.write(_empty_the_queue)
            await asyncio.sleep(0.25)
        for sale in sales:
            item = await shop.ends(sale.number, seconds=20)
            assert (item["state"], await bot.orders(sale.number)) == ("succeeded", 1)
            assert len(await shop.fees(sale.number)) == 1


def _empty_the_queue(connection: Any) -> None:
    for table in ("procrastinate_events", "procrastinate_periodic_defers", "procrastinate_jobs"):
        connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - our own three names
    connection.execute(text("DELETE FROM procrastinate_workers"))
