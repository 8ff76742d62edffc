"""Structured logs: one line an event, constant names, identifiers in fields, a request id throughout.

No body, no signature, no secret, no personal data: fields with such names are dropped here, and a test greps a run's
logs. Standard error, so that standard output stays a command's own.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any, Literal

import structlog

FORBIDDEN = frozenset(
    {
        "access_token",
        "authorization",
        "body",
        "buyer",
        "cookie",
        "csrf",
        "key",
        "password",
        "phone",
        "secret",
        "sign",
        "signature",
        "text",
        "token",
    }
)
"""Field names that never reach a log, whoever put them there."""


def drop_forbidden(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """A structlog processor: takes out what must not be written."""
    return {name: value for name, value in event.items() if name not in FORBIDDEN}


def configure(form: Literal["auto", "text", "json"] = "auto", level: str = "info") -> None:
    """Sets up logging for the whole process, the libraries' included."""
    as_text = form == "text" or (form == "auto" and sys.stderr.isatty())
    chain: list[Callable[..., Any]] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        drop_forbidden,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Callable[..., Any]] = (
        [structlog.dev.ConsoleRenderer()]
        if as_text
        else [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    structlog.configure(
        processors=[*chain, *last],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=chain,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
