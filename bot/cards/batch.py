"""A batch as one card (mock 08): what it would do before somebody confirms, then how far it is, number by number."""

from __future__ import annotations

from bot.cards.buttons import Actions, link, press, row
from bot.cards.card import Card, Fact
from bot.cards.fee_line import short_fee
from bot.cards.forms import money, when
from bot.cards.result import shown_state
from bot.cards.texts import text
from bot.cards.views import BatchLine, BatchStage, BatchView, Draw
from bot.cards.words import short

MOST_LINES = 10
"""More numbers than these are on the batch's page."""

MOST_WHYS = 3


def batch_card(batch: BatchView, draw: Draw, actions: Actions) -> Card:
    """The batch now, drawn again at each change. Verbs: `confirm_batch`, `pause_batch`, `resume_batch`."""
    return _draft(batch, draw, actions) if batch.stage is BatchStage.DRAFTED else _progress(batch, draw, actions)


def _draft(batch: BatchView, draw: Draw, actions: Actions) -> Card:
    """Before the one confirmation: how many can go, how many cannot and why, and the highest fee."""
    lang, possible = draw.lang, batch.total - batch.refused
    facts = [Fact(text("label.fee", lang), money(0, lang), text("batch.fee_none", lang))]
    if possible:
        most = text("batch.draft_fee", lang, fee=money(batch.most_fen, lang))
        facts = [Fact(text("label.fee", lang), most, text("batch.draft_fee_text", lang))]
        facts.append(Fact(text("batch.label_possible", lang), text=text("batch.possible", lang, n=possible)))
    return Card(
        id=f"batch:{batch.id}",
        version=batch.version,
        kind="batch",
        state="eligible" if possible else "refused",
        title=text("batch.draft_title" if possible else "batch.draft_title_none", lang, n=batch.total, open=possible),
        lang=lang,
        subject=text("batch.subject", lang, number=batch.number),
        at=batch.asked_at,
        facts=(*facts, *_refusals(batch, lang)),
        lines=_lines(batch, lang),
        next_step=text("batch.next_draft" if possible else "batch.next_draft_none", lang),
        buttons=row(
            press(actions, "confirm_batch", "batch.button_confirm", lang, kind="primary") if possible else None,
            link(actions, "batch.button", lang, batch.link),
        ),
        foot=_more(batch, lang) or text("batch.foot_draft", lang, who=batch.asked_by, at=_at(batch, draw)),
        next_label=text("label.next", lang),
    )


def _progress(batch: BatchView, draw: Draw, actions: Actions) -> Card:
    lang, paused = draw.lang, batch.stage is BatchStage.PAUSED
    running = batch.pending + batch.unsent > 0
    state = "pending" if running else "unknown" if batch.unknown else "succeeded"
    following = "paused" if paused else "running" if running else "unknown" if batch.unknown else "done"
    title = "batch.title_paused" if paused else "batch.title"
    return Card(
        id=f"batch:{batch.id}",
        version=batch.version,
        kind="batch",
        state=state,
        title=text(title, lang, n=batch.total, done=batch.settled, left=batch.unsent),
        lang=lang,
        subject=text("batch.subject", lang, number=batch.number),
        at=batch.asked_at,
        facts=_facts(batch, lang),
        lines=_lines(batch, lang),
        next_step=text(f"batch.next_{following}", lang),
        buttons=row(
            press(actions, "resume_batch", "batch.button_resume", lang, kind="primary") if paused else None,
            press(actions, "pause_batch", "batch.button_pause", lang) if batch.unsent and not paused else None,
            link(actions, "batch.button", lang, batch.link),
        ),
        foot=_more(batch, lang) or text("batch.foot", lang, who=batch.asked_by, at=_at(batch, draw)),
        next_label=text("label.next", lang),
    )


def _facts(batch: BatchView, lang: str) -> tuple[Fact, ...]:
    """Fee, settled, waiting; then unknown and refused where there are any."""
    most = text("batch.fee_most", lang, fee=money(batch.most_fen, lang), n=batch.total - batch.refused)
    so_far = text("batch.fee_so_far", lang, fee=money(batch.fee_fen, lang))
    done = text(
        "batch.done_cancelled" if batch.cancelled else "batch.done",
        lang,
        succeeded=batch.succeeded,
        failed=batch.failed,
        cancelled=batch.cancelled,
    )
    facts = [Fact(text("label.fee", lang), so_far, most), Fact(text("batch.label_done", lang), text=done)]
    if batch.pending or batch.unsent:
        waiting = text("batch.open", lang, pending=batch.pending, queued=batch.unsent)
        facts.append(Fact(text("batch.label_open", lang), text=waiting))
    if batch.unknown:
        facts.append(Fact(text("batch.label_unknown", lang), text=text("batch.unknown", lang, n=batch.unknown)))
    if batch.refused:
        facts.append(Fact(text("batch.label_refused", lang), text=text("batch.refused", lang, n=batch.refused)))
    return tuple(facts)


def _refusals(batch: BatchView, lang: str) -> tuple[Fact, ...]:
    """How many cannot go, and the commonest reasons with their numbers."""
    if not batch.refused:
        return ()
    label = text("batch.label_refused", lang)
    facts = []
    refused = batch.refused - batch.unfound - batch.several
    if refused:
        whys = " · ".join(text("batch.why", lang, why=short(code, lang), n=n) for code, n in batch.whys[:MOST_WHYS])
        if len(batch.whys) > MOST_WHYS:
            whys = text("batch.why_more", lang, whys=whys)
        facts.append(Fact(label, text("batch.count", lang, n=refused), whys))
    if batch.unfound:
        facts.append(Fact(text("batch.label_unfound", lang), text=text("batch.unfound", lang, n=batch.unfound)))
    if batch.several:
        facts.append(Fact(text("batch.label_several", lang), text=text("batch.several", lang, n=batch.several)))
    return tuple(facts)


def _lines(batch: BatchView, lang: str) -> tuple[Fact, ...]:
    return tuple(_line(line, lang) for line in batch.lines[:MOST_LINES])


def _line(line: BatchLine, lang: str) -> Fact:
    """`75400000000123：拦截失败 已签收` · `75400000000124：拦截成功 3.00 元`."""
    case = line.case
    label = f"{line.carrier_name} {line.number}".strip()
    if not line.known:
        return Fact(label, text("batch.label_unfound", lang))
    if line.several:
        return Fact(label, text("batch.label_several", lang))
    if case is None:
        return Fact(label, text("state.refused" if line.reasons else "state.eligible", lang), _whys(line, lang))
    return Fact(label, text(f"state.{shown_state(case)}", lang), _whys(line, lang) or short_fee(case, lang))


def _whys(line: BatchLine, lang: str) -> str:
    return " · ".join(short(reason.code, lang) for reason in line.reasons)


def _more(batch: BatchView, lang: str) -> str:
    left = len(batch.lines) - MOST_LINES
    return text("batch.more", lang, n=left) if left > 0 else ""


def _at(batch: BatchView, draw: Draw) -> str:
    return when(batch.asked_at, draw.now, draw.lang)
