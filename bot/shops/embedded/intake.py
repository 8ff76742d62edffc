"""Takes after-sales and traces into our own tables, in transactions of at most 100 rows (ruling 9).

Trace events are handed on in the transaction that stores them, so that no interception sleeps through what its own
parcel's trace says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from pydantic import BaseModel
from sqlalchemy import Connection

from bot.domain.after_sale import AfterSale
from bot.domain.parcel import TraceEvent
from bot.shops.contract import Rejected, Taken
from bot.shops.embedded.mapping import after_sale_of, event_of
from bot.shops.embedded.reading import read, told
from bot.shops.embedded.wire import AfterSaleDocument, TraceDocument
from bot.store.after_sales import add_trace, save
from bot.store.database import Database, now

ROWS = 100

OnTrace = Callable[[Connection, str, str], None]
"""Shop, tracking number: new events of that parcel have just been stored in this transaction."""


@dataclass(frozen=True, slots=True)
class _Events:
    tracking_number: str
    events: tuple[TraceEvent, ...]

    @property
    def rows(self) -> int:
        return len(self.events)


@dataclass(frozen=True, slots=True)
class _Sale:
    after_sale: AfterSale

    @property
    def rows(self) -> int:
        return 1 + len(self.after_sale.parcels)


_Step = _Events | _Sale


class EmbeddedIntake:
    """Meets `shops.contract.Intake`."""

    after_sale_document: type[BaseModel] = AfterSaleDocument
    trace_document: type[BaseModel] = TraceDocument

    def __init__(self, database: Database, on_trace: OnTrace) -> None:
        self._database = database
        self._on_trace = on_trace

    async def after_sales(self, shop_id: str, documents: Sequence[object]) -> Taken:
        """Keeps the good ones; of each other one, its place and what is wrong with it."""
        rejected: list[Rejected] = []

        def steps() -> Iterator[_Step]:
            for index, document in enumerate(documents):
                found = read(AfterSaleDocument, document)
                if isinstance(found, AfterSaleDocument):
                    yield from _steps(after_sale_of(found))
                else:
                    rejected.append(Rejected(index, told(found)))

        await self._write(shop_id, steps())
        return Taken(len(documents) - len(rejected), tuple(rejected))

    async def traces(self, shop_id: str, documents: Sequence[object]) -> Taken:
        """Adds the good ones in the order in which they came."""
        rejected: list[Rejected] = []

        def steps() -> Iterator[_Step]:
            for index, document in enumerate(documents):
                found = read(TraceDocument, document)
                if isinstance(found, TraceDocument):
                    yield _Events(found.tracking_number, (event_of(found),))
                else:
                    rejected.append(Rejected(index, told(found)))

        await self._write(shop_id, steps())
        return Taken(len(documents) - len(rejected), tuple(rejected))

    async def keep(self, shop_id: str, after_sales: Iterable[AfterSale]) -> None:
        """Keeps after-sales that have been read already (files, the sample shop)."""
        await self._write(shop_id, (step for after_sale in after_sales for step in _steps(after_sale)))

    async def _write(self, shop_id: str, steps: Iterator[_Step]) -> None:
        for packed in _packed(steps):
            await self._database.write(partial(self._store, shop_id=shop_id, steps=packed))

    def _store(self, connection: Connection, shop_id: str, steps: Sequence[_Step]) -> None:
        at = now(connection)
        moved: dict[str, None] = {}
        for step in steps:
            moved |= dict.fromkeys(_stored(connection, shop_id, step, at))
        for tracking_number in moved:
            self._on_trace(connection, shop_id, tracking_number)


def _steps(after_sale: AfterSale) -> Iterator[_Step]:
    """Traces first: should the rest not be stored, nobody has seen a parcel without the trace that forbids it."""
    for parcel in after_sale.parcels:
        for begin in range(0, len(parcel.trace), ROWS):
            yield _Events(parcel.tracking_number, parcel.trace[begin : begin + ROWS])
    bare = tuple(replace(parcel, trace=()) for parcel in after_sale.parcels)
    yield _Sale(replace(after_sale, parcels=bare))


def _packed(steps: Iterator[_Step]) -> Iterator[list[_Step]]:
    """As many as fit into one transaction, in their order."""
    packed: list[_Step] = []
    rows = 0
    for step in steps:
        if packed and rows + step.rows > ROWS:
            yield packed
            packed, rows = [], 0
        packed.append(step)
        rows += step.rows
    if packed:
        yield packed


def _stored(connection: Connection, shop_id: str, step: _Step, at: datetime) -> list[str]:
    """Stores one step; the tracking numbers of which it brought new events."""
    if isinstance(step, _Events):
        return [step.tracking_number] if add_trace(connection, shop_id, step.tracking_number, step.events, at) else []
    save(connection, shop_id, step.after_sale, at)
    return []
