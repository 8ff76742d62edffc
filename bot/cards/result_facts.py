"""What a result card says below its title: fee, ground or reason, and the next step (console README 7)."""

from __future__ import annotations

from bot.cards.card import CardReason, Fact
from bot.cards.fee_line import fee_fact
from bot.cards.forms import dated, listed, sentence, when
from bot.cards.gauge import cut
from bot.cards.texts import text
from bot.cards.views import Doubtful, Draw, Ground, ResultView
from bot.cards.words import reason, short
from bot.domain.case import Phase, WayHome
from bot.domain.interception import Interception, names_next_look
from bot.domain.reason import Reason, ReasonCode

TURNED = frozenset({WayHome.RETURNING, WayHome.RETURNED, WayHome.LOST, WayHome.DAMAGED})
AGREED = frozenset({Ground.ACCEPTED, Ground.PLATFORM})
TAKEN = AGREED | {Ground.ADOPTED}
"""The order is in force, and nobody has the parcel yet: the refund had better wait until the trace turns."""
MOST_REASONS = 5


Told = tuple[CardReason, ...]


def told_of(shown: str, case: Interception, view: ResultView, draw: Draw) -> Told:
    """Why not, in words, the parcel's own before the shop's; a failure without any tells the carrier's words."""
    if shown not in ("failed", "refused"):
        return ()
    told = case.reasons or (Reason(ReasonCode.CARRIER_RULE, {}, case.carrier_code, case.carrier_text),)
    return tuple(reason(r, draw.lang, carrier=view.carrier_name, now=draw.now) for r in told[::-1])


def facts_of(shown: str, case: Interception, view: ResultView, draw: Draw, told: Told) -> tuple[Fact, ...]:
    """The fee first, then what the state has to say; at most six."""
    fee = fee_fact(case, draw.lang)
    if shown == "contradicted":
        return (fee, _ground(case, view, draw.lang))
    if case.way_home is not None or shown == "succeeded":
        return (fee, _ground(case, view, draw.lang), *_whereabouts(case, view, draw))
    if shown == "pending":
        return (fee, *_progress(case, view, draw))
    if shown == "queued":
        return (fee, Fact(text("label.progress", draw.lang), text=_queued(view, draw.lang)))
    if shown == "unknown":
        return (fee, *_doubt(case, view, draw))
    if shown == "cancelled":
        return (fee, Fact(text("label.reason", draw.lang), text=_cancelled(case, view, draw.lang)))
    if shown == "refused" and view.parcel is not None:
        return (fee,)
    return (fee, *_reason_facts(told, draw.lang))


def next_of(shown: str, view: ResultView, lang: str, told: Told) -> str:
    """The next step: verb first, at most two sentences."""
    if shown == "succeeded":
        if view.others:
            return text("result.next.succeeded_others", lang, others=_others(view, lang))
        return text("result.next.accepted" if view.ground in TAKEN else "result.next.succeeded", lang)
    if len(told) == 1 and told[0].fix:
        return sentence(told[0].fix, lang)
    if shown == "unknown" and view.doubt is Doubtful.PERSON:
        return text("result.next.unknown_person", lang, carrier=view.carrier_name)
    if shown == "contradicted" and view.phone:
        return text("result.next.contradicted_phone", lang, phone=view.phone)
    return text("result.next." + shown, lang)


def contradiction_of(case: Interception, view: ResultView, draw: Draw) -> tuple[Fact, ...]:
    """Both sides of a contradiction: what was answered, and what the trace shows since. Else nothing."""
    if case.way_home is not WayHome.CONTRADICTED or case.settled_at is None:
        return ()
    lang = draw.lang
    said = text("result.fact.accepted_text" if view.ground in TAKEN else "result.fact.answered_text", lang)
    at = dated(case.settled_at, draw.now, lang)
    answered = Fact(text("result.fact.answered", lang, at=at, carrier=view.carrier_name), text=said)
    if view.latest is None:
        return (answered, Fact(text("label.now", lang), text=text("result.fact.traced_text", lang)))
    seen = dated(view.latest.at, draw.now, lang)
    return (answered, Fact(text("result.fact.traced", lang, at=seen), text=cut(view.latest.text)))


def _ground(case: Interception, view: ResultView, lang: str) -> Fact:
    ground = Ground.ADOPTED if case.adopted else view.ground
    key = "result.ground." + ground
    if ground in AGREED and case.way_home in TURNED:
        key += "_turned"
    order = case.carrier_reference
    reference = text("result.ground.reference", lang, reference=order) if order else ""
    return Fact(text("label.ground", lang), text=text(key, lang, carrier=view.carrier_name, reference=reference))


def _whereabouts(case: Interception, view: ResultView, draw: Draw) -> tuple[Fact, ...]:
    lang = draw.lang
    if view.returns_to:
        back = text("result.fact.returns_to", lang, place=view.returns_to)
    else:
        back = text("result.fact.returns_to_sender", lang)
    facts = (Fact(text("label.returns_to", lang), text=back),)
    if case.way_home is None or view.latest is None:
        return facts
    at = when(view.latest.at, draw.now, lang, seconds=False)
    seen = text("result.fact.trace", lang, text=cut(view.latest.text), at=at)
    return (*facts, Fact(text("label.way_home", lang), text=seen))


def _progress(case: Interception, view: ResultView, draw: Draw) -> tuple[Fact, ...]:
    lang, name = draw.lang, view.carrier_name
    if case.phase is not Phase.WATCHING:
        said = text("result.fact.sent", lang, carrier=name)
    elif view.answered_at is None:
        said = text("result.fact.accepted", lang, carrier=name)
    else:
        said = text("result.fact.accepted_at", lang, carrier=name, at=when(view.answered_at, draw.now, lang))
    progress = Fact(text("label.progress", lang), text=said)
    if case.next_at is None:
        return (progress,)
    if names_next_look(case.phase_since, case.next_at):
        again = text("result.fact.asks_again", lang, at=when(case.next_at, draw.now, draw.lang))
    else:
        again = text("result.fact.asks_hourly", lang)
    return (progress, Fact(text("label.asks_again", lang), text=again))


def _queued(view: ResultView, lang: str) -> str:
    if view.queue is None:
        return text("result.fact.queued", lang)
    place, seconds = view.queue
    return text("result.fact.queued_place", lang, place=place, seconds=seconds)


def _doubt(case: Interception, view: ResultView, draw: Draw) -> tuple[Fact, ...]:
    lang, name = draw.lang, view.carrier_name
    if view.no_answer_s is None:
        why = text("result.fact.no_answer", lang, carrier=name)
    else:
        why = text("result.fact.no_answer_in", lang, carrier=name, seconds=view.no_answer_s)
    if view.doubt is Doubtful.PERSON:
        doing = text("result.fact.checking_person", lang, carrier=name)
    else:
        key = "result.fact.checking_same" if view.doubt is Doubtful.SAME_ORDER else "result.fact.checking"
        if case.next_at is None:
            doing = text(f"{key}_no_time", lang, carrier=name, n=case.polls)
        elif not names_next_look(case.phase_since, case.next_at):
            doing = text(f"{key}_hourly", lang, carrier=name)
        else:
            doing = text(key, lang, carrier=name, n=case.polls, at=when(case.next_at, draw.now, draw.lang))
    return (Fact(text("label.reason", lang), text=why), Fact(text("label.checking", lang), text=doing))


def _cancelled(case: Interception, view: ResultView, lang: str) -> str:
    if case.called_at is None:
        return text("result.fact.cancelled_unsent", lang)
    return text("result.fact.cancelled_confirmed", lang, carrier=view.carrier_name)


def _reason_facts(told: Told, lang: str) -> tuple[Fact, ...]:
    """A line for each reason; where there are more than lines, the last line tells the rest in a few words."""
    label = text("label.reason", lang)
    alone = told if len(told) <= MOST_REASONS else told[: MOST_REASONS - 1]
    facts = tuple(Fact(label, text=r.text, rules=(r.rule,) if r.rule else ()) for r in alone)
    rest = told[len(alone) :]
    if not rest:
        return facts
    words = listed([short(ReasonCode(r.code), lang) for r in rest], lang)
    return (*facts, Fact(label, text=words, rules=tuple(r.rule for r in rest if r.rule)))


def _others(view: ResultView, lang: str) -> str:
    words = [
        text("result.others.one" if n == 1 else "result.others.many", lang, carrier=name, n=n)
        for name, n in view.others
    ]
    return listed(words, lang)
