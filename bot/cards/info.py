"""Cards that tell rather than act: help, usage, fees, a short list of records, and what cannot be found."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards.buttons import Actions, link, row
from bot.cards.card import Card, Fact
from bot.cards.fee_line import nothing_sent, short_fee
from bot.cards.forms import listed, money, when
from bot.cards.result import shown_state
from bot.cards.texts import text
from bot.cards.views import CarrierFee, Draw, RecordRow

COMMANDS = ("intercept", "records", "fees", "sign", "grant")
MOST_ROWS = 5


def help_card(draw: Draw) -> Card:
    """The commands, one line each, and that one may simply ask."""
    lang = draw.lang
    lines = [Fact(text(f"help.command_{name}", lang), text=text(f"help.{name}", lang)) for name in COMMANDS]
    facts = (*lines, _labelled("help.label_ask", "help.ask", lang))
    return _card("help", "help.title", "help.next", draw, facts, foot=text("help.foot", lang))


def usage(draw: Draw, limit: int) -> Card:
    """`/intercept` without a number: how it is written. `limit`: the most numbers at once."""
    lang = draw.lang
    return _card(
        "usage",
        "usage.title",
        "usage.next",
        draw,
        (
            nothing_sent(lang, "usage.fee_text"),
            _labelled("usage.form", "usage.form_text", lang),
            Fact(text("usage.many", lang), text=text("usage.many_text", lang, limit=limit)),
        ),
    )


def fees_card(fees: Sequence[CarrierFee], compensation_fen: int, since: str, draw: Draw) -> Card:
    """F1–F5 from the rules that hold now; `since` is their date."""
    lang = draw.lang
    later = text("fees.later", lang, limit=money(compensation_fen, lang))
    facts = (
        Fact(text("label.fee", lang), text=text("fees.line", lang, fees=fees_line(fees, lang)), rules=("F1",)),
        _labelled("fees.label_when", "fees.when", lang, "F2"),
        _labelled("fees.label_from", "fees.from", lang, "F3"),
        Fact(text("fees.label_later", lang), text=later, rules=("F4",)),
        _labelled("fees.label_arbitration", "fees.arbitration", lang, "F5"),
    )
    return _card("fees", "fees.title", "fees.next", draw, facts, foot=text("fees.foot", lang, since=since))


def records_card(
    rows: Sequence[RecordRow],
    total: int,
    draw: Draw,
    actions: Actions,
    *,
    page: str = "",
    number: str = "",
    own: bool = False,
) -> Card:
    """The newest records, at most five, and the way to all of them. `number`: only those of that number (U7); `own`:
    the viewer is shown what he asked for himself, and told so.
    """
    lang = draw.lang
    shown = rows[:MOST_ROWS]
    empty = "records.empty_own" if own else "records.empty_of" if number else "records.empty"
    following = "records.next_own" if own else "records.next" if shown else "records.next_empty"
    aside = text("records.count", lang, shown=len(shown), total=total) if shown else ""
    return Card(
        id="records",
        version=1,
        kind="records",
        state="info",
        title=text("records.title_of" if number else "records.title", lang),
        lang=lang,
        subject=number,
        at=draw.now,
        aside=aside,
        facts=tuple(_row(r, draw) for r in shown) or (Fact(text("label.now", lang), text=text(empty, lang)),),
        next_step=text(following, lang),
        buttons=row(link(actions, "records.button", lang, page)),
        next_label=text("label.next", lang),
    )


def not_found(numbers: Sequence[str], draw: Draw) -> Card:
    """Numbers that the shop does not have; another shop's number reads no different."""
    lang = draw.lang
    one = len(numbers) == 1
    title = text("not_found.title_one", lang) if one else text("not_found.title_many", lang, n=len(numbers))
    named = listed(numbers[:MOST_ROWS], lang)
    if len(numbers) > MOST_ROWS:
        named = text("not_found.more", lang, numbers=named, n=len(numbers))
    reason = text("not_found.reason" if one else "not_found.reason_many", lang)
    return Card(
        id="not_found",
        version=1,
        kind="not_found",
        state="refused",
        title=title,
        lang=lang,
        at=draw.now,
        facts=(
            nothing_sent(lang, "not_found.fee"),
            Fact(text("label.reason", lang), text=reason),
            Fact(text("label.number", lang), named),
        ),
        next_step=text("not_found.next", lang),
        next_label=text("label.next", lang),
    )


def too_old(minutes: int, draw: Draw) -> Card:
    """A message that the chat delivered later than so many minutes: said, and not carried out."""
    reason = text("too_old.reason", draw.lang, minutes=minutes)
    return _not_done("too_old", "too_old.title", (Fact(text("label.reason", draw.lang), text=reason),), draw)


def no_person(login: str, draw: Draw) -> Card:
    """`/grant` with a login that nobody in the shop has, or with none."""
    lang = draw.lang
    reason = text("no_person.reason", lang, login=login) if login else text("no_person.reason_none", lang)
    title = "no_person.title" if login else "no_person.title_none"
    return _not_done("no_person", title, (Fact(text("label.reason", lang), text=reason),), draw)


def _not_done(kind: str, title: str, facts: tuple[Fact, ...], draw: Draw) -> Card:
    lang = draw.lang
    return Card(
        id=kind,
        version=1,
        kind=kind,
        state="refused",
        title=text(title, lang),
        lang=lang,
        at=draw.now,
        facts=(nothing_sent(lang, f"{kind}.fee"), *facts),
        next_step=text(f"{kind}.next", lang),
        next_label=text("label.next", lang),
    )


def fees_line(fees: Sequence[CarrierFee], lang: str) -> str:
    """`中通 3.00、韵达 3.00、圆通 4.00 元` · `ZTO ¥3.00, Yunda ¥3.00, YTO ¥4.00`."""
    unit = text("form.money", lang, amount="")
    items = [text("fees.item", lang, carrier=fee.carrier_name, fee=_amount(fee.fee_fen, unit, lang)) for fee in fees]
    return text("fees.unit", lang, items=listed(items, lang))


def _amount(fen: int, unit: str, lang: str) -> str:
    """In Chinese the unit stands once, at the end of the list."""
    return money(fen, lang).replace(unit, "") if lang == "zh" else money(fen, lang)


def _row(found: RecordRow, draw: Draw) -> Fact:
    case, lang = found.case, draw.lang
    words = text(
        "records.row",
        lang,
        carrier=found.carrier_name,
        number=case.tracking_number,
        fee=short_fee(case, lang),
        who=case.asked_by,
    )
    rules = tuple(r.rule for r in case.reasons if r.rule)
    label = when(case.created_at, draw.now, lang, seconds=False)
    return Fact(label, text(f"state.{shown_state(case)}", lang), words, rules)


def _labelled(label: str, words: str, lang: str, *rules: str) -> Fact:
    return Fact(text(label, lang), text=text(words, lang), rules=rules)


def _card(kind: str, title: str, next_step: str, draw: Draw, facts: tuple[Fact, ...], *, foot: str = "") -> Card:
    lang = draw.lang
    return Card(
        id=kind,
        version=1,
        kind=kind,
        state="info",
        title=text(title, lang),
        lang=lang,
        at=draw.now,
        facts=facts,
        next_step=text(next_step, lang),
        foot=foot,
        next_label=text("label.next", lang),
    )
