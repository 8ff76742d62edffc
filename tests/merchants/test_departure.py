"""Somebody leaves the shop, and comes back: what ends with it, who may, and which chats are told no more."""

import asyncio
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from bot.domain.people import Permission, Role, Scope
from bot.merchants import chat_accounts, departure, keys, people, permissions
from bot.merchants.departure import LastOwner, Oneself, Talks
from bot.merchants.passwords import hash_password
from bot.merchants.permissions import Change, PermissionDenied
from bot.merchants.sessions import Session, Sessions
from bot.store import chats, events, telling
from bot.store.cards import outbox
from bot.store.database import Database, open_database
from bot.store.people import grants
from bot.store.told import Place, told_after_sales
from tests.merchants.conftest import AT, QUICK, House, asker_of, enter

HERE = ("slack", "T1", "U7")
TALKS: Talks = {"slack": ("D",), "chatwoot": (), "feishu": None}


def out(c: Connection, by: str, whom: str, talks: Talks = TALKS) -> bool:
    """「停用」."""
    return departure.take_out(c, asker_of(c, by), whom, talks, AT)


def back(c: Connection, by: str, whom: str) -> bool:
    """「恢复」."""
    return departure.bring_back(c, asker_of(c, by), whom, AT)


def second_owner(c: Connection) -> str:
    """Another owner of the shop."""
    password = hash_password("x", QUICK)
    return people.create(c, "demo", "second", "Second", Role.OWNER, password=password, at=AT + timedelta(hours=1))


async def lines(database: Database) -> list[tuple[str, Change, Permission | None, str]]:
    """Who changed what, oldest first."""
    kept = await database.read(lambda c: permissions.history(c, "demo"))
    return [(line.person, line.change, line.permission, line.by) for line in reversed(kept)]


async def test_everything_ends(any_database: Database, house: House) -> None:
    """Session, permissions, what was asked for, accounts, codes and requests: all at once, with a line for each; the
    shop's key for the API stays, and pages hear of it.
    """
    session = await Sessions(any_database, cost=QUICK).open("agent", "agent")
    assert isinstance(session, Session)

    def prepare(c: Connection) -> tuple[str, str, str]:
        owner = asker_of(c, house.owner)
        permissions.grant(c, owner, house.agent, Permission.LOGISTICS_TOOLS, AT)
        permissions.ask(c, asker_of(c, house.agent), Permission.SIGN_AGREEMENTS, AT)
        assert chats.bind(c, *HERE, chats.new_code(c, house.agent, AT), AT) == house.agent
        chat_accounts.ask(c, "agent", "slack", "T1", "U8", AT)
        [request] = chat_accounts.open_requests(c, "demo", AT)
        _, key = keys.create(c, "demo", [Scope.DATA_WRITE], "erp", AT)
        return chats.new_code(c, house.agent, AT), request.id, key

    code, request, key = await any_database.write(prepare)
    assert await any_database.write(lambda c: out(c, house.owner, house.agent))
    assert not await any_database.write(lambda c: out(c, house.owner, house.agent)), "pressed again"
    assert await Sessions(any_database).find(session.token) is None
    assert (await lines(any_database))[2:] == [
        ("Agent", Change.REVOKED, Permission.LOGISTICS_TOOLS, "Owner"),
        ("Agent", Change.DECLINED, Permission.SIGN_AGREEMENTS, "Owner"),
        ("Agent", Change.LEFT, None, "Owner"),
    ]

    def ended(c: Connection) -> list[object]:
        return [
            permissions.granted(c, house.agent),
            permissions.open_requests(c, "demo"),
            chats.person_of(c, *HERE),
            chats.bind(c, *HERE, code, AT),
            chat_accounts.open_requests(c, "demo", AT),
        ]

    assert await any_database.write(ended) == [frozenset(), [], None, None, []]
    with pytest.raises(LookupError):
        await any_database.write(lambda c: chat_accounts.answer(c, asker_of(c, house.owner), request, AT, yes=True))
    with pytest.raises(LookupError):
        await any_database.write(
            lambda c: permissions.grant(c, asker_of(c, house.owner), house.agent, Permission.LOGISTICS_TOOLS, AT)
        )
    assert await keys.Keys(any_database).asker(key) is not None
    told = await any_database.read(lambda c: [one.target for one in events.since(c, "demo", 0)])
    assert told[-1] == "permissions"


async def test_back_is_a_sign_in_and_nothing_more(any_database: Database, house: House) -> None:
    """What was taken is not given back, nor what slipped in meanwhile; the name and when it left stand on the page."""

    def leave_with_all(c: Connection) -> None:
        permissions.grant(c, asker_of(c, house.owner), house.agent, Permission.LOGISTICS_TOOLS, AT)
        assert out(c, house.owner, house.agent)
        row = {"person_id": house.agent, "permission": "sign_agreements", "granted_by": "x", "granted_at": AT}
        c.execute(grants.insert(), row)
        assert chats.bind(c, *HERE, chats.new_code(c, house.agent, AT), AT) == house.agent

    await any_database.write(leave_with_all)
    [gone] = await any_database.read(lambda c: departure.gone(c, "demo"))
    assert (gone.person.login, gone.by, gone.at) == ("agent", "Owner", AT)
    assert await any_database.write(lambda c: back(c, house.owner, house.agent))
    assert not await any_database.write(lambda c: back(c, house.owner, house.agent)), "pressed again"
    assert await any_database.read(lambda c: departure.gone(c, "demo")) == []
    assert (await lines(any_database))[-1] == ("Agent", Change.RETURNED, None, "Owner")
    session = await Sessions(any_database, cost=QUICK).open("agent", "agent")
    assert isinstance(session, Session)
    assert session.asker.permissions == frozenset()
    assert await any_database.read(lambda c: chats.person_of(c, *HERE)) is None


@pytest.mark.parametrize("act", [out, back])
async def test_only_the_shops_owner_may(any_database: Database, house: House, act: object) -> None:
    """An agent and the platform's may not; another shop's people, and the platform's, do not exist for an owner."""
    for who in (house.agent, house.platform):
        with pytest.raises(PermissionDenied):
            await any_database.write(lambda c, who=who: act(c, who, house.newcomer))  # type: ignore[operator]
    for by, whom in ((house.stranger, house.agent), (house.owner, house.platform), (house.owner, "p-none")):
        with pytest.raises(LookupError):
            await any_database.write(lambda c, by=by, whom=whom: act(c, by, whom))  # type: ignore[operator]
    assert await lines(any_database) == []


async def test_a_shop_keeps_an_owner(any_database: Database, house: House) -> None:
    """Nobody takes himself out, the last owner cannot leave, and of two who take each other out at once one stays."""
    with pytest.raises(Oneself):
        await any_database.write(lambda c: out(c, house.owner, house.owner))

    def leave(c: Connection) -> bool:
        person = people.get(c, house.owner)
        assert person is not None
        return departure.leave(c, person, "", TALKS, AT)

    with pytest.raises(LastOwner):
        await any_database.write(leave)
    second = await any_database.write(second_owner)
    done = await asyncio.gather(
        any_database.write(lambda c: out(c, house.owner, second)),
        any_database.write(lambda c: out(c, second, house.owner)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in done) == ["LastOwner", "bool"]
    there = await any_database.read(lambda c: [p.active for p in people.of_shop(c, "demo", Role.OWNER)])
    assert sorted(there) == [False, True]
    left = house.owner if done[1] is True else second
    stays = second if left == house.owner else house.owner
    assert await any_database.write(lambda c: back(c, stays, left))
    assert len(await any_database.read(lambda c: [p for p in people.of_shop(c, "demo", Role.OWNER) if p.active])) == 2


async def test_two_processes_leave_one_owner(shared_url: str) -> None:
    """While one process has not yet committed that an owner was taken out, the other one waits, and then says no."""
    one, other = open_database(shared_url), open_database(shared_url)
    try:
        house = await one.write(enter)
        second = await one.write(second_owner)
        begun = threading.Event()

        def slowly(c: Connection) -> bool:
            done = out(c, house.owner, second)
            begun.set()
            time.sleep(0.5)  # not yet committed, while the other one asks
            return done

        first = asyncio.create_task(one.write(slowly))
        await asyncio.to_thread(begun.wait, 10)
        with pytest.raises(LastOwner):
            await other.write(lambda c: out(c, second, house.owner))
        assert await first
    finally:
        await one.close()
        await other.close()


async def test_an_agent_asks_an_owner_who_is_there(any_database: Database, house: House) -> None:
    """Whom an agent is told to ask has not left."""
    await any_database.write(second_owner)
    assert await any_database.read(lambda c: people.owner_name(c, "demo")) == "Owner"

    def leave(c: Connection) -> bool:
        person = people.get(c, house.owner)
        assert person is not None
        return departure.leave(c, person, "", TALKS, AT)

    assert await any_database.write(leave)
    assert await any_database.read(lambda c: people.owner_name(c, "demo")) == "Second"
    assert await any_database.read(lambda c: people.owner_name(c, "nowhere")) == ""


@pytest.mark.parametrize(
    "place, answered, ended",
    [
        (Place("slack", "D1"), ["agent"], True),
        (Place("slack", "D1", "en"), [], True),
        (Place("slack", "D1"), ["agent", "newcomer"], False),
        (Place("slack", "D1"), ["newcomer", "agent"], True),
        (Place("slack", "C1"), ["agent"], False),
        (Place("slack", "C1"), [], False),
        (Place("chatwoot", "7"), ["agent"], False),
        (Place("feishu", "oc_1"), ["agent"], True),
        (Place("feishu", "oc_1"), ["newcomer", "agent"], False),
        (Place("feishu", "oc_1"), ["newcomer"], False),
        (Place("gone", "D1"), ["newcomer", "agent"], False),
    ],
)
async def test_a_talk_of_two_is_told_no_more(
    database: Database, place: Place, answered: list[str], *, ended: bool
) -> None:
    """A talk of the leaver's own ends, and what it shows is left as it is; a team's chat that the leaver chose goes on.
    An account that was bound anew is its latest person's; where names do not say, a colleague's answer tells.
    """

    def prepare(c: Connection) -> House:
        house = enter(c)
        telling.choose(c, "demo", place, "Agent", None, AT)
        row = {"channel": place.channel, "chat": place.chat, "shop_id": "demo", "tries": 0, "version_shown": 0}
        for login in answered:
            c.execute(outbox.insert(), {**row, "target": "help", "asker_id": getattr(house, login)})
        key = {"shop_id": "demo", "channel": place.channel, "chat": place.chat, "entered_at": AT}
        for number in ("7001", "7002"):
            c.execute(told_after_sales.insert(), {**key, "after_sale_id": number})
        telling.deal(c, "demo", place, ["7001"], AT, listed=False)
        return house

    house = await database.write(prepare)
    await database.write(lambda c: out(c, house.owner, house.agent))

    def left(c: Connection) -> tuple[int, list[str], int]:
        told = len(telling.chosen(c, "demo"))
        targets = [row.target for row in c.execute(select(outbox).where(outbox.c.asker_id.is_(None)))]
        return told, sorted(targets), len(c.execute(select(told_after_sales)).all())

    assert await database.read(left) == ((0, [], 0) if ended else (1, ["after_sale:7001", "fresh:demo"], 2))


async def test_an_earlier_talk_is_left_as_it_is_too(database: Database) -> None:
    """What a talk was told before `/unsubscribe` is shown anew no more once its person has left."""

    def prepare(c: Connection) -> House:
        house, place = enter(c), Place("slack", "D1")
        telling.choose(c, "demo", place, "Agent", None, AT)
        row = {"channel": "slack", "chat": "D1", "shop_id": "demo", "tries": 0, "version_shown": 0}
        c.execute(outbox.insert(), {**row, "target": "help", "asker_id": house.agent})
        key = {"shop_id": "demo", "channel": "slack", "chat": "D1", "entered_at": AT}
        c.execute(told_after_sales.insert(), {**key, "after_sale_id": "7001"})
        telling.deal(c, "demo", place, ["7001"], AT, listed=True)
        telling.leave(c, "demo", place)
        return house

    house = await database.write(prepare)
    await database.write(lambda c: out(c, house.owner, house.agent))
    shown = await database.read(lambda c: [row.target for row in c.execute(select(outbox))])
    assert shown == ["help"]
