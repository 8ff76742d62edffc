"""What an answer says of the parcels that a question names, and of the shop and the person who ask (Q).

The shop's own state belongs to an answer as the rules do: a carrier without a route cannot be used there, and whoever
still has to sign or to be granted the tools is told so, with the button for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.cards.fee_line import fee_fact
from bot.cards.forms import money, when
from bot.cards.gauge import as_of
from bot.cards.texts import text
from bot.cards.views import Draw
from bot.cards.words import reason
from bot.domain.after_sale import AfterSale, AfterSaleStatus
from bot.domain.parcel import Stage
from bot.domain.people import Asker, Permission, Role
from bot.domain.reason import Reason, ReasonCode
from bot.faq.answers import ABOUT_A_PARCEL
from bot.handlers.actions import action
from bot.handlers.grammar import ids_of
from bot.handlers.rooms import Rooms
from bot.interception.facts import Candidate
from bot.merchants import agreements, shops
from bot.rules.rulebook import RuleSet
from bot.store import after_sales
from bot.store.questions import Question

MOST_PARCELS = 3
MOST_NAMED = 5
"""So many numbers of one message are looked up."""

STEPS = {ReasonCode.AGREEMENT_NOT_SIGNED: "sign", ReasonCode.PERMISSION_DENIED: "ask_grant"}
"""The button for a reason that a person can lift, where it stands alone."""

CAN_IT_BE = frozenset({"eligibility", "how_to_start", "signup"})
"""Topics for which the state of the shop decides."""


@dataclass(frozen=True, slots=True)
class About:
    """Lines of what is known, and the verbs of the buttons that lead on."""

    lines: tuple[str, ...] = ()
    verbs: Mapping[str, str] = field(default_factory=dict)


def best(found: Sequence[AfterSale], conversation: str | None) -> str | None:
    """Which after-sale of a number is meant: that of the talk, else the newest that is open, else the newest."""
    if any(one.after_sale_id == conversation for one in found):
        return conversation
    still_open = [one for one in found if one.status is AfterSaleStatus.OPEN]
    return next((one.after_sale_id for one in reversed(still_open or found)), None)


class Abouts:
    """Looks up what a kept question is about, at this moment."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def rules(self, shop_id: str, rules: RuleSet) -> RuleSet:
        """The rules as far as the shop has routes (R8); all of them while it has none."""
        routed = self._rooms.interceptions.routed(shop_id)
        carriers = {code: rule for code, rule in rules.carriers.items() if code in routed}
        return replace(rules, carriers=carriers) if carriers else rules

    async def of(self, question: Question, asker: Asker, rules: RuleSet, draw: Draw) -> About:
        """Of the parcels that are meant; where none is, of the shop and the person."""
        if question.subject is not None and set(question.topics) & ABOUT_A_PARCEL:
            found = await self._meant(question, question.subject, asker)
            if found:
                return _of_parcels(found, rules, draw)
        return await self._of_shop(question, asker, rules, draw)

    async def _meant(self, question: Question, subject: str, asker: Asker) -> list[Candidate]:
        """The parcels that are named, else all of the after-sales that are; first those of the subject."""
        named = ids_of(question.text)[:MOST_NAMED]
        found = await self._rooms.database.read(
            lambda c: [best(after_sales.find(c, asker.shop_id, number), subject) for number in named]
        )
        meant = []
        for after_sale_id in dict.fromkeys([subject, *filter(None, found)]):
            candidates = await self._rooms.interceptions.candidates(asker, after_sale_id)
            meant += [one for one in candidates if one.parcel.tracking_number in named] or candidates
        return meant

    async def _of_shop(self, question: Question, asker: Asker, rules: RuleSet, draw: Draw) -> About:
        topics, lang = set(question.topics), draw.lang
        shop = await self._rooms.database.read(lambda c: shops.facts(c, asker.shop_id))
        signed = await self._rooms.database.read(lambda c: agreements.signed(c, asker.shop_id))
        latest = await self._rooms.database.read(lambda c: agreements.latest(c, asker.shop_id))
        lines, verbs = [], {}
        if shop is not None and shop.cross_border and topics & {*CAN_IT_BE, "cross_border"}:
            lines.append(text("answer.shop.cross_border", lang))
        if shop is not None and not shop.active and topics & CAN_IT_BE:
            lines.append(text("answer.shop.inactive", lang))
        if any(signed.get(one.kind, "") < one.oldest_valid for one in rules.agreements):
            if topics & CAN_IT_BE:
                lines.append(text("answer.shop.unsigned", lang))
                verbs["sign"] = action("sign", "")
        elif "signup" in topics and latest is not None:
            lines.append(text("answer.shop.signed", lang, who=latest.by, at=when(latest.at, draw.now, lang)))
        lines += self._routes(topics, asker.shop_id, lang)
        if asker.role is Role.AGENT and topics & {"no_permission", "how_to_start"}:
            may = Permission.LOGISTICS_TOOLS in asker.permissions
            if not may:
                lines.append(text("answer.shop.no_tools", lang))
                verbs["ask_grant"] = action("ask_grant", Permission.LOGISTICS_TOOLS.value)
            elif "no_permission" in topics:
                lines.append(text("answer.shop.has_tools", lang))
        return About(tuple(lines), verbs)

    def _routes(self, topics: set[str], shop_id: str, lang: str) -> list[str]:
        none = not self._rooms.interceptions.routed(shop_id)
        return [text("answer.shop.no_routes", lang)] if none and topics & {*CAN_IT_BE, "carriers"} else []


def _of_parcels(found: Sequence[Candidate], rules: RuleSet, draw: Draw) -> About:
    lines = [_line(candidate, rules, draw) for candidate in found[:MOST_PARCELS]]
    if len(found) > MOST_PARCELS:
        lines.append(text("answer.about.more", draw.lang, n=len(found) - MOST_PARCELS, all=len(found)))
    for one in found:
        verb = _verb(one)
        if verb is not None:
            return About(tuple(lines), {verb: action("open", one.after_sale.after_sale_id)})
    return About(tuple(lines), {})


def _verb(candidate: Candidate) -> str | None:
    """The button that leads on: to the confirmation, or to what a person can lift on the spot (U3, R11)."""
    if candidate.verdict.eligible:
        return "open"
    codes = [told.code for told in candidate.verdict.reasons]
    return STEPS.get(codes[0]) if len(codes) == 1 else None


def _line(candidate: Candidate, rules: RuleSet, draw: Draw) -> str:
    """One parcel: its record, that it can go, or every rule in its way with what would have to change."""
    lang, parcel = draw.lang, candidate.parcel
    name = rules.carrier_name(parcel.carrier).of(lang)
    who = {"carrier": name, "number": parcel.tracking_number}
    if candidate.blocking is not None:
        case = candidate.blocking
        fee = fee_fact(case, lang)
        state = text(f"state.{case.way_home or case.state}", lang)
        return text("answer.about.this_case", lang, **who, state=state, fee=f"{fee.strong} {fee.text}".strip())
    if candidate.verdict.eligible:
        reading = candidate.reading
        seen = "" if reading.as_of is None else text("answer.about.seen", lang, as_of=as_of(reading.as_of, draw))
        key = "answer.about.this_unknown" if reading.stage is Stage.UNKNOWN else "answer.about.this_open"
        stage, fee_fen = text(f"stage.{reading.stage}", lang), candidate.verdict.fee_fen
        return text(key, lang, **who, fee=money(fee_fen, lang), stage=stage, seen=seen)
    told = [_reason(one, lang, name, draw) for one in candidate.verdict.reasons]
    return text("answer.about.this_refused", lang, **who, reasons=text("answer.about.between", lang).join(told))


def _reason(told: Reason, lang: str, carrier: str, draw: Draw) -> str:
    said = reason(told, lang, carrier=carrier, now=draw.now)
    fix = text("answer.about.fix", lang, fix=said.fix) if said.fix else ""
    return f"{said.rule or ''} {said.text}{fix}".strip()
