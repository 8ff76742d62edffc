"""The two agreements of R3: which versions a shop has signed, and who may sign (U3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from bot.domain.people import Asker, Permission, Role
from bot.merchants.permissions import PermissionDenied, announce
from bot.store.shops import agreements
from bot.store.sql import insert_new

SERVICE = "service"
DEBIT = "debit"
KINDS = (SERVICE, DEBIT)
"""快递拦截服务开通协议 and 扣款授权协议: there is no half a signature."""


class NotBoth(ValueError):
    """Only one of the two was ticked; `missing` names the other."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__(f"not ticked: {', '.join(missing)}")
        self.missing = missing


def signed(connection: Connection, shop_id: str) -> dict[str, str]:
    """Kind → the newest version that the shop has signed."""
    rows = connection.execute(select(agreements.c.kind, agreements.c.version).where(agreements.c.shop_id == shop_id))
    newest: dict[str, str] = {}
    for kind, version in rows:
        newest[kind] = max(newest.get(kind, ""), version)
    return newest


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed which version last, and when."""

    by: str
    version: str
    at: datetime


def latest(connection: Connection, shop_id: str) -> Signature | None:
    """The shop's newest signature, None while it has signed nothing."""
    wanted = select(agreements.c.signed_by_name, agreements.c.version, agreements.c.signed_at)
    newest = agreements.c.signed_at.desc(), agreements.c.version.desc()
    row = connection.execute(wanted.where(agreements.c.shop_id == shop_id).order_by(*newest)).first()
    return None if row is None else Signature(row.signed_by_name, row.version, row.signed_at)


def may_sign(asker: Asker) -> bool:
    """The owner, or an agent whom the owner has granted it (ruling 18)."""
    if asker.person_id is None:
        return False
    granted = asker.role is Role.AGENT and Permission.SIGN_AGREEMENTS in asker.permissions
    return asker.role is Role.OWNER or granted


def sign(connection: Connection, asker: Asker, versions: Mapping[str, str], at: datetime) -> bool:
    """Signs both agreements for the asker's shop, `versions` being those that were shown; False: it had, already.

    Raises `PermissionDenied`, or `NotBoth` when one is not among them. The first signature of a version stands.
    """
    if not may_sign(asker):
        raise PermissionDenied(Permission.SIGN_AGREEMENTS)
    missing = tuple(kind for kind in KINDS if not versions.get(kind))
    if missing:
        raise NotBoth(missing)
    rows = [
        {
            "shop_id": asker.shop_id,
            "kind": kind,
            "version": versions[kind],
            "signed_by": asker.person_id,
            "signed_by_name": asker.name,
            "signed_at": at,
        }
        for kind in KINDS
    ]
    new = [insert_new(connection, agreements, row) for row in rows]
    if any(new):
        announce(connection, asker.shop_id, at)
    return any(new)
