"""The list of the workbench in three groups: 要你处理, 进行中, 今天已了结 (console README 3).

In the first group contradictions come first, then unknown outcomes, then what has least time left. What nobody can
intercept and nobody tried is settled as far as interception goes: it stands in the third group on the day it came in.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.console import shelf
from bot.console.drawing import BEIJING, Speech
from bot.console.house import House
from bot.console.shelf import Box, Sheet
from bot.domain.case import Phase, State
from bot.domain.interception import Interception
from bot.domain.parcel import Stage
from bot.domain.people import Asker
from bot.domain.reason import Reason, ReasonCode
from bot.store.events import latest

MOST_ROWS = 200
REMEMBERED = 5_000
SOON = timedelta(days=365)

PERSONAL = frozenset({ReasonCode.PERMISSION_DENIED, ReasonCode.AGREEMENT_NOT_SIGNED})
"""Reasons that say nothing of the parcel: they lead to a person who can lift them."""

URGENCY = ("contradicted", "unknown", "lost", "damaged", "eligible")
RUNNING = ("pending", "queued", "succeeded", "returning")


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation as it stands in the list. `since` counts up in the page."""

    after_sale_id: str
    version: int
    group: str
    order: str
    state: str
    who: str
    when: str
    strong: str
    text: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """The list: its rows, how many stand in each group, and whether some were cut off."""

    rows: tuple[Row, ...]
    counts: Mapping[str, int]
    cut: bool = False
    search: str | None = None

    def first(self) -> str | None:
        """The conversation that the workbench opens on: the first that can be intercepted, else the first."""
        able = next((row for row in self.rows if row.state == "eligible"), None)
        return able.after_sale_id if able else (self.rows[0].after_sale_id if self.rows else None)


@dataclass(frozen=True, slots=True)
class _Able:
    """What the rules say of the parcels of an after-sale: which can go, where they are, and why the others can't."""

    stages: Mapping[str, Stage]
    reasons: tuple[Reason, ...]


class Lister:
    """Makes the list. What the rules said is remembered until the after-sale or the rules change."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._known: OrderedDict[tuple[str, str], tuple[tuple[int, str], _Able]] = OrderedDict()
        self._counted: dict[str, tuple[tuple[int, date], Mapping[str, int]]] = {}

    async def bench(self, asker: Asker, speech: Speech, search: str | None = None) -> Bench:
        """The whole list, or what matches a search."""
        shop, today = asker.shop_id, _midnight(speech.now)
        if search:
            ids = await self._house.database.read(lambda c: shelf.matching(c, shop, search))
        else:
            ids = await self._house.database.read(lambda c: shelf.wanted(c, shop, today))
        rows = [row for row in await self._rows(asker, speech, ids) if search or row.group]
        rows.sort(key=lambda row: (("yours", "running", "done", "").index(row.group), row.order))
        counts = {name: sum(row.group == name for row in rows) for name in ("yours", "running", "done")}
        shown = [row if row.group else _at_rest(row) for row in rows[:MOST_ROWS]]
        return Bench(tuple(shown), counts, cut=len(rows) > MOST_ROWS, search=search)

    async def row(self, asker: Asker, speech: Speech, after_sale_id: str) -> Row | None:
        """One of them; None when the shop has no such after-sale."""
        return next(iter(await self._rows(asker, speech, [after_sale_id])), None)

    async def counts(self, asker: Asker, speech: Speech) -> Mapping[str, int]:
        """How many stand in each group, for the menu, the title and the icon; counted again after each change."""
        shop, day = asker.shop_id, speech.now.astimezone(BEIJING).date()
        at = (await self._house.database.read(lambda c: latest(c, shop)), day)
        known = self._counted.get(shop)
        if known is None or known[0] != at:
            known = (at, (await self.bench(asker, speech)).counts)
            self._counted[shop] = known
        return known[1]

    async def _rows(self, asker: Asker, speech: Speech, ids: Sequence[str]) -> list[Row]:
        sheets = await self._house.database.read(lambda c: shelf.sheets(c, asker.shop_id, ids))
        return [self._row(sheet, await self._able(asker, sheet), speech) for sheet in sheets]

    async def _able(self, asker: Asker, sheet: Sheet) -> _Able:
        if not sheet.open or all(box.blocked for box in sheet.boxes):
            return _Able({}, ())
        key, edition = (asker.shop_id, sheet.after_sale_id), (sheet.version, self._house.rules().version)
        known = self._known.get(key)
        if known is not None and known[0] == edition:
            self._known.move_to_end(key)
            return known[1]
        able = await self._judged(asker, sheet.after_sale_id)
        self._known[key] = (edition, able)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return able

    async def _judged(self, asker: Asker, after_sale_id: str) -> _Able:
        stages: dict[str, Stage] = {}
        reasons: list[Reason] = []
        for candidate in await self._house.interceptions.candidates(asker, after_sale_id):
            told = [reason for reason in candidate.verdict.reasons if reason.code not in PERSONAL]
            if told:
                reasons.extend(told)
            else:
                stages[candidate.parcel.tracking_number] = candidate.reading.stage
        return _Able(stages, tuple(reasons))

    def _row(self, sheet: Sheet, able: _Able, speech: Speech) -> Row:
        state, box = _state(sheet, able)
        group, order = _place(sheet, state, speech.now)
        strong, text, since = self._words(sheet, able, state, box, speech)
        return Row(
            after_sale_id=sheet.after_sale_id,
            version=sheet.version,
            group=group,
            order=order,
            state=state,
            who=self._who(sheet, speech),
            when=_day(sheet.moved_at, speech),
            strong=strong,
            text=text,
            since=since,
        )

    def _who(self, sheet: Sheet, speech: Speech) -> str:
        buyer = sheet.buyer or speech.page("bench.after_sale", last=sheet.after_sale_id[-4:])
        if len(sheet.boxes) == 1:
            return f"{buyer} · {self._short(sheet.boxes[0], speech)}"
        return f"{buyer} · {speech.page('bench.parcels', n=len(sheet.boxes))}"

    def _short(self, box: Box, speech: Speech) -> str:
        carrier = self._house.rules().carrier_name(box.carrier).of(speech.lang)
        return f"{carrier} …{box.tracking_number[-4:]}"

    def _words(
        self, sheet: Sheet, able: _Able, state: str, box: Box | None, speech: Speech
    ) -> tuple[str, str, datetime | None]:
        """The strong word, what follows it, and from when the page counts up."""
        strong, case = speech(f"state.{state}"), box.case if box else None
        if state == "eligible":
            return self._eligible(sheet, able, speech)
        if case is None:
            return strong, self._refused(able, sheet, speech), None
        if state in {"pending", "queued"}:
            waited = speech("time.waited", duration=speech.duration((speech.now - case.created_at).total_seconds()))
            return strong, waited, case.created_at
        if state in {"returning", "returned", "lost", "damaged"} and box is not None:
            return strong, box.trace[:40], None
        if state in {"failed", "refused"}:
            return strong, self._why(case, speech), None
        return strong, speech.page(f"bench.text_{state}", n=case.polls), None

    def _eligible(self, sheet: Sheet, able: _Able, speech: Speech) -> tuple[str, str, None]:
        if len(sheet.boxes) == 1:
            text = ""
            if sheet.deadline is not None:
                left = (sheet.deadline - speech.now).total_seconds()
                key = "bench.left" if left > 0 else "bench.over"
                text = speech.page(key, duration=speech.duration(abs(left)))
            return speech("state.eligible"), text, None
        boxes = [box for box in sheet.boxes if box.case is None and box.tracking_number in able.stages]
        stage = speech(f"stage.{able.stages[boxes[0].tracking_number].value}")
        return speech.page("bench.still", n=len(boxes)), f"{self._short(boxes[0], speech)} {stage}", None

    def _why(self, case: Interception, speech: Speech) -> str:
        if not case.reasons:
            return ""
        reason = case.reasons[-1]
        said = self._house.words.short(reason.code, speech.lang)
        if case.state is State.REFUSED:
            return f"{reason.rule} {said}" if reason.rule else said
        return speech.page("bench.free", reason=said)

    def _refused(self, able: _Able, sheet: Sheet, speech: Speech) -> str:
        if not able.reasons:
            return speech(f"status.{'open' if sheet.open else 'closed'}")
        reason = able.reasons[0]
        said = self._house.words.short(reason.code, speech.lang)
        return f"{reason.rule} {said}" if reason.rule else said


def shown_state(case: Interception) -> str:
    """The `data-s` of a record: its way home, or that it still queues, goes before the plain state."""
    if case.state is State.SUCCEEDED and case.way_home is not None:
        return case.way_home.value
    if case.state is State.PENDING and case.phase is Phase.QUEUED:
        return "queued"
    return case.state.value


def _state(sheet: Sheet, able: _Able) -> tuple[str, Box | None]:
    """What the row shows: the most urgent of its parcels, and that parcel.

    One that was tried already shows how that ended, even if the rules would let it be tried again.
    """
    by_state: dict[str, Box] = {}
    for box in sheet.boxes:
        if box.case is not None:
            by_state.setdefault(shown_state(box.case), box)
        elif box.tracking_number in able.stages:
            by_state.setdefault("eligible", box)
    for state in (*URGENCY, *RUNNING, "returned", "failed", "cancelled", "refused"):
        if state in by_state:
            return state, by_state[state]
    return "refused", None


def _place(sheet: Sheet, state: str, now: datetime) -> tuple[str, str]:
    """The group, and the place in the whole list; the empty group is for what only a search finds."""
    if state in URGENCY:
        by = sheet.deadline or sheet.applied_at + SOON
        return "yours", f"0{URGENCY.index(state)}{_sortable(by)}{sheet.after_sale_id}"
    newest_first = f"{_sortable(sheet.moved_at, backwards=True)}{sheet.after_sale_id}"
    if state in RUNNING:
        return "running", f"1{newest_first}"
    return ("done" if sheet.moved_at >= _midnight(now) else ""), f"2{newest_first}"


def _at_rest(row: Row) -> Row:
    """Found by a search alone: it is shown with the settled ones."""
    return Row(
        row.after_sale_id, row.version, "done", row.order, row.state, row.who, row.when, row.strong, row.text, row.since
    )


def _sortable(moment: datetime, *, backwards: bool = False) -> str:
    seconds = int(moment.timestamp())
    return f"{10**11 - seconds if backwards else seconds:012d}"


def _day(moment: datetime, speech: Speech) -> str:
    here, today = moment.astimezone(BEIJING), speech.now.astimezone(BEIJING)
    if here.date() == today.date():
        return here.strftime("%H:%M")
    if here.date() == today.date() - timedelta(days=1):
        return speech.page("bench.yesterday")
    return here.strftime("%m-%d") if here.year == today.year else here.strftime("%Y-%m-%d")


def _midnight(now: datetime) -> datetime:
    """When today began in Beijing."""
    return now.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
