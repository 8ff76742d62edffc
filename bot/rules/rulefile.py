"""Reads and checks the rules file; what is wrong is said with file, version, field and what is allowed.

A version names only what changes; `merged` fills the rest from the version before. Every version is checked whole, so a
mistake in one that holds only next year is found on the day it is written.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

MERGED_BY_ENTRY = ("carriers", "agreements", "other_carriers")


def _real(text: str) -> str:
    date.fromisoformat(text)
    return text


Text = Annotated[str, Field(min_length=1, max_length=60)]
IsoDate = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_real)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]

ALLOWED = {
    "fee_fen": "whole fen from 0 to 10000",
    "value_limit_fen": "whole fen from 1 to 100000000",
    "compensation_limit_fen": "whole fen from 1 to 100000000",
    "last_stage_open": "picked_up, in_transit or at_delivery_station",
    "supported": "true or false",
    "zh": "a name of 1 to 60 characters",
    "en": "a name of 1 to 60 characters",
    "version": 'a date in quotes, such as "2025-01-01"',
    "oldest_valid": 'a date in quotes, such as "2023-01-22"',
    "minutes": "a whole number from 1 to 120",
    "clauses": "a whole number from 1 to 500",
    "[key]": "a code of small letters, digits and underscores",
    "carriers": "at least one carrier, each with zh, en, fee_fen and last_stage_open",
    "agreements": "the two tables `service` and `debit`",
    "categories": "a table of codes, each with zh and en",
    "other_carriers": "a table of codes, each with zh and en",
}


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

    fee_fen: int = Field(ge=0, le=10_000)
    last_stage_open: Literal["picked_up", "in_transit", "at_delivery_station"]
    supported: bool = True


class AgreementEntry(Names):
    """An agreement as the file has it."""

    version: IsoDate
    oldest_valid: IsoDate
    minutes: int = Field(ge=1, le=120)
    clauses: int = Field(ge=1, le=500)


class AgreementsEntry(_Entry):
    """Both agreements, in the order in which they are shown (R3)."""

    service: AgreementEntry
    debit: AgreementEntry


class VersionEntry(_Entry):
    """One whole version: what the file says, and for the rest what held before."""

    value_limit_fen: int = Field(ge=1, le=100_000_000)
    compensation_limit_fen: int = Field(ge=1, le=100_000_000)
    carriers: dict[Code, CarrierEntry] = Field(min_length=1)
    categories: dict[Code, Names]
    agreements: AgreementsEntry
    other_carriers: dict[Code, Names] = {}


def read(path: Path) -> list[tuple[date, VersionEntry]]:
    """The versions of the file, oldest first. Raises `RulesFileError` with every mistake of the first wrong version."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise RulesFileError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RulesFileError(f"{path}: is no TOML file in UTF-8: {error}") from None
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
        raise RulesFileError(f"{path}: {', '.join(unknown)}: not known; allowed: [[version]] tables only")
    if not isinstance(raw, list) or not raw or not all(isinstance(entry, dict) for entry in raw):
        raise RulesFileError(f"{path}: version: missing; allowed: one or more [[version]] tables")
    dated: dict[date, dict[str, Any]] = {}
    for number, entry in enumerate(raw, start=1):
        start = entry.get("from")
        if not isinstance(start, date) or isinstance(start, datetime):
            raise RulesFileError(f"{path}, version no. {number}, from: {start!r}; allowed: a date such as 2025-01-01")
        if start in dated:
            raise RulesFileError(f"{path}, version {start}, from: named twice; allowed: each date once")
        dated[start] = {key: value for key, value in entry.items() if key != "from"}
    return sorted(dated.items())


def _checked(path: Path, start: date, whole: Mapping[str, Any]) -> VersionEntry:
    try:
        entry = VersionEntry.model_validate(whole)
    except ValidationError as error:
        lines = [_line(path, start, dict(found)) for found in error.errors(include_url=False)]
        raise RulesFileError("\n".join(lines)) from None
    if not any(carrier.supported for carrier in entry.carriers.values()):
        raise RulesFileError(f"{path}, version {start}, carriers: none is supported; allowed: at least one that is")
    for kind in AgreementsEntry.model_fields:
        agreement: AgreementEntry = getattr(entry.agreements, kind)
        if agreement.oldest_valid > agreement.version:  # whoever signs what is offered would be asked to sign again
            raise RulesFileError(
                f"{path}, version {start}, agreements.{kind}.oldest_valid: {agreement.oldest_valid!r}; "
                f"allowed: {agreement.version}, the version that is offered, or earlier"
            )
    return entry


def _line(path: Path, start: date, found: Mapping[str, Any]) -> str:
    """One mistake in words: where, what was there, what is allowed."""
    where = [str(part) for part in found["loc"]]
    head = f"{path}, version {start}, {'.'.join(where)}"
    if found["type"] == "extra_forbidden":
        return f"{head}: not known; allowed: {', '.join(_known(where[:-1]))}"
    allowed = ALLOWED.get(where[-1], "a table with " + ", ".join(_known(where)))
    if found["type"] == "missing":
        return f"{head}: missing; allowed: {allowed}"
    return f"{head}: {found['input']!r}; allowed: {allowed}"


def _known(where: list[str]) -> list[str]:
    """The fields that may stand at that place of a version."""
    top = where[0] if where else ""
    models: dict[str, type[BaseModel]] = {"carriers": CarrierEntry, "agreements": AgreementEntry}
    if top == "agreements" and len(where) == 1:
        return list(AgreementsEntry.model_fields)
    return list(models.get(top, Names if top else VersionEntry).model_fields)
