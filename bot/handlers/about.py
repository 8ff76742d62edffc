"""What an answer says of the parcels that a question names, and of the shop and the person who ask (Q).

The shop's own state belongs to an answer as the rules do: a carrier without a route cannot be used there, and whoever
still has to sign or to be granted the tools is told so, with the button for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.cards.fee_line import fee_fact
from bot.cards.forms import listed, money, when
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
        if not set(question.topics) & ABOUT_A_PARCEL:
            return await self._of_shop(question, asker, rules, draw)
        named = ids_of(question.text)
        sales = await self._rooms.database.read(
            lambda c: {n: best(after_sales.find(c, asker.shop_id, n), question.subject) for n in named[:MOST_NAMED]}
        )
        found = await self._meant(sales, question.subject, asker)
        if not found:
            general = await self._of_shop(question, asker, rules, draw)
            return replace(general, lines=(*_strange(sales, draw), *general.lines))
        about = _of_parcels(found, len(named[MOST_NAMED:]), asker, rules, draw)
        return replace(about, lines=(*about.lines, *_strange(sales, draw)))

    async def _meant(self, sales: Mapping[str, str | None], subject: str | None, asker: Asker) -> list[Candidate]:
        """The parcels that are named, else all of the after-sales that are; first those of the subject."""
        meant = []
        for after_sale_id in dict.fromkeys(filter(None, [subject, *sales.values()])):
            candidates = await self._rooms.interceptions.candidates(asker, after_sale_id)
            meant += [one for one in candidates if one.parcel.tracking_number in sales] or candidates
        return meant

    async def _of_shop(self, question: Question, asker: Asker, rules: RuleSet, draw: Draw) -> About:
        topics, lang = set(question.topics), draw.lang
        shop = await self._rooms.database.read(lambda c: shops.facts(c, asker.shop_id))
        signed = await self._rooms.database.read(lambda c: agreements.signed(c, asker.shop_id))
        latest = await self._rooms.database.read(lambda c: agreements.latest(c, asker.shop_id))
        lines: list[str] = []
        verbs: dict[str, str] = {}
        if shop is not None and shop.cross_border and topics & {*CAN_IT_BE, "cross_border"}:
            lines.append(text("answer.shop.cross_border", lang))
        if shop is not None and not shop.active and topics & CAN_IT_BE:
            lines.append(text("answer.shop.inactive", lang))
        if any(signed.get(one.kind, "") < one.oldest_valid for one in rules.agreements):
            if topics & CAN_IT_BE:
                lines.append(text("answer.shop.unsigned", lang))
                verbs |= _signs(asker)
        elif "signup" in topics and latest is not None:
            lines.append(text("answer.shop.signed", lang, who=latest.by, at=when(latest.at, draw.now, lang)))
        lines += self._routes(topics, asker.shop_id, lang)
        if asker.role is Role.AGENT and topics & {"no_permission", "how_to_start"}:
            may = Permission.LOGISTICS_TOOLS in asker.permissions
            if not may:
                lines.append(text("answer.shop.no_tools", lang))
                verbs |= _asks(asker)
            elif "no_permission" in topics:
                lines.append(text("answer.shop.has_tools", lang))
        return About(tuple(lines), verbs)

    def _routes(self, topics: set[str], shop_id: str, lang: str) -> list[str]:
        none = not self._rooms.interceptions.routed(shop_id)
        return [text("answer.shop.no_routes", lang)] if none and topics & {*CAN_IT_BE, "carriers"} else []


def _strange(sales: Mapping[str, str | None], draw: Draw) -> list[str]:
    """That a number leads to nothing here; another shop's number reads no different."""
    unknown = [number for number, after_sale_id in sales.items() if after_sale_id is None]
    return [text("answer.about.unknown", draw.lang, numbers=listed(unknown, draw.lang))] if unknown else []


def _of_parcels(found: Sequence[Candidate], unread: int, asker: Asker, rules: RuleSet, draw: Draw) -> About:
    lines = [_line(candidate, rules, draw) for candidate in found[:MOST_PARCELS]]
    more = len(found[MOST_PARCELS:]) + unread
    if more:
        lines.append(text("answer.about.more", draw.lang, n=more))
    verbs = next((verbs for one in found if (verbs := _verbs(one, asker))), {})
    return About(tuple(lines), verbs)


def _verbs(candidate: Candidate, asker: Asker) -> dict[str, str]:
    """The button that leads on: to the confirmation, or to what a person can lift on the spot (U3, R11)."""
    opens = action("open", candidate.after_sale.after_sale_id)
    if candidate.verdict.eligible:
        return {"open": opens}
    codes = {told.code for told in candidate.verdict.reasons}
    if codes == {ReasonCode.AGREEMENT_NOT_SIGNED}:
        return {"sign": opens}
    return _asks(asker) if codes == {ReasonCode.PERMISSION_DENIED} else {}


def _signs(asker: Asker) -> dict[str, str]:
    """To the agreements, or to whoever may sign them (U3)."""
    if agreements.may_sign(asker):
        return {"sign": action("sign", "")}
    return {"remind": action("remind", "")} if asker.role is Role.AGENT else {}


def _asks(asker: Asker) -> dict[str, str]:
    """An agent can ask the owner; whoever is none has nobody to ask."""
    return {"ask_grant": action("ask_grant", Permission.LOGISTICS_TOOLS.value)} if asker.role is Role.AGENT else {}


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
