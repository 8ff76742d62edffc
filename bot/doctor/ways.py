"""Shops and their ways to the carriers: configured, complete, and tried with a call that changes nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from sqlalchemy import Connection, select

from bot.carriers import routing
from bot.carriers.contract import Ask, ConfigurationError, Route
from bot.carriers.routing import RouteTable, ShopsConfig
from bot.doctor.findings import Finding, ill, well
from bot.domain.answer import Said
from bot.domain.people import Role
from bot.merchants import shops
from bot.outbound import NeverLeft, NoAnswer, Outbound, Outcome, Response
from bot.rules.rulebook import RuleSet
from bot.settings import Settings
from bot.shops import registry as platforms
from bot.store.database import Database
from bot.store.people import people

LIMIT_S = 3.0
APART_S = 30.0
"""Gateways refuse a signature whose time is minutes off; their own `Date` is told in whole seconds."""

ROUTES_FILE = "shops.toml"
AT_ONCE = 8
NOBODYS_PARCEL = "75400000000000"
NOBODYS_AFTER_SALE = "7300000000000000000"
EVERYBODY = "*"


@dataclass(slots=True)
class _Heard:
    """What the calls of one trial brought."""

    outcomes: list[Outcome] = field(default_factory=list)
    apart: dict[str, float] = field(default_factory=dict)


_heard: ContextVar[_Heard] = ContextVar("doctor_heard")


@dataclass(frozen=True, slots=True)
class _Way:
    shop: str
    route: Route

    @property
    def words(self) -> str:
        facts = self.route.facts
        return f"{self.shop} → {facts.carrier}（{facts.name}）"


async def examine(settings: Settings, rules: RuleSet, database: Database | None) -> AsyncIterator[Finding]:
    """Each shop, each of its routes, and how far the carriers' clocks are from ours."""
    outbound = Outbound(limit_s=LIMIT_S, observe=_hear)
    try:
        config, table = _configured(settings, outbound)
    except ConfigurationError as problem:
        for one in _with_lines(problem, settings.data / ROUTES_FILE).problems:
            yield ill("shop", "wrong", f"{'.'.join(one.path)}: {one.words}")
        return
    if database is not None:
        for finding in await database.read(lambda c: _shops(c, config, table, rules)):
            yield finding
    async with outbound:
        ways = [_Way(shop or EVERYBODY, route) for shop, route in table.all()]
        gate = asyncio.Semaphore(AT_ONCE)
        tried = await asyncio.gather(*(_try(way, gate) for way in ways))
    for finding, _ in tried:
        yield finding
    apart = {system: seconds for _, heard in tried for system, seconds in heard.apart.items()}
    if apart:
        yield _clocks(apart)


def _configured(settings: Settings, outbound: Outbound) -> tuple[ShopsConfig, RouteTable]:
    """As the bot itself will have it: with a sandbox the demo's."""
    demo = settings.demo or bool(settings.sandbox_url)
    config = routing.demo_config(settings.sandbox_url) if demo else routing.load(settings.data / ROUTES_FILE)
    common = config.everyone.platform if config.everyone is not None else None
    accounts = platforms.build(config.platforms, outbound, everyone=common)
    return config, routing.build(config, outbound, accounts.route)


def _with_lines(problem: ConfigurationError, file: Path) -> ConfigurationError:
    try:
        return routing.with_lines(problem, file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return problem


def _shops(connection: Connection, config: ShopsConfig, table: RouteTable, rules: RuleSet) -> list[Finding]:
    known = [one.shop_id for one in shops.list_all(connection)]
    if not known:
        return [ill("shop", "none")]
    found = [ill("shop", "unknown", shop=name) for name in config.shops if name not in known]
    owned = select(people.c.shop_id).where(people.c.role == Role.OWNER.value, people.c.active).distinct()
    owners = set(connection.execute(owned).scalars())
    for shop_id in known:
        found.append(_shop(shop_id, table, rules))
        if shop_id not in owners:
            found.append(ill("shop", "no_owner", shop=shop_id))
    return found


def _shop(shop_id: str, table: RouteTable, rules: RuleSet) -> Finding:
    names: dict[bool, list[str]] = {True: [], False: []}
    for code in rules.carriers:
        names[table.find(shop_id, code) is not None].append(rules.carrier_name(code).zh)
    able, unable = "、".join(names[True]), "、".join(names[False])
    if not able:
        return ill("shop", "no_routes", shop=shop_id)
    if not unable:
        return well("shop", "ok", shop=shop_id, able=able)
    return well("shop", "partly", shop=shop_id, able=able, unable=unable)


async def _try(way: _Way, gate: asyncio.Semaphore) -> tuple[Finding, _Heard]:
    heard = _Heard()
    async with gate:
        _heard.set(heard)
        return await _ask(way, heard), heard


async def _ask(way: _Way, heard: _Heard) -> Finding:
    """The status of an order that nobody made, else the trace of a parcel that nobody has."""
    route, began = way.route, time.perf_counter()
    ask = Ask("doctor", NOBODYS_PARCEL, route.facts.carrier, NOBODYS_AFTER_SALE)
    alarm, got, understood = None, "", True
    try:
        async with asyncio.timeout(LIMIT_S + 0.5):
            if route.facts.has_status:
                answer = await route.query(ask)
                alarm, got = answer.alarm, answer.got or ""
                understood = answer.said is not Said.NO_ANSWER
            elif route.facts.has_trace:
                understood = await route.trace(ask) is not None
    except TimeoutError:
        return ill("route", "silent", way=way.words, limit=f"{LIMIT_S:g}")
    if not heard.outcomes:
        return well("route", "untried", way=way.words)
    last = heard.outcomes[-1]
    if isinstance(last, NeverLeft):
        return ill("route", "unreachable", last.why, way=way.words)
    if isinstance(last, NoAnswer):
        return ill("route", "silent", last.why, way=way.words, limit=f"{LIMIT_S:g}")
    if alarm is not None:
        return ill("route", "refused", alarm, way=way.words)
    if not understood or last.status >= 500:
        return ill("route", "unreadable", got or f"HTTP {last.status}", way=way.words)
    return well("route", "ok", way=way.words, ms=round((time.perf_counter() - began) * 1000))


def _hear(system: str, _operation: str, outcome: Outcome) -> None:
    heard = _heard.get()
    heard.outcomes.append(outcome)
    if isinstance(outcome, Response) and (there := _date(outcome.date)) is not None:
        heard.apart[system] = there.timestamp() + 0.5 - time.time()


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return None


def _clocks(apart: Mapping[str, float]) -> Finding:
    worst = max(apart.values(), key=abs)
    if abs(worst) > APART_S:
        names = [system for system, seconds in apart.items() if abs(seconds) > APART_S]
        return ill("clock", "carriers_apart", names="、".join(names), seconds=f"{worst:+.0f}")
    return well("clock", "carriers", names="、".join(apart), seconds=f"{abs(worst):.0f}")
