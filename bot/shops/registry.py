"""The explicit list of platforms, and the account of each of our shops."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from bot.carriers.contract import ConfigurationError, Problem, Route, problems_of
from bot.outbound import Outbound
from bot.shops.contract import Notice, Platform, PlatformKind, PushReply, Shop
from bot.shops.doudian.shop import KIND as DOUDIAN

KINDS: Final[tuple[PlatformKind[Any], ...]] = (DOUDIAN,)

Section = Mapping[str, Any]


class ShopTable:
    """The platform account of each shop; `everyone` is that of every shop that has none of its own (the demo)."""

    def __init__(self, accounts: Mapping[str, tuple[str, Platform]], everyone: tuple[str, Platform] | None) -> None:
        """Accounts by shop, each with the platform's name."""
        self._accounts = dict(accounts)
        self._everyone = everyone

    def of(self, shop_id: str) -> Shop | None:
        """The shop on its platform; None where it has none: then only what was imported is known."""
        found = self._accounts.get(shop_id, self._everyone)
        return found[1].shop if found else None

    def route(self, shop_id: str, platform: str, carrier: str, section: Section) -> Route | None:
        """That platform's own way to a carrier, with the shop's account; None where it has no such account or way."""
        del section
        found = self._accounts.get(shop_id, self._everyone)
        return found[1].route(carrier) if found is not None and found[0] == platform else None

    def push(
        self, platform: str, headers: Mapping[str, str], raw_body: bytes
    ) -> tuple[dict[str, list[Notice]], PushReply | None]:
        """What a push says to each shop whose account has signed it, and the reply; no reply without any account."""
        told: dict[str, list[Notice]] = {}
        reply = None
        for shop_id, (name, account) in self._accounts.items():
            if name != platform:
                continue
            notices = account.notices(headers, raw_body)
            if notices is not None:
                told[shop_id] = notices
            if notices is not None or reply is None:
                reply = account.push_reply(taken=notices is not None)
        return told, reply

    def adopt(self, other: ShopTable) -> None:
        """Takes over another table's accounts, so that whoever holds this one sees them at once (SIGHUP)."""
        self._accounts = other._accounts
        self._everyone = other._everyone


def build(sections: Mapping[str, Section], outbound: Outbound, *, everyone: Section | None = None) -> ShopTable:
    """Opens the account of each shop: shop → its `platform` section. Raises `ConfigurationError` with every problem."""
    problems: list[Problem] = []
    accounts = {}
    for shop_id, section in sections.items():
        account = _open(section, outbound, ("shops", shop_id, "platform"), problems)
        if account is not None:
            accounts[shop_id] = account
    common = _open(everyone, outbound, ("platform",), problems) if everyone is not None else None
    if problems:
        raise ConfigurationError(problems)
    return ShopTable(accounts, common)


def _open(
    section: Section, outbound: Outbound, path: tuple[str, ...], problems: list[Problem]
) -> tuple[str, Platform] | None:
    name = section.get("name")
    kind = next((kind for kind in KINDS if kind.name == name), None)
    if kind is None:
        problems.append(Problem((*path, "name"), f"没有这个平台，可用：{'、'.join(kind.name for kind in KINDS)}"))
        return None
    try:
        settings = kind.settings.model_validate({key: value for key, value in section.items() if key != "name"})
    except ValidationError as error:
        problems.extend(problems_of(error, path))
        return None
    return kind.name, kind.open(settings, outbound)
