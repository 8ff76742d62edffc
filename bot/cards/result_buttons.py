"""Which buttons a result card has. None of them sends an interception again (U6)."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from bot.cards.buttons import Actions, copy, link, press, row
from bot.cards.card import Button
from bot.cards.texts import text
from bot.cards.views import ResultView
from bot.domain.interception import Interception
from bot.domain.reason import ReasonCode

REFUSABLE = frozenset({ReasonCode.ALREADY_OUT_FOR_DELIVERY, ReasonCode.AT_DELIVERY_STATION, ReasonCode.CARRIER_RULE})
"""The buyer can still refuse the parcel at the door."""

HOPELESS = REFUSABLE | {
    ReasonCode.ALREADY_DELIVERED,
    ReasonCode.ALREADY_RETURNING,
    ReasonCode.ALREADY_INTERCEPTED,
    ReasonCode.CROSS_BORDER_SHOP,
    ReasonCode.CATEGORY_EXCLUDED,
    ReasonCode.VALUE_TOO_HIGH,
    ReasonCode.CARRIER_NOT_SUPPORTED,
    ReasonCode.NOT_OUR_WAYBILL,
}
"""Asking again for this parcel would meet the same reason."""


def buttons_of(shown: str, case: Interception, view: ResultView, lang: str, actions: Actions) -> tuple[Button, ...]:
    """At most three buttons for the shown state."""
    record = link(actions, "result.button.records", lang, view.record_link)
    if shown in ("succeeded", "returning"):
        another = press(actions, "open", "result.button.open", lang) if view.others else None
        return row(another, _words("buyer", case, view, lang), record)
    if shown == "contradicted":
        return row(_words("branch", case, view, lang), record)
    if shown in ("pending", "queued"):
        cancel = press(actions, "cancel", "result.button.cancel", lang) if case.can_cancel else None
        return row(cancel, record)
    if shown == "unknown":
        return row(press(actions, "look_again", "result.button.look_again", lang), record)
    if shown in ("failed", "refused", "cancelled"):
        codes = {reason.code for reason in case.reasons}
        refuse = _words("refuse", case, view, lang) if shown == "failed" and codes & REFUSABLE else None
        return row(refuse, _again(codes, view, lang, actions), record)
    return row(record)


def _again(codes: AbstractSet[ReasonCode], view: ResultView, lang: str, actions: Actions) -> Button | None:
    """The same parcel again where that may end otherwise, else the next one where there is one."""
    if not codes & HOPELESS:
        return press(actions, "open", "result.button.again", lang)
    return press(actions, "open", "result.button.open", lang) if view.others else None


def _words(key: str, case: Interception, view: ResultView, lang: str) -> Button:
    words = text("result.copy." + key, lang, carrier=view.carrier_name, number=case.tracking_number)
    return copy("result.button.copy_" + key, lang, words)
