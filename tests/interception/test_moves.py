"""Each transaction at its edges: what it changes, and that it changes nothing when its condition no longer holds."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from bot.domain.answer import Answer, Said
from bot.domain.case import Phase, State
from bot.domain.reason import Reason, ReasonCode
from bot.interception import moves
from bot.interception.moves import Submission
from bot.store.cases import cases, row_of
from bot.store.database import Database
from bot.store.schema import to_micros
from tests.interception.by_hand import (
    PACE,
    do,
    in_doubt,
    kinds,
    opened,
    row,
    sent_in_doubt,
    submission,
    succeed,
    targets,
)
from tests.interception.memory import VirtualClock
from tests.interception.shop import START


async def test_a_first_doubt_is_looked_at_at_once(stored: Database, clock: VirtualClock) -> None:
    """T3c: `unknown`, in doubt since now, and due now."""
    case_id = await opened(stored)
    clock.t = 8
    assert await do(stored, lambda c: sent_in_doubt(c, case_id, 1))
    found = await row(stored, case_id)
    assert (found.state, found.phase, found.doubted_call) == (State.UNKNOWN, Phase.CALLING, 1)
    assert found.last_sent_at == found.called_at == START
    assert found.next_at == found.looks_since == START + timedelta(seconds=8)


async def test_later_doubts_go_on_by_the_steps(stored: Database, clock: VirtualClock) -> None:
    """Ruling 3: the waiting steps of a case in doubt do not begin anew with each repeat."""
    case_id = await opened(stored)
    clock.t = 8
    await do(stored, lambda c: sent_in_doubt(c, case_id, 1))
    for call_no, at in ((1, 8.0), (2, 30.0), (3, 500.0)):
        clock.t = at
        assert await do(stored, lambda c, k=call_no: moves.mark(c, case_id, k, PACE))  # type: ignore[misc]
        clock.t = at + 8
        assert await do(stored, lambda c, k=call_no: sent_in_doubt(c, case_id, k + 1))  # type: ignore[misc]
    found = await row(stored, case_id)
    assert found.looks_since == START + timedelta(seconds=8)
    assert timedelta(minutes=9) <= found.next_at - (START + timedelta(seconds=508)) <= timedelta(minutes=11)


async def test_where_a_doubt_is_only_read_the_steps_begin_with_the_call(stored: Database, clock: VirtualClock) -> None:
    """A further application, ten minutes after the first, is read about as often as that one was."""
    case_id = await opened(stored, doubt_by="read")
    clock.t = 8
    await do(stored, lambda c: sent_in_doubt(c, case_id, 1))
    clock.t = 700
    for _ in range(2):
        await do(stored, lambda c: moves.reading(c, case_id, 1, clock.now(), PACE))
    assert await do(stored, lambda c: moves.mark(c, case_id, 1, PACE, readings=2))
    clock.t = 708
    assert await do(stored, lambda c: sent_in_doubt(c, case_id, 2))
    found = await row(stored, case_id)
    assert found.looks_since == START + timedelta(seconds=700)
    assert timedelta(seconds=6) <= found.next_at - clock.now() <= timedelta(seconds=8)


async def test_a_moment_is_stored_as_a_number(stored: Database, clock: VirtualClock) -> None:
    """A moment that a move computes is stored like every other one: whole microseconds."""
    case_id = await opened(stored)
    clock.t = 8
    await do(stored, lambda c: sent_in_doubt(c, case_id, 1))
    at: datetime = START + timedelta(seconds=8)
    raw = select(cases.c.next_at).where(cases.c.next_at == at)
    assert await stored.read(lambda c: c.exec_driver_sql("SELECT next_at FROM cases").scalar()) == to_micros(at)
    assert await stored.read(lambda c: c.execute(raw).scalar()) == at


# --- T1, T2 -----------------------------------------------------------------------------------------------------------


async def test_a_marked_ask_is_one_commit(stored: Database) -> None:
    """T1: case, mark, timeline and live event are there together; the call is lost one second after its time limit."""
    case_id = await opened(stored)
    found = await row(stored, case_id)
    assert (found.state, found.phase, found.call_no, found.doubted_call) == (State.PENDING, Phase.CALLING, 1, 0)
    assert found.called_at == found.created_at == START
    assert found.next_at == START + PACE.call_timeout + timedelta(seconds=1)
    assert found.watch_until == START + timedelta(days=15)
    assert await kinds(stored, case_id) == ["asked", "sent"]
    assert f"case:{case_id}" in await targets(stored)
    assert "after_sale:7001" in await targets(stored)


async def test_without_a_free_slot_it_is_queued_and_due(stored: Database) -> None:
    """T1: nothing was sent, and the runner finds it at once."""
    case_id = await opened(stored, call_now=False)
    found = await row(stored, case_id)
    assert (found.phase, found.call_no, found.called_at, found.next_at) == (Phase.QUEUED, 0, None, START)


async def test_a_refused_ask_never_enters_the_engine(stored: Database) -> None:
    """What our rules refuse is a final record: no call, no look, no fee, and it blocks nobody."""
    refusal = Submission(submission().row, (Reason(ReasonCode.CROSS_BORDER_SHOP),), call_now=True)
    await do(stored, lambda c: moves.open_case(c, refusal, PACE, START))
    found = await row(stored, "icpt-1")
    assert (found.state, found.phase, found.call_no, found.next_at) == (State.REFUSED, Phase.ENDED, 0, None)
    assert found.settled_at == START
    assert await opened(stored, case_id="icpt-2") == "icpt-2"


@pytest.mark.parametrize("blocks", [State.PENDING, State.UNKNOWN, State.SUCCEEDED])
async def test_a_parcel_is_open_once(stored: Database, blocks: State) -> None:
    """R10 by constraint: pending, unknown and succeeded block, whichever shop asks."""
    case_id = await opened(stored)
    if blocks is State.UNKNOWN:
        await do(stored, lambda c: sent_in_doubt(c, case_id, 1))
    elif blocks is State.SUCCEEDED:
        await do(stored, lambda c: succeed(c, case_id))
    other = submission("icpt-2", shop_id="other")
    assert await do(stored, lambda c: moves.open_case(c, other, PACE, START)) is None
    assert await do(stored, lambda c: c.execute(select(cases.c.id)).scalars().all()) == [case_id]


@pytest.mark.parametrize("end", [State.FAILED, State.CANCELLED])
async def test_after_a_failure_the_parcel_may_be_asked_for_again(stored: Database, end: State) -> None:
    """Failed and cancelled block nothing."""
    case_id = await opened(stored)
    await do(stored, lambda c: moves.settle(c, case_id, end, Answer(Said.REFUSED), PACE))
    assert await opened(stored, case_id="icpt-2") == "icpt-2"


async def test_the_right_to_call_is_taken_once(stored: Database) -> None:
    """T2: of two that saw the same call number one moves it on."""
    case_id = await opened(stored, call_now=False)
    assert await do(stored, lambda c: moves.mark(c, case_id, 0, PACE))
    assert not await do(stored, lambda c: moves.mark(c, case_id, 0, PACE))
    assert (await row(stored, case_id)).call_no == 1


async def test_no_further_call_while_one_is_in_flight(stored: Database) -> None:
    """T2: a call without an answer that is not yet in doubt permits nothing."""
    case_id = await opened(stored)
    assert not await do(stored, lambda c: moves.mark(c, case_id, 1, PACE))


async def test_a_further_call_begins_its_readings_anew(stored: Database, clock: VirtualClock) -> None:
    """Ruling 5: each further apply needs two readings after the latest mark."""
    case_id = await in_doubt(stored, clock)
    clock.t = 700
    for expected in (1, 2):
        assert await do(stored, lambda c: moves.reading(c, case_id, 1, clock.now(), PACE)) == expected
    assert not await do(stored, lambda c: moves.mark(c, case_id, 1, PACE, readings=3))
    assert await do(stored, lambda c: moves.mark(c, case_id, 1, PACE, readings=2))
    assert (await row(stored, case_id)).readings == 0


@pytest.mark.parametrize("end", [State.SUCCEEDED, State.FAILED, State.CANCELLED])
async def test_what_has_ended_is_not_called_again(stored: Database, end: State) -> None:
    """No move leaves a final state, and none changes anything of it."""
    case_id = await opened(stored, call_now=False)
    await do(stored, lambda c: moves.settle(c, case_id, end, Answer(Said.REFUSED), PACE, ground="caught"))
    before = await row(stored, case_id)
    late = Answer(Said.NEVER_LEFT)
    for move in (
        lambda c: moves.mark(c, case_id, 0, PACE),
        lambda c: sent_in_doubt(c, case_id, 0),
        lambda c: moves.never_left(c, case_id, 0, late, PACE),
        lambda c: moves.reading(c, case_id, 0, START, PACE),
        lambda c: moves.wait(c, case_id, Answer(Said.PROCESSING, "R1")),
        lambda c: moves.settle(c, case_id, State.SUCCEEDED, Answer(Said.SUCCEEDED), PACE),
        lambda c: moves.settle(c, case_id, State.FAILED, Answer(Said.REFUSED), PACE),
        lambda c: moves.call_off(c, case_id, "周琳", PACE),
        lambda c: moves.give_up(c, case_id, PACE),
    ):
        assert not await do(stored, move)
    assert await row(stored, case_id) == before


@pytest.mark.parametrize("end", [State.FAILED, State.CANCELLED])
async def test_a_look_after_the_end_wakes_nothing(stored: Database, end: State) -> None:
    """A look that was under way when the case ended leaves nothing due for ever."""
    case_id = await opened(stored)
    await do(stored, lambda c: moves.settle(c, case_id, end, Answer(Said.REFUSED), PACE))
    await do(stored, lambda c: moves.look_later(c, case_id))
    assert not await do(stored, lambda c: moves.look_now(c, case_id))
    assert (await row(stored, case_id)).next_at is None


# --- T3: never left, reading, waiting ---------------------------------------------------------------------------------


async def test_what_never_left_is_queued_again(stored: Database, clock: VirtualClock) -> None:
    """T3d: without an earlier doubt the right to call counts as unused, and the next try is a second later."""
    case_id = await opened(stored)
    assert await do(stored, lambda c: moves.never_left(c, case_id, 1, Answer(Said.NEVER_LEFT), PACE))
    found = await row(stored, case_id)
    assert (found.state, found.phase, found.doubted_call) == (State.PENDING, Phase.QUEUED, 0)
    assert found.next_at == START + timedelta(seconds=1)
    assert not await do(stored, lambda c: moves.never_left(c, case_id, 1, Answer(Said.NEVER_LEFT), PACE))


@pytest.mark.parametrize("seconds, ended", [(119.9, False), (120, True)])
async def test_after_two_minutes_unreachable_it_failed(
    stored: Database,
    clock: VirtualClock,
    seconds: float,
    ended: bool,  # noqa: FBT001 - pytest's own
) -> None:
    """Ruling 5: nothing was sent and the carrier stayed unreachable for two minutes since the ask."""
    case_id = await opened(stored)
    clock.t = seconds
    await do(stored, lambda c: moves.never_left(c, case_id, 1, Answer(Said.NEVER_LEFT), PACE))
    found = await row(stored, case_id)
    assert found.state == (State.FAILED if ended else State.PENDING)
    if ended:
        assert found.reasons == [{"code": "CARRIER_UNAVAILABLE", "facts": {"why": "nothing_sent"}}]


async def test_in_doubt_nothing_goes_back_to_the_queue(stored: Database, clock: VirtualClock) -> None:
    """T3d: with an earlier call in doubt it stays `unknown`, is never failed by the two minutes, and its mark does not
    count as the latest.
    """
    case_id = await in_doubt(stored, clock)
    clock.t = 500
    assert await do(stored, lambda c: moves.mark(c, case_id, 1, PACE))
    assert await do(stored, lambda c: moves.never_left(c, case_id, 2, Answer(Said.NEVER_LEFT), PACE))
    found = await row(stored, case_id)
    assert (found.state, found.phase, found.doubted_call) == (State.UNKNOWN, Phase.CALLING, 2)
    assert found.last_sent_at == START
    assert not await do(stored, lambda c: moves.call_off(c, case_id, "周琳", PACE))


@pytest.mark.parametrize("asked, counts", [(599.9, 0), (600, 1)])
async def test_an_early_reading_permits_nothing(
    stored: Database, clock: VirtualClock, asked: float, counts: int
) -> None:
    """Ruling 5: a reading counts from the quiet time after the latest call on, by when it was asked."""
    case_id = await in_doubt(stored, clock)
    clock.t = 700
    asked_at = START + timedelta(seconds=asked)
    assert await do(stored, lambda c: moves.reading(c, case_id, 1, asked_at, PACE)) == counts


async def test_a_reading_counts_by_both_clocks(stored: Database, clock: VirtualClock) -> None:
    """Trap 14: while the clock that does not jump has not seen the quiet time, a reading permits nothing, and the next
    one comes when it has.
    """
    case_id = await in_doubt(stored, clock)
    clock.t = 7000
    left = timedelta(seconds=100)
    assert await do(stored, lambda c: moves.reading(c, case_id, 1, clock.now(), PACE, left)) == 0
    assert (await row(stored, case_id)).next_at == clock.now() + left


async def test_what_counted_before_a_restart_goes_on_counting(stored: Database, clock: VirtualClock) -> None:
    """A reading too early for the process that asks takes nothing from one that counted, and adds nothing."""
    case_id = await in_doubt(stored, clock)
    clock.t = 700
    assert await do(stored, lambda c: moves.reading(c, case_id, 1, clock.now(), PACE)) == 1
    just_started = timedelta(seconds=600)
    assert await do(stored, lambda c: moves.reading(c, case_id, 1, clock.now(), PACE, just_started)) == 1
    assert await do(stored, lambda c: moves.reading(c, case_id, 1, clock.now(), PACE)) == 2


@pytest.mark.parametrize("seconds, told", [(9, 3), (3500, 3), (3700, 1)])
async def test_a_page_hears_when_the_next_look_is(
    stored: Database, clock: VirtualClock, seconds: float, told: int
) -> None:
    """A look without news tells the case's own pages, and no card, until the first look after which all are hourly."""
    case_id = await in_doubt(stored, clock)
    looks = (
        lambda c: moves.look_later(c, case_id),
        lambda c: moves.look_later(c, case_id, row_of(c, case_id)),
        lambda c: moves.reading(c, case_id, 1, START, PACE),
    )
    clock.t = seconds
    before = await targets(stored)
    for look in looks:
        await do(stored, look)
    assert (await targets(stored))[len(before) :] == [f"case:{case_id}"] * told


async def test_a_page_hears_of_looks_at_an_order_that_is_worked_on(stored: Database, clock: VirtualClock) -> None:
    """An answer that says again that it is worked on moves the next look, and only the case's own page hears of it."""
    case_id = await opened(stored)
    await do(stored, lambda c: moves.wait(c, case_id, Answer(Said.PROCESSING, "R1")))
    before = await targets(stored)
    clock.t = 9
    await do(stored, lambda c: moves.wait(c, case_id, Answer(Said.PROCESSING, "R1")))
    assert (await targets(stored))[len(before) :] == [f"case:{case_id}"]


async def test_nobody_waits_for_looks_after_a_success(stored: Database, clock: VirtualClock) -> None:
    """A card of a success names no next look, so a look at its way home tells nobody."""
    case_id = await opened(stored)
    await do(stored, lambda c: succeed(c, case_id))
    before = await targets(stored)
    clock.t = 9
    await do(stored, lambda c: moves.look_later(c, case_id, row_of(c, case_id)))
    assert await targets(stored) == before


async def test_a_reading_of_another_call_says_nothing(stored: Database, clock: VirtualClock) -> None:
    """A reading that was asked before a further call was marked counts for nothing."""
    case_id = await in_doubt(stored, clock)
    await do(stored, lambda c: moves.mark(c, case_id, 1, PACE))
    clock.t = 5000
    assert await do(stored, lambda c: moves.reading(c, case_id, 1, clock.now(), PACE)) == 0


async def test_an_order_that_is_worked_on_ends_the_doubt(stored: Database, clock: VirtualClock) -> None:
    """T3a: `unknown` becomes `pending` again, is watched from now on, and keeps the carrier's reference."""
    case_id = await in_doubt(stored, clock)
    assert await do(stored, lambda c: moves.wait(c, case_id, Answer(Said.PROCESSING, "R1")))
    found = await row(stored, case_id)
    assert (found.state, found.phase, found.carrier_reference) == (State.PENDING, Phase.WATCHING, "R1")
    assert found.next_at == found.looks_since == clock.now()
    assert await do(stored, lambda c: moves.wait(c, case_id, Answer(Said.PROCESSING)))
    assert (await row(stored, case_id)).carrier_reference == "R1"
    assert (await kinds(stored, case_id)).count("answered") == 1
