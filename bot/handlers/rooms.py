"""The neighbours that a handler may ask; `app.py` fills this in once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.interception.batch import Batches
from bot.interception.service import Interceptions
from bot.rules.rulebook import RuleSet
from bot.store.database import Database


@dataclass(frozen=True, slots=True)
class Rooms:
    """`call_timeout_s` is told on cards of unknown outcome; the two paths lead into our pages;
    `speaks_first`: whether the bot can write on that channel where nobody has just asked it.
    """

    database: Database
    interceptions: Interceptions
    batches: Batches
    rules: Callable[[], RuleSet]
    call_timeout_s: float
    record_path: Callable[[str], str] = lambda case_id: f"/records/{case_id}"
    batch_path: Callable[[str], str] = lambda batch_id: f"/batch/{batch_id}"
    speaks_first: Callable[[str], bool] = lambda _channel: False
