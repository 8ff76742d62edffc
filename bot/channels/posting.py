"""The outbox: what is due is drawn from the present state and shown by its channel (ruling 2; `chat-overview.md`).

A row is one card in one chat. Showing again is harmless, a card older than what is shown is not shown, and what a
platform does not take is tried again or told to the operator, never dropped silently. `tries` counts the showings that
were begun since the last one that is known to have got through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Row, select

from bot.cards.card import Card
from bot.channels import budget, pushing
from bot.channels.budget import Sending
from bot.channels.contract import Channel, ChannelFacts, NotHere, NotPosted, Place, Posted, Throttled
from bot.channels.leaving import FOLLOWED, FindAsker, viewer
from bot.channels.origin import Token, origin_of
from bot.domain.people import Asker
from bot.handlers.contract import Chat, Desk, Incoming, Reply
from bot.store import telling
from bot.store.cards import outbox
from bot.store.database import Database, now

log = structlog.get_logger(__name__)

AFTER_ANSWER = timedelta(seconds=0.3)
"""A card follows only when the platform's own request has been answered: some undo it otherwise (Feishu)."""

CLAIMED = timedelta(seconds=20)
SLOWEST = timedelta(minutes=15)
MOST_TRIES = 108
"""A day: quickly at first, then every quarter of an hour. A platform that was away for an afternoon still gets the
result.
"""

FAILED_AGAIN_S = 5.0
"""After a defect of ours."""

LASTING = FOLLOWED | pushing.PUSHED
"""Cards that keep their message: news of an interception, a batch or an after-sale goes on in it. Others give way to
the answer.
"""


REFUSALS = frozenset({"denied", "not_found", "too_old"})
"""What says no to whoever pressed, and nothing about the card that was pressed."""


def deliver(connection: Connection, incoming: Incoming, reply: Reply, at: datetime) -> None:
    """How a channel with an outbox keeps a reply: what `reception.py` noted of where it came from comes back here."""
    origin = origin_of(incoming)
    keep(connection, incoming, reply, at, message_ref=origin.message_ref, token=origin.token)


def keep(
    connection: Connection,
    incoming: Incoming,
    reply: Reply,
    at: datetime,
    *,
    message_ref: str | None = None,
    token: Token | None = None,
) -> None:
    """One row for each card, due as soon as we have answered.

    The first card takes the place of the message whose button was pressed (`message_ref`), unless that message belongs
    to an interception or a batch: then it is a new one, and the news goes on where it was. A card that is there already
    is only shown anew. Whoever reads along in a chat takes nobody's card away: of another shop's message nothing gives
    way, and of a colleague's nothing to a no.
    """
    _forget_tokens(connection, incoming.chat, at)
    for index, shown in enumerate(reply.shown):
        ref = message_ref if index == 0 else None
        if ref is not None:
            there = _in_message(connection, incoming.chat, ref)
            theirs = any(row.shop_id != incoming.asker.shop_id for row in there)
            others = {row.seq: row.target for row in there}
            if shown.target in others.values() and not theirs:
                _again(connection, others, shown.target, at + AFTER_ANSWER)
                continue
            if theirs or _is_colleagues(there, incoming, shown.target) or _lasts(others.values()):
                ref = None
            else:
                _give_way(connection, others)
        elif reply.repeated and _told_already(connection, incoming, shown.target, at):
            continue
        _add(connection, incoming, shown.target, at + AFTER_ANSWER, ref, token if index == 0 else None)


def _forget_tokens(connection: Connection, chat: Chat, at: datetime) -> None:
    """What can answer nothing any more is a secret without a use."""
    ended = (outbox.c.channel == chat.channel) & (outbox.c.chat == chat.id) & (outbox.c.token_until <= at)
    connection.execute(outbox.update().where(ended).values(token=None, token_until=None, uses_left=None))


def _in_message(connection: Connection, chat: Chat, message_ref: str) -> Sequence[Row[Any]]:
    """The rows that show something in that message."""
    there = (outbox.c.channel == chat.channel) & (outbox.c.chat == chat.id) & (outbox.c.message_ref == message_ref)
    return connection.execute(select(outbox).where(there)).all()


def _lasts(targets: Iterable[str]) -> bool:
    return any(target.partition(":")[0] in LASTING for target in targets)


def _is_colleagues(rows: Sequence[Row[Any]], incoming: Incoming, target: str) -> bool:
    """Whether somebody else's card would give way to a no to this person."""
    refused = target.partition(":")[0] in REFUSALS
    return refused and any(row.asker_id != incoming.asker.person_id for row in rows)


def _again(connection: Connection, rows: Mapping[int, str], target: str, due_at: datetime) -> None:
    this = [seq for seq, shown in rows.items() if shown == target]
    connection.execute(outbox.update().where(outbox.c.seq.in_(this)).values(due_at=due_at))


def _told_already(connection: Connection, incoming: Incoming, target: str, at: datetime) -> bool:
    """Pressed once more where messages are never changed: what this chat is told of an interception already, or will
    be, is not told a second time.
    """
    if target.partition(":")[0] not in LASTING:
        return False
    this = (
        (outbox.c.channel == incoming.chat.channel)
        & (outbox.c.chat == incoming.chat.id)
        & (outbox.c.shop_id == incoming.asker.shop_id)
        & (outbox.c.target == target)
    )
    waiting = this & outbox.c.token.is_not(None)
    connection.execute(outbox.update().where(waiting).values(due_at=at + AFTER_ANSWER))
    return connection.execute(select(outbox.c.seq).where(this).limit(1)).first() is not None


def _give_way(connection: Connection, rows: Mapping[int, str]) -> None:
    """What stood in the message is shown nowhere any more."""
    if rows:
        connection.execute(outbox.delete().where(outbox.c.seq.in_(list(rows))))


def _add(
    connection: Connection, incoming: Incoming, target: str, due_at: datetime, ref: str | None, token: Token | None
) -> None:
    connection.execute(
        outbox.insert(),
        {
            "channel": incoming.chat.channel,
            "chat": incoming.chat.id,
            "shop_id": incoming.asker.shop_id,
            "target": target,
            "lang": incoming.chat.lang,
            "message_ref": ref,
            "version_shown": 0,
            "due_at": due_at,
            "token": token.value if token is not None else None,
            "token_until": token.until if token is not None else None,
            "uses_left": token.uses if token is not None else None,
            "tries": 0,
            "asker_id": incoming.asker.person_id,
        },
    )


class Posting:
    """Moves one row of the outbox on; handed to the runner."""

    def __init__(self, database: Database, desk: Desk, channels: Mapping[str, Channel], find_asker: FindAsker) -> None:
        self._database = database
        self._desk = desk
        self._channels = channels
        self._find_asker = find_asker

    async def __call__(self, seq: str) -> None:
        """Shows what the row's target is now."""
        taken = await self._database.write(lambda c: self._take(c, int(seq)))
        if taken is None:
            return
        row, asker, channel = taken.row, taken.asker, taken.channel
        if channel is None:
            log.warning("outbox.no_channel", row=row.seq, channel=row.channel)
            await self._database.write(lambda c: _done(c, taken, "no such channel"))
            return
        card = None if asker is None else await self._desk.card(row.target, asker, row.lang)
        if card is None:
            await self._database.write(lambda c: _done(c, taken, "nothing to show"))
            return
        if card.version < row.version_shown:
            await self._database.write(lambda c: _done(c, taken, None))
            return
        if taken.stays and not await self._database.write(lambda c: _worth(c, taken, card)):
            return
        try:
            posted = await channel.show(_place(row), card)
        except NotPosted as refused:
            problem = refused
        except Exception:
            log.exception("outbox.failed", row=row.seq, channel=row.channel)
            problem = NotPosted("failed", FAILED_AGAIN_S)
        else:
            await self._database.write(lambda c: _posted(c, taken, posted, card.state))
            return
        await self._database.write(lambda c: _not_posted(c, taken, problem))

    def _take(self, connection: Connection, seq: int) -> _Taken | None:
        """The row in hand; None where there is nothing to do with it now."""
        row = connection.execute(select(outbox).where(outbox.c.seq == seq, outbox.c.due_at.is_not(None))).first()
        if row is None:
            return None
        at = now(connection)
        channel = self._channels.get(row.channel)
        if row.not_before is not None and row.not_before > at:
            _wait(connection, row, row.not_before)
            return None
        if pushing.gathers(row):
            pushing.deal_out(connection, row, at)
            return None
        if channel is not None and _must_wait(connection, row, channel.facts, at):
            return None
        # Due again should this process die before the platform has answered; a change meanwhile makes it due as well.
        until = at + CLAIMED
        claimed = {"due_at": until, "tries": row.tries + 1, "not_before": None, "turn_at": None}
        connection.execute(outbox.update().where(outbox.c.seq == seq).values(**claimed))
        facts = None if channel is None else channel.facts
        return _Taken(row, viewer(connection, row, facts, self._find_asker), until, channel)


def _must_wait(connection: Connection, row: Row[Any], facts: ChannelFacts, at: datetime) -> bool:
    """Whether it waits for the end of the chat's quiet hours, or for its turn, which it takes once."""
    if row.turn_at is not None:
        return False
    sending = _sending(row, facts)
    if sending.pushed and not sending.changes:
        peace = pushing.quiet_until(telling.quiet_of(connection, row.shop_id, row.channel, row.chat), at)
        if peace is not None:
            _wait(connection, row, peace)
            return True
    turn = budget.turn(connection, facts.budget, sending, at)
    if turn > at:
        _wait(connection, row, turn, turn_at=turn)
    return turn > at


def _sending(row: Row[Any], facts: ChannelFacts) -> Sending:
    changes = bool(row.message_ref) and not facts.never_changes
    return Sending(row.channel, row.chat, changes, pushing.is_pushed(row))


def _wait(connection: Connection, row: Row[Any], until: datetime, turn_at: datetime | None = None) -> None:
    held = {"due_at": until, "not_before": until, "turn_at": turn_at or row.turn_at}
    connection.execute(outbox.update().where(outbox.c.seq == row.seq).values(**held))


@dataclass(frozen=True, slots=True)
class _Taken:
    """A row in hand, and the moment at which it would be due again by itself."""

    row: Row[Any]
    asker: Asker | None
    until: datetime
    channel: Channel | None = None

    @property
    def stays(self) -> bool:
        """Whether people have seen it already, and no message of this channel can be changed."""
        shown = self.row.sent_at is not None and pushing.is_pushed(self.row)
        return shown and self.channel is not None and self.channel.facts.never_changes


def _place(row: Row[Any]) -> Place:
    return Place(
        Chat(row.channel, row.chat, row.lang),
        row.shop_id,
        row.target,
        row.message_ref,
        row.token,
        row.token_until,
        row.uses_left,
        row.version_shown,
        key=str(row.seq),
        repeated=row.tries > 0,
    )


def _worth(connection: Connection, taken: _Taken, card: Card) -> bool:
    """Whether the news is worth a new message. If not it counts as shown: what people see still means what it did."""
    if pushing.is_worth_telling(connection, taken.row, card):
        return True
    this = outbox.update().where(outbox.c.seq == taken.row.seq)
    connection.execute(this.values(version_shown=card.version))
    _done(connection, taken, None)
    return False


def _posted(connection: Connection, taken: _Taken, posted: Posted, state: str) -> None:
    at = now(connection)
    calm = pushing.CALM.get(pushing.kind_of(taken.row.target)) if pushing.is_pushed(taken.row) else None
    values = {
        "message_ref": posted.message_ref,
        "version_shown": posted.version_shown,
        "token": posted.token,
        "token_until": posted.token_until,
        "uses_left": posted.uses_left,
        "sent_at": at,
        "tries": 0,
        "problem": None,
        "state_shown": state,
        "not_before": None if calm is None else at + calm,
    }
    connection.execute(outbox.update().where(outbox.c.seq == taken.row.seq).values(**values))
    _due(connection, taken, None)


def _not_posted(connection: Connection, taken: _Taken, problem: NotPosted) -> None:
    row = taken.row
    if isinstance(problem, Throttled) and taken.channel is not None:
        _throttled(connection, taken, problem, taken.channel.facts)
        return
    if isinstance(problem, NotHere):
        at = now(connection)  # which also keeps the turn that it has had
        values = {"problem": problem.problem[:300], "tries": row.tries, "turn_at": at}
        connection.execute(outbox.update().where(outbox.c.seq == row.seq).values(**values))
        _due(connection, taken, at + timedelta(seconds=problem.again_in_s))
        return
    last = problem.again_in_s is None or row.tries + 1 >= MOST_TRIES
    log.warning("outbox.not_posted", row=row.seq, channel=row.channel, problem=problem.problem, last=last)
    wait = min(timedelta(seconds=(problem.again_in_s or 1.0) * 2 ** min(row.tries, 10)), SLOWEST)
    connection.execute(outbox.update().where(outbox.c.seq == row.seq).values(problem=problem.problem[:300]))
    _due(connection, taken, None if last else now(connection) + wait)


def _throttled(connection: Connection, taken: _Taken, problem: Throttled, facts: ChannelFacts) -> None:
    """Nothing was shown, and the platform says when again: that is no failure, and holds for all that count with it."""
    row, until = taken.row, now(connection) + timedelta(seconds=problem.again_in_s)
    told = {"row": row.seq, "channel": row.channel, "problem": problem.problem}
    log.warning("outbox.throttled", wait_s=problem.again_in_s, **told)
    budget.hold(connection, facts.budget, _sending(row, facts), until)
    values = {"problem": problem.problem[:300], "tries": row.tries, "not_before": until}
    connection.execute(outbox.update().where(outbox.c.seq == row.seq).values(**values))
    _due(connection, taken, until)


def _done(connection: Connection, taken: _Taken, problem: str | None) -> None:
    connection.execute(outbox.update().where(outbox.c.seq == taken.row.seq).values(problem=problem, tries=0))
    _due(connection, taken, None)


def _due(connection: Connection, taken: _Taken, at: datetime | None) -> None:
    """When the row is due next, unless its target has changed since it was taken: then it was made due anew."""
    claimed = (outbox.c.seq == taken.row.seq) & (outbox.c.due_at == taken.until)
    connection.execute(outbox.update().where(claimed).values(due_at=at))
