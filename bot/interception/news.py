"""What others hear of a move, in its transaction: cards are due, live pages look, the timeline keeps the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from bot.domain.answer import Answer
from bot.domain.case import Phase
from bot.domain.interception import names_next_look
from bot.interception import statements
from bot.store.after_sales import raise_version
from bot.store.events import publish, publish_all

BATCH = "batch-"
"""How the click of a batch's case begins: only those have a batch to tell."""
_WAITING = (Phase.CALLING.value, Phase.WATCHING.value)


def wire(answer: Answer | None) -> dict[str, Any]:
    """What the timeline keeps of an answer: redacted extracts, codes, reference."""
    if answer is None:
        return {}
    facts = {"sent": answer.sent, "got": answer.got, "reference": answer.reference, "alarm": answer.alarm}
    if answer.reason is not None:
        facts["reason"] = answer.reason.code.value
        facts["carrier_code"] = answer.reason.carrier_code
        facts["carrier_text"] = answer.reason.carrier_text
    return {name: value for name, value in facts.items() if value is not None}


def changed(connection: Connection, row: Row[Any], at: datetime) -> None:
    """All cards of the case are due, and live pages hear of it."""
    statements.CARDS_DUE.run(connection, {"card": f"case:{row.id}", "at": at})
    told(connection, row.shop_id, row.after_sale_id, row.id, row.ver, at)
    if not (row.click or "").startswith(BATCH):
        return
    batch = statements.BATCH_RAISED.first(connection, {"case": row.id})
    if batch is not None:
        statements.CARDS_DUE.run(connection, {"card": f"batch:{batch.id}", "at": at})
        publish(connection, row.shop_id, f"batch:{batch.id}", batch.ver, at)


def looked(connection: Connection, row: Row[Any], at: datetime) -> None:
    """Live pages hear that a look without news has moved the next one, where they name its time. `row`: as before it.

    Chat cards stay as they are, and later looks, which are told as hourly, cost nothing here (goal 14).
    """
    waits = row.state in statements.OPEN and row.phase in _WAITING and row.next_at is not None
    if waits and names_next_look(row.looks_since, row.next_at):
        publish(connection, row.shop_id, f"case:{row.id}", row.ver, at)


def told(connection: Connection, shop_id: str, after_sale_id: str, case_id: str, version: int, at: datetime) -> None:
    """Live pages hear of the case and of its after-sale."""
    targets = [(f"case:{case_id}", version)]
    raised = raise_version(connection, shop_id, after_sale_id, at)
    if raised is not None:
        targets.append((f"after_sale:{after_sale_id}", raised))
    publish_all(connection, shop_id, targets, at)
