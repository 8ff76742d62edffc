"""T3b, the end of a case: state, fee, timeline and cards in one transaction, once."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, select

from bot.domain.answer import Answer, Said
from bot.domain.case import SettledBy, State
from bot.domain.reason import Reason, ReasonCode
from bot.interception import moves
from bot.interception.statements import Only
from bot.store.cards import outbox
from bot.store.database import Database
from tests.interception.by_hand import (
    PACE,
    charges,
    do,
    in_doubt,
    kinds,
    opened,
    row,
    sent_in_doubt,
    succeed,
    targets,
)
from tests.interception.memory import VirtualClock


async def test_a_success_brings_its_fee_once(stored: Database) -> None:
    """State, fee and timeline are one transaction; the second success changes nothing."""
    case_id = await opened(stored)
    assert await do(stored, lambda c: succeed(c, case_id))
    assert not await do(stored, lambda c: succeed(c, case_id))
    found = await row(stored, case_id)
    assert (found.state, found.fee_fen, found.settled_by, found.ground) == (State.SUCCEEDED, 300, "carrier", "caught")
    assert await charges(stored) == [(case_id, 300, "carrier")]
    assert (await kinds(stored, case_id)).count("settled") == 1


async def test_the_platforms_cost_is_what_is_charged(stored: Database) -> None:
    """Where the platform names another cost than our rules and settles it itself, the ledger has the platform's."""
    case_id = await opened(stored)
    answer = Answer(Said.SUCCEEDED, fee_fen=450, settled_by=SettledBy.PLATFORM)
    await do(stored, lambda c: moves.settle(c, case_id, State.SUCCEEDED, answer, PACE, ground="platform"))
    assert await charges(stored) == [(case_id, 450, "platform")]
    assert (await row(stored, case_id)).fee_fen == 450


@pytest.mark.parametrize("end", [State.FAILED, State.CANCELLED])
async def test_no_other_end_is_charged(stored: Database, end: State) -> None:
    """F2: a failure is free, and so is what was taken back."""
    case_id = await opened(stored)
    reason = Reason(ReasonCode.CARRIER_RULE, carrier_code="E23111", carrier_text="面单不支持")
    await do(stored, lambda c: moves.settle(c, case_id, end, Answer(Said.REFUSED, reason=reason), PACE))
    found = await row(stored, case_id)
    assert await charges(stored) == []
    assert (found.fee_fen, found.settled_by, found.carrier_text) == (0, None, "面单不支持")


async def test_whatever_a_carrier_writes_the_case_ends(stored: Database) -> None:
    """Codes, words and references of any length, with anything in them, keep no case from its end."""
    case_id = await opened(stored)
    wordy = "码\0" * 500
    await do(stored, lambda c: moves.wait(c, case_id, Answer(Said.PROCESSING, wordy)))
    reason = Reason(ReasonCode.CARRIER_RULE, carrier_code=wordy, carrier_text=wordy)
    answer = Answer(Said.REFUSED, wordy, reason, sent=wordy, got=wordy, alarm=wordy)
    assert await do(stored, lambda c: moves.settle(c, case_id, State.FAILED, answer, PACE))
    found = await row(stored, case_id)
    assert (found.carrier_code, found.carrier_text) == ("码" * 64, "码" * 500)


async def test_what_is_in_doubt_is_not_cancelled(stored: Database, clock: VirtualClock) -> None:
    """The table has no move from `unknown` to `cancelled`."""
    case_id = await in_doubt(stored, clock)
    assert not await do(stored, lambda c: moves.settle(c, case_id, State.CANCELLED, Answer(Said.CANCELLED), PACE))


async def test_a_late_refusal_of_an_earlier_call_says_nothing(stored: Database, clock: VirtualClock) -> None:
    """A refusal of call k ends the case only while k is the latest call and not given up."""
    case_id = await in_doubt(stored, clock)

    def refused(call_no: int) -> Callable[[Connection], bool]:
        answer = Answer(Said.REFUSED)
        return lambda c: moves.settle(c, case_id, State.FAILED, answer, PACE, only=Only.LATEST, call_no=call_no)

    assert not await do(stored, refused(1))
    await do(stored, lambda c: moves.mark(c, case_id, 1, PACE))
    assert not await do(stored, refused(1))
    assert await do(stored, refused(2))


async def test_only_what_has_not_left_is_called_off(stored: Database) -> None:
    """A queued case is cancelled by a person; one whose call is marked is not."""
    case_id = await opened(stored)
    assert not await do(stored, lambda c: moves.call_off(c, case_id, "周琳", PACE))
    await do(stored, lambda c: moves.never_left(c, case_id, 1, Answer(Said.NEVER_LEFT), PACE))
    assert await do(stored, lambda c: moves.call_off(c, case_id, "周琳", PACE))
    found = await row(stored, case_id)
    assert (found.state, found.next_at) == (State.CANCELLED, None)


@pytest.mark.parametrize("days, given_up", [(14.99, False), (15, True)])
async def test_fifteen_days_without_a_sign(
    stored: Database,
    clock: VirtualClock,
    days: float,
    given_up: bool,  # noqa: FBT001 - pytest's own
) -> None:
    """Then it failed, in words that say so, and nothing is charged."""
    case_id = await opened(stored)
    await do(stored, lambda c: moves.doubt(c, case_id, 1, person=True))
    clock.t = days * 86400
    assert await do(stored, lambda c: moves.give_up(c, case_id, PACE)) is given_up
    if given_up:
        reasons = [{"code": "CARRIER_UNAVAILABLE", "facts": {"why": "no_sign", "days": 15}}]
        assert (await row(stored, case_id)).reasons == reasons
        assert await charges(stored) == []


async def test_looking_again_leaves_a_call_in_flight_alone(stored: Database, clock: VirtualClock) -> None:
    """「再查一次」 brings the next look of a case in doubt forward, and touches nothing that is being called."""
    case_id = await opened(stored)
    clock.t = 1
    assert not await do(stored, lambda c: moves.look_now(c, case_id))
    await do(stored, lambda c: sent_in_doubt(c, case_id, 1))
    await do(stored, lambda c: moves.look_later(c, case_id))
    assert (await row(stored, case_id)).next_at > clock.now()
    assert await do(stored, lambda c: moves.look_now(c, case_id))
    assert (await row(stored, case_id)).next_at == clock.now()


async def test_every_end_makes_the_cards_due(stored: Database, clock: VirtualClock) -> None:
    """Ruling 2: all cards of the case are due in the transaction that ends it, and live pages hear of it."""
    case_id = await opened(stored)
    card = {"channel": "console", "shop_id": "demo", "target": f"case:{case_id}", "lang": "zh"}
    for chat in ("7001", "group"):
        await do(stored, lambda c, x=chat: c.execute(outbox.insert(), {**card, "chat": x}))  # type: ignore[misc]
    before = len(await targets(stored))
    clock.t = 3
    await do(stored, lambda c: succeed(c, case_id))
    due = await do(stored, lambda c: c.execute(select(outbox.c.due_at)).scalars().all())
    assert due == [clock.now(), clock.now()]
    assert len(await targets(stored)) == before + 2
