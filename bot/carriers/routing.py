"""`shops.toml` read, and each shop's routes made of it (ruling 15). `docs/routes.md` shows an example per carrier."""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from bot.carriers.contract import (
    ConfigurationError,
    PlatformRoute,
    Problem,
    PushReply,
    Route,
    RouteKind,
    problems_of,
)
from bot.carriers.registry import KINDS
from bot.domain.parcel import TraceEvent
from bot.outbound import Outbound

Section = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ShopSection:
    """One shop of `shops.toml`: its platform account, and its route to each carrier, not yet checked field by field."""

    platform: Section | None = None
    routes: Mapping[str, Section] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShopsConfig:
    """All shops. `everyone` holds for every shop that is not named: only the demo has such a section."""

    shops: Mapping[str, ShopSection] = field(default_factory=dict)
    everyone: ShopSection | None = None

    @property
    def platforms(self) -> dict[str, Section]:
        """Shop → its platform section."""
        return {name: shop.platform for name, shop in self.shops.items() if shop.platform is not None}


@dataclass(frozen=True, slots=True)
class PushTaken:
    """A push of a carrier: the shops whose account signed it, its events by tracking number, and the reply."""

    shops: tuple[str, ...]
    events: tuple[tuple[str, TraceEvent], ...]
    reply: PushReply


@dataclass(frozen=True, slots=True)
class _Made:
    kind: RouteKind[Any] | None
    settings: BaseModel | None
    route: Route


class RouteTable:
    """Each shop's routes by carrier; also who may push to us."""

    def __init__(self, made: Mapping[tuple[str | None, str], _Made]) -> None:
        """By shop and carrier; shop None is every shop that is not named."""
        self._made = dict(made)
        self._named = {shop for shop, _ in made if shop is not None}

    def find(self, shop_id: str, carrier: str) -> Route | None:
        """The route of that shop to that carrier, or None: then R8 refuses."""
        found = self._made.get((shop_id if shop_id in self._named else None, carrier))
        return found.route if found else None

    def all(self) -> list[tuple[str | None, Route]]:
        """Every route with its shop, for `doctor` and the start's log."""
        return [(shop, made.route) for (shop, _), made in self._made.items()]

    def push(self, carrier: str, content_type: str, body: bytes) -> PushTaken | None:
        """Verifies and reads what a carrier pushed; None where no shop takes pushes of that carrier.

        Without a shop whose account signed it nothing of it is believed, and the reply says so.
        """
        takers = {
            shop: made
            for (shop, name), made in self._made.items()
            if shop is not None and name == carrier and made.kind is not None and made.kind.push is not None
        }
        door = next((made.kind.push for made in takers.values() if made.kind is not None), None)
        if door is None:
            return None
        push = door.read(content_type, body)
        shops = tuple(shop for shop, made in takers.items() if push is not None and door.verified(push, made.settings))
        if push is None or not shops:
            return PushTaken((), (), door.reply(push, False))
        return PushTaken(shops, tuple(door.events(push)), door.reply(push, True))

    def adopt(self, other: RouteTable) -> None:
        """Takes over another table's routes, so that whoever holds this one sees them at once (SIGHUP)."""
        self._made = other._made
        self._named = other._named


def load(path: Path) -> ShopsConfig:
    """Reads `shops.toml`; no file is no shop. Raises `ConfigurationError`, also for a file that others may read."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ShopsConfig()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([Problem((path.name,), f"读不出来：{error}")]) from error
    if stat.S_IMODE(mode) & 0o077:
        raise ConfigurationError([Problem((path.name,), f"里面有密钥，别人也能读。请执行：chmod 600 {path}")])
    return parse(text)


def parse(text: str) -> ShopsConfig:
    """The sections of `shops.toml`. Fields are checked where the routes are made; problems there get their line by
    `with_lines`.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError([Problem(("shops.toml",), f"不是合法的 TOML：{error}")]) from error
    try:
        read = _Document.model_validate(document)
    except ValidationError as error:
        raise with_lines(ConfigurationError(problems_of(error, ())), text) from error
    return ShopsConfig({name: ShopSection(shop.platform, shop.routes) for name, shop in read.shops.items()})


def build(config: ShopsConfig, outbound: Outbound, platform_route: PlatformRoute) -> RouteTable:
    """Makes every route. Raises `ConfigurationError` with every problem; nothing is half built."""
    problems: list[Problem] = []
    made: dict[tuple[str | None, str], _Made] = {}
    sections: list[tuple[str | None, ShopSection]] = list(config.shops.items())
    if config.everyone is not None:
        sections.append((None, config.everyone))
    for shop, section in sections:
        for carrier, route in section.routes.items():
            path = ("shops", shop or "*", "routes", carrier)
            one = _make(shop, carrier, route, outbound, platform_route, path, problems)
            if one is not None:
                made[shop, carrier] = one
    if problems:
        raise ConfigurationError(problems)
    return RouteTable(made)


def demo_config(sandbox_url: str) -> ShopsConfig:
    """Every shop's routes into the sandbox: 中通 and 圆通 by their own interface, 韵达 through the platform.

    Addresses and credentials are those that the sandbox is known by (`contract.md`); none of them is a secret.
    """
    base = sandbox_url.rstrip("/")
    yto = {"base_url": f"{base}/yto", "token": "demotok", "customer_code": "DEMO", "secret": "demo-yto-secret"}
    doudian = {
        "name": "doudian",
        "base_url": f"{base}/doudian",
        "app_key": "7000000000000000000",
        "app_secret": "00000000-0000-4000-8000-000000000000",
        "access_token": "demo-token",
    }
    zto = {"base_url": f"{base}/zto", "app_key": "demo-zto-key", "app_secret": "demo-zto-secret"}
    routes: dict[str, Section] = {
        "zto": {"route": "zto", **zto},
        "yto": {"route": "yto", "intercept": yto, "trace": yto},
        "yunda": {"route": "doudian"},
    }
    return ShopsConfig(everyone=ShopSection(doudian, routes))


def with_lines(error: ConfigurationError, text: str) -> ConfigurationError:
    """The same problems, each with the line of `shops.toml` that its section or field stands in."""
    lines = _lines(text)
    return ConfigurationError(
        [Problem(problem.path, f"{problem.words}{_line_of(problem.path, lines)}") for problem in error.problems]
    )


class _Shop(BaseModel, extra="forbid"):
    platform: dict[str, Any] | None = None
    routes: dict[str, dict[str, Any]] = {}


class _Document(BaseModel, extra="forbid"):
    shops: dict[str, _Shop] = {}


def _make(
    shop: str | None,
    carrier: str,
    section: Section,
    outbound: Outbound,
    platform_route: PlatformRoute,
    path: tuple[str, ...],
    problems: list[Problem],
) -> _Made | None:
    name = section.get("route", carrier)
    kind = next((kind for kind in KINDS if kind.name == name), None)
    fields = {key: value for key, value in section.items() if key != "route"}
    if kind is None:
        route = platform_route(shop or "", str(name), carrier, fields)
        if route is None:
            words = f"没有 {name} 这条到 {carrier} 的通道：自有接口有 {_names()}，平台通道要先写好这家店的 platform"
            problems.append(Problem((*path, "route"), words))
            return None
        problems.extend(Problem((*path, key), "平台通道的账号写在 platform 里，这里不要再写") for key in fields)
        return _Made(None, None, route)
    if carrier not in kind.carriers:
        problems.append(Problem((*path, "route"), f"{kind.name} 的接口到不了 {carrier}"))
        return None
    try:
        settings = kind.settings.model_validate(fields)
    except ValidationError as error:
        problems.extend(problems_of(error, path))
        return None
    return _Made(kind, settings, kind.make(settings, outbound))


def _names() -> str:
    return "、".join(kind.name for kind in KINDS)


_HEADER: Final = re.compile(r"^\s*\[{1,2}\s*([^\]]+?)\s*\]{1,2}")
_KEY: Final = re.compile(r"^\s*([A-Za-z0-9_\-\"'.]+)\s*=")


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """Where each section and field begins, as written plainly: `[a.b]` and `key = …`."""
    found: dict[tuple[str, ...], int] = {}
    section: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            section = _path(header[1])
            found.setdefault(section, number)
        elif key := _KEY.match(line):
            found.setdefault((*section, *_path(key[1])), number)
    return found


def _path(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _line_of(path: tuple[str, ...], lines: Mapping[tuple[str, ...], int]) -> str:
    for length in range(len(path), 0, -1):
        inside = [line for found, line in lines.items() if found[:length] == path[:length]]
        if inside:
            return f"（第 {lines.get(path[:length], inside[0])} 行）"
    return ""
