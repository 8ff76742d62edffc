"""A document read, or everything that is wrong with it, field by field in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.shops.contract import Unreadable
from bot.shops.embedded.wire import Document
from bot.shops.embedded.words import word

D = TypeVar("D", bound=Document)

Place = tuple[int | str, ...]

MOST_PROBLEMS = 5
"""So many are told one by one; whoever has more wrong than that begins with these."""

_KEYS: Mapping[str, str] = {
    "missing": "missing",
    "model_type": "object",
    "model_attributes_type": "object",
    "tuple_type": "list",
    "string_type": "text",
    "string_unicode": "unstorable",
    "unstorable": "unstorable",
    "string_pattern_mismatch": "id",
    "string_too_short": "empty",
    "string_too_long": "long",
    "int_type": "whole",
    "int_parsing_size": "whole",
    "greater_than_equal": "least",
    "less_than_equal": "most",
    "literal_error": "choice",
    "bool_type": "truth",
    "moment": "moment",
    "too_long": "many",
    "value": "value",
    "twice": "twice",
}
"""Kind of error → key of `templates/shops/intake.toml`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where: `("parcels", 0, "carrier")`."""

    place: Place
    words: str

    @property
    def path(self) -> str:
        """The place as people write it: `parcels[0].carrier`; empty for the document as a whole."""
        text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.place)
        return text.removeprefix(".")

    def __str__(self) -> str:
        return f"{self.path}：{self.words}" if self.place else self.words


def read(model: type[D], document: object) -> D | list[Problem]:
    """The document as that model, or what is wrong with it."""
    if isinstance(document, Unreadable):
        return [Problem((), document.reason)]
    if not isinstance(document, Mapping):
        return [Problem((), word("object"))]
    try:
        return model.model_validate(document)
    except ValidationError as refused:
        return [_problem(error) for error in refused.errors(include_url=False, include_input=True)]


def told(problems: Sequence[Problem]) -> str:
    """All of them in one line, the first few word by word."""
    lines = [str(problem) for problem in problems[:MOST_PROBLEMS]]
    if len(problems) > MOST_PROBLEMS:
        lines.append(word("more", count=len(problems) - MOST_PROBLEMS))
    return "；".join(lines)


def _problem(error: ErrorDetails) -> Problem:
    key = _KEYS.get(error["type"], "wrong")
    if key == "id" and error["loc"][-1:] == ("carrier",):
        key = "empty"
    facts = error.get("ctx", {})
    limits = ("ge", "le", "max_length", "min_length")
    limit = next((facts[name] for name in limits if name in facts), "")
    options = str(facts.get("expected", "")).replace("'", "").replace(" or ", ", ")
    return Problem(
        error["loc"],
        word(key, limit=limit, options=options, number=facts.get("number", ""), type=error["type"]),
    )
