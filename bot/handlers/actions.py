"""What a button carries: a verb and an opaque id, and nothing that decides anything.

What the id stands for, and whether the presser may do it now, is looked up when it is pressed. A value that was made up
finds nothing.
"""

from __future__ import annotations

import re

VERBS = frozenset(
    {
        "open",
        "confirm",
        "dismiss",
        "refresh",
        "sign",
        "remind",
        "ask_grant",
        "cancel",
        "look_again",
        "records",
        "confirm_batch",
        "pause_batch",
        "resume_batch",
        "topic",
        "useful",
        "useless",
    }
)
_FORM = re.compile(r"([a-z_]{1,20})\.([A-Za-z0-9_:-]{0,100})")


def action(verb: str, subject: str = "") -> str:
    """The value of a button."""
    return f"{verb}.{subject}"


def read(value: str) -> tuple[str, str] | None:
    """Verb and subject of a button's value; None for anything that is no value of ours."""
    found = _FORM.fullmatch(value)
    if found is None or found[1] not in VERBS:
        return None
    return found[1], found[2]
