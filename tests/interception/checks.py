"""What must hold after each step, and what must hold when the world has calmed down."""

import json

from sqlalchemy import Connection, select

from bot.domain.case import FINAL, State
from bot.store.cases import cases
from tests.interception.carrier import EFFECTIVE, Kind, Order, Violation
from tests.interception.world import World

# contract.md, "States of an interception", copied: from, to.
LEGAL_MOVES = {
    (None, "refused"),
    (None, "pending"),
    ("pending", "unknown"),
    ("pending", "succeeded"),
    ("unknown", "succeeded"),
    ("pending", "failed"),
    ("unknown", "failed"),
    ("unknown", "pending"),
    ("pending", "cancelled"),
}
# The same page: null -> returning -> returned, lost, damaged, or null/returning -> contradicted (-> returning).
LEGAL_WAYS_HOME = {
    (None, "returning"),
    (None, "contradicted"),
    ("returning", "returned"),
    ("returning", "lost"),
    ("returning", "damaged"),
    ("returning", "contradicted"),
    ("contradicted", "returning"),
}


def always(world: World) -> None:
    """Legal moves only; a fee exactly where there is a success, and never two."""
    for row in world.database.ask("SELECT * FROM history WHERE seq > ? ORDER BY seq", world.seen):
        if (row["state_before"], row["state"]) not in LEGAL_MOVES:
            raise Violation(f"{row['id']}: {row['state_before']} -> {row['state']}")
        world.seen = row["seq"]
    for row in world.database.ask(_CHARGED):
        succeeded = row["state"] == "succeeded"
        if row["charges"] != succeeded or row["fee_fen"] != (row["quoted_fen"] if succeeded else 0):
            raise Violation(f"{row['id']} is {row['state']}, its fee {row['fee_fen']}, charged {row['charges']} times")


_CHARGED = (
    "SELECT id, state, quoted_fen, fee_fen, (SELECT count(*) FROM fees WHERE interception_id = cases.id) AS charges"
    " FROM cases"
)


def _ways_home(world: World) -> None:
    way: dict[str, str] = {}
    for row in world.database.ask("SELECT case_id, facts FROM case_events WHERE kind = 'way_home' ORDER BY seq"):
        case_id, to = row["case_id"], json.loads(row["facts"])["way_home"]
        if (way.get(case_id), to) not in LEGAL_WAYS_HOME:
            raise Violation(f"{case_id} on its way home: {way.get(case_id)} -> {to}")
        way[case_id] = to
    if way != {row["id"]: row["way_home"] for row in world.database.ask("SELECT * FROM cases WHERE way_home <> ''")}:
        raise Violation("the timeline does not tell the way home that the record has")


def calm(world: World) -> None:
    """Everything that was acknowledged has ended, as the carrier knows it, and nothing is looked at for ever."""
    _ways_home(world)
    rows = world.database.peek(lambda c: c.execute(select(cases)).all())
    known = {row.id for row in rows}
    for ask, case_id in world.acknowledged.items():
        if case_id not in known:
            raise Violation(f"{ask} was acknowledged as {case_id} and is lost")
    for row in rows:
        if row.state not in set(FINAL):
            raise Violation(f"{row.id} never ended: {row.state}, {row.phase}, next at {row.next_at}")
        if row.next_at is not None and (
            row.state != State.SUCCEEDED or row.way_home in {"returned", "lost", "damaged"}
        ):
            raise Violation(f"{row.id} is {row.state}, {row.way_home}, and is looked at for ever")
        if world.setup.kind is not Kind.BY_HAND:
            own = [order for order in world.carrier.boxes[row.tracking_number].orders if order.case == row.id]
            _tells_the_truth(row, own)


def _tells_the_truth(row: object, own: list[Order]) -> None:
    state, ground = row.state, row.ground  # type: ignore[attr-defined]
    holds = any(order.state in EFFECTIVE for order in own)
    codes = [reason["code"] for reason in row.reasons]  # type: ignore[attr-defined]
    # Caught and delivered all the same, between two looks: nobody is charged for what came to nothing.
    came_to_nothing = codes == ["ALREADY_DELIVERED"] and all(order.state != "processing" for order in own)
    if state in {"failed", "cancelled", "refused"} and holds and not came_to_nothing:
        raise Violation(f"{row.id} is {state} ({codes}) and its order at the carrier holds: {own}")  # type: ignore[attr-defined]
    doubtful = row.doubted_call > 0  # type: ignore[attr-defined]
    if state == "succeeded" and ground != "trace" and not holds and not (row.adopted and doubtful):  # type: ignore[attr-defined]
        raise Violation(f"{row.id} succeeded ({ground}) and the carrier has no order of it: {own}")  # type: ignore[attr-defined]


def story(world: World) -> str:
    """How it came about, for whoever reads a counter-example."""
    return "\n" + "\n".join(world.log) + "\n" + json.dumps(world.database.peek(_rows), default=str, indent=1)


def _rows(connection: Connection) -> list[dict[str, object]]:
    shown = ("id", "state", "phase", "call_no", "doubted_call", "called_at", "readings", "next_at", "ground", "reasons")
    return [{name: row[name] for name in shown} for row in connection.execute(select(cases)).mappings()]
