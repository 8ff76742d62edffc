"""The whole house as its users meet it: people at the desk, a merchant's system at the API, carriers in the sandbox.

A story takes a shop of its own (`bot.shop()`), gives it after-sales (`shop.sale()`), and says what people type and
press.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
from sqlalchemy import Connection, select

from bot.cards.card import Card
from bot.cards.plain import text_of
from bot.domain.people import Permission, Role, Scope
from bot.handlers.contract import Chat, Desk, Incoming, Reply
from bot.merchants import agreements, keys, passwords, people, permissions, shops
from bot.merchants.passwords import Cost
from bot.rules.rulebook import RuleBook
from bot.settings import Settings
from bot.store.cards import messages
from bot.store.cases import cases, events_of
from bot.store.database import Database, now
from tests.scenarios.wire import Answer, Api, after_sale, fresh_number
from tests.twin import Twin

PASSWORD = passwords.hash_password("demo", Cost(passes=1))
STAYS_S = 60.0
"""So long a success stays just that: its parcel turns back only after the story."""

LATER_S = {"late_success": 0.5, "late_failure": 0.5, "contradict": 0.5, "slow": 1.4}
"""What an outcome does later, it does within the story."""

FEE = {"zto": 300, "yto": 400, "yunda": 300}
FINAL = {"refused", "succeeded", "failed", "cancelled"}


@dataclass(slots=True)
class Bot:
    """The running bot: its doors, its tables beside it, and the sandbox."""

    base: str
    session: aiohttp.ClientSession
    desk: Desk
    database: Database
    twin: Twin
    settings: Settings

    async def shop(self, *, signed: bool = True, active: bool = True, cross_border: bool = False) -> Shop:
        """A new shop with an owner, two agents, a newcomer without the permission, a platform agent, and a key."""
        shop_id = f"s-{secrets.token_hex(4)}"

        def enter(c: Connection) -> str:
            at = now(c)
            shops.create(c, shop_id, "栗木家居", at, active=active, cross_border=cross_border, return_to="义乌稠江仓")
            for login, role in STAFF.items():
                name = NAMES[login]
                people.create(c, shop_id, f"{login}-{shop_id}", name, role, password=PASSWORD, at=at)
            owner = _asker(c, f"owner-{shop_id}")
            for login in ("agent", "agent2"):
                person = people.by_login(c, f"{login}-{shop_id}")
                assert person is not None
                permissions.grant(c, owner, person.id, Permission.LOGISTICS_TOOLS, at)
            if signed:
                offered = RuleBook.load().at(datetime.now(UTC)).agreements
                agreements.sign(c, owner, {a.kind: a.version for a in offered}, at)
            return keys.create(c, shop_id, list(Scope), "ERP", at)[1]

        key = await self.database.write(enter)
        return Shop(self, shop_id, Api(self.session, self.base, key))

    async def key(self, shop_id: str, *scopes: Scope) -> Api:
        """A merchant's system with a new key of these scopes."""
        made = await self.database.write(lambda c: keys.create(c, shop_id, scopes, "ERP", now(c)))
        return Api(self.session, self.base, made[1])

    async def calls(self, tracking_number: str) -> list[dict[str, Any]]:
        """What the sandbox wrote down about a parcel."""
        lines = await asyncio.to_thread(self.twin.log.read_text, "utf-8")
        told = [json.loads(line) for line in lines.splitlines() if tracking_number in line and line.endswith("}")]
        return [call for call in told if call["tracking_number"] == tracking_number]

    async def creates(self, tracking_number: str) -> list[dict[str, Any]]:
        """The calls that asked for an order."""
        return [call for call in await self.calls(tracking_number) if call["operation"] == "intercept.create"]

    async def said(self, conversation: str) -> list[Any]:
        """The messages of an after-sale's talk, oldest first."""
        wanted = select(messages).where(messages.c.conversation == conversation).order_by(messages.c.seq)
        return await self.database.read(lambda c: list(c.execute(wanted).all()))

    async def orders(self, tracking_number: str) -> int:
        """How many orders the parcel got in the sandbox's world."""
        return sum(call["new_order"] for call in await self.calls(tracking_number))


@dataclass(slots=True)
class Sale:
    """An after-sale of a story."""

    document: dict[str, Any]

    @property
    def id(self) -> str:
        """Its number."""
        return str(self.document["after_sale_id"])

    @property
    def order_id(self) -> str:
        """The number of its order."""
        return str(self.document["order_id"])

    @property
    def numbers(self) -> list[str]:
        """Tracking numbers of its parcels."""
        return [parcel["tracking_number"] for parcel in self.document["parcels"]]

    @property
    def number(self) -> str:
        """The tracking number of its first parcel."""
        return self.numbers[0]


@dataclass(slots=True)
class Shop:
    """A shop, its people and its system."""

    bot: Bot
    id: str
    api: Api

    def person(self, login: str) -> Person:
        """`owner`, `agent`, `agent2`, `newcomer` or `platform`."""
        return Person(self, f"{login}-{self.id}")

    @property
    def owner(self) -> Person:
        """The main account."""
        return self.person("owner")

    @property
    def agent(self) -> Person:
        """Has the logistics tools."""
        return self.person("agent")

    async def sale(self, carrier: str = "zto", outcome: str | None = None, **over: Any) -> Sale:
        """Enters an after-sale through the API; `outcome` (with `code`, `later_s`, `delay_s`) arms its first parcel."""
        how = {name: over.pop(name) for name in ("code", "later_s", "delay_s") if name in over}
        document = after_sale(fresh_number(), carrier, **over)
        told = await self.api.post("/after-sales", document)
        assert told.body == {"accepted": 1, "rejected": []}, told
        sale = Sale(document)
        if outcome is not None:
            how.setdefault("later_s", LATER_S.get(outcome, STAYS_S))
            await asyncio.to_thread(self.bot.twin.arm, sale.number, outcome, **how)
        return sale

    async def ask(self, sale: Sale | None = None, *, wait: float = 0, **body: Any) -> Answer:
        """Asks over the API with a key of its own."""
        body = body or {"after_sale_id": sale.id if sale else None}
        return await self.api.ask(body, query=f"?wait={wait}" if wait else "")

    async def asked(self, sale: Sale, *, wait: float = 0) -> dict[str, Any]:
        """Asks for an after-sale's only parcel; its interception."""
        answer = await self.ask(sale, wait=wait)
        assert answer.status in (200, 202), answer
        [item] = answer.body["items"]
        return dict(item)

    async def records(self, number: str) -> list[dict[str, Any]]:
        """The interceptions of a parcel, oldest first."""
        return list((await self.api.get(f"/interceptions?tracking_number={number}")).body["items"])

    async def ends(self, number: str, seconds: float = 12) -> dict[str, Any]:
        """The latest interception of a parcel once it is final."""
        return await until(lambda: self.records(number), lambda found: found[-1]["state"] in FINAL, seconds, last=True)

    async def gets(self, number: str, way_home: str, seconds: float = 12) -> dict[str, Any]:
        """The latest interception of a parcel once it is on that way."""
        return await until(
            lambda: self.records(number), lambda found: found[-1]["way_home"] == way_home, seconds, last=True
        )

    async def fees(self, number: str) -> list[dict[str, Any]]:
        """The ledger's entries of a parcel."""
        page = await self.api.get("/fees?from=2020-01-01&to=2040-01-01&limit=200")
        return [entry for entry in page.body["items"] if entry["tracking_number"] == number]

    async def row(self, case_id: str) -> Any:
        """What the tables have of an interception, beside what the doors tell."""
        return await self.bot.database.read(lambda c: c.execute(select(cases).where(cases.c.id == case_id)).one())

    async def row_of(self, number: str) -> Any:
        """The same of a parcel's latest interception."""
        return await self.row((await self.records(number))[-1]["id"])

    async def story(self, case_id: str) -> list[str]:
        """What happened to an interception, in order: `asked`, `sent`, `doubt`, `reading`, `settled` …"""
        return [event.kind for event in await self.bot.database.read(lambda c: events_of(c, case_id))]


STAFF: Mapping[str, Role] = {
    "owner": Role.OWNER,
    "agent": Role.AGENT,
    "agent2": Role.AGENT,
    "newcomer": Role.AGENT,
    "platform": Role.PLATFORM,
}
NAMES = {"owner": "吴岚", "agent": "周琳", "agent2": "陈默", "newcomer": "李想", "platform": "顾平"}


@dataclass(slots=True)
class Person:
    """Somebody at the desk. Permissions are those of the moment of speaking, as every channel looks them up."""

    shop: Shop
    login: str
    lang: str = "zh"
    shown: list[Card] = field(default_factory=list)

    async def incoming(self, **what: Any) -> Incoming:
        """What a channel would hand in; `conversation` is where a console's talk stands."""
        asker = await self.shop.bot.database.read(lambda c: _asker(c, self.login))
        talk = what.get("conversation")
        given = {"message_id": secrets.token_hex(8), "chat": Chat("console", talk or "", self.lang), "asker": asker}
        return Incoming(**{**given, **what})

    async def types(self, text: str, **what: Any) -> Reply:
        """A message in the chat."""
        return await self.hands(await self.incoming(text=text, **what))

    async def presses(
        self, card: Card | None, label: str, values: Mapping[str, tuple[str, ...]] | None = None
    ) -> Reply:
        """A button of a card by its label, with what was picked or ticked."""
        return await self.hands(await self.incoming(action=action_of(card, label), values=values or {}))

    async def picks(self, card: Card | None, *numbers: str) -> Reply:
        """Picks parcels of a confirmation and confirms."""
        return await self.presses(card, "确认拦截" if self.lang == "zh" else "Confirm", {"parcels": numbers})

    async def hands(self, incoming: Incoming) -> Reply:
        """The same incoming as often as a platform delivers it."""
        return await self.shop.bot.desk.take(incoming)

    async def sees(self, target: str | None, until_state: str | None = None, seconds: float = 12) -> Card:
        """The present card of a target, once it is in that state."""
        assert target is not None
        asker = (await self.incoming()).asker

        async def look() -> Card:
            card = await self.shop.bot.desk.card(target, asker, self.lang)
            assert card is not None
            return card

        return await until(look, lambda card: until_state in (None, card.state), seconds)


def action_of(card: Card | None, label: str) -> str:
    """What a button or a choice of that label carries."""
    assert card is not None
    found = [b.action for b in card.buttons if b.label == label] + [c.action for c in card.choices if label in c.label]
    assert found, f"no {label} on:\n{text_of(card)}"
    return found[0]


def words(card: Card | None) -> str:
    """A card as text."""
    assert card is not None
    return text_of(card)


async def until(
    look: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool], seconds: float = 12, *, last: bool = False
) -> Any:
    """What `look` finds as soon as it holds; fails with what it found last. `last`: the last of a list."""
    end = time.monotonic() + seconds
    while True:
        found = await look()
        if holds(found):
            return found[-1] if last else found
        assert time.monotonic() < end, f"not within {seconds} s: {found}"
        await asyncio.sleep(0.05)


def _asker(connection: Connection, login: str) -> Any:
    person = people.by_login(connection, login)
    assert person is not None
    return permissions.asker(connection, person)
