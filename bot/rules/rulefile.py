"""Reads and checks the rules file; what is wrong is said with file, version, field and what is allowed (`mistakes.py`).

A version names only what changes; `merged` fills the rest from the version before. Every version is checked whole, so a
mistake in one that holds only next year is found on the day it is written.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from bot.rules.mistakes import Words, words

MERGED_BY_ENTRY = ("carriers", "agreements", "other_carriers")


def _real(text: str) -> str:
    date.fromisoformat(text)
    return text


Text = Annotated[str, Field(min_length=1, max_length=60)]
IsoDate = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_real)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
LastStage = Literal["picked_up", "in_transit", "at_delivery_station"]

MOST_FEE_FEN, MOST_LIMIT_FEN = 10_000, 100_000_000
MOST_MINUTES, MOST_CLAUSES = 120, 500


class RulesFileError(Exception):
    """The rules file cannot be used; the text has one line for each thing that is wrong."""


class _Entry(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Names(_Entry):
    """What something is called in both languages."""

    zh: Text
    en: Text


class CarrierEntry(Names):
    """A carrier as the file has it."""

    fee_fen: int = Field(ge=0, le=MOST_FEE_FEN)
    last_stage_open: LastStage
    supported: bool = True


class AgreementEntry(Names):
    """An agreement as the file has it."""

    version: IsoDate
    oldest_valid: IsoDate
    minutes: int = Field(ge=1, le=MOST_MINUTES)
    clauses: int = Field(ge=1, le=MOST_CLAUSES)


class AgreementsEntry(_Entry):
    """Both agreements, in the order in which they are shown (R3)."""

    service: AgreementEntry
    debit: AgreementEntry


class VersionEntry(_Entry):
    """One whole version: what the file says, and for the rest what held before."""

    value_limit_fen: int = Field(ge=1, le=MOST_LIMIT_FEN)
    compensation_limit_fen: int = Field(ge=1, le=MOST_LIMIT_FEN)
    carriers: dict[Code, CarrierEntry] = Field(min_length=1)
    categories: dict[Code, Names]
    agreements: AgreementsEntry
    other_carriers: dict[Code, Names] = {}


def read(path: Path) -> list[tuple[date, VersionEntry]]:
    """The versions of the file, oldest first. Raises `RulesFileError` with every mistake of the first wrong version."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise RulesFileError(_said(path, "", words("unreadable"), error.strerror or error)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RulesFileError(_said(path, "", words("no_toml"), error)) from None
    versions = _dated(path, content)
    entries: list[tuple[date, VersionEntry]] = []
    before: dict[str, Any] = {}
    for start, raw in versions:
        before = merged(before, raw)
        entries.append((start, _checked(path, start, before)))
    return entries


def merged(before: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """`before` with what `change` names: entry by entry where entries stay, else the named field as a whole."""
    result = dict(before)
    for key, value in change.items():
        held = result.get(key)
        if key in MERGED_BY_ENTRY and isinstance(value, dict) and isinstance(held, dict):
            result[key] = {**held, **{name: _entry(held.get(name), entry) for name, entry in value.items()}}
        else:
            result[key] = value
    return result


def _entry(held: Any, change: Any) -> Any:
    return {**held, **change} if isinstance(held, dict) and isinstance(change, dict) else change


def _dated(path: Path, content: Mapping[str, Any]) -> list[tuple[date, dict[str, Any]]]:
    """The raw versions by their dates, oldest first; each date once."""
    raw = content.get("version")
    unknown = sorted(set(content) - {"version"})
    if unknown:
        raise RulesFileError(_said(path, "", words("outside", names=", ".join(unknown))))
    if not isinstance(raw, list) or not raw or not all(isinstance(entry, dict) for entry in raw):
        raise RulesFileError(_said(path, "", words("no_version")))
    dated: dict[date, dict[str, Any]] = {}
    for number, entry in enumerate(raw, start=1):
        start = entry.get("from")
        if not isinstance(start, date) or isinstance(start, datetime):
            wrong = words("wrong", allowed=words("allowed.date"))
            raise RulesFileError(_said(path, f"[[version]] no. {number}: from", wrong, repr(start)))
        if start in dated:
            raise RulesFileError(_said(path, f"[[version]] {start}: from", words("twice")))
        dated[start] = {key: value for key, value in entry.items() if key != "from"}
    return sorted(dated.items())


def _checked(path: Path, start: date, whole: Mapping[str, Any]) -> VersionEntry:
    try:
        entry = VersionEntry.model_validate(whole)
    except ValidationError as error:
        lines = [_line(path, start, dict(found)) for found in error.errors(include_url=False)]
        raise RulesFileError("\n".join(lines)) from None
    if not any(carrier.supported for carrier in entry.carriers.values()):
        raise RulesFileError(_said(path, f"[[version]] {start}: carriers", words("none_supported")))
    for kind in AgreementsEntry.model_fields:
        agreement: AgreementEntry = getattr(entry.agreements, kind)
        if agreement.oldest_valid > agreement.version:  # whoever signs what is offered would be asked to sign again
            where = f"[[version]] {start}: agreements.{kind}.oldest_valid"
            late = words("too_late", version=agreement.version)
            raise RulesFileError(_said(path, where, late, repr(agreement.oldest_valid)))
    return entry


def _line(path: Path, start: date, found: Mapping[str, Any]) -> str:
    """One mistake in words: where, what is allowed, what was there."""
    where = [str(part) for part in found["loc"]]
    head = f"[[version]] {start}: {'.'.join(where)}"
    if found["type"] == "extra_forbidden":
        return _said(path, head, words("unknown", names=", ".join(_known(where[:-1]))))
    if found["type"] == "missing":
        return _said(path, head, words("missing", allowed=_allowed(where)))
    return _said(path, head, words("wrong", allowed=_allowed(where)), repr(found["input"]))


def _said(path: Path, where: str, what: Words, given: object = "") -> str:
    """A line about the file: where in it, what is wrong, and what was found there."""
    place = f"{path}: {where}" if where else str(path)
    return f"{place}: {what} ({given})" if given else f"{place}: {what}"


def _allowed(where: list[str]) -> Words:
    """What may stand at that place of a version."""
    name = where[-1]
    if name in _RANGES:
        kind, least, most = _RANGES[name]
        return words(f"allowed.{kind}", least=least, most=most)
    if name == "last_stage_open":
        return words("allowed.stage", stages=", ".join(get_args(LastStage)))
    if name in _KINDS:
        return words(f"allowed.{_KINDS[name]}")
    if name in _TABLES:
        kind, entry = _TABLES[name]
        needed = [field for field, about in entry.model_fields.items() if about.is_required()]
        return words(f"allowed.{kind}", names=", ".join(needed))
    return words("allowed.table", names=", ".join(_known(where)))


_RANGES = {
    "fee_fen": ("fen", 0, MOST_FEE_FEN),
    "value_limit_fen": ("fen", 1, MOST_LIMIT_FEN),
    "compensation_limit_fen": ("fen", 1, MOST_LIMIT_FEN),
    "minutes": ("whole", 1, MOST_MINUTES),
    "clauses": ("whole", 1, MOST_CLAUSES),
}
_KINDS = {
    "supported": "truth",
    "zh": "name",
    "en": "name",
    "version": "quoted_date",
    "oldest_valid": "quoted_date",
    "[key]": "code",
}
_TABLES: Mapping[str, tuple[str, type[BaseModel]]] = {
    "carriers": ("carriers", CarrierEntry),
    "agreements": ("table", AgreementsEntry),
    "categories": ("codes", Names),
    "other_carriers": ("codes", Names),
}


def _known(where: list[str]) -> list[str]:
    """The fields that may stand at that place of a version."""
    top = where[0] if where else ""
    models: dict[str, type[BaseModel]] = {"carriers": CarrierEntry, "agreements": AgreementEntry}
    if top == "agreements" and len(where) == 1:
        return list(AgreementsEntry.model_fields)
    return list(models.get(top, Names if top else VersionEntry).model_fields)
