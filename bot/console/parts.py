"""What of an open page a change concerns, drawn by the same templates as the page (console README 6).

A part is `{t, v, html}`: the page replaces what it has under the name `t` when `v` is higher. `v` is the event up to
which the drawing is true, so nothing ever goes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, or_, select

from bot.console.bench import Lister
from bot.console.frame import page_facts
from bot.console.panel import panel
from bot.console.talk import Shown, followed, message, record
from bot.console.tally import tally
from bot.console.views.accounts import my_facts
from bot.console.views.batch import batch_facts
from bot.console.views.permissions import permission_facts
from bot.console.views.record import record_facts
from bot.console.views.records import row
from bot.console.visit import Visit
from bot.interception.batch import BatchRow
from bot.store.cards import messages
from bot.store.events import LiveEvent

MOST_MESSAGES = 50
ANNOUNCED = 10
"""A batch is read out after so many results, not after each (console README 5)."""

Part = dict[str, Any]


@dataclass(slots=True)
class Memory:
    """What one page has been told of a batch's rows, so that only those are sent that changed."""

    rows: dict[int, str] = field(default_factory=dict)
    announced: int = 0


class Parts:
    """Draws for one page at a time; `page` in the stream's address says which."""

    def __init__(self, lister: Lister) -> None:
        self._lister = lister

    async def draw(self, visit: Visit, changes: Sequence[LiveEvent], memory: Memory) -> dict[str, Any]:
        """The parts of this page that the changes concern, and what waits for a person; empty when nothing does."""
        kind = visit.request.query.get("page", "")
        drawers = {
            "workbench": self._workbench,
            "record": self._record,
            "records": self._records,
            "batch": self._batch,
            "permissions": self._permissions,
            "me": self._me,
        }
        drawer = drawers.get(kind)
        parts = [] if drawer is None else await drawer(visit, changes, memory)
        body: dict[str, Any] = {"parts": parts} if parts else {}
        if any(change.target.startswith(("case:", "after_sale:")) for change in changes):
            body["counts"] = dict(await self._lister.counts(visit.asker, visit.speech))
        return body

    async def _workbench(self, visit: Visit, changes: Sequence[LiveEvent], memory: Memory) -> list[Part]:
        del memory
        open_id = visit.request.query.get("c", "")[:64]
        last = changes[-1].id
        parts: list[Part] = []
        for change in changes:
            kind, _, name = change.target.partition(":")
            if kind == "after_sale":
                parts.append(await self._conversation(visit, name, change.id, open_id))
        if not open_id:
            return parts
        if any(change.target in {f"after_sale:{open_id}", "permissions"} for change in changes):
            parts.extend(await self._panel(visit, open_id, last))
        targets = {change.target for change in changes}
        for seq in await visit.house.database.read(lambda c: _messages(c, visit.asker.shop_id, open_id, targets)):
            parts.extend(await self._message(visit, seq, last))
        for case_id in (t.partition(":")[2] for t in targets if t.startswith("case:")):
            parts.extend(await self._unspoken(visit, case_id, open_id, last))
        return parts

    async def _unspoken(self, visit: Visit, case_id: str, open_id: str, version: int) -> list[Part]:
        shop = visit.asker.shop_id
        if await visit.house.database.read(lambda c: followed(c, shop, open_id, f"case:{case_id}")):
            return []
        shown = await record(visit.house, visit.asker, visit.speech, case_id, version)
        return [] if shown is None or shown.conversation != open_id else [self._drawn(visit, shown, version)]

    async def _conversation(self, visit: Visit, after_sale_id: str, version: int, open_id: str) -> Part:
        name = f"conv:{after_sale_id}"
        found = await self._lister.row(visit.asker, visit.speech, after_sale_id)
        if found is None or not found.group:
            return {"t": name, "v": version, "gone": True}
        facts = {"r": found, "open_id": open_id, "list_version": version}
        html = visit.drawing.draw("parts/conversation.html", visit.speech, facts)
        return {"t": name, "v": version, "html": html, "add": "list"}

    async def _panel(self, visit: Visit, after_sale_id: str, version: int) -> list[Part]:
        shown = await panel(visit.house, visit.asker, visit.speech, after_sale_id)
        if shown is None:
            return []
        facts = {"p": shown, "page": page_facts(visit, "workbench")}
        html = visit.drawing.draw("parts/panel.html", visit.speech, facts)
        return [{"t": f"panel:{after_sale_id}", "v": max(version, shown.version), "html": html}]

    async def _message(self, visit: Visit, seq: int, version: int) -> list[Part]:
        shown = await message(visit.house, visit.asker, visit.speech, seq, version)
        return [] if shown is None else [self._drawn(visit, shown, version)]

    def _drawn(self, visit: Visit, shown: Shown, version: int) -> Part:
        facts = {"m": shown, "page": page_facts(visit, "workbench")}
        html = visit.drawing.draw("parts/message.html", visit.speech, facts)
        alarm = shown.card.title if shown.card is not None and shown.card.state == "contradicted" else ""
        return {"t": shown.target, "v": version, "html": html, "add": "log", "alarm": alarm}

    async def _record(self, visit: Visit, changes: Sequence[LiveEvent], memory: Memory) -> list[Part]:
        del memory
        case_id = visit.request.query.get("id", "")[:40]
        case = await visit.house.interceptions.get(visit.asker.shop_id, case_id)
        if case is None:
            return []
        if not {f"case:{case_id}", f"after_sale:{case.after_sale_id}"} & {change.target for change in changes}:
            return []
        facts = await record_facts(visit.house, visit.asker, visit.speech, case_id)
        if facts is None:
            return []
        version = changes[-1].id
        html = visit.drawing.draw(
            "parts/record.html", visit.speech, {**facts, "page": page_facts(visit, "records"), "version": version}
        )
        return [{"t": f"record:{case_id}", "v": version, "html": html}]

    async def _records(self, visit: Visit, changes: Sequence[LiveEvent], memory: Memory) -> list[Part]:
        del memory
        drawn_at = _moment(visit.request.query.get("at", ""))
        parts: list[Part] = []
        for change in changes:
            kind, _, case_id = change.target.partition(":")
            found = await row(visit.house, visit.asker, visit.speech, case_id) if kind == "case" else None
            if found is None:
                continue
            html = visit.drawing.draw("parts/record_row.html", visit.speech, {"r": found, "row_version": change.id})
            is_new = drawn_at is not None and found.at > drawn_at
            parts.append({"t": f"row:{case_id}", "v": change.id, "html": html, "add": "held" if is_new else ""})
        return parts

    async def _batch(self, visit: Visit, changes: Sequence[LiveEvent], memory: Memory) -> list[Part]:
        batch_id = visit.request.query.get("id", "")[:40]
        if f"batch:{batch_id}" not in {change.target for change in changes}:
            return []
        batch = await visit.house.batches.get(visit.asker.shop_id, batch_id)
        if batch is None:
            return []
        version, told = changes[-1].id, tally(visit.house, visit.speech, batch)
        facts = {**batch_facts(told, ""), "page": page_facts(visit, "batch"), "version": version}
        head = visit.drawing.draw("parts/batch_head.html", visit.speech, facts)
        parts: list[Part] = [{"t": f"batch:{batch_id}", "v": version, "html": head}]
        if told.settled // ANNOUNCED > memory.announced:
            memory.announced = told.settled // ANNOUNCED
            parts[0]["said"] = visit.speech("batch.title", n=len(told.lines), done=told.settled)
        drawn_at, first = _moment(visit.request.query.get("at", "")), not memory.rows
        for line, row_ in zip(told.lines, batch.rows, strict=True):
            known = memory.rows.get(line.position) if not first else None
            memory.rows[line.position] = line.word + line.fee
            if known == line.word + line.fee or (first and not _since(row_, drawn_at)):
                continue
            html = visit.drawing.draw("parts/batch_row.html", visit.speech, {**facts, "x": line})
            parts.append({"t": f"brow:{batch_id}:{line.position}", "v": version, "html": html})
        return parts

    async def _permissions(self, visit: Visit, changes: Sequence[LiveEvent], memory: Memory) -> list[Part]:
        del memory
        if all(change.target != "permissions" for change in changes):
            return []
        version = changes[-1].id
        facts = await permission_facts(visit.house, visit.asker, visit.speech)
        facts |= {"page": page_facts(visit, "permissions"), "version": version}
        html = visit.drawing.draw("parts/permissions.html", visit.speech, facts)
        return [{"t": "permissions", "v": version, "html": html}]

    async def _me(self, visit: Visit, changes: Sequence[LiveEvent], memory: Memory) -> list[Part]:
        del memory
        if all(change.target != "permissions" for change in changes):
            return []
        facts = await my_facts(visit.house, visit.asker, visit.speech)
        facts |= {"page": page_facts(visit, "me"), "version": changes[-1].id}
        html = visit.drawing.draw("parts/accounts.html", visit.speech, facts)
        return [{"t": "accounts", "v": changes[-1].id, "html": html}]


def _messages(connection: Connection, shop_id: str, conversation: str, targets: set[str]) -> list[int]:
    """The messages of the open conversation that changed themselves, or show something that did."""
    named = [int(t.partition(":")[2]) for t in targets if t.startswith("message:") and t[8:].isdecimal()]
    shown = messages.c.body["target"].as_string()
    wanted = [messages.c.seq.in_(named), shown.in_([t for t in targets if not t.startswith("message:")])]
    if "permissions" in targets:
        wanted += [shown.like("signup:%"), shown.like("denied%")]
    query = select(messages.c.seq).where(
        messages.c.shop_id == shop_id, messages.c.conversation == conversation, or_(*wanted)
    )
    newest = connection.execute(query.order_by(messages.c.seq.desc()).limit(MOST_MESSAGES)).scalars()
    return sorted(newest)


def _since(row_: BatchRow, drawn_at: datetime | None) -> bool:
    """Whether a row has moved since the page was drawn."""
    if row_.case is None or drawn_at is None:
        return drawn_at is None
    return max(row_.case.created_at, row_.case.settled_at or row_.case.created_at) >= drawn_at


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
