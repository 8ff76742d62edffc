"""Tries what Chatwoot's pages gave: whose the token is, and whether it may write in the account.

A user's token tells its owner by `profile`. An agent bot's is refused there, in other words than a wrong one, and
writes to a conversation that nobody has: that it is missing is said only to whom the account is open.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from bot.channels.chatwoot.channel import ChatwootSettings
from bot.channels.configuration import address
from bot.channels.setting_up import Came, Setup, Tried, heard
from bot.outbound import Outbound, Response

FIELDS = ("url", "access_token")
NOBODYS = 0


class _Account(BaseModel):
    id: int


class _Profile(BaseModel):
    id: int = 0
    accounts: tuple[_Account, ...] = ()
    error: str = ""


class _Said(BaseModel):
    error: str = ""


async def try_out(settings: ChatwootSettings, outbound: Outbound, _alone: bool) -> Sequence[Tried]:  # noqa: FBT001
    """The webhook's secret is Chatwoot's proof to us: nothing tries it before Chatwoot calls."""
    return [*await _owner(settings, outbound), Tried(Came.UNTRIED, ("secret",))]


async def _owner(settings: ChatwootSettings, outbound: Outbound) -> list[Tried]:
    call = "profile"
    headers = {"api_access_token": settings.access_token.get_secret_value()}
    outcome = await outbound.look(
        f"{address(settings.url)}/api/v1/profile", system="chatwoot", operation=call, headers=headers
    )
    who = heard(outcome, FIELDS, call, _Profile)
    if isinstance(who, Tried):
        return [who]
    if isinstance(outcome, Response) and outcome.status == 200 and who.id:
        first = Tried(Came.OK, FIELDS, call, found={"own_id": who.id})
        ours = any(one.id == settings.account_id for one in who.accounts)
        return [first, Tried(Came.OK if ours else Came.ACCOUNT, ("account_id",), call)]
    if "bot" in who.error.lower():
        return await _bot(settings, outbound)
    return [Tried(Came.WRONG, FIELDS, call, who.error[:60] or _status(outcome))]


async def _bot(settings: ChatwootSettings, outbound: Outbound) -> list[Tried]:
    call = "messages"
    outcome = await outbound.post(
        f"{address(settings.url)}/api/v1/accounts/{settings.account_id}/conversations/{NOBODYS}/messages",
        system="chatwoot",
        operation="setup",
        body=b'{"content":"","private":true}',
        headers={"api_access_token": settings.access_token.get_secret_value(), "Content-Type": "application/json"},
    )
    said = heard(outcome, FIELDS, call, _Said)
    if isinstance(said, Tried):
        return [said]
    first = Tried(Came.OK, FIELDS, call, found={"own_id": 0})
    there = isinstance(outcome, Response) and outcome.status == 404
    return [first, Tried(Came.OK if there else Came.ACCOUNT, ("account_id",), call, "" if there else said.error[:60])]


def _status(outcome: object) -> str:
    return f"HTTP {outcome.status}" if isinstance(outcome, Response) else ""


SETUP = Setup(
    title="Chatwoot",
    asked={"": ("url", "account_id", "secret", "access_token", "own_id", "shop?")},
    told={"own_id": 0},
    local=True,
    try_out=try_out,
)
