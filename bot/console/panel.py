"""The right pane: the after-sale with its parcels, and the docked 「发起拦截」 with its fee, or why it is locked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.cards.card import CardParcel, CardReason
from bot.console import shelf
from bot.console.bench import PERSONAL, shown_state
from bot.console.drawing import BEIJING, Speech
from bot.console.house import House
from bot.console.shelf import Sheet
from bot.domain.after_sale import AfterSale
from bot.domain.people import Asker, Permission, Role
from bot.domain.reason import ReasonCode
from bot.interception.facts import Candidate
from bot.merchants import people, permissions
from bot.store import after_sales
from bot.store.events import latest

WHOLE_AFTER_SALE = (ReasonCode.NOT_REFUND_ONLY, ReasonCode.AFTER_SALE_CLOSED)
"""R6 and R7: while one of them fails there is no 「发起拦截」 at all (U2)."""


@dataclass(frozen=True, slots=True)
class PanelParcel:
    """A parcel with its gauge, its state in a word, and every reason why it can't go."""

    card: CardParcel
    state: str
    word: str
    reasons: tuple[CardReason, ...]
    record: str = ""
    record_number: int = 0


@dataclass(frozen=True, slots=True)
class Dock:
    """What can be done. `kind`: `open`, `locked` (says why in `text`), `denied` (R11), `none` (no button, U2)."""

    kind: str
    text: str = ""
    what: str = ""
    fee: str = ""
    rule: str = ""
    fix: str = ""
    owner: str = ""
    asked: bool = False
    can_ask: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """The after-sale as it is now; `version` is the live event up to which it is true."""

    id: str
    version: int
    type: str
    status: str
    in_arbitration: bool
    deadline: datetime | None
    deadline_at: str
    left: str | None
    refund_fen: int
    order_id: str
    reason: str | None
    buyer: str | None
    applied_at: datetime
    parcels: tuple[PanelParcel, ...]
    dock: Dock


@dataclass(frozen=True, slots=True)
class _Read:
    version: int
    after_sale: AfterSale
    sheet: Sheet
    owner: str
    asked: bool


async def panel(house: House, asker: Asker, speech: Speech, after_sale_id: str) -> Panel | None:
    """The after-sale for this viewer; None when the shop has none of that id."""
    found = await house.database.read(lambda c: _read(c, asker, after_sale_id))
    if found is None:
        return None
    candidates = await house.interceptions.candidates(asker, after_sale_id)
    one = found.after_sale
    parcels = [_parcel(house, speech, c, n, found.sheet) for n, c in enumerate(candidates, start=1)]
    deadline = one.deadline
    left = (
        None if deadline is None or deadline <= speech.now else speech.duration((deadline - speech.now).total_seconds())
    )
    return Panel(
        id=one.after_sale_id,
        version=found.version,
        type=one.type.value,
        status=one.status.value,
        in_arbitration=one.in_arbitration,
        deadline=deadline,
        deadline_at="" if deadline is None else _until(deadline),
        left=left,
        refund_fen=one.refund_fen,
        order_id=one.order_id,
        reason=one.reason,
        buyer=one.buyer,
        applied_at=one.applied_at,
        parcels=tuple(parcels),
        dock=_dock(house, asker, speech, found, candidates),
    )


def _read(connection: Connection, asker: Asker, after_sale_id: str) -> _Read | None:
    version = latest(connection, asker.shop_id)
    after_sale = after_sales.load(connection, asker.shop_id, after_sale_id)
    sheets = shelf.sheets(connection, asker.shop_id, [after_sale_id])
    if after_sale is None or not sheets:
        return None
    owner = people.owner_name(connection, asker.shop_id)
    asked = any(
        request.person_id == asker.person_id and request.permission is Permission.LOGISTICS_TOOLS
        for request in permissions.open_requests(connection, asker.shop_id)
    )
    return _Read(version, after_sale, sheets[0], owner, asked)


def _parcel(house: House, speech: Speech, candidate: Candidate, number: int, sheet: Sheet) -> PanelParcel:
    card = house.parcel_card(candidate, number, speech.lang, speech.now)
    told = [r.code for r in candidate.verdict.reasons if r.code not in PERSONAL]
    last = next((b.case for b in sheet.boxes if b.tracking_number == card.tracking_number), None)
    case = candidate.blocking or last
    if candidate.blocking is not None:
        state = shown_state(candidate.blocking)
        told = []
    elif case is not None:
        state = shown_state(case)
    else:
        state = "refused" if told else "eligible"
    words = tuple(reason for reason in card.reasons if reason.code in told)
    if case is None:
        return PanelParcel(card, state, speech(f"state.{state}"), words)
    return PanelParcel(card, state, speech(f"state.{state}"), words, case.id, case.number)


def _dock(house: House, asker: Asker, speech: Speech, found: _Read, candidates: Sequence[Candidate]) -> Dock:
    reasons = [reason for candidate in candidates for reason in candidate.verdict.reasons]
    for code in WHOLE_AFTER_SALE:
        told = next((reason for reason in reasons if reason.code is code), None)
        if told is not None:
            words = house.words.reason(told, speech.lang, now=speech.now)
            return Dock("none", text=words.text, rule=words.rule or "", fix=words.fix)
    if any(reason.code is ReasonCode.PERMISSION_DENIED for reason in reasons):
        return Dock("denied", owner=found.owner, asked=found.asked, can_ask=asker.role is Role.AGENT)
    able = [c for c in candidates if all(reason.code in PERSONAL for reason in c.verdict.reasons)]
    if not able:
        all_asked = bool(candidates) and all(c.blocking is not None for c in candidates)
        text = speech.page("panel.all_asked" if all_asked else "panel.none_able")
        return Dock("locked", text=text, what=speech.page("panel.parcels_plain", n=len(candidates)))
    unsigned = any(r.code is ReasonCode.AGREEMENT_NOT_SIGNED for c in able for r in c.verdict.reasons)
    total = sum(candidate.verdict.fee_fen for candidate in able)
    return Dock(
        "open",
        text=speech.page("panel.unsigned" if unsigned else "panel.free"),
        what=_what(house, speech, able),
        fee=speech.page("panel.fee" if len(able) == 1 else "panel.fee_most", fee=speech.money(total)),
    )


def _what(house: House, speech: Speech, able: Sequence[Candidate]) -> str:
    codes = {candidate.parcel.carrier for candidate in able}
    if len(codes) > 1:
        return speech.page("panel.parcels_plain", n=len(able))
    name = house.rules().carrier_name(codes.pop()).of(speech.lang)
    return speech("result.others.one" if len(able) == 1 else "result.others.many", carrier=name, n=len(able))


def _until(moment: datetime) -> str:
    here = moment.astimezone(BEIJING)
    return f"{here.month}-{here.day:02d} {here:%H:%M}"
