"""Buttons without buttons: on some platforms people name one, by its number or its words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from bot.channels.sketch import Press

JOINERS = re.compile("[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff]")
"""What makes a picture of a digit, or gives a thumb a colour."""


def tidy(said: str) -> str:
    """What was said, in one form: full-width digits, digits in boxes, blanks around it make no difference."""
    return JOINERS.sub("", unicodedata.normalize("NFKC", said)).strip()


def is_number(said: str) -> bool:
    """Whether it can only be the number of a button."""
    number = tidy(said)
    return number.isascii() and number.isdecimal() and len(number) < 3


def named(said: str, presses: Sequence[Press]) -> Press | None:
    """The button of that number or of exactly those words; None for anything else, and where words fit two."""
    if is_number(said):
        number = int(tidy(said))
        return next((press for place, press in enumerate(presses, 1) if (press.number or place) == number), None)
    words = tidy(said).casefold()
    found = [press for press in presses if tidy(press.label).casefold() == words]
    return found[0] if len(found) == 1 else None
