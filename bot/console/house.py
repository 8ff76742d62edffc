"""What the console is handed by `app.py`: its neighbours, as seen from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from bot.cards.card import CardParcel, CardReason
from bot.domain.people import Asker
from bot.domain.reason import Reason, ReasonCode
from bot.handlers.contract import Desk, Reply
from bot.interception.batch import Batches
from bot.interception.facts import Candidate
from bot.interception.service import Interceptions
from bot.merchants.sessions import Limits, Sessions
from bot.store.database import Database


class Words(Protocol):
    """The texts of `templates/`; the module `bot.cards.words` is one."""

    def text(self, key: str, lang: str, **facts: object) -> str:
        """The text of that key. An unknown key is a defect and raises."""
        ...

    def reason(self, told: Reason, lang: str, *, carrier: str = "", now: datetime | None = None) -> CardReason:
        """One reason in words."""
        ...

    def short(self, code: ReasonCode, lang: str) -> str:
        """The reason in a few words."""
        ...

    def check(
        self, rule: str, facts: Mapping[str, Any], lang: str, *, passed: bool | None, now: datetime | None = None
    ) -> str:
        """What a rule found, in a few words."""
        ...


class Named(Protocol):
    """A name in both languages."""

    def of(self, lang: str) -> str:
        """The name in that language."""
        ...


class CarrierTold(Protocol):
    """A supported carrier, as pages quote it."""

    @property
    def name(self) -> Named:
        """What it is called."""
        ...

    @property
    def fee_fen(self) -> int:
        """Its fee for a success (F1)."""
        ...


class AgreementTold(Protocol):
    """One of the two agreements, in the version that is offered."""

    @property
    def kind(self) -> str:
        """`service` or `debit`."""
        ...

    @property
    def name(self) -> Named:
        """Its title."""
        ...

    @property
    def version(self) -> str:
        """The date of its text."""
        ...

    @property
    def minutes(self) -> int:
        """How long it takes to read."""
        ...

    @property
    def clauses(self) -> int:
        """How many clauses it has."""
        ...


class RulesTold(Protocol):
    """The rules that hold now, as pages quote them."""

    @property
    def version(self) -> str:
        """The version that records keep."""
        ...

    @property
    def value_limit_fen(self) -> int:
        """R5."""
        ...

    @property
    def compensation_limit_fen(self) -> int:
        """The most that a claim pays."""
        ...

    @property
    def carriers(self) -> Mapping[str, CarrierTold]:
        """Those that are supported (R8), by code."""
        ...

    @property
    def categories(self) -> Mapping[str, Named]:
        """Those that are excluded (R4)."""
        ...

    @property
    def agreements(self) -> Sequence[AgreementTold]:
        """Both, in the order in which they are shown (R3)."""
        ...

    def carrier_name(self, code: str) -> Named:
        """What a carrier is called, supported or not."""
        ...


class ParcelCard(Protocol):
    """Draws one parcel with its verdict, as a confirmation does; `app.py` makes it from what desk and cards have."""

    def __call__(self, candidate: Candidate, number: int, lang: str, now: datetime) -> CardParcel:
        """The parcel with all its words; `number` is its place in the after-sale."""
        ...


class Chatting(Protocol):
    """The console's own chat (`channels/console/inbound.py`): what is typed and clicked becomes an `Incoming`."""

    async def say(self, by: Asker, conversation: str, text: str, message_id: str, lang: str) -> Reply:
        """A message typed beside an after-sale; the same `message_id` again is the same message."""
        ...

    async def press(
        self,
        by: Asker,
        action: str,
        lang: str,
        *,
        conversation: str | None = None,
        picked: Sequence[str] = (),
        ticked: Sequence[str] = (),
        message: str = "",
    ) -> Reply:
        """A button, with what was picked and ticked; `message` is the number of the message whose card it was on."""
        ...


class Change(Protocol):
    """A message that a new phrase would make the bot answer differently."""

    @property
    def text(self) -> str:
        """The message."""
        ...

    @property
    def before(self) -> Sequence[str]:
        """The topics now; none is silence."""
        ...

    @property
    def after(self) -> Sequence[str]:
        """The topics with the phrase."""
        ...


class Faq(Protocol):
    """What the page of questions asks the recogniser (`bot/faq`)."""

    @property
    def topics(self) -> Sequence[str]:
        """Every topic, in the order of menus."""
        ...

    def trial(
        self, topic: str, phrase: str, extra: Mapping[str, Sequence[str]], texts: Sequence[str]
    ) -> Sequence[Change]:
        """Which of the known messages, and of `texts`, the phrase would change; nothing is stored."""
        ...

    def usable(self, phrase: str) -> bool:
        """Whether any message can be found to hold it."""
        ...

    def taken(self, phrase: str, extra: Mapping[str, Sequence[str]]) -> str | None:
        """The topic to which the same wording belongs already."""
        ...

    def topics_of(self, text: str, extra: Mapping[str, Sequence[str]]) -> Sequence[str]:
        """What a message is answered with."""
        ...


@dataclass(frozen=True, slots=True)
class Demo:
    """The sample shop's sign-ins, which need no password (contract, sample shop)."""

    shop_id: str = "demo"
    logins: Sequence[str] = ("agent", "newcomer", "owner", "platform")


def _clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class House:
    """The neighbours, and what is set from outside."""

    database: Database
    desk: Desk
    chat: Chatting
    interceptions: Interceptions
    batches: Batches
    sessions: Sessions
    rules: Callable[[], RulesTold]
    words: Words
    parcel_card: ParcelCard
    faq: Faq
    demo: Demo | None = None
    limits: Limits = field(default_factory=Limits)
    clock: Callable[[], datetime] = _clock
    channel_names: Mapping[str, str] = field(default_factory=dict)
    talks_of_two: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    """How the names of a channel's chats begin in which one person is alone with the bot; None: names do not say."""
    frames: Mapping[str, str] = field(default_factory=dict)
    """Desks that may show `/beside/<channel>` inside their own page: the channel's name and the origin."""
