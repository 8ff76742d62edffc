"""The bot is killed, frozen and started again while parcels are on their way; and what it does on a full disk."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import func, select, text

from bot.store.cards import inbox
from bot.store.database import now, open_database
from bot.store.questions import questions
from tests.console.served import Visitor
from tests.scenarios.house import FEE, FINAL, LATER_S, until
from tests.scenarios.process import Served, key_of, replicas, session, stubborn
from tests.scenarios.wire import Api, after_sale, fresh_number
from tests.twin import Twin

COUNT = 40
OUTCOMES = [
    "success",
    "success",
    "late_success",
    "lost_answer",
    "refuse",
    "http_500_after",
    "malformed",
    "late_failure",
]
"""Each with one right end; a platform's `http_500` waits for the quiet time and is told of elsewhere."""


@dataclass(frozen=True)
class Load:
    """What is asked for while the bot is hurt, and what each parcel's carrier decides."""

    sales: list[dict[str, Any]]
    outcomes: list[str]
    twin: Twin

    @classmethod
    def of(cls, twin: Twin, count: int = COUNT) -> Load:
        """So many after-sales over all routes, their outcomes dealt out."""
        carriers = [("zto", "yto", "yunda")[n % 3] for n in range(count)]
        outcomes = [OUTCOMES[n * 5 % len(OUTCOMES)] for n in range(count)]
        sales = [after_sale(fresh_number(), carrier) for carrier in carriers]
        for sale, outcome in zip(sales, outcomes, strict=True):
            number = sale["parcels"][0]["tracking_number"]
            twin.arm(number, outcome, delay_s=0.15, later_s=LATER_S.get(outcome, 60.0))
        return cls(sales, outcomes, twin)

    async def ask(self, apis: list[Api]) -> list[str]:
        """Asks for all, in bursts; the ids, each as soon as somebody has acknowledged it."""

        async def one(n: int) -> str:
            await asyncio.sleep(0.4 * (n // 10))
            [case_id] = await stubborn(apis, {"after_sale_id": self.sales[n]["after_sale_id"]}, f"k{n}")
            return case_id

        return await asyncio.gather(*(one(n) for n in range(len(self.sales))))

    async def enter(self, api: Api) -> None:
        """The after-sales come in."""
        assert (await api.post("/after-sales", self.sales)).body["rejected"] == []

    async def right(self, api: Api, ids: Sequence[str], seconds: float = 30) -> None:
        """Every acknowledged one ends, as its carrier decided, with one order at most, and its fee once."""
        found = await until(lambda: _all(api, ids), lambda items: all(i["state"] in FINAL for i in items), seconds)
        orders = self._orders()
        fees = Counter(entry["interception_id"] for entry in await _fees(api))
        for item, sale, outcome in zip(found, self.sales, self.outcomes, strict=True):
            parcel = sale["parcels"][0]
            failed = outcome == "refuse" or (outcome == "late_failure" and parcel["carrier"] == "zto")
            charged = 0 if failed else FEE[parcel["carrier"]]
            told = (item["tracking_number"], item["state"], item["fee_fen"], fees[item["id"]])
            assert told == (parcel["tracking_number"], "failed" if failed else "succeeded", charged, int(not failed))
            assert orders[parcel["tracking_number"]] == (0 if outcome == "refuse" else 1), (outcome, item)

    def _orders(self) -> Counter[str]:
        calls = [json.loads(line) for line in self.twin.log.read_text(encoding="utf-8").splitlines()]
        return Counter(call["tracking_number"] for call in calls if call["new_order"])


async def _all(api: Api, ids: Sequence[str]) -> list[dict[str, Any]]:
    answers = [await api.get(f"/interceptions/{case_id}") for case_id in ids]
    assert {answer.status for answer in answers} == {200}, answers
    return [answer.body for answer in answers]


async def _fees(api: Api) -> list[dict[str, Any]]:
    page = await api.get("/fees?from=2020-01-01&to=2040-01-01&limit=200")
    assert page.body["next"] is None
    return list(page.body["items"])


async def test_killed_in_the_middle_of_a_burst(tmp_path: Path, sqlite_url: str, carriers: Twin) -> None:
    """Killed twice, ended once, while 40 are asked for and a batch runs: all end right; a key finds the same again."""
    load = Load.of(carriers)
    many = [after_sale(fresh_number(), "yto") for _ in range(25)]
    async with replicas(tmp_path, sqlite_url, carriers) as [bot], session() as opened:
        api = Api(opened, bot.base, await key_of(sqlite_url))
        await load.enter(api)
        assert (await api.post("/after-sales", many)).body["rejected"] == []
        asking = asyncio.create_task(load.ask([api]))
        await asyncio.sleep(0.5)
        batch = await _start_batch(bot, opened, many)
        bot.kill()
        await bot.start(opened)
        await asyncio.sleep(0.3)
        bot.kill()
        await bot.start(opened)
        await asyncio.sleep(0.4)
        assert await bot.end() == 0
        await bot.start(opened)
        ids = await asking
        await load.right(api, ids)
        assert [
            await stubborn([api], {"after_sale_id": load.sales[n]["after_sale_id"]}, f"k{n}") for n in (0, 7, 39)
        ] == [
            [ids[0]],
            [ids[7]],
            [ids[39]],
        ]
        await _batch_ends(api, many, carriers)
    assert batch.startswith("/batch/")


async def _start_batch(bot: Served, opened: aiohttp.ClientSession, sales: list[dict[str, Any]]) -> str:
    """An agent pastes many numbers into the console and confirms."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as own:
        visitor = Visitor(bot.base, own)
        await visitor.enter("agent")
        numbers = "\n".join(sale["after_sale_id"] for sale in sales)
        checked = await visitor.post("/batch", {"numbers": numbers})
        await visitor.get(checked.place)
        confirmed = await visitor.post(checked.place, {"do": "confirm"})
        assert confirmed.status == 303, confirmed.text
        return str(checked.place)


async def _batch_ends(api: Api, sales: list[dict[str, Any]], carriers: Twin) -> None:
    """Each of its numbers became one interception, and that ended."""
    for sale in sales:
        number = sale["parcels"][0]["tracking_number"]
        found = await until(
            lambda number=number: api.get(f"/interceptions?tracking_number={number}"),
            lambda answer: [item["state"] for item in answer.body["items"]] == ["succeeded"],
            seconds=20,
        )
        assert (found.body["items"][0]["origin"], carriers.orders(number)) == ("agent", 1)


HELD = """
CREATE TRIGGER held BEFORE UPDATE OF done_at ON inbox WHEN NEW.done_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'held just before the answer is kept'); END
"""


async def test_killed_between_keeping_a_question_and_answering(tmp_path: Path, sqlite_url: str, carriers: Twin) -> None:
    """A question that was kept as asked when the bot was killed is answered once it is back; the same words in another
    message are a repeat, and silent as ever.
    """
    question = "拦截失败扣钱吗"
    async with replicas(tmp_path, sqlite_url, carriers) as [bot], session() as opened:
        api, sale = Api(opened, bot.base, await key_of(sqlite_url)), after_sale(fresh_number(), "zto")
        assert (await api.post("/after-sales", sale)).body["rejected"] == []
        talk = f"/conversations/{sale['after_sale_id']}/messages"
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as own:
            visitor = Visitor(bot.base, own)
            await visitor.enter("agent")
            beside = open_database(sqlite_url)
            await beside.write(lambda c: c.execute(text(HELD)))
            assert (await visitor.post(talk, {"text": question, "message_id": "q-1"})).status >= 500
            asked = select(func.count()).where(questions.c.text == question)
            assert await beside.read(lambda c: c.execute(asked).scalar_one()) == 1
            bot.kill()
            await beside.write(lambda c: c.execute(text("DROP TRIGGER held")))
            await beside.write(
                lambda c: c.execute(inbox.update().where(inbox.c.done_at.is_(None)).values(next_at=now(c)))
            )
            await bot.start(opened)
            waiting = select(func.count()).where(inbox.c.done_at.is_(None))
            await until(lambda: beside.read(lambda c: c.execute(waiting).scalar_one()), lambda count: count == 0)
            await visitor.post(talk, {"text": question, "message_id": "q-2"})
            wanted = select(inbox.c.result).order_by(inbox.c.seq)
            told = await beside.read(lambda c: list(c.execute(wanted).scalars()))
            assert await beside.read(lambda c: c.execute(asked).scalar_one()) == 1
            await beside.close()
    assert [[target.partition(":")[0] for target in shown] for shown in told] == [["answer"], []]


async def test_replicas_killed_and_frozen(tmp_path: Path, shared_url: str, carriers: Twin) -> None:
    """Two on PostgreSQL: one is killed, the other stands still longer than half of the quiet time; nothing twice."""
    load = Load.of(carriers)
    chance = random.Random(5)
    async with replicas(tmp_path, shared_url, carriers, ("a", "b")) as [first, second], session() as opened:
        key = await key_of(shared_url)
        apis = [Api(opened, one.base, key) for one in (first, second)]
        await load.enter(apis[0])
        asking = asyncio.create_task(load.ask(apis))
        await asyncio.sleep(0.5 + chance.uniform(0, 0.3))
        first.kill()
        await asyncio.sleep(0.3)
        await first.start(opened)
        second.freeze()
        await asyncio.sleep(1.6)
        second.thaw()
        await asyncio.sleep(0.3)
        second.kill()
        ids = await asking
        await load.right(apis[0], ids, seconds=40)


async def test_a_full_disk(tmp_path: Path, sqlite_url: str, carriers: Twin) -> None:
    """Nothing can be stored: every door says "not accepted" in words, nothing leaves; with room the same key works."""
    async with replicas(tmp_path, sqlite_url, carriers) as [bot], session() as opened:
        api = Api(opened, bot.base, await key_of(sqlite_url))
        sale = after_sale(fresh_number(), "zto")
        await api.post("/after-sales", sale)
        body, number = {"after_sale_id": sale["after_sale_id"]}, sale["parcels"][0]["tracking_number"]
        talk = f"/conversations/{sale['after_sale_id']}/messages"
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as own:
            visitor = Visitor(bot.base, own)
            await visitor.enter("agent")
            bot.most_bytes(0)
            refused = await api.ask(body, key="full")
            said = await visitor.post(talk, {"text": f"/intercept {number}"})
            async with own.get(f"{bot.base}/readyz") as ready:
                assert (ready.status, (await ready.json())["checks"]["database"]) == (503, False)
            bot.most_bytes(-1)
        assert (refused.status, refused.code) == (503, "NOT_READY")
        assert said.status == 503
        assert re.search("没有(保存|存)|存不进去", said.text)
        assert carriers.orders(number) == 0
        [case_id] = await stubborn([api], body, "full")
        item = await until(lambda: _all(api, [case_id]), lambda items: items[0]["state"] == "succeeded", 20)
        assert (item[0]["fee_fen"], carriers.orders(number)) == (300, 1)
