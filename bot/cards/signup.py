"""Sign-up, who may sign, and no permission (U3, R3, R11; mocks 04 and 12)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.cards.buttons import Actions, copy, press, row
from bot.cards.card import Button, Card, Fact, Tick
from bot.cards.confirm import counted
from bot.cards.fee_line import nothing_sent
from bot.cards.forms import when
from bot.cards.info import fees_line
from bot.cards.texts import text
from bot.cards.views import AgreementView, CarrierFee, Draw, Signer, Waiting
from bot.domain.people import Role

LONGEST_LABEL = 8


def sign_up(
    signer: Signer,
    fees: Sequence[CarrierFee],
    agreements: Sequence[AgreementView],
    draw: Draw,
    actions: Actions,
    *,
    waiting: Waiting | None = None,
) -> Card:
    """For somebody who may sign: cost first, both agreements unticked, and where it goes on. Verb: `sign`.

    The button is locked until all are ticked; a form that posts its ticks with the button may ignore that, since the
    desk checks them again.
    """
    lang = draw.lang
    subject = "signup.subject_owner" if signer.role is Role.OWNER else "signup.subject_agent"
    missing = _missing(agreements, lang)
    return Card(
        id=signer.card_id,
        version=signer.version,
        kind="signup",
        state="info",
        title=text("signup.title", lang),
        lang=lang,
        subject=text(subject, lang, shop=signer.shop_name, who=signer.who),
        at=draw.now,
        aside=text("signup.once", lang),
        facts=_cost(fees, lang),
        ticks=tuple(_tick(a, lang) for a in agreements),
        next_step=text("signup.next", lang),
        buttons=row(press(actions, "sign", "signup.button", lang, kind="primary", why_not=missing)),
        foot=_resume(waiting, lang),
        next_label=text("label.next", lang),
    )


def unsigned(
    agreements: Sequence[AgreementView],
    draw: Draw,
    actions: Actions,
    *,
    owner: str = "",
    waiting: Waiting | None = None,
    link: str = "",
) -> Card:
    """For somebody who may not sign: what is missing, who can, and that the ask is kept. Verb: `remind`."""
    lang = draw.lang
    who = text("unsigned.who", lang, owner=owner) if owner else text("unsigned.who_no_name", lang)
    return Card(
        id="signup",
        version=1,
        kind="unsigned",
        state="refused",
        title=text("unsigned.title", lang),
        lang=lang,
        carrier_name=waiting.carrier_name if waiting else "",
        tracking_number=waiting.tracking_number if waiting else "",
        at=draw.now,
        facts=(
            nothing_sent(lang, "unsigned.fee"),
            Fact(
                text("label.missing", lang),
                text=text("unsigned.missing", lang, titles=_titles(agreements, lang)),
                rules=("R3",),
            ),
            Fact(text("label.who_signs", lang), text=who),
        ),
        next_step=text("unsigned.next" if waiting else "unsigned.next_plain", lang),
        buttons=row(
            _named(actions, "remind", "unsigned.button_remind", owner, lang),
            copy("unsigned.button_copy", lang, link) if link else None,
        ),
        next_label=text("label.next", lang),
    )


def signed(
    who: str,
    version: str,
    at: datetime,
    draw: Draw,
    actions: Actions,
    *,
    parcels: Sequence[tuple[str, int]] = (),
) -> Card:
    """After signing: who signed which version, and the ask that goes on. Verb: `open`."""
    lang = draw.lang
    if parcels:
        next_step = text("signed.next_resume", lang, parcels=counted(parcels, lang))
    else:
        next_step = text("signed.next", lang)
    return Card(
        id="signup",
        version=9,
        kind="signed",
        state="succeeded",
        title=text("signed.title", lang),
        lang=lang,
        subject=text("signed.subject", lang, who=who, version=version),
        at=at,
        aside=when(at, draw.now, lang),
        facts=(nothing_sent(lang, "signed.fee"),),
        next_step=next_step,
        buttons=row(press(actions, "open", "signed.button", lang, kind="primary") if parcels else None),
        next_label=text("label.next", lang),
    )


def denied(draw: Draw, actions: Actions, *, owner: str = "", kind: str = "") -> Card:
    """No permission, and where it is granted (R11). `kind`: empty for intercepting, `sign`, `grant`, `asked` once the
    owner has been told.

    Verb: `ask_grant`. The path can be copied, in Chinese as the shop's own pages have it.
    """
    lang = draw.lang
    name = text("denied.owner_name", lang, owner=owner) if owner else text("denied.owner", lang)
    path = Fact(text("label.path", lang), text("denied.path", lang), rules=("R11",))
    return Card(
        id="denied",
        version=1,
        kind="denied",
        state="refused",
        title=text(f"denied.title_{kind}" if kind else "denied.title", lang),
        lang=lang,
        at=draw.now,
        facts=(nothing_sent(lang, "denied.fee"),) if kind else (nothing_sent(lang, "denied.fee"), path),
        next_step=text(f"denied.next_{kind}" if kind in ("sign", "asked") else "denied.next", lang, owner=name),
        buttons=row(
            _named(actions, "ask_grant", "denied.button_ask", owner, lang),
            None if kind else copy("denied.button_copy", lang, text("denied.path", "zh")),
        ),
        next_label=text("label.next", lang),
    )


def granted(who: str, draw: Draw) -> Card:
    """The owner has granted logistics tools: it holds at once."""
    lang = draw.lang
    return Card(
        id="granted",
        version=1,
        kind="granted",
        state="succeeded",
        title=text("granted.title", lang),
        lang=lang,
        subject=text("granted.subject", lang, who=who),
        at=draw.now,
        next_step=text("granted.next", lang),
        next_label=text("label.next", lang),
    )


def _cost(fees: Sequence[CarrierFee], lang: str) -> tuple[Fact, ...]:
    """The three things to know before signing."""
    success = text("signup.fact_success", lang, fees=fees_line(fees, lang))
    return (
        Fact(text("signup.label_success", lang), text=success, rules=("F1", "F2")),
        Fact(text("signup.label_debit", lang), text=text("signup.fact_debit", lang), rules=("F3",)),
        Fact(text("signup.label_arbitration", lang), text=text("signup.fact_arbitration", lang), rules=("F5",)),
    )


def _tick(agreement: AgreementView, lang: str) -> Tick:
    return Tick(
        name=f"agree_{agreement.kind}",
        label=text("signup.tick", lang, title=agreement.title),
        note=text(
            "signup.tick_note",
            lang,
            minutes=agreement.minutes,
            clauses=agreement.clauses,
            version=agreement.version,
        ),
        link=agreement.link,
        link_label=text("label.read_all", lang),
        ticked=agreement.ticked,
        action=agreement.action,
    )


def _missing(agreements: Sequence[AgreementView], lang: str) -> str:
    """What is not ticked yet, named; empty when all is."""
    left = [a for a in agreements if not a.ticked]
    if not left:
        return ""
    key = "signup.missing_one" if len(left) == 1 else "signup.missing_many"
    return text(key, lang, n=len(left), titles=_titles(left, lang))


def _titles(agreements: Sequence[AgreementView], lang: str) -> str:
    if lang == "zh":
        return "".join(f"《{a.title}》" for a in agreements)
    return ", ".join(a.title for a in agreements)


def _resume(waiting: Waiting | None, lang: str) -> str:
    if waiting is None:
        return ""
    return text("signup.resume", lang, carrier=waiting.carrier_name, number=waiting.tracking_number)


def _named(actions: Actions, verb: str, key: str, owner: str, lang: str) -> Button | None:
    """The primary button with the owner's name in it, where name and label fit (8 characters)."""
    button = press(actions, verb, key, lang, kind="primary")
    if button is None or not owner:
        return button
    label = text(f"{key}_name", lang, owner=owner)
    fits = len(label) <= LONGEST_LABEL or (lang != "zh" and len(label) <= 2 * LONGEST_LABEL)
    return Button(button.action, label, button.kind, icon=button.icon) if fits else button
