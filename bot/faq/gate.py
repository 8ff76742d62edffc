"""The gate: is the interception of a parcel meant, and what does a clause do: ask, tell, order?

Positive evidence only. A list of other senses of 拦截 always misses the next one, so what stands right beside the
word must be something one says of parcels, and the list is merely the second line.
"""

from __future__ import annotations

from enum import Enum

from bot.faq.lexicon import Lexicon

NEAR = 14
"""Characters on either side of the act in which a word of another sense counts."""

LONGEST_GOODS = 6


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
    gate, plain = lexicon.gate, blanked(text, lexicon)
    if not lexicon.words.has("act", plain):
        return gate.has("carrier_price", text) or gate.has("own_name", text)
    if _of_something_else(text, lexicon):
        return False
    return gate.has("spelt_out", plain) or gate.has("parcel_near", plain)


def odd(text: str, lexicon: Lexicon) -> bool:
    """Does something unusual stand beside the act, so that only a strong case may be answered?"""
    plain = blanked(text, lexicon)
    if lexicon.words.has("act", plain) and not lexicon.gate.has("spelt_out", plain):
        return True
    return not (lexicon.gate.has("parcels", plain) or neighbours_fit(plain, lexicon))


def _of_something_else(text: str, lexicon: Lexicon) -> bool:
    """Does a word of another sense stand near the act? In a long story the same word may be harmless."""
    if len(text) <= 2 * NEAR:
        return lexicon.gate.has("other", text)
    return any(
        lexicon.gate.has("other", text[max(0, found.start() - NEAR) : found.end() + NEAR])
        for found in lexicon.gate["spelt_out"].finditer(text)
    )


def neighbours_fit(text: str, lexicon: Lexicon) -> bool:
    """Each 拦 or 截 must stand beside characters that go with parcels."""
    gate, at = lexicon.gate, 0
    while (found := gate["act_word"].search(text, at)) is not None:
        left = text[max(0, found.start() - 2) : found.start()]
        rest = gate["complement"].match(text, found.end())
        at = max(rest.end() if rest else 0, found.end())
        strange = bool(left) and all(_strange(char, lexicon.before) for char in left)
        if strange and gate["possible_act"].match(text, found.end()) is None:
            strange = not _ends_in_goods(text[: found.start()], lexicon)
            if strange:
                return False
        if _strange(text[at : at + 1], lexicon.after):
            return False
    return True


def _ends_in_goods(text: str, lexicon: Lexicon) -> bool:
    start = max(0, len(text) - LONGEST_GOODS)
    return any(found.end() == len(text) for found in lexicon.words["goods"].finditer(text, start))


def _strange(char: str, known: frozenset[str]) -> bool:
    return "一" <= char <= "鿿" and char not in known


def manner(clause: str, lexicon: Lexicon, *, dear: bool = False) -> Manner:
    """What one clause does. A report or an instruction that quotes a question does not ask.

    `dear`: the message begins as agents begin their answers, so that only plain question words count.
    """
    gate = lexicon.gate
    if gate.has("settled", clause):
        return Manner.TELLS
    still_asks = gate.has("hard_asks", clause) or lexicon.words.has("arbit", clause)
    if gate.has("orders", clause) and not still_asks:
        return Manner.ORDERS
    if gate.has("plain_asks" if dear else "asks", clause):
        return Manner.ASKS
    if gate.has("troubles", clause) and not gate.has("told_mark", clause):
        return Manner.TROUBLE
    if gate.has("tells", clause) or gate.has("reports", clause):
        return Manner.TELLS
    return Manner.PLAIN
