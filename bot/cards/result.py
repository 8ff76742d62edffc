"""The result card: one interception in its present state (mock 03). Result, parcel, fee, reason, next step."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.cards.buttons import Actions
from bot.cards.card import Card, CardParcel
from bot.cards.forms import ago, dated, duration, took, when
from bot.cards.parcel import card_parcel
from bot.cards.result_buttons import buttons_of
from bot.cards.result_facts import Told, contradiction_of, facts_of, next_of, told_of
from bot.cards.texts import text
from bot.cards.views import Draw, ResultView
from bot.domain.case import Phase, State, WayHome
from bot.domain.interception import Interception


def shown_state(case: Interception) -> str:
    """The word of the console's tokens (`data-s`) that a record is shown with: its way home, or that it still queues,
    goes before the plain state.
    """
    if case.state is State.SUCCEEDED and case.way_home is not None:
        return case.way_home.value
    if case.state is State.PENDING and case.phase is Phase.QUEUED:
        return "queued"
    return case.state.value


def result_card(case: Interception, view: ResultView, draw: Draw, actions: Actions) -> Card:
    """The card of an interception. Verbs: `open` (the next parcel, or again), `cancel`, `look_again`, `records`.

    Whether a verb is possible now is the caller's to say by handing its action in; only `cancel` is also held back
    unless the record itself can be taken back (U6), and nothing here sends anything a second time.
    """
    shown = shown_state(case)
    lang = draw.lang
    contradiction = contradiction_of(case, view, draw)
    refused = view.parcel if shown == "refused" else None
    told = told_of(shown, case, view, draw)
    return Card(
        id=f"case:{case.id}",
        version=case.version,
        kind="result",
        state=shown,
        title=text("result.title." + shown, lang),
        lang=lang,
        carrier_name=view.carrier_name,
        tracking_number=case.tracking_number,
        at=case.settled_at or case.created_at,
        aside=_aside(shown, case, view, draw),
        facts=facts_of(shown, case, view, draw, told),
        parcels=(_once(card_parcel(refused, None, 1, draw), told),) if refused else (),
        next_step=next_of(shown, view, lang, told),
        buttons=buttons_of(shown, case, view, lang, actions),
        foot=_foot(case, view, draw),
        contradiction=contradiction,
        contradiction_label=text("label.conflict", lang) if contradiction else "",
        way_home=case.way_home,
        next_label=text("label.next", lang),
    )


def already_confirmed(card: Card, who: str, at: datetime, draw: Draw) -> Card:
    """The same card for somebody who pressed later: who was first, and that nothing was sent twice (mock 12)."""
    return replace(card, foot=text("result.foot.first", draw.lang, who=who, ago=ago(at, draw.now, draw.lang)))


def _once(parcel: CardParcel, told: Told) -> CardParcel:
    """With one reason its remedy is the next step, so it does not stand below the reason too."""
    if len(told) != 1 or [reason.fix for reason in parcel.reasons] != [told[0].fix]:
        return parcel
    return replace(parcel, reasons=(replace(parcel.reasons[0], fix=""),))


def _aside(shown: str, case: Interception, view: ResultView, draw: Draw) -> str:
    lang, now = draw.lang, draw.now
    if shown == "contradicted" and view.latest is not None:
        return text("time.found", lang, at=when(view.latest.at, now, lang))
    if shown in ("pending", "queued"):
        return text("time.waited", lang, duration=duration((now - case.created_at).total_seconds(), lang))
    if shown == "unknown":
        return text("time.since", lang, at=when(view.doubted_at or case.called_at or case.created_at, now, lang))
    ended = case.settled_at or case.created_at
    if shown in ("succeeded", "failed") and case.called_at is not None and case.settled_at is not None:
        return f"{when(ended, now, lang)} · {took(case.called_at, ended, lang)}"
    return when(ended, now, lang)


def _foot(case: Interception, view: ResultView, draw: Draw) -> str:
    lang = draw.lang
    if case.way_home is WayHome.CONTRADICTED and case.settled_at is not None and view.latest is not None:
        before = dated(case.settled_at, draw.now, lang, seconds=False)
        after = dated(view.latest.at, draw.now, lang, seconds=False)
        return text("result.foot.contradicted", lang, before=before, after=after, number=case.number)
    at = when(case.created_at, draw.now, lang)
    return text("result.foot." + case.origin, lang, who=case.asked_by, at=at, number=case.number)
