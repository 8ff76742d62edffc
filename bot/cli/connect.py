"""`intercept-bot connect`: asks for a chat platform's credentials, tries them, writes them, says what is left to do."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.asking import Asked, gather
from bot.cli.beside import end, load_settings

if TYPE_CHECKING:
    from pydantic import BaseModel

    from bot.channels.registry import Platform
    from bot.channels.setting_up import Tried
    from bot.settings import Settings

NAMES = ("feishu", "wecom", "dingtalk", "slack", "chatwoot", "matrix")
NO_ADDRESS = "https://你的域名"


@click.command()
@click.argument("platform", type=click.Choice(NAMES))
@click.option("--name", default=None, help="这一节的名字，接第二个时用；name of the section, for a second one")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="不是密钥的一项；a value that is no secret")
@click.option("--stdin", is_flag=True, help="从标准输入读（TOML）；values as TOML on standard input")
@click.option(
    "--address", default=None, help="机器人的公网地址，默认 BOT_PUBLIC_URL；where the platform reaches the bot"
)
@click.option("--replace", is_flag=True, help="改掉已经有的；change what is there already")
@click.option("--force", is_flag=True, help="试不通也写；write it though it did not work")
def connect(
    *,
    platform: str,
    name: str | None,
    given: tuple[str, ...],
    stdin: bool,
    address: str | None,
    replace: bool,
    force: bool,
) -> None:
    """接一个聊天工具。 Asks for a platform's credentials, tries them, writes channels.toml, says what is left.

    密钥不写在命令行里：在终端里输入（不显示），或用 --stdin，或用环境变量 INTERCEPT_平台_名字。
    Secrets are typed unseen, piped in by --stdin, or taken from INTERCEPT_<PLATFORM>_<NAME>; never from an argument.
    """
    from bot import logs
    from bot.channels import configuration
    from bot.channels.configuration import ChannelsError
    from bot.channels.registry import PLATFORMS
    from bot.channels.setting_up import words

    house = load_settings()
    logs.configure(house.log_format, "critical")
    section = name or platform
    if not configuration.NAME.fullmatch(section) or section in configuration.RESERVED:
        _refuse(words("end", "name", name=section))
    path = house.data / configuration.FILE
    try:
        sections = configuration.load(path)
    except ChannelsError as problem:
        end(str(problem))
    there = sections.get(section, {})
    known = PLATFORMS[platform]
    asked = Asked(platform, known.settings, known.setup, {k: v for k, v in there.items() if k != "platform"})
    gather(asked, given, stdin=stdin)
    try:
        settings, tried = _tried(house, known, section, asked)
    except ChannelsError as problem:
        end(str(problem))
    _show(tried, asked)
    _fill_in(asked, tried, force=force)
    if not all(one.came.well for one in tried):
        _consent(force, "untried", "untried")
    base, root = _base(house, asked, section, address)
    new = _to_write(asked, settings, section)
    files = _files(house, asked, section, new, base)
    _may_replace(section, there, new, files, replace=replace)
    _write(path, section, new, files)
    _what_is_left(asked, section, new, {"base": base, "root": root, "file": str(next(iter(files), path))})


def _tried(house: Settings, known: Platform, section: str, asked: Asked) -> tuple[BaseModel, list[Tried]]:
    """The settings as they will be written, but for what the platform tells; raises `ChannelsError`."""
    from bot.channels.configuration import checked
    from bot.doctor import chats, running

    stand_in = {name: asked.setup.told[name] for name in asked.left}
    settings = checked(known.settings, section, {**asked.there, **asked.values, **stand_in})

    async def once() -> list[Tried]:
        alone = not asked.there or not await running.is_there(house)
        return await chats.tried(known, settings, alone=alone, left=frozenset(asked.left), made=frozenset(asked.made))

    return settings, asyncio.run(once())


def _show(tried: Sequence[Tried], asked: Asked) -> None:
    from bot.channels.setting_up import told

    click.echo()
    for one in tried:
        zh, en = told(one, asked.setup.title, asked.kind)
        click.echo(f"{'ok  ' if one.came.well else 'fail'}  {zh}\n      {en}")


def _fill_in(asked: Asked, tried: Sequence[Tried], *, force: bool) -> None:
    """What the platform told; ends where it did not."""
    from bot.channels.setting_up import where, words

    found = {name: value for one in tried for name, value in one.found.items() if one.came.well}
    if missing := sorted(asked.left - found.keys()):
        if force or all(one.came.well for one in tried):
            name = missing[0]
            facts = {"title": asked.setup.title, "name": name, "where": where(asked.kind, name)}
            _refuse(words("end", "not_told", **facts), words("end", "left"))
        _refuse(words("end", "untried"))
    asked.values |= {name: found[name] for name in asked.left}


def _base(house: Settings, asked: Asked, section: str, address: str | None) -> tuple[str, str]:
    """Where the platform reaches this section, and the bot."""
    from bot.channels.setting_up import words
    from bot.channels.webhooks import PREFIX

    root = (address or house.public_url).rstrip("/")
    if not root and asked.setup.local:
        root = f"http://127.0.0.1:{house.port}"
    if not root:
        root = NO_ADDRESS
        if asked.mode in {"http", "callback"}:
            click.echo("\n" + "\n".join(words("end", "no_address", address=NO_ADDRESS)))
    return f"{root}{PREFIX}/{section}", root


def _to_write(asked: Asked, settings: BaseModel, section: str) -> dict[str, Any]:
    """Numbers and lists as such, all else as it was given; the platform, where the name does not say it."""
    new: dict[str, Any] = {} if section == asked.platform else {"platform": asked.platform}
    for name, value in asked.values.items():
        read = getattr(settings, name)
        if name in asked.left or isinstance(read, int):
            new[name] = value if name in asked.left else read
        elif isinstance(read, (tuple, frozenset)):
            new[name] = sorted(read)
        else:
            new[name] = str(value).strip()
    return new


def _files(house: Settings, asked: Asked, section: str, new: Mapping[str, Any], base: str) -> dict[Path, str]:
    from bot.channels.configuration import checked

    settings = checked(asked.kind, section, {**asked.there, **new})
    return {house.data / name: text for name, text in asked.setup.files(section, settings, base).items()}


def _may_replace(
    section: str, there: Mapping[str, Any], new: Mapping[str, Any], files: Mapping[Path, str], *, replace: bool
) -> None:
    """Nothing is overwritten unless somebody says so; what stays the same needs no word."""
    from bot.channels.setting_up import words
    from bot.channels.writing import changed

    keys = "、".join(changed(there, new))
    if there and keys:
        _consent(replace, "replace", "exists", name=section, keys=keys)
    elif there:
        click.echo("\n" + "\n".join(words("end", "nothing", name=section)))
    for file, text in files.items():
        if not there and not replace and file.exists() and file.read_text("utf-8") != text:
            _refuse(words("end", "file_exists", file=file))


def _consent(given: bool, question: str, refusal: str, **facts: Any) -> None:  # noqa: FBT001 - an option's value
    """By the option, or by a yes on the keyboard."""
    from bot.channels.setting_up import words

    if given:
        return
    if not sys.stdin.isatty():
        _refuse(words("end", refusal, **facts))
    if not click.confirm("\n" + "\n".join(words("ask", question, **facts)), default=False):
        _refuse(words("end", "left"))


def _write(path: Path, section: str, new: Mapping[str, Any], files: Mapping[Path, str]) -> None:
    from bot.channels.configuration import ChannelsError
    from bot.channels.setting_up import words
    from bot.channels.writing import save, with_section

    try:
        old = path.read_text("utf-8") if path.exists() else ""
        text = with_section(old, section, new)
        for file, content in files.items():
            save(file, content)
        if text != old:
            save(path, text)
    except (OSError, ChannelsError) as problem:
        _refuse((str(problem),), words("end", "left"))
    click.echo("\n" + "\n".join(words("end", "written", file=path, name=section)))
    for file in files:
        click.echo("\n".join(words("end", "also", file=file)))


def _what_is_left(asked: Asked, section: str, new: Mapping[str, Any], facts: Mapping[str, str]) -> None:
    from bot.channels.setting_up import steps, words

    known = {**asked.there, **new, **facts, "name": section}
    click.echo("\n" + "\n".join(words("end", "steps", title=asked.setup.title)))
    for number, (zh, en) in enumerate(steps(asked.platform, asked.mode, known), 1):
        click.echo(f"{number:>2}. {zh}\n    {en}")
    click.echo("\n" + "\n".join(words("end", "start", platform=asked.platform)))


def _refuse(*texts: Sequence[str]) -> None:
    end("\n".join(line for text in texts for line in text))
