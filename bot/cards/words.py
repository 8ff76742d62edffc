"""Words for reasons and for what rules found, from `templates/reasons.toml` and `templates/words.toml`.

`text` is here too, so that a caller needs one import: `words.text(key, lang, **facts)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.cards.card import CardReason
from bot.cards.forms import listed, money, when
from bot.cards.texts import language, reason_table, text
from bot.domain.reason import Reason, ReasonCode

__all__ = ["check", "language", "reason", "short", "text"]

WORDED = {"stage": "stage", "state": "state", "after_sale_type": "type", "window": "window"}
"""Facts whose value is a word of ours, and the table that words it."""


def reason(told: Reason, lang: str, *, carrier: str = "", now: datetime | None = None) -> CardReason:
    """One reason in words: what it is, and what would have to change.

    `carrier` is what the parcel's carrier is called, for reasons that do not name it themselves. What the carrier said
    in words that we do not know is passed on in 「」. A fact that is missing shortens the words, it never breaks them.
    """
    entry: Mapping[str, Any] = reason_table()[told.code]
    facts = _filled(told.facts, lang, now)
    facts.setdefault("carrier", carrier or text("form.carrier", lang))
    if carrier and (told.carrier_code is not None or told.carrier_text is not None):
        facts["carrier"] = carrier  # a route's own fact is the code
    if told.carrier_code is None and told.carrier_text is None:
        variant = _variant(entry, told.facts)
        chosen, fix = variant.get("text", entry["text"]), variant.get("fix", entry["fix"])
    else:
        facts["words"] = words = (told.carrier_text or "").strip()
        chosen, fix = entry.get("said", entry["text"]), entry.get("said_fix", entry["fix"])
        if told.code is ReasonCode.CARRIER_RULE and not words:
            chosen = entry["text"]
    said = _format(chosen[lang], facts) or entry["short"][lang]
    return CardReason(told.code.value, told.rule, said, _format(fix[lang], facts))


def short(code: ReasonCode, lang: str) -> str:
    """The reason in a few words, for lists and small cards."""
    words: str = reason_table()[code]["short"][lang]
    return words


def check(rule: str, facts: Mapping[str, Any], lang: str, *, passed: bool | None, now: datetime | None = None) -> str:
    """What a rule found, in a few words (「当时的规则」): `R5 价值 129.00 元`, without the number."""
    ending = "skipped" if passed is None else "passed" if passed else "failed"
    filled = _filled(facts, lang, now)
    key = f"check.{rule}.{ending}"
    if rule == "R11" and passed and facts.get("why") in ("owner", "arbitration", "scope"):
        key = f"{key}_{facts['why']}"
    try:
        return text(key, lang, **filled)
    except KeyError:
        return rule


def _variant(entry: Mapping[str, Any], facts: Mapping[str, Any]) -> Mapping[str, Any]:
    variants = entry.get("when")
    if not variants:
        return {}
    items = facts.get("items")
    if isinstance(items, list) and len(items) == 1 and "one" in variants:
        return variants["one"]  # type: ignore[no-any-return]
    return variants.get(facts.get("why"), variants.get(facts.get("stage"), {}))  # type: ignore[no-any-return]


def _filled(facts: Mapping[str, Any], lang: str, now: datetime | None) -> dict[str, object]:
    """Facts as the words want them: amounts with their unit, times in their form, names in the language."""
    filled: dict[str, object] = {"at": ""}
    named: dict[str, object] = {}
    for key, value in facts.items():
        if key.endswith("_fen") and isinstance(value, int):
            filled[key[:-4]] = money(value, lang)
        elif key in WORDED and isinstance(value, str):
            filled[key] = _worded(f"{WORDED[key]}.{value}", lang)
        elif key == "seen_at" and isinstance(value, str):
            filled["at"] = _seen(value, now, lang)
        elif key == "items" and isinstance(value, list):
            filled["count"] = len(value)
            filled["items"] = "".join(f"「{v}」" for v in value) if lang == "zh" else ", ".join(f"“{v}”" for v in value)
        elif key.endswith(("_zh", "_en")):
            if key.endswith(lang):
                named[key[:-3]] = listed(value, lang) if isinstance(value, list) else value
        else:
            filled[key] = listed(value, lang) if isinstance(value, list) else value
    filled.update(named)
    return filled


def _worded(key: str, lang: str) -> str:
    """The word for it, or as it stands where we have none."""
    try:
        return text(key, lang)
    except KeyError:
        return key.partition(".")[2]


def _seen(iso: str, now: datetime | None, lang: str) -> str:
    """The time of the newest event with its blank, on the side where the words want it."""
    try:
        at = when(datetime.fromisoformat(iso), now, lang, seconds=False)
    except ValueError:
        return ""
    return f"{at} " if lang == "zh" else f" {at}"


def _format(words: str, facts: Mapping[str, object]) -> str:
    try:
        return words.format_map(facts)
    except KeyError:
        return ""
