"""What a message that is no question of ours is, from its note: the judge learns each kind apart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

KINDS = (
    ("told", r"statement|answer|instruct|report|colleague|by hand|praise|complain|announce|rhetor|retort|settled"),
    ("ordered", r"request|order\b(?!s)|plea|action|command"),
    ("state", r"stat(?:e|us)\b|one case"),
    ("no fact", r"no[- ]fact|in-domain"),
    ("other sense", r"other sense|intercept|[拦截] word|sense"),
    (
        "trade",
        (
            r"near|ship|trade|return|refund|size|chat|sticker|system|greet|logistic|insurance|price|permission|erp"
            r"|goods|arbitr|emoji|number|thanks|abuse|carrier|delivery|coupon|stock|quality|invoice"
        ),
    ),
)
"""In order of precedence: the first whose expression the note holds."""

ON = "on"


def kind(row: Mapping[str, Any]) -> str:
    """`on` for a question of ours, else one of `KINDS`, or nothing where the note does not say."""
    if row["intents"]:
        return ON
    note = str(row.get("note", "")).lower()
    return next((name for name, words in KINDS if re.search(words, note)), "")
