"""Structured logs: one line an event, constant names, identifiers in fields, a request id throughout.

No body, no signature, no secret, no personal data: fields with such names are dropped here, and what went wrong is told
by kinds and places alone, since the words of an exception may quote what somebody typed or a database row. A test greps
a whole run's logs. Standard error, so that standard output stays a command's own.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor

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
"""Field names that never reach a log, whoever put them there, at whatever depth."""

LONGEST = 500
"""So much of one field is written."""

CAUSES = 4
FRAMES = 20


def drop_forbidden(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """A structlog processor: takes out what must not be written, and cuts what is too long."""
    return {name: _clean(value) for name, value in event.items() if name not in FORBIDDEN}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= LONGEST else f"{value[:LONGEST]}…"
    if isinstance(value, Mapping):
        return {name: _clean(inner) for name, inner in value.items() if name not in FORBIDDEN}
    if isinstance(value, list | tuple):
        return [_clean(inner) for inner in value]
    return value


def tell_defect(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """A structlog processor: an exception as its kind, its causes' kinds, and where each was raised."""
    given = event.pop("exc_info", None)
    found = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(found, BaseException):
        event["defect"] = _kinds(found)
    return event


def _kinds(problem: BaseException | None) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    while problem is not None and len(told) < CAUSES:
        told.append({"kind": type(problem).__qualname__, "at": _places(problem.__traceback__)})
        problem = problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)
    return told


def _places(raised: TracebackType | None) -> list[str]:
    frames = traceback.StackSummary.extract(traceback.walk_tb(raised), limit=-FRAMES, lookup_lines=False)
    return [f"{'/'.join(frame.filename.split('/')[-3:])}:{frame.lineno} {frame.name}" for frame in frames]


def quote_nothing(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """A structlog processor for libraries' lines: their fixed words, without the values that they were filled with."""
    record = event.get("_record")
    if isinstance(record, logging.LogRecord):
        event["event"] = str(record.msg).partition("\n")[0]
        event["logger"] = record.name
    return event


class Unfailing:
    """A stream of lines that nobody's work depends on: one that cannot be written (full disk, a reader who has gone) is
    lost, and whoever told it goes on. The database's only writing thread once did not.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> int:
        """The line, if there is room for it."""
        with suppress(OSError, ValueError):
            self._stream.write(line)
        return len(line)

    def flush(self) -> None:
        """As far as that can be done."""
        with suppress(OSError, ValueError):
            self._stream.flush()


def configure(form: Literal["auto", "text", "json"] = "auto", level: str = "info") -> None:
    """Sets up logging for the whole process, the libraries' included."""
    as_text = form == "text" or (form == "auto" and sys.stderr.isatty())
    chain: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        tell_defect,
        drop_forbidden,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    lines = Unfailing(sys.stderr)
    last: Any = structlog.dev.ConsoleRenderer() if as_text else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*chain, last],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", lines)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(lines)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[quote_nothing, *chain],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
            use_get_message=False,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
