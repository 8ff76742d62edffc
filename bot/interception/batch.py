"""Many parcels at once (ruling 20): checked, confirmed once, opened in small transactions, resumed after a restart."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from bot.domain.interception import Interception
from bot.domain.people import Asker, Origin, Role
from bot.domain.reason import Reason
from bot.interception.asking import Asking, Target
from bot.interception.errors import ChoiceRequired, NotFound, TooMany, UnknownParcels
from bot.interception.news import BATCH
from bot.interception.service import MOST, Interceptions
from bot.merchants import people, permissions
from bot.store import after_sales
from bot.store.batches import batch_rows, batches
from bot.store.cases import read_reason, reason_document, several
from bot.store.database import Database, now
from bot.store.events import publish

LONGEST = 64
"""What is typed is kept this far; no number of anybody's is longer."""

CHUNK = 20
"""So many cases are opened in one transaction: a batch must not hold up somebody's single click."""


class BatchState(StrEnum):
    """`DRAFTED`: checked, nobody has confirmed yet."""

    DRAFTED = "drafted"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"


class Outcome(StrEnum):
    """What a pasted number is before it becomes a case. `SEVERAL`: it names more than one parcel, to be chosen from."""

    ELIGIBLE = "eligible"
    REFUSED = "refused"
    NOT_FOUND = "not_found"
    SEVERAL = "several"
    CASE = "case"


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One pasted number, where it led, and its interception once there is one."""

    position: int
    typed: str
    outcome: Outcome
    after_sale_id: str | None
    tracking_number: str | None
    carrier: str | None
    fee_fen: int
    reasons: tuple[Reason, ...]
    case: Interception | None


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it is now."""

    id: str
    number: int
    version: int
    shop_id: str
    state: BatchState
    by_id: str
    by_name: str
    created_at: datetime
    confirmed_at: datetime | None
    rows: tuple[BatchRow, ...]


class Batches:
    """Drafting, confirming, pausing and moving batches on."""

    def __init__(self, database: Database, interceptions: Interceptions) -> None:
        self._database = database
        self._interceptions = interceptions

    async def draft(self, asker: Asker, numbers: Sequence[str], conversation: str | None = None) -> Batch:
        """Checks every number against the rules; nothing is sent. Raises `TooMany` above 500."""
        wanted = list(dict.fromkeys(numbers))
        if len(wanted) > MOST:
            raise TooMany(MOST)
        asking = self._interceptions.asking()
        batch_id = f"{BATCH}{secrets.token_hex(8)}"

        def write(connection: Connection) -> None:
            at = now(connection)
            connection.execute(
                batches.insert(),
                {
                    "id": batch_id,
                    "shop_id": asker.shop_id,
                    "by_id": asker.person_id or asker.key_id or "",
                    "by_name": asker.name,
                    "state": BatchState.DRAFTED.value,
                    "conversation": conversation,
                    "created_at": at,
                    "ver": 1,
                },
            )
            if rows:
                connection.execute(batch_rows.insert(), rows)

        def check(connection: Connection) -> list[dict[str, Any]]:
            checked = [row for typed in wanted for row in _checked(connection, asker, asking, typed)]
            once = {row["tracking_number"] or row["typed"]: row for row in reversed(checked)}
            return [{"batch_id": batch_id, "position": i, **row} for i, row in enumerate(reversed(once.values()))]

        # The check only shows; what counts is judged when each case is opened. So it keeps no writer waiting.
        rows = await self._database.read(check)
        await self._database.write(write)
        return await self._own(asker.shop_id, batch_id)

    async def get(self, shop_id: str, batch_id: str) -> Batch | None:
        """The shop's batch of that id."""
        return await self._database.read(lambda c: _load(c, shop_id, batch_id))

    async def recent(self, shop_id: str, limit: int = 20) -> list[Batch]:
        """The shop's latest confirmed batches, newest first."""

        def load(connection: Connection) -> list[Batch]:
            wanted = (
                select(batches.c.id)
                .where(batches.c.shop_id == shop_id, batches.c.state != BatchState.DRAFTED.value)
                .order_by(batches.c.seq.desc())
                .limit(limit)
            )
            found = [_load(connection, shop_id, batch_id) for batch_id in connection.execute(wanted).scalars()]
            return [batch for batch in found if batch is not None]

        return await self._database.read(load)

    async def confirm(self, asker: Asker, batch_id: str) -> Batch:
        """The one confirmation: from now on every eligible number becomes an interception. Again: the same state."""
        return await self._switch(asker, batch_id, BatchState.DRAFTED, BatchState.RUNNING)

    async def pause(self, asker: Asker, batch_id: str) -> Batch:
        """Opens no further case; what was opened goes on."""
        return await self._switch(asker, batch_id, BatchState.RUNNING, BatchState.PAUSED)

    async def go_on(self, asker: Asker, batch_id: str) -> Batch:
        """Continues a paused batch."""
        return await self._switch(asker, batch_id, BatchState.PAUSED, BatchState.RUNNING)

    async def _switch(self, asker: Asker, batch_id: str, before: BatchState, after: BatchState) -> Batch:
        """Raises `NotFound`, or `PermissionDenied` for whoever may not intercept: it would only burn the batch."""
        permissions.require_tools(asker)

        def write(connection: Connection) -> None:
            at = now(connection)
            due = at if after is BatchState.RUNNING else None
            values: dict[str, Any] = {"state": after.value, "next_at": due, "ver": batches.c.ver + 1}
            if before is BatchState.DRAFTED:
                values |= {"confirmed_at": at, "by_id": asker.person_id or asker.key_id or "", "by_name": asker.name}
            row = connection.execute(
                update(batches)
                .where(batches.c.id == batch_id, batches.c.shop_id == asker.shop_id, batches.c.state == before.value)
                .values(**values)
                .returning(batches.c.ver)
            ).first()
            if row is not None:
                publish(connection, asker.shop_id, f"batch:{batch_id}", row.ver, at)

        await self._database.write(write)
        self._interceptions.nudge()
        return await self._own(asker.shop_id, batch_id)

    async def advance(self, batch_id: str) -> None:
        """Opens the next cases of a running batch. Each row is its own click: done twice, it is the same case."""
        asker = await self._database.read(lambda c: _asker(c, batch_id))
        waiting = await self._database.read(lambda c: _waiting(c, batch_id, CHUNK))
        for row in waiting:
            try:
                items = await self._interceptions.ask(
                    asker, [Target(row.after_sale_id, row.tracking_number)], click=f"{batch_id}:{row.position}"
                )
            except (UnknownParcels, ChoiceRequired):
                outcome, case_id = Outcome.NOT_FOUND, None
            else:
                outcome, case_id = Outcome.CASE, items[0].id
            await self._database.write(lambda c, r=row, o=outcome, i=case_id: _became(c, batch_id, r.position, o, i))  # type: ignore[misc]
        await self._database.write(lambda c: _finish(c, batch_id))
        self._interceptions.nudge()

    async def _own(self, shop_id: str, batch_id: str) -> Batch:
        found = await self.get(shop_id, batch_id)
        if found is None:
            raise NotFound(batch_id)
        return found


def _asker(connection: Connection, batch_id: str) -> Asker:
    """Whoever confirmed it, with the permissions of this moment (R11); somebody who has left has none."""
    row = connection.execute(select(batches).where(batches.c.id == batch_id)).one()
    person = people.get(connection, row.by_id)
    if person is None or not person.active:
        return Asker(row.shop_id, Origin.AGENT, row.by_name, Role.AGENT, row.by_id)
    return permissions.asker(connection, person)


def _checked(connection: Connection, asker: Asker, asking: Asking, typed: str) -> list[dict[str, Any]]:
    empty: dict[str, Any] = {
        "typed": typed[:LONGEST],
        "after_sale_id": None,
        "tracking_number": None,
        "carrier": None,
        "fee_fen": 0,
        "case_id": None,
        "reasons": [],
    }
    found = after_sales.find(connection, asker.shop_id, typed)
    if not found:
        return [{**empty, "outcome": Outcome.NOT_FOUND.value}]
    still_open = [a for a in found if a.status == "open"] if len(found) > 1 else found
    if len(still_open) != 1:
        return [{**empty, "outcome": Outcome.SEVERAL.value}]
    rows = []
    for candidate in asking.candidates(connection, asker, still_open[0]):
        number = candidate.parcel.tracking_number
        if typed in (number, still_open[0].after_sale_id, still_open[0].order_id):
            rows.append(
                {
                    **empty,
                    "after_sale_id": still_open[0].after_sale_id,
                    "tracking_number": number,
                    "outcome": (Outcome.ELIGIBLE if candidate.verdict.eligible else Outcome.REFUSED).value,
                    "reasons": [reason_document(reason) for reason in candidate.verdict.reasons],
                    "carrier": candidate.parcel.carrier,
                    "fee_fen": candidate.verdict.fee_fen,
                }
            )
    return rows


def _load(connection: Connection, shop_id: str, batch_id: str) -> Batch | None:
    row = connection.execute(select(batches).where(batches.c.id == batch_id, batches.c.shop_id == shop_id)).first()
    if row is None:
        return None
    rows = connection.execute(
        select(batch_rows).where(batch_rows.c.batch_id == batch_id).order_by(batch_rows.c.position)
    ).all()
    found = {case.id: case for case in several(connection, [r.case_id for r in rows if r.case_id])}
    return Batch(
        id=row.id,
        number=row.seq,
        version=row.ver,
        shop_id=row.shop_id,
        state=BatchState(row.state),
        by_id=row.by_id,
        by_name=row.by_name,
        created_at=row.created_at,
        confirmed_at=row.confirmed_at,
        rows=tuple(_row(r, found.get(r.case_id)) for r in rows),
    )


def _row(row: Row[Any], case: Interception | None) -> BatchRow:
    return BatchRow(
        position=row.position,
        typed=row.typed,
        outcome=Outcome(row.outcome),
        after_sale_id=row.after_sale_id,
        tracking_number=row.tracking_number,
        carrier=row.carrier,
        fee_fen=row.fee_fen,
        reasons=case.reasons if case is not None else tuple(read_reason(document) for document in row.reasons),
        case=case,
    )


def _waiting(connection: Connection, batch_id: str, limit: int) -> list[Row[Any]]:
    wanted = (
        select(batch_rows)
        .join(batches, batches.c.id == batch_rows.c.batch_id)
        .where(
            batch_rows.c.batch_id == batch_id,
            batch_rows.c.outcome == Outcome.ELIGIBLE.value,
            batches.c.state == BatchState.RUNNING.value,
        )
        .order_by(batch_rows.c.position)
        .limit(limit)
    )
    return list(connection.execute(wanted).all())


def _became(connection: Connection, batch_id: str, position: int, outcome: Outcome, case_id: str | None) -> None:
    this = (batch_rows.c.batch_id == batch_id) & (batch_rows.c.position == position)
    connection.execute(update(batch_rows).where(this).values(outcome=outcome.value, case_id=case_id))
    _raised(connection, batch_id)


def _finish(connection: Connection, batch_id: str) -> None:
    left = connection.execute(
        select(func.count()).where(batch_rows.c.batch_id == batch_id, batch_rows.c.outcome == Outcome.ELIGIBLE.value)
    ).scalar_one()
    is_running = (batches.c.id == batch_id) & (batches.c.state == BatchState.RUNNING.value)
    if left == 0:
        connection.execute(update(batches).where(is_running).values(state=BatchState.DONE.value, next_at=None))
        _raised(connection, batch_id)
    else:
        connection.execute(update(batches).where(is_running).values(next_at=now(connection)))


def _raised(connection: Connection, batch_id: str) -> None:
    row = connection.execute(
        update(batches)
        .where(batches.c.id == batch_id)
        .values(ver=batches.c.ver + 1)
        .returning(batches.c.shop_id, batches.c.ver)
    ).one()
    publish(connection, row.shop_id, f"batch:{batch_id}", row.ver, now(connection))
