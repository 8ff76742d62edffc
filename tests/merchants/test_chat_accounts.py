"""Chat accounts: what an account asks for, who may answer it and take it back; on each kind of database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from bot.merchants import chat_accounts, people
from bot.merchants.chat_accounts import Request
from bot.merchants.permissions import PermissionDenied
from bot.store import chats, events
from bot.store.database import Database
from tests.merchants.conftest import AT, House, asker_of

HERE = ("slack", "T1", "U7")


def _ask(c: Connection, login: str = "agent") -> list[Request]:
    chat_accounts.ask(c, login, *HERE, AT)
    return chat_accounts.open_requests(c, "demo", AT)


def _answer(c: Connection, by: str, request: str, *, later: timedelta = timedelta(0)) -> bool:
    return chat_accounts.answer(c, asker_of(c, by), request, AT + later, yes=True)


async def test_the_owner_binds_what_asked(any_database: Database, house: House) -> None:
    """The account is that person's, the request is gone, and the shop's pages hear of both."""
    [request] = await any_database.write(_ask)
    assert (request.login, request.user_id) == ("agent", "U7")
    assert await any_database.write(lambda c: _answer(c, house.owner, request.id))
    assert not await any_database.write(lambda c: _answer(c, house.owner, request.id)), "pressed again"
    [account] = await any_database.read(lambda c: chat_accounts.of_person(c, house.agent))
    assert (account.channel, account.tenant, account.user_id) == HERE
    assert await any_database.read(lambda c: chat_accounts.open_requests(c, "demo", AT)) == []
    told = await any_database.read(lambda c: [one.target for one in events.since(c, "demo", 0)])
    assert told.count("permissions") == 2


async def test_nobody_else_answers(any_database: Database, house: House) -> None:
    """An agent may not, another shop's owner finds nothing, nor does the owner a day later or once the person left."""
    [request] = await any_database.write(_ask)
    with pytest.raises(PermissionDenied):
        await any_database.write(lambda c: _answer(c, house.agent, request.id))
    with pytest.raises(LookupError):
        await any_database.write(lambda c: _answer(c, house.stranger, request.id))
    with pytest.raises(LookupError):
        await any_database.write(lambda c: _answer(c, house.owner, request.id, later=chat_accounts.HOLDS))
    await any_database.write(lambda c: people.deactivate(c, house.agent))
    with pytest.raises(LookupError):
        await any_database.write(lambda c: _answer(c, house.owner, request.id))
    assert await any_database.read(lambda c: chats.person_of(c, *HERE)) is None


@pytest.mark.parametrize("login", ["nobody", "platform"])
async def test_who_cannot_be_approved_waits_nowhere(any_database: Database, house: House, login: str) -> None:
    """An owner approves neither a login that is none nor the platform's agent."""
    assert house.owner
    assert await any_database.write(lambda c: _ask(c, login)) == []


async def test_unbinding(any_database: Database, house: House) -> None:
    """One's own or the owner's to do; another shop's owner finds nothing."""

    def bind(c: Connection) -> None:
        assert chats.bind(c, *HERE, chat_accounts.new_code(c, house.agent, AT), AT) == house.agent

    def unbind(c: Connection, by: str) -> bool:
        return chat_accounts.unbind(c, asker_of(c, by), house.agent, *HERE, AT)

    await any_database.write(bind)
    assert not await any_database.write(lambda c: unbind(c, house.stranger))
    with pytest.raises(PermissionDenied):
        await any_database.write(lambda c: unbind(c, house.newcomer))
    assert await any_database.write(lambda c: unbind(c, house.agent))
    await any_database.write(bind)
    assert await any_database.write(lambda c: unbind(c, house.owner))
    assert not await any_database.write(lambda c: unbind(c, house.owner))
