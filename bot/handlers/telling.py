"""Chats that are told of new after-sales: how one is chosen, and what they show.

`/subscribe` in a chat chooses it, `/unsubscribe` leaves it; whoever may use the logistics tools may, since the same
cards answer him there anyway. With two times it sets the chat's quiet hours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

import structlog
from sqlalchemy import Connection

from bot.cards import after_sale as cards
from bot.cards import subscribing
from bot.cards.after_sale import ListedView, ToldParcel
from bot.cards.card import Card
from bot.cards.views import Draw
from bot.domain.case import State
from bot.domain.interception import Interception
from bot.domain.people import Asker, Role
from bot.handlers import views
from bot.handlers.actions import action
from bot.handlers.contract import Incoming, Reply
from bot.handlers.grammar import Parsed
from bot.handlers.outgoing import Outgoing
from bot.handlers.rooms import Rooms
from bot.merchants import permissions
from bot.merchants.permissions import PermissionDenied
from bot.rules.eligibility import applicable
from bot.store import after_sales, telling
from bot.store.cases import of_after_sale
from bot.store.database import now
from bot.store.telling import Listed, Quiet
from bot.store.told import LISTED, ONE, Place

log = structlog.get_logger(__name__)

ALWAYS = re.compile(r"全天|不免打扰|always|none|off", re.IGNORECASE)
_TIME = r"(\d{1,2})(?::(\d{2}))?\s*点?"
HOURS = re.compile(rf"(?:免打扰|quiet)?\s*{_TIME}\s*(?:-|~|–|—|到|至|to)\s*{_TIME}", re.IGNORECASE)
MOST_NAMED = 40


@dataclass(frozen=True, slots=True)
class Hours:
    """What was said of quiet hours; not `named`: nothing was, and what holds goes on."""

    named: bool = False
    quiet: Quiet | None = None


def hours(words: str) -> Hours | None:
    """`22:00-08:00`, `22点到8点`, `全天`, or nothing; None for what names no two times of a day. Equal ones: none."""
    words = words.strip()
    if not words:
        return Hours()
    if ALWAYS.fullmatch(words):
        return Hours(named=True)
    found = HOURS.fullmatch(words)
    if found is None:
        return None
    begin, end = (int(found[n]) * 60 + int(found[n + 1] or 0) for n in (1, 3))
    if max(int(found[1]), int(found[3])) > 24 or max(int(found[2] or 0), int(found[4] or 0)) > 59:
        return None
    begin, end = begin % 1440, end % 1440
    return Hours(named=True, quiet=Quiet(begin, end) if begin != end else None)


class Telling:
    """The two commands, and a drawer for each kind of card that answers nobody."""

    def __init__(self, rooms: Rooms, outgoing: Outgoing) -> None:
        self._rooms = rooms
        self._outgoing = outgoing
        for kind, drawer in {
            ONE: self._one,
            LISTED: self._list,
            "subscribed": self._subscribed,
            "unsubscribed": self._unsubscribed,
            "unable": self._unable,
            "hours": self._hours,
        }.items():
            outgoing.also(kind, drawer)

    async def subscribe(self, incoming: Incoming, parsed: Parsed) -> Reply:
        """`/subscribe [22:00-08:00]`: this chat is told from now on; again, its quiet hours are set anew."""
        chat, asker = incoming.chat, incoming.asker
        try:
            permissions.require_tools(asker)
        except PermissionDenied:
            return await self._outgoing.reply(["denied"], asker, chat.lang)
        if asker.role is Role.PLATFORM:
            return await self._outgoing.reply(["denied:grant"], asker, chat.lang)
        if not incoming.private or not self._rooms.speaks_first(chat.channel):
            return await self._outgoing.reply(["unable:"], asker, chat.lang)
        wanted = hours(parsed.argument)
        if wanted is None:
            return await self._outgoing.reply([f"hours:{parsed.argument[:MOST_NAMED]}"], asker, chat.lang)
        place = Place(chat.channel, chat.id, chat.lang)

        def choose(connection: Connection) -> bool:
            before = telling.quiet_of(connection, asker.shop_id, chat.channel, chat.id)
            quiet = wanted.quiet if wanted.named else before
            at = now(connection)
            is_new = telling.choose(connection, asker.shop_id, place, asker.name, quiet, at)
            permissions.announce(connection, asker.shop_id, at)  # the owner's page lists the chats
            return is_new

        if await self._rooms.database.write(choose):
            log.info("chat.subscribed", shop=asker.shop_id, channel=chat.channel, person=asker.person_id)
        return await self._outgoing.reply([f"subscribed:{_mark(place)}"], asker, chat.lang)

    async def unsubscribe(self, incoming: Incoming, _parsed: Parsed) -> Reply:
        """`/unsubscribe`: this chat is told nothing new; what it has goes on telling the truth."""
        chat, asker = incoming.chat, incoming.asker
        try:
            permissions.require_tools(asker)
        except PermissionDenied:
            return await self._outgoing.reply(["denied"], asker, chat.lang)
        place = Place(chat.channel, chat.id, chat.lang)

        def leave(connection: Connection) -> bool:
            told = telling.leave(connection, asker.shop_id, place)
            if told:
                permissions.announce(connection, asker.shop_id, now(connection))
            return told

        was = await self._rooms.database.write(leave)
        if was:
            log.info("chat.unsubscribed", shop=asker.shop_id, channel=chat.channel, person=asker.person_id)
        return await self._outgoing.reply([f"unsubscribed:{'was' if was else ''}"], asker, chat.lang)

    async def _one(self, after_sale_id: str, asker: Asker, draw: Draw) -> Card | None:
        def stored(connection: Connection) -> tuple[int | None, list[Interception]]:
            version = after_sales.version_of(connection, asker.shop_id, after_sale_id)
            return version, of_after_sale(connection, asker.shop_id, after_sale_id)

        # The version first: what is read after it can only be newer, and is drawn again.
        version, found = await self._rooms.database.read(stored)
        candidates = await self._rooms.interceptions.candidates(asker, after_sale_id)
        if version is None or not candidates:
            return None
        # A refused ask is no interception: whoever asked second does not hide what the first one led to.
        newest = {case.tracking_number: case for case in found if case.state is not State.REFUSED}
        rules = self._rooms.rules()
        parcels = [
            ToldParcel(views.parcel_view(c, rules, draw.lang), newest.get(c.parcel.tracking_number)) for c in candidates
        ]
        after_sale = candidates[0].after_sale
        verbs = {"open": action("open", after_sale_id)} if applicable(after_sale) else {}
        return cards.after_sale_card(f"{ONE}:{after_sale_id}", version, after_sale, parcels, draw, verbs)

    async def _list(self, list_id: str, asker: Asker, draw: Draw) -> Card | None:
        target = f"{LISTED}:{list_id}"
        found = await self._rooms.database.read(lambda c: telling.listed(c, asker.shop_id, target))
        if not found:
            return None
        sales = [self._named(one, draw.lang) for one in found]
        return cards.list_card(target, sum(one.version for one in found), sales, draw)

    def _named(self, one: Listed, lang: str) -> ListedView:
        """By its first parcel, as people know it; `+1` where there are more."""
        states = [cards.word_of(parcel.state, parcel.way_home) for parcel in one.parcels]
        state = cards.state_of(not one.is_open, states)
        if not one.parcels:
            return ListedView(one.after_sale_id, state)
        first, more = one.parcels[0], len(one.parcels) - 1
        name = f"{self._rooms.rules().carrier_name(first.carrier).of(lang)} {first.tracking_number}"
        return ListedView(f"{name} +{more}" if more else name, state)

    async def _subscribed(self, mark: str, asker: Asker, draw: Draw) -> Card | None:
        found = await self._rooms.database.read(lambda c: telling.chosen(c, asker.shop_id))
        mine = next((one for one in found if _mark(one.place) == mark), None)
        if mine is None:
            return None
        quiet = None if mine.quiet is None else (mine.quiet.begin, mine.quiet.end)
        return subscribing.subscribed(mine.by, mine.at, quiet, len(found), draw)

    async def _unsubscribed(self, was: str, asker: Asker, draw: Draw) -> Card | None:
        del asker
        return subscribing.unsubscribed(draw, was=bool(was))

    async def _unable(self, _rest: str, asker: Asker, draw: Draw) -> Card | None:
        del asker
        return subscribing.unable(draw)

    async def _hours(self, words: str, asker: Asker, draw: Draw) -> Card | None:
        del asker
        return subscribing.not_understood(words, draw)


def _mark(place: Place) -> str:
    """What stands for a chat in a target, which is shorter than a chat's name may be."""
    return sha256(f"{place.channel}\0{place.chat}".encode()).hexdigest()[:24]
