"""The transactions that move a case (`engine.md` 2; rulings 1–8). Nothing else changes the table of cases.

Each is a plain function over a connection, run inside one `Database.write`. Each says in its WHERE what must still be
true; when it no longer is, it changes nothing and says so. State change, fee, timeline, cards due and live event are
one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Row, or_, update

from bot.carriers.contract import Doubt
from bot.domain.answer import Answer, Said
from bot.domain.case import Phase, SettledBy, State, WayHome
from bot.domain.parcel import Stage
from bot.domain.reason import Reason, ReasonCode
from bot.interception import news, statements, way_home
from bot.interception.pace import CHANCE, Pace, next_look, retry_unsent
from bot.interception.statements import Only, held
from bot.ledger.fees import Charge, charge
from bot.store.cases import CaseEvent, cases, reason_document, write_event, write_events
from bot.store.database import now
from bot.store.sql import insert_returned

OPEN = statements.OPEN


@dataclass(frozen=True, slots=True)
class Submission:
    """A case about to be opened: what our rules said of it, and who asked."""

    row: Mapping[str, Any]
    reasons: tuple[Reason, ...] = ()
    call_now: bool = False


def open_case(connection: Connection, submission: Submission, pace: Pace, at: datetime) -> Row[Any] | None:
    """T1: the case, refused or pending, before anybody is told of it. None when the parcel is blocked meanwhile (R10).

    `call_now` marks the first call in the same commit, for a process that has a call slot free.
    """
    refused = bool(submission.reasons)
    row: dict[str, Any] = {
        **submission.row,
        "reasons": [reason_document(reason) for reason in submission.reasons],
        "created_at": at,
        "ver": 1,
        "call_no": 0,
        "next_at": None,
        "state": State.REFUSED.value if refused else State.PENDING.value,
        "phase": Phase.ENDED.value if refused else Phase.QUEUED.value,
    }
    if refused:
        row["settled_at"] = at
    else:
        row |= {"next_at": at, "watch_until": at + pace.watch, "looks_since": at}
        if submission.call_now:
            row |= _mark_values(1, at, pace)
    opened = insert_returned(connection, cases, row)
    if opened is None:
        return None
    facts = {"how": row.get("click"), "rules_version": row["rules_version"], "quoted_fen": row["quoted_fen"]}
    lines = [CaseEvent(at, "refused" if refused else "asked", row["asked_by"], facts)]
    if submission.call_now and not refused:
        lines.append(CaseEvent(at, "sent", None, {"call": 1}))
    write_events(connection, row["id"], lines)
    news.told(connection, row["shop_id"], row["after_sale_id"], row["id"], 1, at)
    return opened


def mark(connection: Connection, case_id: str, call_no: int, pace: Pace, *, readings: int = 0) -> bool:
    """T2: the right to call number `call_no` + 1, committed before the call. False: somebody else has it, or it ended.

    A further call after a doubt needs `readings` readings that show nothing (2 on read routes, ruling 5).
    """
    at = now(connection)
    values = {"id_": case_id, "before": call_no, "needed": readings, **_mark_values(call_no + 1, at, pace)}
    marked = statements.MARK.run(connection, values) == 1
    if marked:
        write_event(connection, case_id, at, "sent", {"call": call_no + 1})
    return marked


def _mark_values(call_no: int, at: datetime, pace: Pace) -> dict[str, Any]:
    return {
        "phase": Phase.CALLING.value,
        "call_no": call_no,
        "called_at": at,
        "readings": 0,
        "next_at": at + pace.lost_after,
    }


def doubt(connection: Connection, case_id: str, call_no: int, *, person: bool, answer: Answer | None = None) -> bool:
    """T3c: call `call_no` ended without an answer, or is found marked without one: it may have worked.

    The first doubt of a case is looked at at once, later ones by the steps of ruling 7. These go on where each of them
    repeats the call; where it is only read, and a further call waits for the quiet time, they begin anew with it.
    """
    row = held(connection, case_id)
    if row is None or not _in_flight(row, call_no):
        return False
    at = now(connection)
    first = row.state == State.PENDING.value
    since = at if first else row.called_at if row.doubt_by == Doubt.READ.value else row.looks_since
    values = {
        "state": State.UNKNOWN.value,
        "phase": (Phase.UNCLEAR if person else Phase.CALLING).value,
        "doubted_call": call_no,
        "last_sent_at": row.called_at,
        "looks_since": since,
        "next_at": at if first else next_look(since, at, CHANCE),
    }
    doubted = _write(connection, case_id, values)
    write_event(connection, case_id, at, "doubt", {"call": call_no, **news.wire(answer)})
    news.changed(connection, doubted, at)
    return True


def never_left(connection: Connection, case_id: str, call_no: int, answer: Answer, pace: Pace) -> bool:
    """T3d: no byte of call `call_no` was written, or the carrier says that it did nothing (ruling 5)."""
    row = held(connection, case_id)
    if row is None or not _in_flight(row, call_no):
        return False
    at = now(connection)
    write_event(connection, case_id, at, "never_left", {"call": call_no, **news.wire(answer)})
    if row.state == State.UNKNOWN.value:
        values: dict[str, Any] = {"doubted_call": call_no, "next_at": next_look(row.looks_since, at, CHANCE)}
    elif at - row.created_at >= pace.unavailable:
        unavailable = Reason(ReasonCode.CARRIER_UNAVAILABLE, {"why": "nothing_sent"})
        return settle(connection, case_id, State.FAILED, Answer(answer.said, reason=unavailable), pace)
    else:
        values = {"phase": Phase.QUEUED.value, "called_at": None, "next_at": retry_unsent(row.created_at, at)}
    connection.execute(update(cases).where(cases.c.id == case_id).values(**values))
    news.looked(connection, row, at)
    return True


def reading(
    connection: Connection,
    case_id: str,
    call_no: int,
    asked_at: datetime,
    pace: Pace,
    still_quiet: timedelta = timedelta(0),
) -> int:
    """A reading that worked and shows no order. Returns how many such readings permit a further call so far.

    One counts only when it was asked at least the quiet time after the latest call that may have left: an early
    «nothing» permits nothing, since that call may still be on its way. `still_quiet` is what was left of that time by a
    clock that does not jump; while there is any, nothing counts. What counted before goes on counting: a restart in
    between takes nothing from it.
    """
    row = held(connection, case_id)
    if row is None or row.state != State.UNKNOWN.value or row.call_no != call_no or row.doubted_call != call_no:
        return 0
    at = now(connection)
    counts_from = row.last_sent_at + pace.quiet
    counts = asked_at >= counts_from and not still_quiet
    counted: int = row.readings + 1 if counts else row.readings
    look = next_look(row.looks_since, at, CHANCE)
    soon = retry_unsent(at, at) if counts else max(counts_from, at + still_quiet)
    _write(connection, case_id, {"readings": counted, "polls": row.polls + 1, "next_at": min(look, soon)})
    write_event(connection, case_id, at, "reading", {"call": call_no, "counts": counted})
    news.looked(connection, row, at)
    return counted


def look_later(connection: Connection, case_id: str, seen: Row[Any] | None = None) -> None:
    """A look told nothing: the next one comes by the steps of ruling 7, unless nothing is left to look at.

    `seen` is the row as the look found it: where it has not moved since, it need not be read again.
    """
    if seen is not None and seen.looks_since is not None and seen.phase != Phase.QUEUED.value:
        at = now(connection)
        same = {"id_": case_id, "seen": seen.ver, "seen_phase": seen.phase}
        if statements.LOOK_LATER.run(connection, {**same, "later": next_look(seen.looks_since, at, CHANCE)}) == 1:
            news.looked(connection, seen, at)
            return
    row = held(connection, case_id)
    if row is None or row.next_at is None:
        return
    at = now(connection)
    queued = row.phase == Phase.QUEUED.value
    later = retry_unsent(row.created_at, at) if queued else next_look(row.looks_since, at, CHANCE)
    same = {"id_": case_id, "seen": row.ver, "seen_phase": row.phase, "later": later}
    statements.LOOK_LATER.run(connection, same)
    news.looked(connection, row, at)


def wait(connection: Connection, case_id: str, answer: Answer) -> bool:
    """T3a: the carrier has an order of ours and works on it."""
    row = held(connection, case_id)
    if row is None or row.state not in OPEN:
        return False
    at = now(connection)
    begins = row.phase != Phase.WATCHING.value
    values = {
        "state": State.PENDING.value,
        "phase": Phase.WATCHING.value,
        "looks_since": at if begins else row.looks_since,
        "next_at": at if begins else next_look(row.looks_since, at, CHANCE),
        "polls": row.polls + 1,
        "carrier_reference": _kept(answer.reference, cases.c.carrier_reference) or row.carrier_reference,
    }
    moved = _write(connection, case_id, values)
    if begins or moved.carrier_reference != row.carrier_reference:
        write_event(connection, case_id, at, "answered", {"said": answer.said.value, **news.wire(answer)})
        news.changed(connection, moved, at)
    else:
        news.looked(connection, row, at)
    return True


def _in_flight(row: Row[Any], call_no: int) -> bool:
    """Whether that call is the latest and has no answer yet."""
    return bool(row.phase == Phase.CALLING.value and row.call_no == call_no and row.doubted_call < call_no)


def _write(connection: Connection, case_id: str, values: Mapping[str, Any]) -> Row[Any]:
    """Changes a held row, and its version."""
    changed = statements.changed(tuple(values)).first(connection, {**values, "id_": case_id})
    if changed is None:
        raise LookupError(case_id)
    return changed


def settle(  # noqa: PLR0913 - an end has many causes, each says one thing more
    connection: Connection,
    case_id: str,
    to: State,
    answer: Answer,
    pace: Pace,
    *,
    by: str | None = None,
    ground: str | None = None,
    only: Only | None = None,
    call_no: int = 0,
) -> bool:
    """T3b: the end, and with a success its fee, in one transaction. False when it had ended already.

    `ground` says why a success counts as one. `only` narrows what must still hold; `call_no` is the call that it is
    about.
    """
    at = now(connection)
    values: dict[str, Any] = {
        "state": to.value,
        "phase": Phase.ENDED.value,
        "settled_at": at,
        "next_at": None,
        "looks_since": None,
        "watch_until": None,
        "reference": _kept(answer.reference, cases.c.carrier_reference),
        "adopted": answer.adopted,
        "alarm": _kept(answer.alarm, cases.c.alarm),
        "ground": None,
        "fee": None,
        "by_whom": None,
        "reasons": [],
        "carrier_code": None,
        "carrier_text": None,
    }
    if to is State.SUCCEEDED:
        values |= {"next_at": at, "looks_since": at, "watch_until": at + pace.watch}
        values |= {"ground": "adopted" if answer.adopted else ground, "fee": answer.fee_fen}
        values["by_whom"] = answer.settled_by.value if answer.settled_by else None
    if answer.reason is not None:
        values["reasons"] = [reason_document(answer.reason)]
        values["carrier_code"] = _kept(answer.reason.carrier_code, cases.c.carrier_code)
        values["carrier_text"] = _kept(answer.reason.carrier_text, cases.c.carrier_text)
    row = statements.settle(to, only).first(connection, {**values, "id_": case_id, "at": at, "call": call_no})
    if row is None:
        return False
    facts = {"state": to.value, "adopted": answer.adopted, **news.wire(answer)}
    if to is State.SUCCEEDED:
        facts["fee_fen"] = row.fee_fen
        _charge(connection, row, at)
    write_event(connection, case_id, at, "settled", facts, by=by)
    news.changed(connection, row, at)
    if to is State.SUCCEEDED and answer.way_home is not None:
        stage = Stage.RETURNED if answer.way_home is WayHome.RETURNED else Stage.RETURNING
        way_home.go_home(connection, case_id, stage, pace)
    return True


def _kept(words: str | None, column: Column[Any]) -> str | None:
    """What the other side wrote, as much of it as its column holds: PostgreSQL refuses more, and NUL, and with it the
    end of the case.
    """
    return None if words is None else words.replace("\0", "")[: getattr(column.type, "length", None)]


def _charge(connection: Connection, row: Row[Any], at: datetime) -> None:
    charge(
        connection,
        Charge(
            shop_id=row.shop_id,
            interception_id=row.id,
            tracking_number=row.tracking_number,
            carrier=row.carrier,
            amount_fen=row.fee_fen,
            settled_by=SettledBy(row.settled_by),
            at=at,
        ),
    )


def give_up(connection: Connection, case_id: str, pace: Pace) -> bool:
    """Fifteen days without any sign: failed, and nothing is charged."""
    reason = Reason(ReasonCode.CARRIER_UNAVAILABLE, {"why": "no_sign", "days": pace.watch.days})
    return settle(connection, case_id, State.FAILED, _because(reason), pace, only=Only.WATCHED_OUT)


def stop_watching(connection: Connection, case_id: str) -> None:
    """A success whose way home never showed its end: nothing is left to look at."""
    connection.execute(
        update(cases).where(cases.c.id == case_id, cases.c.state == State.SUCCEEDED.value).values(next_at=None)
    )


def call_off(connection: Connection, case_id: str, by: str, pace: Pace) -> bool:
    """A person cancels what has not left."""
    return settle(connection, case_id, State.CANCELLED, _because(None), pace, by=by, only=Only.UNSENT)


def cancel_asked(connection: Connection, case_id: str, answer: Answer, by: str) -> None:
    """Keeps that the carrier was asked to take it back, and what it said."""
    write_event(
        connection, case_id, now(connection), "cancel_asked", {"said": answer.said.value, **news.wire(answer)}, by=by
    )


def look_now(connection: Connection, case_id: str) -> bool:
    """Brings the next look forward; a call that is in flight is left alone."""
    at = now(connection)
    in_flight = (cases.c.phase == Phase.CALLING.value) & (cases.c.doubted_call < cases.c.call_no)
    moved = connection.execute(
        update(cases)
        .where(
            cases.c.id == case_id,
            ~in_flight,
            or_(cases.c.next_at > at, (cases.c.next_at.is_(None)) & cases.c.state.in_(OPEN)),
        )
        .values(next_at=at)
    )
    return moved.rowcount == 1


def _because(reason: Reason | None) -> Answer:
    return Answer(Said.REFUSED, reason=reason)
