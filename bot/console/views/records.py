"""`/records`: the filtered list, its sums, its exports (mock 05)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from aiohttp import web
from sqlalchemy import Connection, select

from bot.console import export
from bot.console.bench import Lister
from bot.console.drawing import Speech, stamp
from bot.console.frame import page_facts
from bot.console.house import House
from bot.console.lines import Line, lines
from bot.console.visit import Visit
from bot.console.wanted import RESULTS, SIZES, SPANS, Wanted, filter_of, not_understood, read
from bot.domain.case import State, WayHome
from bot.domain.people import Asker, Origin, Role
from bot.merchants import people
from bot.merchants.permissions import own_only
from bot.store.cases import Filter, Page, cases
from bot.store.events import latest
from bot.store.shops import shops

MOST_SHOWN = 1_000
_CURSOR = re.compile(r"\d{1,20}-\d{1,20}")


@dataclass(frozen=True, slots=True)
class Sum:
    """The numbers over the whole filtered set: `tags` are state, word and count; `charged` how many fees."""

    count: int
    tags: tuple[tuple[str, str, int], ...]
    fee_fen: int
    charged: int
    open_to_check: int


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a filter's list."""

    value: str
    word: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Drop:
    """What to offer when nothing is found: the field whose dropping brings most, and the filters in words."""

    filters: str
    word: str
    query: str


class Records:
    """The page and its exports."""

    def __init__(self, lister: Lister) -> None:
        self._lister = lister

    async def page(self, visit: Visit) -> web.Response:
        """One page of the list, newest first, with counts and fees of everything that the filter finds."""
        house, asker, speech = visit.house, visit.asker, visit.speech
        wanted = read(visit.request.query)
        found = filter_of(wanted, asker, visit.now)
        after, shop, staff = await house.database.read(lambda c: _around(c, asker.shop_id))
        trail = [c for c in visit.request.query.get("trail", "").split(".") if _CURSOR.fullmatch(c)][: MOST_SHOWN // 20]
        page = await _page(visit, found, trail[-1] if trail else None, wanted.size)
        sums = await _sums(house, asker, speech, found)
        counts = await self._lister.counts(asker, speech)
        begin = len(trail) * wanted.size
        more = page.next if begin + wanted.size < MOST_SHOWN else None
        facts: dict[str, Any] = {
            "page": page_facts(
                visit,
                "records",
                waiting=counts["yours"],
                events=f"page=records&at={quote(stamp(visit.now), safe='')}",
                after=after,
            ),
            "wanted": wanted,
            "spans": SPANS,
            "sizes": SIZES,
            "shop": shop,
            "own": own_only(asker),
            "sum": sums,
            "rows": await lines(house, asker.shop_id, speech, page.items),
            "begin": begin,
            "next": None if more is None else f"/records?{wanted.query(trail='.'.join([*trail, more]))}",
            "back": None if not trail else f"/records?{wanted.query(trail='.'.join(trail[:-1]))}",
            "strange": not_understood(visit.request.query),
            "too_many": sums.count > MOST_SHOWN,
            "drop": await _drop(visit, wanted) if not page.items else None,
            "choices": _choices(house, speech, wanted, staff),
        }
        return web.Response(text=visit.drawing.draw("records.html", speech, facts), content_type="text/html")

    async def csv(self, visit: Visit) -> web.StreamResponse:
        """The filter as CSV: streamed, so that its size does not matter."""
        wanted = filter_of(read(visit.request.query), visit.asker, visit.now)
        response = web.StreamResponse(headers=_attachment(visit, "csv"))
        response.content_type = "text/csv"
        response.charset = "utf-8"
        await response.prepare(visit.request)
        await response.write(b"\xef\xbb\xbf" + export.csv_rows([export.head(visit.speech)]))
        written = 0
        async for page in export.pages(visit.house, visit.asker.shop_id, visit.speech, wanted):
            await response.write(export.csv_rows([export.cells(line) for line in page]))
            written += len(page)
            if written >= export.MOST_CSV:
                break
        await response.write_eof()
        return response

    async def xlsx(self, visit: Visit) -> web.StreamResponse:
        """The filter as a workbook; where that would be too large, the words say so and CSV takes it."""
        wanted = filter_of(read(visit.request.query), visit.asker, visit.now)
        count = (await visit.house.interceptions.sums(visit.asker.shop_id, wanted)).count
        if count > export.MOST_XLSX:
            raise web.HTTPRequestEntityTooLarge(
                export.MOST_XLSX, count, text=visit.word("records.too_large", n=f"{export.MOST_XLSX:,}")
            )
        path = await export.xlsx(visit.house, visit.asker.shop_id, visit.speech, wanted)
        try:
            body = path.read_bytes()
        finally:
            path.unlink(missing_ok=True)
        return web.Response(
            body=body,
            headers=_attachment(visit, "xlsx"),
            content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        )


async def row(house: House, asker: Asker, speech: Speech, case_id: str) -> Line | None:
    """One record as a line, for live pages; None when this viewer may not see it."""
    case = await house.interceptions.get(asker.shop_id, case_id)
    if case is None or not await house.database.read(lambda c: may_see(c, asker, case_id)):
        return None
    return (await lines(house, asker.shop_id, speech, [case]))[0]


def may_see(connection: Connection, asker: Asker, case_id: str) -> bool:
    """Own interceptions only, for whoever may not intercept."""
    if not own_only(asker):
        return True
    wanted = select(cases.c.id).where(cases.c.id == case_id, cases.c.asker_id == asker.person_id)
    return connection.execute(wanted).first() is not None


async def _page(visit: Visit, found: Filter, cursor: str | None, size: int) -> Page:
    try:
        return await visit.house.interceptions.records(visit.asker.shop_id, found, cursor, size)
    except ValueError:
        raise web.HTTPNotFound(text=visit.word("error.no_page")) from None


async def _sums(house: House, asker: Asker, speech: Speech, found: Filter) -> Sum:
    told = await house.interceptions.sums(asker.shop_id, found)
    against = 0
    if found.way_home in {None, WayHome.CONTRADICTED} and (not found.states or State.SUCCEEDED in found.states):
        narrower = _with_way_home(found, WayHome.CONTRADICTED)
        against = (await house.interceptions.sums(asker.shop_id, narrower)).count
    succeeded = told.by_state.get(State.SUCCEEDED, 0)
    numbers = {
        "succeeded": succeeded - against,
        "failed": told.by_state.get(State.FAILED, 0),
        "pending": told.by_state.get(State.PENDING, 0),
        "unknown": told.by_state.get(State.UNKNOWN, 0),
        "contradicted": against,
        "refused": told.by_state.get(State.REFUSED, 0),
        "cancelled": told.by_state.get(State.CANCELLED, 0),
    }
    tags = tuple((state, speech.page(f"records.n_{state}", n=f"{n:,}"), n) for state, n in numbers.items() if n)
    return Sum(told.count, tags, told.fee_fen, succeeded, against)


def _with_way_home(found: Filter, way_home: WayHome) -> Filter:
    return replace(found, way_home=way_home)


async def _drop(visit: Visit, wanted: Wanted) -> Drop | None:
    """Nothing is found: which field to drop, so that most comes back."""
    best, most = "", -1
    for name in wanted.active:
        wider = filter_of(wanted.without(name), visit.asker, visit.now)
        count = (await visit.house.interceptions.sums(visit.asker.shop_id, wider)).count
        if count > most:
            best, most = name, count
    if not best:
        return None
    join = "、" if visit.lang == "zh" else ", "
    words = [_word(visit, wanted, name) for name in reversed(wanted.active)]
    return Drop(join.join(words), _word(visit, wanted, best), f"/records?{wanted.without(best).query()}")


def _word(visit: Visit, wanted: Wanted, name: str) -> str:
    if name == "carrier":
        return visit.house.rules().carrier_name(wanted.carrier).of(visit.lang)
    if name == "result":
        return visit.speech(f"state.{wanted.result}")
    if name == "origin":
        return visit.word(f"origin.{wanted.origin}")
    if name == "span":
        return visit.word(f"records.span_{wanted.span}")
    return wanted.q if name == "q" else visit.word("records.one_person")


def _choices(
    house: House, speech: Speech, wanted: Wanted, staff: Mapping[str, str]
) -> Mapping[str, tuple[Choice, ...]]:
    """The lists of the four filters, each beginning with "all"."""
    carriers = {code: told.name.of(speech.lang) for code, told in house.rules().carriers.items()}
    if wanted.carrier and wanted.carrier not in carriers:
        carriers[wanted.carrier] = house.rules().carrier_name(wanted.carrier).of(speech.lang)
    lists = {
        "carrier": carriers,
        "result": {name: speech(f"state.{name}") for name in RESULTS},
        "who": dict(staff),
        "origin": {origin.value: speech.page(f"origin.{origin.value}") for origin in Origin},
    }
    return {
        name: (
            Choice("", speech.page(f"records.all_{name}"), not getattr(wanted, name)),
            *(Choice(value, word, getattr(wanted, name) == value) for value, word in entries.items()),
        )
        for name, entries in lists.items()
    }


def _around(connection: Connection, shop_id: str) -> tuple[int, str, Mapping[str, str]]:
    """The live event up to which the page is true, the shop's name, and its people."""
    name = connection.execute(select(shops.c.name).where(shops.c.id == shop_id)).scalar() or ""
    staff = {p.id: p.name for p in people.of_shop(connection, shop_id) if p.role is not Role.PLATFORM or p.active}
    return latest(connection, shop_id), name, staff


def _attachment(visit: Visit, ending: str) -> dict[str, str]:
    name = f"{visit.word('export.file')}-{_day(visit.now)}.{ending}"
    return {"Content-Disposition": f"attachment; filename=records.{ending}; filename*=UTF-8''{quote(name)}"}


def _day(moment: datetime) -> str:
    return stamp(moment)[:10]
