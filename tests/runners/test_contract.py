"""What both runners promise, on their own databases."""

import asyncio
import signal
import time
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection

from bot.runners.contract import CASE, NUDGED, Work
from bot.store.cards import INBOX_DUE
from tests.runners.conftest import Rows, Start, until


async def test_due_rows_are_moved_without_a_word(rows: Rows, start: Start) -> None:
    """Rows that were due before the start, and rows that come due later, are found by themselves, each moved once."""
    keys = await rows.put(60)
    await start(rows.work())
    await until(lambda: len(rows.ended) == 60)
    keys += await rows.put(5)
    await until(lambda: len(rows.ended) == 65)
    assert rows.begun == dict.fromkeys(keys, 1)


async def test_a_nudge_is_quicker_than_the_tick(rows: Rows, start: Start) -> None:
    """What has just come due is moved at once when somebody says so: six in a row take less time than two ticks."""
    runner = await start(rows.work(), period_s=1.0)
    await rows.put()
    await until(lambda: len(rows.ended) == 1)
    began = time.monotonic()
    for count in range(2, 8):
        await rows.put()
        runner.nudge()
        await until(lambda n=count: len(rows.ended) == n)  # type: ignore[misc]
    assert time.monotonic() - began < 2.0


async def test_a_row_never_runs_twice_in_a_process(rows: Rows, start: Start) -> None:
    """While a row is being moved it is left alone, however often it is looked for."""
    rows.hold_s = 1.4
    runner = await start(rows.work())
    await rows.put(3)
    for _ in range(12):
        runner.nudge()
        await asyncio.sleep(0.1)
    await until(lambda: len(rows.ended) == 3)
    assert set(rows.begun.values()) == {1}


async def test_a_case_that_holds_a_slot_is_not_moved_beside_its_call(rows: Rows, start: Start) -> None:
    """A case whose call started with its click is not taken by the runner while that runs, although its row is due."""
    key, other = await rows.put(2)
    runner = await start(rows.work(noun=CASE))
    going = asyncio.Event()

    async def call() -> None:
        await going.wait()

    await until(lambda: other in rows.ended)
    (fresh,) = await rows.put()
    assert runner.take_slots(1) == 1
    runner.begin(fresh, call())
    runner.nudge()
    await asyncio.sleep(0.6)
    assert rows.begun[fresh] == 0
    going.set()
    assert rows.begun[key] == 1


async def test_a_defect_costs_nobody_else_anything(rows: Rows, start: Start) -> None:
    """A row whose move fails rests, and is tried again after that; the others are moved meanwhile."""
    bad, *others = await rows.put(4)
    rows.fails = {bad}
    await start(rows.work(), rest_s=1.6)
    await until(lambda: len(rows.ended) == 3)
    await asyncio.sleep(0.6)
    assert rows.begun == dict.fromkeys([bad, *others], 1)
    rows.fails.clear()
    await until(lambda: bad in rows.ended, 5)
    assert rows.begun[bad] == 2


async def test_rows_in_hand_are_bounded(rows: Rows, start: Start) -> None:
    """No more than `at_most` rows are in hand at once, and all of them are done without waiting for ticks."""
    rows.hold_s = 0.03
    await rows.put(60)
    runner = await start(rows.work(at_most=6), period_s=1.0)
    runner.nudge()
    took = await until(lambda: len(rows.ended) == 60, 15)
    assert rows.most <= 6
    assert took < 5  # ten ticks of six rows would take ten seconds


async def test_paced_work_is_not_hurried(rows: Rows, start: Start) -> None:
    """A nudge brings only a few rows of paced work forward: the rest waits for the tick."""
    claims: list[int] = []

    class Counted:
        due = staticmethod(lambda c, skip, limit: claims.append(limit) or INBOX_DUE.due(c, skip, limit))
        claim = staticmethod(lambda c, until, limit: claims.append(limit) or INBOX_DUE.claim(c, until, limit))
        held = staticmethod(INBOX_DUE.held)

    work = Work("rows", "row", Counted(), rows.move, at_most=100, paced=True)
    runner = await start(work, period_s=1.0)
    await until(lambda: len(claims) > 0)
    for _ in range(20):
        runner.nudge()
        await asyncio.sleep(0.02)
    await rows.put(40)
    await until(lambda: len(rows.ended) == 40)
    assert set(claims) <= {NUDGED, *range(60, 101)}
    assert claims.count(NUDGED) >= 3


async def test_a_tick_that_fails_is_not_the_last(rows: Rows, start: Start) -> None:
    """When looking for rows fails, the next tick looks again."""
    failures = 2

    class Failing:
        def _fail(self) -> None:
            nonlocal failures
            failures -= 1
            if failures >= 0:
                raise LookupError("on purpose")

        def due(self, connection: Connection, skip: Collection[str], limit: int) -> list[str]:
            self._fail()
            return INBOX_DUE.due(connection, skip, limit)

        def claim(self, connection: Connection, until: datetime, limit: int) -> list[str]:
            self._fail()
            return INBOX_DUE.claim(connection, until, limit)

        def held(self, connection: Connection, ids: Sequence[str], until: datetime) -> list[str]:
            return INBOX_DUE.held(connection, ids, until)

    await rows.put(2)
    await start(Work("rows", "row", Failing(), rows.move))
    await until(lambda: len(rows.ended) == 2)
    assert failures < 0


# --- slots ------------------------------------------------------------------------------------------------------------


async def nothing() -> None:
    """A call that ends well."""


async def failing() -> None:
    """A call with a defect."""
    raise LookupError("on purpose")


async def test_slots_are_given_out_and_come_back(rows: Rows, start: Start) -> None:
    """No more slots than there are; one is free again after its call, whether it ended well, failed or never began."""
    runner = await start(rows.work(), slots=4)
    assert [runner.take_slots(3), runner.take_slots(3), runner.take_slots(1)] == [3, 1, 0]
    runner.free(1)
    runner.begin("a", nothing())
    runner.begin("b", failing())
    runner.begin("a", nothing())
    await asyncio.sleep(0.05)
    assert runner.take_slots(9) == 4


async def test_a_call_in_a_slot_starts_at_once(rows: Rows, start: Start) -> None:
    """A call that holds a slot does not wait for any tick."""
    runner = await start(rows.work())
    began = time.monotonic()
    started: list[float] = []

    async def call() -> None:
        started.append(time.monotonic() - began)

    runner.take_slots(1)
    runner.begin("a", call())
    await asyncio.sleep(0.05)
    assert started
    assert started[0] < 0.05


# --- the end ----------------------------------------------------------------------------------------------------------


async def test_a_stop_lets_finish_what_may_finish(rows: Rows, start: Start) -> None:
    """Rows and calls that end within the grace are done; nothing new begins, and no slot is given out."""
    rows.hold_s = 0.5
    await rows.put(3)
    runner = await start(rows.work())
    await until(lambda: len(rows.running) == 3)
    ended = asyncio.Event()

    async def call() -> None:
        await asyncio.sleep(0.5)
        ended.set()

    runner.take_slots(1)
    runner.begin("a", call())
    await rows.put(3)
    began = time.monotonic()
    await runner.stop(5)
    assert time.monotonic() - began < 3
    assert len(rows.ended) == 3
    assert ended.is_set()
    assert runner.take_slots(1) == 0
    runner.nudge()
    await asyncio.sleep(0.4)
    assert len(rows.begun) == 3


async def test_a_stop_does_not_wait_for_ever(rows: Rows, start: Start) -> None:
    """What does not end within the grace is cut off; its rows are still to be moved."""
    rows.hold_s = 60
    await rows.put(3)
    runner = await start(rows.work())
    await until(lambda: len(rows.running) == 3)
    began = time.monotonic()
    await runner.stop(0.3)
    assert 0.3 <= time.monotonic() - began < 2.5
    assert rows.running == set()
    assert await rows.left() == 3


async def test_it_says_whether_it_runs(rows: Rows, start: Start) -> None:
    """A runner runs from its start to its end (`/readyz`)."""
    runner = await start(rows.work())
    assert await runner.is_running()
    await runner.stop(0.1)
    assert not await runner.is_running()


async def test_signals_are_left_to_the_server(rows: Rows, start: Start) -> None:
    """A runner installs no signal handler: whoever serves decides what SIGTERM does."""
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    await start(rows.work())
    await asyncio.sleep(0.3)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before
