"""Puts the sample shop into an empty database, arms the sandbox for it, and asks for the few that show history."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import structlog
from sqlalchemy import Connection, select

from bot.domain.after_sale import AfterSale, AfterSaleStatus, AfterSaleType
from bot.domain.parcel import Item, Parcel, TraceEvent
from bot.domain.people import Asker, Permission, Role
from bot.interception.asking import Target
from bot.interception.service import Interceptions
from bot.merchants import agreements, passwords, people, permissions, shops
from bot.merchants.passwords import Cost, Hashed
from bot.rules.rulebook import RuleSet
from bot.store import after_sales
from bot.store.database import Database, now
from bot.store.shops import shops as shops_table

log = structlog.get_logger(__name__)

PASSWORD = "demo"  # noqa: S105 - shown on the sign-in page, and in demo mode only
CITIES = ("杭州", "武汉")
AGENT = "agent"
NAMED_MEANWHILE = 412


@cache
def _read(name: str) -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


async def load(database: Database, rules: RuleSet) -> bool:
    """Loads shops, people and after-sales; False, and nothing is touched, when the database has a shop already."""
    hashed = await asyncio.to_thread(passwords.hash_password, PASSWORD, Cost(passes=1))
    return await database.write(lambda c: _load(c, rules, hashed))


def _load(connection: Connection, rules: RuleSet, hashed: Hashed) -> bool:
    if connection.execute(select(shops_table.c.id).limit(1)).first() is not None:
        return False
    at = now(connection)
    for shop in _read("people.toml")["shops"]:
        _shop(connection, shop, rules, hashed, at)
    for sale in _read("sales.toml")["sales"]:
        after_sales.save(connection, sale["shop"], _after_sale(sale, at), at)
    return True


def _shop(connection: Connection, shop: Mapping[str, Any], rules: RuleSet, hashed: Hashed, at: datetime) -> None:
    shops.create(
        connection,
        shop["id"],
        shop["name"],
        at,
        active=shop.get("active", True),
        cross_border=shop.get("cross_border", False),
        return_to=shop.get("return_to"),
    )
    for one in shop["people"]:
        people.create(connection, shop["id"], one["login"], one["name"], Role(one["role"]), password=hashed, at=at)
    owner = _asker(connection, shop["people"][0]["login"])
    for one in shop["people"]:
        person = people.by_login(connection, one["login"])
        for permission in one.get("granted", ()):
            if person is not None:
                permissions.grant(connection, owner, person.id, Permission(permission), at)
    if shop.get("signed"):
        agreements.sign(connection, owner, {a.kind: a.version for a in rules.agreements}, at)


def _asker(connection: Connection, login: str) -> Asker:
    person = people.by_login(connection, login)
    if person is None:
        raise LookupError(login)
    return permissions.asker(connection, person)


def _after_sale(sale: Mapping[str, Any], at: datetime) -> AfterSale:
    minutes = sale.get("deadline_minutes")
    parcels = tuple(_parcel(box, at) for box in sale["parcels"])
    return AfterSale(
        after_sale_id=sale["after_sale_id"],
        order_id=sale["order_id"],
        type=AfterSaleType(sale.get("type", "refund_only")),
        status=AfterSaleStatus(sale.get("status", "open")),
        in_arbitration=sale.get("in_arbitration", False),
        applied_at=at - timedelta(minutes=3),
        deadline=None if minutes is None else at + timedelta(minutes=minutes),
        refund_fen=sum(i.quantity * i.price_fen for p in parcels for i in p.items if i.order_id is None),
        reason=sale["reason"],
        buyer=sale["buyer"],
        parcels=parcels,
    )


def _parcel(box: Mapping[str, Any], at: datetime) -> Parcel:
    start, end = CITIES
    lines = _read("traces.toml")[box["stage"]]
    return Parcel(
        tracking_number=box["tracking_number"],
        carrier=box["carrier"],
        value_fen=box.get("value_fen"),
        shipped_at=at - timedelta(minutes=max((ago for ago, _, _ in lines), default=60) + 30),
        items=tuple(Item(**item) for item in box["items"]),
        trace=tuple(
            TraceEvent(
                at - timedelta(minutes=ago),
                text.format(**{"from": start, "to": end}),
                place.format(**{"from": start, "to": end}) or None,
            )
            for ago, place, text in lines
        ),
    )


async def arm(sandbox_url: str) -> None:
    """Arms each sample parcel, once: where the sandbox knows it already, nothing is changed (ruling 17), not even where
    somebody arms it between our two requests.
    """
    async with aiohttp.ClientSession(base_url=sandbox_url, timeout=aiohttp.ClientTimeout(total=10)) as session:
        for box in _boxes():
            path = f"/_sandbox/parcels/{box['tracking_number']}"
            async with session.get(path) as known:
                if known.status != 404:
                    continue
            async with session.put(path, json=box["sandbox"], headers={"If-None-Match": "*"}) as armed:
                if armed.status != NAMED_MEANWHILE:
                    armed.raise_for_status()


async def begin(database: Database, interceptions: Interceptions) -> None:
    """Asks, as the sample agent, for the parcels whose history the workbench shows; again it is the same click."""
    asker = await database.read(lambda c: _asker(c, AGENT))
    for sale in _read("sales.toml")["sales"]:
        for box in sale["parcels"]:
            if box.get("ask"):
                target = Target(sale["after_sale_id"], box["tracking_number"])
                await interceptions.ask(asker, [target], click=f"sample:{box['tracking_number']}")


async def show(database: Database, interceptions: Interceptions, sandbox_url: str, *, fresh: bool) -> None:
    """Arms and, on a fresh database, asks; a sandbox that does not answer costs the sample its faults, nothing else."""
    try:
        await arm(sandbox_url)
    except (aiohttp.ClientError, TimeoutError) as problem:
        log.warning("sample.not_armed", problem=type(problem).__name__)
    if fresh:
        await begin(database, interceptions)


def _boxes() -> list[Mapping[str, Any]]:
    return [box for sale in _read("sales.toml")["sales"] for box in sale["parcels"]]
