"""What pydantic found wrong with a request, in our words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from bot.api.problems import Code, FieldProblem, problem, wrong_fields
from bot.api.words import words

M = TypeVar("M", bound=BaseModel)

_KEYS: Mapping[str, str] = {
    "missing": "missing",
    "extra_forbidden": "unknown",
    "string_type": "text",
    "string_unicode": "id",
    "string_pattern_mismatch": "id",
    "list_type": "list",
    "too_short": "empty_list",
    "neither": "neither",
    "moment": "moment",
    "limit": "limit",
    "seconds": "seconds",
    "enum": "state",
    "cursor": "cursor",
}
"""Kind of error → key of `[field]` in `templates/api/problems.toml`."""


def read(model: type[M], value: object) -> M:
    """The value as that model; a problem that names every wrong field when it is none."""
    if not isinstance(value, Mapping):
        raise problem(Code.BAD_REQUEST, "body_object")
    try:
        return model.model_validate(value)
    except ValidationError as refused:
        errors = refused.errors(include_url=False, include_input=False)
        raise wrong_fields([_problem(error["loc"], error["type"], error.get("ctx", {})) for error in errors]) from None


def _problem(place: tuple[int | str, ...], kind: str, facts: Mapping[str, object]) -> FieldProblem:
    if place[-1:] == ("cursor",):
        kind = "cursor"
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")
    options = str(facts.get("expected", "")).replace("'", "").replace(" or ", ", ")
    return FieldProblem(path, words("field", _KEYS.get(kind, "wrong"), options=options, type=kind))
