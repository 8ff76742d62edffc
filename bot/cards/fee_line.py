"""The fee line, in the forms of console README 7 exactly. Every card with money in it has one, also when it is 0.00."""

from __future__ import annotations

from bot.cards.card import Fact
from bot.cards.forms import money
from bot.cards.texts import text
from bot.domain.case import SettledBy, State, WayHome
from bot.domain.interception import Interception


def fee_fact(case: Interception, lang: str) -> Fact:
    """What this interception has cost, or may still cost."""
    label = text("label.fee", lang)
    state = case.state
    if state is State.SUCCEEDED:
        return _charged(case, label, lang)
    if state is State.PENDING or state is State.UNKNOWN:
        quoted = money(case.quoted_fen, lang)
        return Fact(label, text("result.fee.not_yet", lang), text("result.fee." + state, lang, fee=quoted))
    return Fact(label, money(0, lang), text("result.fee." + state, lang))


def nothing_sent(lang: str, key: str = "result.fee.refused") -> Fact:
    """`0.00 元` where nothing was sent, with the words of `key`."""
    return Fact(text("label.fee", lang), money(0, lang), text(key, lang))


def quote(fee_fen: int, lang: str, *, platform: bool = False) -> Fact:
    """`4.00 元 成功才收，从货款账户扣`: before it is sent."""
    key = "result.fee.quote_platform" if platform else "result.fee.quote"
    return Fact(text("label.fee", lang), money(fee_fen, lang), text(key, lang))


def short_fee(case: Interception, lang: str) -> str:
    """The amount alone for lists; never 0.00 for what is not known yet."""
    if case.state in (State.PENDING, State.UNKNOWN):
        return text("records.not_yet", lang)
    return money(case.fee_fen, lang)


def _charged(case: Interception, label: str, lang: str) -> Fact:
    fee = money(case.fee_fen, lang)
    platform = case.settled_by is SettledBy.PLATFORM
    if case.way_home is WayHome.CONTRADICTED:
        if platform:
            return Fact(label, fee, text("result.fee.contradicted_platform", lang))
        return Fact(label, text("result.fee.charged", lang, fee=fee), text("result.fee.contradicted", lang))
    return Fact(label, fee, text("result.fee.platform" if platform else "result.fee.carrier", lang))
