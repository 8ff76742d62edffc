"""`/interceptions`: asking for interceptions, looking them up, cancelling one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aiohttp import web

from bot.api import shown
from bot.api.body import digest, read_json
from bot.api.documents import InterceptionDocument, InterceptionItems, InterceptionPage, InterceptionRequest
from bot.api.fields import read
from bot.api.parts import Call, Endpoint, answer
from bot.api.problems import Code, Problem, problem
from bot.api.query import InterceptionsQuery, WaitQuery, read_query
from bot.api.words import Words, words
from bot.domain.case import FINAL
from bot.domain.interception import Interception
from bot.domain.people import Scope
from bot.interception.asking import Key, Target
from bot.interception.errors import ChoiceRequired, KeyReused, NotCancellable, NotFound, UnknownParcels
from bot.store.cases import Filter

MOST_PARCELS = 100
MOST_BYTES = 256 * 1024
LONGEST_KEY = 255

_ID = re.compile(r"[!-~]{1,64}")


async def create(call: Call) -> web.Response:
    """`POST /interceptions`: one interception for each named parcel; the same key finds those of the first time."""
    key = _key(call.request)
    wait = read_query(WaitQuery, call.request).wait
    value = await read_json(call.request, MOST_BYTES)
    wanted = read(InterceptionRequest, value)
    numbers = list(dict.fromkeys(wanted.tracking_numbers or ()))
    if len(numbers) > MOST_PARCELS:
        raise problem(Code.TOO_MANY, "many_parcels", limit=MOST_PARCELS, count=len(numbers))
    targets = [Target(wanted.after_sale_id, number) for number in numbers] or [Target(wanted.after_sale_id)]
    try:
        items = await call.parts.interceptions.ask(call.asker, targets, key=Key(key, digest(value)))
    except KeyReused:
        raise problem(Code.IDEMPOTENCY_KEY_REUSED, "key_reused") from None
    except UnknownParcels:
        raise await _unknown(call, wanted.after_sale_id, numbers) from None
    except ChoiceRequired as choice:
        raise _choice(call, choice) from None
    if wait > 0 and not _all_final(items):
        items = await call.parts.interceptions.wait([item.id for item in items], wait)
    document = InterceptionItems(items=[shown.interception(call, item) for item in items])
    return answer(document, 200 if _all_final(items) else 202)


async def find(call: Call) -> web.Response:
    """`GET /interceptions`: the shop's records, oldest first."""
    query = read_query(InterceptionsQuery, call.request)
    wanted = Filter(
        tracking_number=query.tracking_number,
        after_sale_id=query.after_sale_id,
        states=tuple(query.state),
        since=query.since,
    )
    page = await call.parts.interceptions.records(call.asker.shop_id, wanted, query.cursor, query.limit)
    return answer(InterceptionPage(items=[shown.interception(call, item) for item in page.items], next=page.next))


async def get(call: Call) -> web.Response:
    """`GET /interceptions/{id}`: one of the shop's own."""
    case_id = _case_id(call)
    item = await call.parts.interceptions.get(call.asker.shop_id, case_id)
    if item is None:
        raise _no_interception(case_id)
    return answer(shown.interception(call, item))


async def cancel(call: Call) -> web.Response:
    """`POST /interceptions/{id}/cancel`: takes back what has not ended, where the route can."""
    case_id = _case_id(call)
    try:
        item = await call.parts.interceptions.cancel(call.asker, case_id)
    except NotFound:
        raise _no_interception(case_id) from None
    except NotCancellable as refused:
        raise await _not_cancellable(call, case_id, refused) from None
    return answer(shown.interception(call, item))


def _case_id(call: Call) -> str:
    case_id = call.request.match_info["id"]
    if _ID.fullmatch(case_id) is None:
        raise _no_interception(case_id)
    return case_id


def _key(request: web.Request) -> str:
    key = request.headers.get("Idempotency-Key", "").strip()
    if not key:
        raise problem(Code.IDEMPOTENCY_KEY_REQUIRED, "key_required")
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise problem(Code.BAD_REQUEST, "key_form")
    return key


def _all_final(items: Sequence[Interception]) -> bool:
    return all(item.state in FINAL for item in items)


async def _unknown(call: Call, after_sale_id: str | None, numbers: Sequence[str]) -> Problem:
    """Which of the named parcels the shop does not have; all of them are told, the service stops at the first."""
    interceptions, shop_id = call.parts.interceptions, call.asker.shop_id
    if after_sale_id is not None:
        found = await interceptions.find(shop_id, [after_sale_id])
        ours = next((a for a in found[after_sale_id] if a.after_sale_id == after_sale_id), None)
        if ours is None:
            detail = words("detail", "no_after_sale", id=after_sale_id)
            return Problem(Code.NOT_FOUND, detail, more={"tracking_numbers": list(numbers)})
        missing = [number for number in numbers if ours.parcel(number) is None]
        detail = words("detail", "not_of_after_sale", id=after_sale_id, numbers=", ".join(missing))
        return Problem(Code.NOT_FOUND, detail, more={"tracking_numbers": missing})
    by_number = await interceptions.find(shop_id, numbers)
    missing = [number for number in numbers if not any(a.parcel(number) for a in by_number[number])]
    detail = words("detail", "no_parcels", numbers=", ".join(missing))
    return Problem(Code.NOT_FOUND, detail, more={"tracking_numbers": missing})


def _choice(call: Call, choice: ChoiceRequired) -> Problem:
    count = len(choice.candidates)
    detail = words("detail", "choose_parcel", count=count) if count else words("detail", "choose_none")
    parcels = [shown.candidate(call, item).model_dump(mode="json") for item in choice.candidates]
    return Problem(Code.CHOICE_REQUIRED, detail, more={"parcels": parcels})


def _no_interception(case_id: str) -> Problem:
    return problem(Code.NOT_FOUND, "no_interception", id=case_id)


async def _not_cancellable(call: Call, case_id: str, refused: NotCancellable) -> Problem:
    item = await call.parts.interceptions.get(call.asker.shop_id, case_id)
    if item is None:
        return _no_interception(case_id)
    detail = words("detail", "not_cancellable", state=item.state.value)
    if refused.reason is not None:
        zh, en = (call.parts.describe(refused.reason, lang, item.carrier)[0] for lang in ("zh", "en"))
        said = words("detail", "not_cancellable_said", state=item.state.value, words="\0")
        detail = Words(said.zh.replace("\0", zh), said.en.replace("\0", en))
    document = shown.interception(call, item).model_dump(mode="json")
    return Problem(Code.NOT_CANCELLABLE, detail, more={"interception": document})


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/interceptions",
        scope=Scope.INTERCEPTIONS_WRITE,
        handler=create,
        summary="发起拦截 · ask for interceptions: 200 when all are final, 202 else",
        gives={200: InterceptionItems, 202: InterceptionItems},
        query=WaitQuery,
        takes="InterceptionRequest",
        key_needed=True,
        refuses=("NOT_FOUND", "IDEMPOTENCY_KEY_REUSED", "CHOICE_REQUIRED", "TOO_MANY"),
    ),
    Endpoint(
        method="GET",
        path="/interceptions",
        scope=Scope.INTERCEPTIONS_READ,
        handler=find,
        summary="拦截记录 · the shop's interceptions, oldest first",
        gives={200: InterceptionPage},
        query=InterceptionsQuery,
    ),
    Endpoint(
        method="GET",
        path="/interceptions/{id}",
        scope=Scope.INTERCEPTIONS_READ,
        handler=get,
        summary="一次拦截 · one interception",
        gives={200: InterceptionDocument},
        refuses=("NOT_FOUND",),
    ),
    Endpoint(
        method="POST",
        path="/interceptions/{id}/cancel",
        scope=Scope.INTERCEPTIONS_WRITE,
        handler=cancel,
        summary="取消拦截 · cancel while it is pending and the route takes it back",
        gives={200: InterceptionDocument},
        refuses=("NOT_FOUND", "NOT_CANCELLABLE"),
    ),
)
