"""An after-sale as a chat is told of it: a card of its own with the way in (U2), or one list of many.

Both are drawn for whoever reads the chat: no reason that lies in a person stands on them, and nothing is offered that
is over. What they say of an interception is what its own card says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.cards.buttons import Actions, press, row
from bot.cards.card import Card, Fact
from bot.cards.confirm import after_sale_line
from bot.cards.forms import listed, money, when
from bot.cards.gauge import cut
from bot.cards.result import shown_state
from bot.cards.texts import text
from bot.cards.views import Draw, ParcelView
from bot.domain.after_sale import AfterSale, AfterSaleStatus
from bot.domain.case import State, WayHome
from bot.domain.interception import Interception
from bot.domain.reason import Reason, ReasonCode

CLOSED, OPEN = "closed", "eligible"
MOST_PARCELS = 8
ON_A_LINE = 20

GRAVITY = ("contradicted", "lost", "damaged", "unknown", "failed", "pending", "queued", "returning", "returned")
"""What is told of several parcels: the gravest first; where all is well, that they were intercepted."""

PERSONAL = frozenset({ReasonCode.PERMISSION_DENIED})
TRIED = frozenset({ReasonCode.ALREADY_INTERCEPTED})


@dataclass(frozen=True, slots=True)
class ToldParcel:
    """A parcel as the rules see it, and its newest interception, if there was one."""

    view: ParcelView
    case: Interception | None = None


@dataclass(frozen=True, slots=True)
class ListedView:
    """One after-sale of a list: what names it, and the state that it is told with."""

    name: str
    state: str


def after_sale_card(
    card_id: str, version: int, after_sale: AfterSale, parcels: Sequence[ToldParcel], draw: Draw, actions: Actions
) -> Card:
    """Money, time limit, every parcel with where it is or what became of it. Verb: `open`, handed in while
    R6 and R7 hold (U2); the button goes when no parcel is left that could be asked for.
    """
    lang = draw.lang
    state = state_of(after_sale.status is AfterSaleStatus.CLOSED, [told_state(parcel) for parcel in parcels])
    free = [parcel for parcel in parcels if told_state(parcel) in (OPEN, "refused", "cancelled", "failed")]
    offered = "open" in actions and bool(free)
    shown = parcels[:MOST_PARCELS]
    more = len(parcels) - len(shown)
    return Card(
        id=card_id,
        version=version,
        kind="after_sale",
        state=state,
        title=_title(state, lang),
        lang=lang,
        subject=after_sale_line(after_sale, lang),
        at=draw.now,
        facts=tuple(_facts(after_sale, free if offered else [], draw)),
        lines=tuple(_line(parcel, draw) for parcel in shown),
        next_step=_next(state, lang, offered=offered, number=after_sale.after_sale_id),
        buttons=row(press(actions, "open", "told.open", lang, kind="primary") if offered else None),
        foot=text("told.more_parcels", lang, n=more) if more else "",
        next_label=text("label.next", lang),
    )


def list_card(card_id: str, version: int, sales: Sequence[ListedView], draw: Draw) -> Card:
    """Every one of them named, those together that are in the same state."""
    lang = draw.lang
    groups: dict[str, list[str]] = {}
    for one in sorted(sales, key=lambda sale: (sale.state != OPEN, sale.state)):
        groups.setdefault(one.state, []).append(one.name)
    still_open = len(groups.get(OPEN, ()))
    return Card(
        id=card_id,
        version=version,
        kind="listed",
        state=OPEN if still_open else CLOSED,
        title=text("told.title_list", lang, n=len(sales)),
        lang=lang,
        at=draw.now,
        aside=text("told.left", lang, n=still_open),
        facts=tuple(_names(groups, lang)),
        next_step=text("told.next_list" if still_open else "told.next_list_done", lang),
        next_label=text("label.next", lang),
    )


def told_state(parcel: ToldParcel) -> str:
    """The word for one parcel: of its interception, unless it failed and may be tried again; else of the rules."""
    if parcel.case is not None and parcel.case.state.value not in ("refused", "cancelled"):
        return shown_state(parcel.case)
    return "refused" if _against(parcel.view) else OPEN


def word_of(state: State | None, way_home: WayHome | None) -> str:
    """The word for a parcel of a list: of its interception where it has one that counts, else that nobody has tried."""
    if state is None or state in (State.REFUSED, State.CANCELLED):
        return OPEN
    return way_home.value if state is State.SUCCEEDED and way_home is not None else state.value


def state_of(closed: bool, states: Sequence[str]) -> str:  # noqa: FBT001 - what the shop says
    """The one word for an after-sale: what became of its parcels goes before that it is closed."""
    for grave in GRAVITY:
        if grave in states:
            return grave
    if states and all(state == "succeeded" for state in states):
        return "succeeded"
    if closed:
        return CLOSED
    return OPEN if OPEN in states or not states else states[0]


def _title(state: str, lang: str) -> str:
    if state in (OPEN, CLOSED, "refused"):
        return text(f"told.title_{state}", lang)
    return text(f"state.{state}", lang)


def _facts(after_sale: AfterSale, free: Sequence[ToldParcel], draw: Draw) -> list[Fact]:
    lang = draw.lang
    reason = cut(after_sale.reason or "")
    facts = [Fact(text("told.refund", lang), money(after_sale.refund_fen, lang), reason)]
    if after_sale.status is AfterSaleStatus.OPEN and after_sale.deadline is not None:
        facts.append(Fact(text("told.deadline", lang), _moment(after_sale.deadline, draw)))
    fee = sum(parcel.view.fee_fen for parcel in free if told_state(parcel) == OPEN)
    if fee:
        facts.append(Fact(text("label.fee", lang), money(fee, lang), text("told.on_success", lang)))
    return facts


def _line(parcel: ToldParcel, draw: Draw) -> Fact:
    """`中通 7540…`: where it is, or why not, or what became of it. No ages: the card is not drawn anew as they grow."""
    lang, view, state = draw.lang, parcel.view, told_state(parcel)
    label = f"{view.carrier_name} {view.parcel.tracking_number}"
    if state not in (OPEN, "refused"):
        return Fact(label, text(f"state.{state}", lang), _by(parcel.case, lang))
    rules = tuple(reason.rule for reason in _against(view) if reason.rule) if state == "refused" else ()
    words = [text(f"stage.{view.stage}", lang)]
    if view.latest is not None:
        words += [cut(view.latest.text), _moment(view.latest.at, draw)]
    strong = text("state.refused", lang) if state == "refused" else ""
    return Fact(label, strong, " · ".join(words), rules)


def _by(case: Interception | None, lang: str) -> str:
    return text("told.by", lang, who=case.asked_by) if case is not None and case.asked_by else ""


def _against(view: ParcelView) -> list[Reason]:
    return [reason for reason in view.reasons if reason.code not in PERSONAL | TRIED]


def _moment(at: datetime, draw: Draw) -> str:
    return when(at, None, draw.lang)[5:]


def _next(state: str, lang: str, *, offered: bool, number: str) -> str:
    if offered:
        return text("told.next_refused" if state == "refused" else "told.next_open", lang, number=number)
    return text("told.next_closed" if state == CLOSED else "told.next_records", lang, number=number)


def _names(groups: dict[str, list[str]], lang: str) -> list[Fact]:
    facts: list[Fact] = []
    for state, names in groups.items():
        word = text(f"told.{state}" if state in (OPEN, CLOSED) else f"state.{state}", lang)
        label = text("told.group", lang, state=word, n=len(names))
        lines = (names[begin : begin + ON_A_LINE] for begin in range(0, len(names), ON_A_LINE))
        facts += [Fact(label, text=listed(line, lang)) for line in lines]
    return facts
