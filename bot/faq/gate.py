"""The gate: is the interception of a parcel meant, and what does a clause do: ask, tell, order?

Positive evidence only. A list of other senses of 拦截 always misses the next one, so what stands right
beside the word must be something one says of parcels, and the list is merely the second line.
"""

from __future__ import annotations

import re
from enum import Enum

from bot.faq.lexicon import Lexicon

_ACT_WORD = re.compile(r"拦截|拦|截")
_COMPLEMENT = re.compile(r"(?:截)?(?:[得不没未](?=[住到下回成着动了掉]))?(?:住|到|下来|下|回来|回去|回(?![音复执话应信馈])|返|掉|停|成功|成(?!本|交|立)|着|了|过|一下|一拦)*")
_PARCEL = re.compile(
    r"快递|包裹|物流|运单|单|件|货|售后|退款|店|№|拦截|parcel|package|shipment|order|intercept|station|deliver|\bpay\b|courier|transit|shipped|seller|merchant"
)
_POSSIBLE = re.compile(r"截?[得不](?:住|到|了|下来?|回来?|成|着)(?:吗|么|不|没|呢|啊|吧|的|\?|$| )")
_NEAR = 14
"""Characters on either side of the act in which a word of another sense counts."""
_CALLED_BACK = re.compile(r"拦|截|intercept")


class Manner(Enum):
    """What a clause does."""

    ASKS = "asks"
    TROUBLE = "trouble"
    TELLS = "tells"
    ORDERS = "orders"
    PLAIN = "plain"


def blanked(text: str, lexicon: Lexicon) -> str:
    """The text without the compounds that merely contain 拦 or 截."""
    return lexicon.gate["compounds"].sub(" ", text)


def meant(text: str, lexicon: Lexicon) -> bool:
    """Is the interception of a parcel spoken of? `text` is tidied."""
    plain = blanked(text, lexicon)
    if lexicon.words["act"].search(plain) is None:
        return lexicon.gate.has("carrier_price", text) or lexicon.gate.has("own_name", text)
    if _of_something_else(text, lexicon):
        return False
    if not _CALLED_BACK.search(plain):
        return _PARCEL.search(plain) is not None
    return True


def odd(text: str, lexicon: Lexicon) -> bool:
    """Does something unusual stand beside the act, so that only a strong case may be answered?"""
    plain = blanked(text, lexicon)
    return not (lexicon.gate.has("parcels", plain) or neighbours_fit(plain, lexicon))


def _of_something_else(text: str, lexicon: Lexicon) -> bool:
    """Does a word of another sense stand near the act? In a long story the same word may be harmless."""
    if len(text) <= 2 * _NEAR:
        return lexicon.gate.has("other", text)
    return any(
        lexicon.gate.has("other", text[max(0, found.start() - _NEAR) : found.end() + _NEAR])
        for found in _CALLED_BACK.finditer(text)
    )


def neighbours_fit(text: str, lexicon: Lexicon) -> bool:
    """Each 拦 or 截 must stand beside characters that go with parcels."""
    at = 0
    while (found := _ACT_WORD.search(text, at)) is not None:
        left = text[max(0, found.start() - 2) : found.start()]
        rest = _COMPLEMENT.match(text, found.end())
        at = max(rest.end() if rest else found.end(), found.end())
        alone = _POSSIBLE.match(text, found.end()) is not None
        odd = left and not alone and all(_strange(char, lexicon.before) for char in left)
        odd = odd and not _ends_in(text[: found.start()], "goods", lexicon)
        if odd or _strange(text[at : at + 1], lexicon.after):
            return False
    return True


def _ends_in(text: str, name: str, lexicon: Lexicon) -> bool:
    return any(found.end() == len(text) for found in lexicon.words[name].finditer(text, max(0, len(text) - 6)))


def _strange(char: str, known: frozenset[str]) -> bool:
    return "一" <= char <= "鿿" and char not in known


def manner(clause: str, lexicon: Lexicon, *, dear: bool = False) -> Manner:
    """What one clause does. A report or an instruction that quotes a question does not ask.

    `dear`: the message begins as agents begin their answers, so that only plain question words count.
    """
    gate = lexicon.gate
    if gate.has("settled", clause):
        return Manner.TELLS
    asks = gate.has("plain_asks" if dear else "asks", clause)
    if gate.has("orders", clause) and not (gate.has("hard_asks", clause) or lexicon.words.has("arbit", clause)):
        return Manner.ORDERS
    if asks:
        return Manner.ASKS
    if gate.has("troubles", clause) and not gate.has("told_mark", clause):
        return Manner.TROUBLE
    if gate.has("tells", clause) or gate.has("reports", clause):
        return Manner.TELLS
    return Manner.PLAIN
