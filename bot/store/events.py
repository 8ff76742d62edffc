"""What live pages replay (ruling 24): written in the transaction that changes the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, Index, Integer, String, Table, func, select, text

from bot.store.prepared import Prepared
from bot.store.schema import Moment, Serial, metadata

live_events = Table(
    "live_events",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("shop_id", String(64), nullable=False),
    Column("target", String(80), nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "shop_id", "id"),
)
"""`target`: `case:<id>`, `after_sale:<id>`, `message:<conversation>:<seq>`, `batch:<id>`, `permissions`.

On PostgreSQL an id is the number of the writer's transaction and, within it, a count: so all ids below those of the
oldest open transaction are final, and no reader passes an id while a smaller one may still commit. A count
alone would not do: a transaction that began first may count later and commit earlier than another."""

_FINAL = "id < (pg_snapshot_xmin(pg_current_snapshot())::text::bigint << 16)"


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One change of something that a live page shows."""

    id: int
    target: str
    version: int


def publish(connection: Connection, shop_id: str, target: str, version: int, at: datetime) -> None:
    """Notes the change of a target, in the transaction that makes it."""
    publish_all(connection, shop_id, [(target, version)], at)


def publish_all(connection: Connection, shop_id: str, changed: Sequence[tuple[str, int]], at: datetime) -> None:
    """The same for several targets and their versions, in that order."""
    rows = [{"shop_id": shop_id, "target": target, "version": version, "at": at} for target, version in changed]
    (_BY_TRANSACTION if connection.dialect.name == "postgresql" else _PLAIN).run_each(connection, rows)


def since(connection: Connection, shop_id: str, last_id: int, limit: int = 200) -> list[LiveEvent]:
    """The shop's changes after `last_id`, oldest first; on PostgreSQL only what no earlier id can still precede."""
    wanted = select(live_events.c.id, live_events.c.target, live_events.c.version).where(
        live_events.c.shop_id == shop_id, live_events.c.id > last_id
    )
    if connection.dialect.name == "postgresql":
        wanted = wanted.where(text(_FINAL))
    return [LiveEvent(*row) for row in connection.execute(wanted.order_by(live_events.c.id).limit(limit))]


def latest(connection: Connection, shop_id: str) -> int:
    """The id from which a page that has just been drawn goes on."""
    wanted = select(func.max(live_events.c.id)).where(live_events.c.shop_id == shop_id)
    if connection.dialect.name == "postgresql":
        wanted = wanted.where(text(_FINAL))
    return connection.execute(wanted).scalar() or 0


_COLUMNS = ("shop_id", "target", "version", "at")
_PLAIN = Prepared(live_events.insert(), _COLUMNS)
_BY_TRANSACTION = Prepared(
    live_events.insert().values(
        id=text(
            "(pg_current_xact_id()::text::bigint << 16)"
            " | (nextval(pg_get_serial_sequence('live_events', 'id')) & 65535)"
        )
    ),
    _COLUMNS,
)
