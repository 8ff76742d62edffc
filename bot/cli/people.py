"""Shops, the people in them, and keys for the HTTP API."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from bot.cli.beside import end, load_settings, write

if TYPE_CHECKING:
    from bot.merchants.departure import Talks
    from bot.merchants.people import Person


@click.group()
def apikey() -> None:
    """API 密钥。 Keys for the HTTP API."""


@apikey.command("create")
@click.option("--shop", "shop_id", required=True)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(["interceptions:write", "interceptions:read", "data:write", "ledger:read"]),
)
@click.option("--name", default="")
def apikey_create(shop_id: str, scopes: tuple[str, ...], name: str) -> None:
    """新密钥；最后一行就是它，只显示这一次。 The key is the last line, shown once."""
    from bot.domain.people import Scope
    from bot.merchants import keys
    from bot.merchants.shops import UnknownShop

    try:
        key_id, key = write(lambda c: keys.create(c, shop_id, map(Scope, scopes), name, datetime.now(UTC)))
    except UnknownShop:
        end(f"没有店铺 {shop_id}。\nThere is no shop {shop_id}.")
    click.echo(f"{key_id}  {shop_id}  {' '.join(scopes)}", err=True)
    click.echo(key)


@apikey.command("list")
def apikey_list() -> None:
    """所有密钥，不含密钥本身。 All keys, without their secrets."""
    from bot.merchants import keys

    for key in write(keys.list_all):
        state = "revoked" if key.revoked_at else "active"
        scopes = " ".join(sorted(key.scopes))
        click.echo(f"{key.id}  {key.shop_id}  {state}  {key.created_at:%Y-%m-%d %H:%M}Z  {scopes}  {key.name}")


@apikey.command("revoke")
@click.argument("key_id")
def apikey_revoke(key_id: str) -> None:
    """作废一把密钥，立刻生效。 Ends a key at once."""
    from bot.merchants import keys

    if not write(lambda c: keys.revoke(c, key_id, datetime.now(UTC))):
        end(f"没有可作废的密钥 {key_id}。\nThere is no active key {key_id}.")
    click.echo(f"{key_id} revoked")


@click.group()
def shop() -> None:
    """店铺。 Shops."""


@shop.command("create")
@click.argument("shop_id")
@click.option("--name", required=True)
@click.option("--return-to", default=None, help="退回到哪里，卡片上显示")
def shop_create(shop_id: str, name: str, return_to: str | None) -> None:
    """新店铺。 Enters a shop."""
    from bot.merchants import shops

    try:
        new = write(lambda c: shops.create(c, shop_id, name, datetime.now(UTC), return_to=return_to))
    except ValueError as problem:
        end(str(problem))
    if not new:
        end(f"店铺 {shop_id} 已经有了。\nThere is a shop {shop_id} already.")
    click.echo(shop_id)


@click.group()
def person() -> None:
    """店里的人。 People of a shop."""


@person.command("add")
@click.option("--shop", "shop_id", required=True)
@click.option("--login", required=True)
@click.option("--role", required=True, type=click.Choice(["owner", "agent", "platform"]))
@click.option("--name", default="", help="记录里显示的名字")
def person_add(shop_id: str, login: str, role: str, name: str) -> None:
    """新人员；密码从标准输入读，没有就生成并显示一次。 Password from standard input, or made and printed once."""
    from bot.domain.people import Role
    from bot.merchants import passwords, people
    from bot.merchants.shops import UnknownShop

    given = "" if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    password = given or passwords.new_password()
    hashed = passwords.hash_password(password)
    try:
        write(
            lambda c: people.create(c, shop_id, login, name or login, Role(role), password=hashed, at=datetime.now(UTC))
        )
    except UnknownShop:
        end(f"没有店铺 {shop_id}。\nThere is no shop {shop_id}.")
    except people.LoginTaken:
        end(f"登录名 {login} 已经有人用了。\nThe login {login} is taken.")
    except ValueError as problem:
        end(str(problem))
    if not given:
        click.echo(password)


@person.command("code")
@click.argument("login")
def person_code(login: str) -> None:
    """聊天账号的绑定码，10 分钟有效，只用一次。 A code that binds a chat account, once, within 10 minutes."""
    from bot.store import chats

    found = _found(login)
    if not found.active:
        end(f"{login} 已经停用了。\n{login} has left.")
    click.echo(write(lambda c: chats.new_code(c, found.id, datetime.now(UTC))))


@person.command("leave")
@click.argument("login")
def person_leave(login: str) -> None:
    """停用离店的人：马上退出登录，权限收回，聊天账号解绑。 Somebody has left: signed out at once, nothing is kept."""
    from bot.merchants import departure
    from bot.merchants.departure import LastOwner
    from bot.store.database import now

    who, talks = _found(login), _talks_of_two()
    try:
        left = write(lambda c: departure.leave(c, who, "", talks, now(c)))
    except LastOwner:
        end(
            f"{login} 是店铺 {who.shop_id} 最后一个主账号，不能停用。"
            f"先加一个：intercept-bot person add --shop {who.shop_id} --login 登录名 --role owner\n"
            f"{login} is the last owner of the shop {who.shop_id} and cannot leave; add another one first."
        )
    if not left:
        end(f"{login} 已经停用了。\n{login} has left already.")
    click.echo(f"{who.login} left")


@person.command("return")
@click.argument("login")
def person_return(login: str) -> None:
    """恢复停用的人：能登录，权限和聊天账号要重新给。 Able to sign in again; all else is granted and bound anew."""
    from bot.merchants import departure
    from bot.store.database import now

    who = _found(login)
    if not write(lambda c: departure.come_back(c, who, "", now(c))):
        end(f"{login} 没有停用。\n{login} has not left.")
    click.echo(f"{who.login} returned")


def _found(login: str) -> Person:
    """Who signs in as that; ends in words where nobody does."""
    from bot.merchants import people

    found = write(lambda c: people.by_login(c, login))
    if found is None:
        end(f"没有登录名 {login}。\nThere is no login {login}.")
    return found


def _talks_of_two() -> Talks:
    """As `channels.toml` has them. A wrong file holds nobody in the shop: then the chats are told apart by who was
    answered there.
    """
    from bot.channels import configuration, registry
    from bot.channels.configuration import ChannelsError

    try:
        return registry.talks_of_two(configuration.load(load_settings().data / configuration.FILE))
    except ChannelsError as problem:
        click.echo(str(problem), err=True)
        return {}
