"""The one way to an interception, for every door (U1, U2, U10): rules first, intention committed, then the call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from bot.carriers.contract import Ask, Routes
from bot.domain.after_sale import AfterSale
from bot.domain.answer import Said
from bot.domain.case import FINAL, Phase, State, WayHome
from bot.domain.interception import Interception
from bot.domain.parcel import TraceEvent
from bot.domain.people import Asker
from bot.interception import moves, traces, way_home
from bot.interception.advance import Advance, ask_of
from bot.interception.asking import Asked, Asking, Key, Taken, Target
from bot.interception.entering import Entering
from bot.interception.errors import NotCancellable, NotFound, TooMany, UnknownParcels
from bot.interception.facts import Candidate
from bot.interception.pace import Pace
from bot.interception.settled import Settled
from bot.merchants import permissions
from bot.rules.rulebook import RuleSet
from bot.runners.contract import Runner
from bot.store import after_sales, cases
from bot.store.cases import CaseEvent, Filter, Page, Sums
from bot.store.database import Database, Urgent

FRESH_TRACE_S = 0.8
"""How long a confirmation waits for the carrier's own trace (R9, ruling 10)."""

MOST = 500
"""So many parcels may one ask name (ruling 20); the API allows fewer."""


@dataclass(frozen=True, slots=True)
class Record:
    """One interception with its whole history."""

    interception: Interception
    events: list[CaseEvent]
    checks: list[Mapping[str, Any]]
    after_sale: AfterSale | None


class Interceptions:
    """Asking, looking, cancelling. Every method takes who asks, or the shop whose records are meant."""

    def __init__(  # noqa: PLR0913, PLR0917 - one neighbour each
        self,
        database: Database,
        routes: Routes,
        rules: Callable[[], RuleSet],
        pace: Pace,
        runner: Runner,
        advance: Advance,
        settled: Settled,
        entering: Entering | None = None,
    ) -> None:
        self._database = database
        self._routes = routes
        self._rules = rules
        self._pace = pace
        self._runner = runner
        self._advance = advance
        self._settled = settled
        self._entering = entering or Entering(database, None, pace)

    def asking(self) -> Asking:
        """What asks are judged by at this moment."""
        return Asking(self._routes, self._rules(), self._pace)

    def routed(self, shop_id: str) -> frozenset[str]:
        """Of the supported carriers those that the shop has a route to (R8)."""
        return frozenset(code for code in self._rules().carriers if self._routes.find(shop_id, code) is not None)

    def nudge(self) -> None:
        """Something has come due just now."""
        self._runner.nudge()

    # --- before the ask ----------------------------------------------------------------------------------------

    async def find(self, shop_id: str, numbers: Sequence[str]) -> dict[str, list[AfterSale]]:
        """What each number leads to: after-sale, order or tracking number; an empty list where the shop has none.

        What is not stored yet is asked of the shop's own platform, where it has one.
        """
        await self._entering.bring(shop_id, await self._unknown(shop_id, numbers))
        return await self._database.read(lambda c: {n: after_sales.find(c, shop_id, n) for n in numbers})

    async def _unknown(self, shop_id: str, numbers: Sequence[str]) -> list[str]:
        """Those that nothing stored answers to, where there is a platform that may know them; else nobody is asked."""
        if not self._entering.can_ask(shop_id):
            return []
        return await self._database.read(lambda c: [n for n in numbers if not after_sales.find(c, shop_id, n)])

    async def candidates(self, asker: Asker, after_sale_id: str, *, fresh: bool = False) -> list[Candidate]:
        """Every parcel of the after-sale with its verdict; empty when the shop has no such after-sale.

        `fresh` first asks the carriers for their traces, for at most 0.8 s; what they say is stored (ruling 10).
        """
        found = await self._database.read(lambda c: self._candidates(c, asker, after_sale_id))
        if fresh and await self._refresh(asker.shop_id, found):
            found = await self._database.read(lambda c: self._candidates(c, asker, after_sale_id))
        return found

    def _candidates(self, connection: Connection, asker: Asker, after_sale_id: str) -> list[Candidate]:
        after_sale = after_sales.load(connection, asker.shop_id, after_sale_id)
        return [] if after_sale is None else self.asking().candidates(connection, asker, after_sale)

    async def _refresh(self, shop_id: str, found: Sequence[Candidate]) -> bool:
        asking: dict[str, asyncio.Future[list[TraceEvent] | None]] = {}
        for candidate in found:
            parcel = candidate.parcel
            route = self._routes.find(shop_id, parcel.carrier)
            if route is not None and route.facts.has_trace:
                ask = Ask("", parcel.tracking_number, parcel.carrier, candidate.after_sale.after_sale_id)
                asking[parcel.tracking_number] = asyncio.ensure_future(route.trace(ask))
        if not asking:
            return False
        done, late = await asyncio.wait(asking.values(), timeout=FRESH_TRACE_S)
        for task in late:
            task.cancel()
        told = {n: t.result() or [] for n, t in asking.items() if t in done and t.exception() is None}
        brought = {number: events for number, events in told.items() if events}
        await self.traced(shop_id, brought)
        return bool(brought)

    # --- the ask -------------------------------------------------------------------------------------------------

    async def ask(
        self, asker: Asker, targets: Sequence[Target], *, key: Key | None = None, click: str | None = None
    ) -> list[Interception]:
        """Opens one case per named parcel, in that order, and starts the calls; returns them as they were committed.

        A parcel that our rules refuse gets a record in `refused`. The same key and body, or the same click, again: the
        same interceptions in their present state. Raises what `errors.py` names, and then nothing was done; raises
        `NotStored` when the database took nothing.
        """
        wanted = list(dict.fromkeys(targets))
        if len(wanted) > MOST:
            raise TooMany(MOST)
        asked = Asked(asker, wanted, key, click)
        try:
            return await self._ask(asked)
        except UnknownParcels:
            named = [target.after_sale_id or target.tracking_number or "" for target in wanted]
            if not await self._entering.bring(asker.shop_id, await self._unknown(asker.shop_id, named)):
                raise
        return await self._ask(asked)

    async def _ask(self, asked: Asked) -> list[Interception]:
        asking = self.asking()
        slots = self._runner.take_slots(len(asked.targets))
        began = self._database.clock.steady()
        taken = Taken()
        try:
            taken = await self._database.write(Urgent(lambda c: asking.take(c, asked, slots)))
        finally:
            self._runner.free(slots - len(taken.to_call))
        for row in taken.to_call:
            self._runner.begin(row.id, self._advance.first_call(row, began))
        if taken.queued:
            self._runner.nudge()
        return taken.items

    async def wait(self, case_ids: Sequence[str], seconds: float) -> list[Interception]:
        """Their present state: as soon as all are final, at the latest after so many seconds."""
        end = self._database.clock.steady() + seconds
        while True:
            items = await self._database.read(lambda c: cases.several(c, case_ids))
            open_ids = [item.id for item in items if item.state not in FINAL]
            left = end - self._database.clock.steady()
            if not open_ids or left <= 0:
                return items
            await self._settled.any_of(open_ids, min(left, 0.25 if self._database.shared else 1.0))

    # --- afterwards ----------------------------------------------------------------------------------------------

    async def get(self, shop_id: str, case_id: str) -> Interception | None:
        """The shop's interception of that id; another shop's does not exist."""
        found = await self._database.read(lambda c: cases.get(c, case_id))
        return found if found is not None and found.shop_id == shop_id else None

    async def cancel(self, asker: Asker, case_id: str) -> Interception:
        """Takes it back: what has not left at once, what the carrier has through the carrier (中通).

        Raises `NotFound`, `PermissionDenied`, or `NotCancellable` when it has ended or its route takes nothing back.
        """
        permissions.require_tools(asker)
        row = await self._own_row(asker.shop_id, case_id)
        if row.state == State.PENDING.value and row.phase == Phase.CALLING.value:
            await self._settled.any_of([case_id], self._pace.call_timeout.total_seconds())
            row = await self._own_row(asker.shop_id, case_id)
        if row.phase == Phase.QUEUED.value and await self._database.write(
            lambda c: moves.call_off(c, case_id, asker.name, self._pace)
        ):
            return await self._moved(case_id)
        route = self._routes.find(row.shop_id, row.carrier)
        if row.state != State.PENDING.value or row.phase != Phase.WATCHING.value or route is None:
            raise NotCancellable
        if not route.facts.can_cancel:
            raise NotCancellable
        answer = await route.cancel(ask_of(row))
        await self._database.write(lambda c: moves.cancel_asked(c, case_id, answer, asker.name))
        if answer.said is Said.CANCELLED:
            await self._database.write(
                lambda c: moves.settle(c, case_id, State.CANCELLED, answer, self._pace, by=asker.name)
            )
            moved = await self._moved(case_id)
            if moved.state is not State.CANCELLED:  # it had ended while the carrier was asked
                raise NotCancellable
            return moved
        if answer.said is Said.REFUSED:
            raise NotCancellable(answer.reason)
        # No answer: it may be cancelled. The status that is followed anyway tells.
        await self._database.write(lambda c: moves.look_now(c, case_id))
        self._runner.nudge()
        return await self._moved(case_id)

    async def look_again(self, asker: Asker, case_id: str) -> Interception:
        """「再查一次」: brings the next look forward; never a second call by itself."""
        await self._own_row(asker.shop_id, case_id)
        await self._database.write(lambda c: moves.look_now(c, case_id))
        self._runner.nudge()
        return await self._moved(case_id)

    async def arrived(self, asker: Asker, case_id: str, to: WayHome) -> Interception:
        """A person says what became of the parcel on its way home (lost, damaged, turned after all).

        Raises `NotFound` or `PermissionDenied`.
        """
        permissions.require_tools(asker)
        await self._own_row(asker.shop_id, case_id)
        await self._database.write(lambda c: way_home.mark_way_home(c, case_id, to, self._pace, asker.name))
        return await self._moved(case_id)

    async def _own_row(self, shop_id: str, case_id: str) -> Row[Any]:
        row = await self._database.read(lambda c: cases.row_of(c, case_id))
        if row is None or row.shop_id != shop_id:
            raise NotFound(case_id)
        return row

    async def _moved(self, case_id: str) -> Interception:
        self._settled(case_id)
        found = await self._database.read(lambda c: cases.get(c, case_id))
        if found is None:
            raise NotFound(case_id)
        return found

    # --- records -------------------------------------------------------------------------------------------------

    async def record(self, shop_id: str, case_id: str) -> Record | None:
        """The interception with its timeline and the rules that decided; None when the shop has no such one."""

        def whole(connection: Connection) -> Record | None:
            row = cases.row_of(connection, case_id)
            if row is None or row.shop_id != shop_id:
                return None
            after_sale = after_sales.load(connection, shop_id, row.after_sale_id)
            return Record(cases.snapshot(row), cases.events_of(connection, case_id), row.checks, after_sale)

        return await self._database.read(whole)

    async def records(self, shop_id: str, wanted: Filter, cursor: str | None, limit: int) -> Page:
        """One page; raises `ValueError` for a cursor that is none of ours."""
        return await self._database.read(lambda c: cases.page(c, shop_id, wanted, cursor, limit))

    async def sums(self, shop_id: str, wanted: Filter) -> Sums:
        """Counts by state and the fees over the whole filtered set."""
        return await self._database.read(lambda c: cases.sums(c, shop_id, wanted))

    async def traced(self, shop_id: str, told: Mapping[str, Sequence[TraceEvent]]) -> int:
        """Keeps new trace events and moves the interceptions that they speak of; how many of those changed."""
        if not told:
            return 0

        def take(connection: Connection) -> int:
            traces.hold(connection, shop_id, told)
            return sum(traces.take(connection, shop_id, n, events, self._pace) for n, events in sorted(told.items()))

        changed = await self._database.write(take)
        self._runner.nudge()
        return changed

    def on_trace(self, connection: Connection, shop_id: str, tracking_number: str) -> None:
        """For whoever stores events in a transaction of its own: moves the parcel's interception in the same one."""
        traces.heard(connection, shop_id, tracking_number, self._pace)
