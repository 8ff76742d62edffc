"""What stands in for the other side where the sandbox does not reach: one canned answer at a time, on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from bot.carriers.contract import Ask, Route
from bot.carriers.yto.carrier import YtoRoute, YtoSettings
from bot.carriers.yunda.carrier import YundaRoute, YundaSettings
from bot.carriers.zto.carrier import ZtoRoute, ZtoSettings
from bot.domain.people import Origin
from bot.outbound import Outbound
from bot.shops.doudian.shop import Doudian, DoudianSettings

BOT = Path(__file__).resolve().parent.parent.parent / "bot"


@dataclass
class Canned:
    """A server that answers every POST with the same status and body, and keeps what it was asked."""

    status: int = 200
    body: bytes = b"{}"
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**22)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while True:
                first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines if line)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.asked.append((first.split(" ")[1], headers, body))
                head = f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(self.body)}\r\n\r\n"
                writer.write(head.encode() + self.body)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()


def zto(url: str, outbound: Outbound, **more: Any) -> Route:
    """中通 with the vectors' account."""
    account = {"app_key": "demo-zto-key", "app_secret": "demo-zto-secret"}
    return ZtoRoute(ZtoSettings.model_validate({"base_url": url, **account, **more}), outbound)


def yto(url: str, outbound: Outbound, **more: Any) -> Route:
    """圆通 with the vectors' account."""
    one = {"base_url": url, "token": "demotok", "customer_code": "DEMO", "secret": "demo-yto-secret"}
    return YtoRoute(YtoSettings.model_validate({"intercept": one, "trace": one, **more}), outbound)


def yunda(url: str, outbound: Outbound, **more: Any) -> Route:
    """韵达 by an invented private interface."""
    settings = {
        "base_url": url,
        "app_key": "demo-yunda-key",
        "app_secret": "demo-yunda-secret",
        "create": {
            "path": "/private/create",
            "body": {
                "mailno": "{tracking_no}",
                "request_id": "{interception_id}",
                "type": "RETURN",
                "reason": "{reason}",
            },
        },
        "status": {"path": "/private/status", "body": {"mailno": "{tracking_no}"}, "map": {"DONE": "succeeded"}},
        "reject_map": [{"contains": "签收", "reason": "ALREADY_DELIVERED"}],
        **more,
    }
    return YundaRoute(YundaSettings.model_validate(settings), outbound)


def doudian(url: str, outbound: Outbound, **more: Any) -> Route:
    """中通 through the platform, with the vectors' app."""
    route = platform(url, outbound, **more).route("zto")
    assert route is not None
    return route


def platform(url: str, outbound: Outbound, **more: Any) -> Doudian:
    """The shop on the platform, with the vectors' app."""
    settings = {
        "base_url": url,
        "app_key": "7000000000000000000",
        "app_secret": "00000000-0000-4000-8000-000000000000",
        "access_token": "demo-token",
        **more,
    }
    return Doudian(DoudianSettings.model_validate(settings), outbound)


ROUTES: dict[str, Callable[..., Route]] = {"zto": zto, "yto": yto, "yunda": yunda, "doudian": doudian}
FOLDERS = {"zto": "carriers/zto", "yto": "carriers/yto", "yunda": "carriers/yunda", "doudian": "shops/doudian"}


def ask(tracking_number: str = "75400000000001", **more: Any) -> Ask:
    """One interception of the sample after-sale."""
    given = {"interception_id": "icpt-0001", "carrier": "zto", "after_sale_id": "7300000000000000001", **more}
    if "origin" in given:
        given["origin"] = Origin(given["origin"])
    return Ask(tracking_number=tracking_number, **given)


def fixtures() -> list[tuple[str, str, dict[str, Any]]]:
    """Every pair of request and answer in the tenants' folders: tenant, name, content."""
    return [
        (tenant, path.stem, json.loads(path.read_text(encoding="utf-8")))
        for tenant, folder in FOLDERS.items()
        for path in sorted((BOT / folder / "fixtures").glob("*.json"))
    ]
