"""What cards are made of: plain values that the desk collects. Names come in the card's language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.after_sale import AfterSale
from bot.domain.interception import Interception
from bot.domain.parcel import Parcel, Stage, TraceEvent
from bot.domain.people import Role
from bot.domain.reason import Reason, ReasonCode


@dataclass(frozen=True, slots=True)
class Draw:
    """Who looks, and when: the language and the moment that relative times count from."""

    lang: str
    now: datetime


@dataclass(frozen=True, slots=True)
class ParcelView:
    """A parcel with its verdict, as a confirmation shows it.

    `fee_fen` is what a success would cost; `stage` and `latest` come from its trace; `last_stage_open` is how far its
    carrier's window reaches. `platform`: the shop platform settles the fee (F3). `action` picks or leaves it.
    """

    parcel: Parcel
    carrier_name: str
    fee_fen: int
    reasons: tuple[Reason, ...] = ()
    stage: Stage = Stage.UNKNOWN
    latest: TraceEvent | None = None
    last_stage_open: Stage = Stage.AT_DELIVERY_STATION
    picked: bool = True
    returning: bool = False
    platform: bool = False
    action: str = ""


@dataclass(frozen=True, slots=True)
class AfterSaleView:
    """One of several after-sales that a number belongs to, and the action that chooses it."""

    after_sale: AfterSale
    action: str


class Ground(StrEnum):
    """Why a success counts as one (console README 7).

    `CAUGHT`: the carrier answered that the parcel is caught. `ACCEPTED`: the order was taken, which is this route's
    moment of success; `PLATFORM` the same through the shop platform. `ADOPTED`: the carrier refused our repeat because
    the order is in force. `TRACE`: no answer ever came, and the trace turned back.
    """

    CAUGHT = "caught"
    ACCEPTED = "accepted"
    PLATFORM = "platform"
    ADOPTED = "adopted"
    TRACE = "trace"


class Doubtful(StrEnum):
    """How a doubt is cleared up, for the words: by reading, by the same order again, or by a person and the trace."""

    READ = "read"
    SAME_ORDER = "same_order"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class ResultView:
    """What a result card needs beside the record.

    `ground` (succeeded); `latest`: the newest trace event (way home, contradiction); `returns_to`: the shop's name for
    where it goes back; `others`: carrier and number of parcels of the same after-sale that are not settled yet;
    `answered_at`: when the carrier took a pending order; `doubt`, `no_answer_s` and `doubted_at` (unknown); `queue`:
    place and seconds while a carrier's limit holds it back; `phone`: the delivery branch's; `record_link`: the record's
    page; `parcel`: the parcel with its reasons, where our rules refused it.
    """

    carrier_name: str
    ground: Ground = Ground.CAUGHT
    latest: TraceEvent | None = None
    returns_to: str = ""
    others: tuple[tuple[str, int], ...] = ()
    answered_at: datetime | None = None
    doubt: Doubtful = Doubtful.READ
    no_answer_s: int | None = None
    doubted_at: datetime | None = None
    queue: tuple[int, int] | None = None
    phone: str = ""
    record_link: str = ""
    parcel: ParcelView | None = None


@dataclass(frozen=True, slots=True)
class Signer:
    """Who is asked to sign for which shop: the owner, or an agent whom the owner lets sign. `card_id` and `version` are
    the card's own: each flip of a tick is a new version.
    """

    shop_name: str
    who: str
    role: Role
    card_id: str = "signup"
    version: int = 1


@dataclass(frozen=True, slots=True)
class AgreementView:
    """An agreement to sign: `kind` is `service` or `debit`, `link` leads to its full text, `action` flips its tick."""

    kind: str
    title: str
    version: str
    minutes: int
    clauses: int
    link: str = ""
    ticked: bool = False
    action: str = ""


@dataclass(frozen=True, slots=True)
class CarrierFee:
    """A supported carrier and its fee (F1)."""

    carrier_name: str
    fee_fen: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """An interception that waits for a signature, so that the card can say where it goes on."""

    carrier_name: str
    tracking_number: str


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One record of a short list."""

    case: Interception
    carrier_name: str


class BatchStage(StrEnum):
    """`DRAFTED`: checked, nobody has confirmed yet."""

    DRAFTED = "drafted"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One number of a batch: as it was typed where it led to no parcel. Without a `case` nothing was sent for it:
    `reasons` say why not, or there are none and it waits. `known` is false for what the shop does not have, `several`
    true for what names more than one parcel.
    """

    number: str
    carrier_name: str = ""
    case: Interception | None = None
    reasons: tuple[Reason, ...] = ()
    known: bool = True
    several: bool = False


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch at this moment: how many of its numbers are in which state, and the money.

    `unsent` counts what is still queued; `pending` does not contain it. `most_fen`: if everything that can still
    succeed does. `whys`: how many were refused for which reason; `unfound` and `several` are among the refused too.
    `lines`: every number in the order in which they were pasted.
    """

    id: str
    number: int
    version: int
    asked_by: str
    asked_at: datetime
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    unknown: int = 0
    pending: int = 0
    unsent: int = 0
    refused: int = 0
    fee_fen: int = 0
    most_fen: int = 0
    link: str = ""
    stage: BatchStage = BatchStage.RUNNING
    whys: tuple[tuple[ReasonCode, int], ...] = ()
    unfound: int = 0
    several: int = 0
    lines: tuple[BatchLine, ...] = ()

    @property
    def total(self) -> int:
        """All numbers of the batch."""
        return self.settled + self.unknown + self.pending + self.unsent + self.refused

    @property
    def settled(self) -> int:
        """Those that a carrier has answered for good."""
        return self.succeeded + self.failed + self.cancelled


def own_and_foreign(after_sale: AfterSale, parcel: Parcel) -> tuple[Sequence[int], Sequence[int]]:
    """Indexes of the parcel's items that belong to the after-sale's order, and of those of other orders (U4)."""
    foreign = [i for i, item in enumerate(parcel.items) if item.order_id not in (None, after_sale.order_id)]
    return [i for i in range(len(parcel.items)) if i not in foreign], foreign
