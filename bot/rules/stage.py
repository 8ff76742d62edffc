"""Where a parcel is, read from its trace: one line by its words, a whole trace by its newest event (R9).

Pure. The words are a table of its own, `stage_patterns.py`; the carriers' code tables stay with the carriers, so an
event comes with the stage of its code, or without one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from bot.domain.parcel import Stage, TraceEvent
from bot.rules.stage_patterns import ROWS, Row
from bot.rules.stage_words import ADVICE, FORECAST, INTERCEPTION_OFF, RETURN_OFF

GENERIC = "generic"  # the carrier is not known
LONGEST_LINE = 500  # a trace line is a sentence or two; what follows says nothing about the event

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_BLANK = re.compile(r"\s+")
_CLAUSE_END = re.compile(r"[,。;:]")
_TURNED_BACK = frozenset({Stage.RETURNING, Stage.RETURNED})


def stage_of_text(text: str, carrier: str = GENERIC) -> Stage:
    """The stage that one trace line tells of, judged from this line alone (labels of `samples/trace_texts.md`).

    `carrier` is a code such as `zto`; it matters for the few wordings that mean different things. What tells of no
    event, takes one back or is not understood is `unknown`, which refuses nothing (R9). Never raises.
    """
    line = plain(text)
    if INTERCEPTION_OFF.search(line) is None:
        return _by_rows(line, carrier)
    rest = ",".join(clause for clause in _CLAUSE_END.split(line) if "拦截" not in clause)
    stage = _by_rows(rest, carrier)
    return Stage.IN_TRANSIT if stage is Stage.UNKNOWN else stage


def stage_of_trace(events: Sequence[TraceEvent], carrier: str = GENERIC) -> Stage:
    """R9: the stage of the newest event by its own time, of equal times the later received; `events` as received.

    The stage of a code goes first, the text decides where there is none. A signature after an event of the way back is
    the sender's: `returned`, never `delivered`. No event at all is `unknown`. The clock is not asked.
    """
    ordered = sorted(events, key=lambda event: event.at)  # stable: equal times stay as received
    if not ordered:
        return Stage.UNKNOWN
    stage = _stage_of(ordered[-1], carrier)
    if stage is Stage.DELIVERED and _turned_back(ordered[:-1], carrier):
        return Stage.RETURNED
    return stage


def plain(text: str) -> str:
    """A line as the table reads it: NFKC, one kind of blank, without advice to the buyer and without forecasts."""
    line = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text[:LONGEST_LINE]))
    line = _BLANK.sub(" ", line).strip()
    return FORECAST.sub("", ADVICE.sub("", line))


def deciding_row(line: str, carrier: str = GENERIC) -> Row | None:
    """The first row of the table that matches a plain line, or None."""
    for row in ROWS:
        if (not row.carriers or carrier in row.carriers) and row.pattern.search(line):
            return row
    return None


def _by_rows(line: str, carrier: str) -> Stage:
    row = deciding_row(line, carrier)
    return Stage.UNKNOWN if row is None else row.stage


def _stage_of(event: TraceEvent, carrier: str) -> Stage:
    return event.stage or stage_of_text(event.text, carrier)


def _turned_back(events: Iterable[TraceEvent], carrier: str) -> bool:
    """Whether the parcel was on its way back at the end of these events; a withdrawn return (退件撤销) ends it."""
    turned = False
    for event in events:
        if _stage_of(event, carrier) in _TURNED_BACK:
            turned = True
        elif RETURN_OFF.search(event.text):
            turned = False
    return turned
