"""The progress of a batch as one card (mock 08): counts that add up, and the money so far and at most."""

from __future__ import annotations

from bot.cards.buttons import Actions, link, row
from bot.cards.card import Card, Fact
from bot.cards.forms import money, when
from bot.cards.texts import text
from bot.cards.views import BatchView, Draw


def batch_card(batch: BatchView, draw: Draw, actions: Actions) -> Card:
    """How far a batch is; the same card is drawn again at each change."""
    lang = draw.lang
    running = batch.pending + batch.unsent > 0
    state = "pending" if running else "unknown" if batch.unknown else "succeeded"
    following = "batch.next_running" if running else "batch.next_unknown" if batch.unknown else "batch.next_done"
    at = when(batch.asked_at, draw.now, lang)
    return Card(
        id=f"batch:{batch.id}",
        version=batch.version,
        kind="batch",
        state=state,
        title=text("batch.title", lang, n=batch.total, done=batch.settled),
        lang=lang,
        subject=text("batch.subject", lang, number=batch.number),
        at=batch.asked_at,
        facts=_facts(batch, lang),
        next_step=text(following, lang),
        buttons=row(link(actions, "batch.button", lang, batch.link)),
        foot=text("batch.foot", lang, who=batch.asked_by, at=at),
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
