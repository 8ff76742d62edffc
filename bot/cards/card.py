"""The one abstract card (`design/console`, section 8). Every channel draws it in its own way.

A card is drawn for one language and one viewer. It must fit everywhere: title at most 26 characters, six facts (a list
of after-sales has as many as name them all), three buttons of which one is primary, labels of at most eight Chinese
characters. A button carries an opaque `action` id and nothing else: what it does, and whether it still may, is looked
up when it is pressed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.case import WayHome
from bot.domain.parcel import Stage


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: label, the strong part of the value, and the rest of it in plain weight."""

    label: str
    strong: str = ""
    text: str = ""
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CardReason:
    """Why not, in words: `text` says it, `fix` what would have to change (may be empty)."""

    code: str
    rule: str | None
    text: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Goods:
    """One line of goods; `order_id` is set when it belongs to another order than the after-sale's (U4)."""

    name: str
    quantity: int
    amount_fen: int
    order_id: str | None = None


@dataclass(frozen=True, slots=True)
class Gauge:
    """路程尺: the stage, how far this carrier's window reaches, whether it is on its way back, and how old that is.

    `marks` are the words under its five stages and over the tick (揽收 … 签收, 截止); `stage_word` is the present stage
    where no gauge is drawn; `aria` says all of it; `line` is the place and 「轨迹截至 …」.
    """

    stage: Stage
    last_stage_open: Stage
    returning: bool
    place: str = ""
    as_of: datetime | None = None
    marks: tuple[str, ...] = ()
    stage_word: str = ""
    aria: str = ""
    line: str = ""


@dataclass(frozen=True, slots=True)
class CardParcel:
    """A parcel on a confirmation: pickable or refused with every reason (U4).

    The words beside the numbers: `title` (包裹 1), `tag` (可拦截, 不可拦截 · 3 条), `fee` and `value` as facts,
    `foreign` above the goods of other orders and `foreign_note` below them. `action` picks or leaves this parcel where
    a channel has no check boxes.
    """

    tracking_number: str
    carrier: str
    carrier_name: str
    pickable: bool
    picked: bool
    fee_fen: int
    value_fen: int
    gauge: Gauge
    goods: tuple[Goods, ...] = ()
    other_goods: tuple[Goods, ...] = ()
    reasons: tuple[CardReason, ...] = ()
    title: str = ""
    tag: str = ""
    fee: Fact | None = None
    value: Fact | None = None
    foreign: str = ""
    foreign_note: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several things of which one is wanted: pressed, it is chosen. `text` says in plain weight what it is."""

    action: str
    label: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """A box to tick before a button counts (U3). `name` is the field's name in a form; `action` flips it elsewhere.

    Nothing is ticked beforehand. `link_label` leads to the full text at `link`.
    """

    name: str
    label: str
    note: str = ""
    link: str = ""
    link_label: str = ""
    ticked: bool = False
    action: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    """`kind`: `primary`, `plain`, `copy` (copies `value`), `link` (leads to `value`, a path of ours).

    `why_not` locks it, in words: a locked button says why, and where the key is.
    """

    action: str
    label: str
    kind: str = "plain"
    value: str = ""
    why_not: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """`state` is a `data-s` of the console's tokens (`succeeded`, `pending`, `stale` …, `info` where nothing has a
    state); `id` names the thing shown.

    `version` rises with each change of that thing: a channel never replaces a card by an older one. `lines` are the
    single numbers of a batch, at most ten, each with its result.
    """

    id: str
    version: int
    kind: str
    state: str
    title: str
    lang: str = "zh"
    subject: str = ""
    carrier_name: str = ""
    tracking_number: str = ""
    at: datetime | None = None
    aside: str = ""
    facts: tuple[Fact, ...] = ()
    parcels: tuple[CardParcel, ...] = ()
    next_step: str = ""
    buttons: tuple[Button, ...] = ()
    foot: str = ""
    contradiction: tuple[Fact, ...] = ()
    way_home: WayHome | None = None
    next_label: str = ""
    contradiction_label: str = ""
    choices: tuple[Choice, ...] = ()
    ticks: tuple[Tick, ...] = ()
    lines: tuple[Fact, ...] = ()
