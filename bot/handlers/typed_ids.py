"""The numbers in a message that may be after-sale, order or tracking numbers (`samples/commands.md`, Ids).

Whether such a number exists and whose it is, others decide; here only its form counts. Every function expects text that
`grammar.tidy` has been over: NFKC, no zero-width characters, no links, no mentions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# The forms of the table. They overlap on purpose (SF + 13 digits is also "letters and digits"): one match is enough.
_FORMS = re.compile(
    r"""
      [0-9]{12,19}                # 中通 14, 韵达 13 or 15, 申通 15, EMS 13; after-sale and order numbers 16 to 19
    | [A-Z]{1,4}[0-9]{12,15}      # YT + 13, JT + 13, DPK + 12
    | SF[A-Z0-9][0-9]{12}         # 顺丰
    | JD[A-Z0-9]{2}[0-9]{11}      # 京东
    | [A-Z]{2}[0-9]{9}CN          # international post
    """,
    re.VERBOSE,
)

# An O typed for a zero keeps the form where it follows the letters: YTO + 12 digits is YT + 13 digits mistyped.
_O_FOR_ZERO = re.compile(r"O+[0-9]+|(?:YT|JT)O+[0-9]{12}")

# Letters that begin the numbers of a carrier, and so may stand apart from the digits by one space or hyphen.
_PREFIXES = re.compile(r"YT|JT|SF[A-Z]?|JD[A-Z]{0,2}|DPK")

# What is looked at whole. A hyphen, an underscore or a tilde is no separator: 0571-88000000, IMG_20261124093015.
_TOKEN = re.compile(r"[A-Za-z0-9]+")
_TIES = "-_~"
_CURRENCY = "¥$€£"  # NFKC has made ￥ a ¥
_DECIMALS = re.compile(r"\.[0-9]{2}(?![0-9A-Za-z.])")
_UNIT_OF_MONEY = re.compile(r" ?(?:元(?!通)|块)")
_COUNTRY_CODE = re.compile(r"(?:00)?861[3-9][0-9]{9}")


@dataclass(frozen=True, slots=True)
class FoundId:
    """A valid id, upper case, and where it stands in the text."""

    id: str
    start: int
    end: int


def is_id(text: str) -> bool:
    """Whether the text as a whole has the form of an id, upper case and without an O typed for a zero."""
    return _FORMS.fullmatch(text) is not None and _O_FOR_ZERO.fullmatch(text) is None


def ids_in(text: str) -> tuple[str, ...]:
    """The ids of a text in the order in which they stand, upper case, each once."""
    return tuple(dict.fromkeys(found.id for found in find_ids(text)))


def find_ids(text: str) -> Iterator[FoundId]:
    """Every place of a text where a valid id stands, from left to right; a prefix apart from its digits is joined."""
    before: re.Match[str] | None = None
    for token in _TOKEN.finditer(text):
        found = _joined(text, before, token) or _alone(text, before, token)
        if found is not None:
            yield found
        before = token


def _joined(text: str, before: re.Match[str] | None, token: re.Match[str]) -> FoundId | None:
    """`SF 1390112000101`, `YT-7400000000101`: one number, typed with a gap after its letters."""
    if before is None or text[before.end() : token.start()] not in {" ", "-"} or not token[0].isdigit():
        return None
    prefix = before[0].upper()
    joined = prefix + token[0]
    if _PREFIXES.fullmatch(prefix) is None or not is_id(joined):
        return None
    if _tied(text, before.start(), token.end()):
        return None
    return FoundId(joined, before.start(), token.end())


def _alone(text: str, before: re.Match[str] | None, token: re.Match[str]) -> FoundId | None:
    upper = token[0].upper()
    if not is_id(upper):
        return None
    start = token.start()
    if before is not None and text[before.end() : start] == "-" and _PREFIXES.fullmatch(before[0].upper()) is not None:
        start = before.start()  # `yt-7300000000000000001`: 圆通, then an after-sale number; the hyphen ties nothing
    if _tied(text, start, token.end()) or _is_money_or_phone(text, upper, token):
        return None
    return FoundId(upper, token.start(), token.end())


def _tied(text: str, start: int, end: int) -> bool:
    """Whether the piece is only a part of something longer, such as a file name or a telephone number."""
    return _ties_to(text[max(start - 2, 0) : start][::-1]) or _ties_to(text[end : end + 2])


def _ties_to(outwards: str) -> bool:
    """`outwards`: the next two characters, read away from the piece."""
    if not outwards:
        return False
    if outwards[0] == "_" or _is_letter_or_digit(outwards[0]):
        return True
    return outwards[0] in _TIES and len(outwards) > 1 and _is_letter_or_digit(outwards[1])


def _is_letter_or_digit(char: str) -> bool:
    """Letters and digits of alphabets. Chinese characters are none here: a carrier's name may be glued on."""
    return char.isalnum() and ord(char) < 0x2E80  # where the Chinese, Japanese and Korean blocks begin


def _is_money_or_phone(text: str, digits: str, token: re.Match[str]) -> bool:
    previous = text[token.start() - 1] if token.start() else ""
    if previous and previous in _CURRENCY:
        return True
    if _DECIMALS.match(text, token.end()) or _UNIT_OF_MONEY.match(text, token.end()):
        return True
    return _COUNTRY_CODE.fullmatch(digits) is not None and (previous == "+" or digits.startswith("00"))
