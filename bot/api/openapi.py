"""The description of the API (OpenAPI 3.1), made of the endpoints and the models that they really use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bot.api import documents
from bot.api.parts import Endpoint, members
from bot.api.problems import CONTENT_TYPE, STATUS, Code
from bot.api.words import words
from bot.domain.case import State
from bot.shops.contract import Intake

EVERYWHERE = (Code.BAD_REQUEST, Code.UNAUTHENTICATED, Code.PERMISSION_DENIED, Code.RATE_LIMITED, Code.NOT_READY)
"""What any address may answer."""

_REF = "#/components/schemas/{model}"


def describe(endpoints: Iterable[Endpoint], intake: Intake, version: str) -> dict[str, Any]:
    """The whole document."""
    taken = {model.__name__: model for model in (documents.InterceptionRequest, *_intake_models(intake))}
    given = {model for endpoint in endpoints for model in endpoint.gives.values()} | {documents.ProblemDocument}
    refs, definitions = _schemas(taken.values(), given)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        body = None if endpoint.takes is None else refs[taken[endpoint.takes], "validation"]
        operation = _operation(endpoint, body, refs)
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "拦截助手 · intercept-bot",
            "version": version,
            "description": "商家系统发起拦截、报送售后单和轨迹、查记录和费用。金额一律是分；时间是 ISO 8601。\n\n"
            "A merchant's system asks for interceptions, tells after-sales and traces, and looks up records and fees. "
            "Amounts are whole fen, times ISO 8601. Reasons are worded in Chinese, or English by `Accept-Language`.",
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "intercept-bot apikey create --shop S --scope X",
                }
            },
        },
    }


def _intake_models(intake: Intake) -> tuple[type[BaseModel], type[BaseModel]]:
    return intake.after_sale_document, intake.trace_document


def _schemas(
    taken: Iterable[type[BaseModel]], given: Iterable[type[BaseModel]]
) -> tuple[Mapping[tuple[type[BaseModel], str], Any], dict[str, Any]]:
    """The reference to each model, and the definitions that these lead to."""
    wanted: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [
        *((model, "validation") for model in taken),
        *((model, "serialization") for model in sorted(given, key=lambda model: model.__name__)),
    ]
    refs, definitions = models_json_schema(wanted, ref_template=_REF)
    return {(key[0], key[1]): ref for key, ref in refs.items()}, definitions["$defs"]  # type: ignore[misc]


def _operation(endpoint: Endpoint, body: Any | None, refs: Mapping[tuple[type[BaseModel], str], Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _name(endpoint),
        "summary": endpoint.summary,
        "description": f"scope `{endpoint.scope.value}`",
        "parameters": list(_parameters(endpoint)),
        "responses": _responses(endpoint, refs),
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": _content(endpoint, body)}
    return operation


def _content(endpoint: Endpoint, ref: Any) -> dict[str, Any]:
    """One document, or for those that enter data an array of them or a line each."""
    if endpoint.key_needed:
        return {"application/json": {"schema": ref}}
    several = {"anyOf": [ref, {"type": "array", "items": ref}]}
    lines = {"type": "string", "description": "one document a line"}
    return {"application/json": {"schema": several}, "application/x-ndjson": {"schema": lines}}


def _parameters(endpoint: Endpoint) -> Iterable[dict[str, Any]]:
    if "{id}" in endpoint.path:
        yield {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    if endpoint.key_needed:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "description": "the same key and body again: the same interceptions, in their present state",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
        }
    if endpoint.query is not None:
        required = endpoint.query.model_json_schema(by_alias=True).get("required", [])
        for name, schema in members(endpoint.query).items():
            yield {"name": name, "in": "query", "required": name in required, "schema": _plain(schema)}


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """A query parameter is left out, never null; and what it refers to is written out."""
    options = [option for option in schema.get("anyOf", []) if option.get("type") != "null"]
    found = {**schema, **options[0]} if len(options) == 1 else dict(schema)
    for extra in ("anyOf", "title", "default"):
        found.pop(extra, None)
    if found.get("type") == "array":
        found["items"] = {"type": "string", "enum": [state.value for state in State]}
    return found


def _responses(endpoint: Endpoint, refs: Mapping[tuple[type[BaseModel], str], Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {
        str(status): {
            "description": "OK" if status == 200 else "Accepted: not all are final",
            "content": {"application/json": {"schema": refs[model, "serialization"]}},
        }
        for status, model in endpoint.gives.items()
    }
    codes = [*EVERYWHERE, *map(Code, endpoint.refuses)]
    if endpoint.key_needed:
        codes.append(Code.IDEMPOTENCY_KEY_REQUIRED)
    by_status: dict[int, list[Code]] = {}
    for code in codes:
        by_status.setdefault(STATUS[code], []).append(code)
    for status, these in sorted(by_status.items()):
        responses[str(status)] = {
            "description": "; ".join(f"`{code.value}` {words('title', code).en}" for code in these),
            "content": {CONTENT_TYPE: {"schema": refs[documents.ProblemDocument, "serialization"]}},
        }
    for status in (429, 503):
        responses[str(status)]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return responses


def _name(endpoint: Endpoint) -> str:
    noun = endpoint.path.strip("/").replace("/", "_").replace("{id}", "one").replace("-", "_")
    return f"{endpoint.method.lower()}_{noun}"
