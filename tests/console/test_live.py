"""Live updates: what changed reaches every open page, drawn for its viewer, once and in order."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp

from bot.console.live import STREAMS_EACH
from bot.store.events import latest
from tests.console.served import LIN, WANG, Demo, Visitor

Event = tuple[str, int | None, Any]


@asynccontextmanager
async def stream(visitor: Visitor, query: str, last: int | None = None) -> AsyncIterator[AsyncIterator[Event]]:
    """The events of a page: kind, id and content."""
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    timeout = aiohttp.ClientTimeout(total=20)
    async with visitor.session.get(f"{visitor.base}/events?{query}", headers=headers, timeout=timeout) as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        yield _read(response)


async def _read(response: aiohttp.ClientResponse) -> AsyncIterator[Event]:
    fields: dict[str, str] = {}
    async for raw in response.content:
        line = raw.decode().rstrip("\n")
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        else:
            yield fields["event"], int(fields["id"]) if "id" in fields else None, json.loads(fields["data"])
            fields = {}


async def until(events: AsyncIterator[Event], name: str, word: str) -> dict[str, Any]:
    """The first part of that name whose drawing holds that word."""
    async for _, _, body in events:
        for part in body.get("parts", ()):
            if part["t"].startswith(name) and word in part.get("html", ""):
                return dict(part)
    raise AssertionError(f"{name} never showed {word}")


async def caught_up(events: AsyncIterator[Event]) -> None:
    """Reads until the page has been told what it missed."""
    async for kind, _, _ in events:
        if kind == "ping":
            return
    raise AssertionError("the page never caught up")


async def newest(bot: Demo) -> int:
    """The event up to which a page that is drawn now is true."""
    return await bot.database.read(lambda c: latest(c, "demo"))


async def ask(visitor: Visitor, after_sale: str, text: str, number: str = "1") -> None:
    """Types something beside an after-sale."""
    await visitor.get(f"/?c={after_sale}")
    await visitor.post(f"/conversations/{after_sale}/messages", {"text": text, "id": number})


async def test_a_message_reaches_everybody_who_has_the_talk_open(bot: Demo) -> None:
    """Another agent's page is told of the message and its card, in that agent's own language."""
    here, there = bot.visitor(), bot.visitor()
    await here.enter("agent")
    await there.enter("owner")
    await there.get("/lang/en?next=/")
    async with stream(there, f"page=workbench&c={LIN}&after={await newest(bot)}") as events:
        await ask(here, LIN, "/fees")
        part = await until(events, "message:", "Fees")
        assert part["add"] == "log"
        assert "¥1,000.00" in part["html"]


async def test_what_was_missed_is_told_first_and_then_the_page_counts_as_live(bot: Demo) -> None:
    """After a break the page goes on from what it was told last; only then comes the ping that unlocks its buttons."""
    visitor = bot.visitor()
    await visitor.enter("agent")
    before = await newest(bot)
    await ask(visitor, LIN, "/help", "1")
    await ask(visitor, LIN, "第二句", "2")
    kinds, ids, drawn = [], [], ""
    async with stream(visitor, f"page=workbench&c={LIN}&after=0", last=before) as events:
        async for kind, number, body in events:
            kinds.append(kind)
            if kind == "ping":
                break
            assert number is not None
            ids.append(number)
            drawn += json.dumps(body, ensure_ascii=False)
    assert kinds[-1] == "ping"
    assert ids == sorted(set(ids))
    assert ids[0] > before
    assert "第二句" in drawn


async def test_a_late_answer_changes_card_list_and_panel(bot: Demo) -> None:
    """One confirmed interception: the talk, the row of the list, the panel and the counts hear of it."""
    visitor = bot.visitor()
    await visitor.enter("agent", f"/?c={WANG}")
    async with stream(visitor, f"page=workbench&c={WANG}&after={await newest(bot)}") as events:
        await bot.arm("YT7400000000561", "success", delay_s=0.3, later_s=5)
        page = (await visitor.get(f"/after-sales/{WANG}/confirm")).text
        action = page.split('name="action" value="')[1].split('"')[0]
        await visitor.post("/press", [("action", action), ("conversation", WANG), ("parcels", "YT7400000000561")])
        seen: dict[str, list[str]] = {}
        async for _, _, body in events:
            for part in body.get("parts", ()):
                seen.setdefault(part["t"].partition(":")[0], []).append(part.get("html", ""))
            if any("拦截成功" in html for html in seen.get("message", ())) and "counts" in body:
                break
    assert any("拦截中" in html for html in seen["message"])
    assert any(WANG in html for html in seen["conv"])
    assert any("拦截成功" in html for html in seen["panel"])


async def test_each_page_is_told_its_own_part(bot: Demo) -> None:
    """The list of records, one record, a batch and the owner's page hear of what they show, and of nothing else."""
    visitor, owner = bot.visitor(), bot.visitor()
    await visitor.enter("agent", "/batch")
    await owner.enter("owner")
    drafted = await visitor.post("/batch", {"numbers": "460000000003390"})
    batch = drafted.place.rsplit("/", 1)[1]
    after = await newest(bot)
    async with (
        stream(visitor, f"page=batch&id={batch}&at=2020-01-01T00:00:00%2B00:00&after={after}") as rows,
        stream(visitor, f"page=records&at=2020-01-01T00:00:00%2B00:00&after={after}") as listed,
        stream(owner, f"page=permissions&after={after}") as granted,
    ):
        await visitor.get(drafted.place)
        await visitor.post(drafted.place, {"do": "confirm"})
        assert "成功 1" in (await until(rows, "batch:", "成功 1"))["html"]
        assert (await until(listed, "row:", "460000000003390"))["add"] == "held"
        newcomer = bot.visitor()
        await newcomer.enter("newcomer")
        await newcomer.post("/permissions/ask")
        assert "李想" in (await until(granted, "permissions", "等你批准"))["html"]


async def test_another_shop_hears_nothing(bot: Demo) -> None:
    """A stream is about its viewer's own shop: what others do is not even counted."""
    visitor, stranger = bot.visitor(), bot.visitor()
    await visitor.enter("agent")
    await stranger.get("/sign-in")
    await stranger.post("/sign-in", {"login": "fresh-owner", "password": "demo"})
    async with stream(stranger, f"page=workbench&c={LIN}&after=0") as events:
        await ask(visitor, LIN, "/help")
        told = []
        async for kind, _, body in events:
            told.append((kind, body))
            if kind == "ping":
                break
        assert LIN not in json.dumps(told)


async def test_the_end_of_a_session_is_told(bot: Demo) -> None:
    """Signed out elsewhere, an open page learns it with the next change, and a closed session gets no stream at all."""
    visitor, other = bot.visitor(), bot.visitor()
    await visitor.enter("agent")
    await other.enter("owner")
    cookies = {c.key: c.value for c in visitor.session.cookie_jar}
    async with stream(visitor, f"page=workbench&c={LIN}&after={await newest(bot)}") as events:
        await caught_up(events)
        second = bot.visitor()
        second.session.cookie_jar.update_cookies(cookies)
        second.seen = visitor.seen
        await second.post("/sign-out")
        await ask(other, LIN, "有人吗")
        kinds = [kind async for kind, _, _ in events]
        assert kinds[-1] == "signed_out"
    async with stream(visitor, "page=workbench") as events:
        assert (await anext(events))[0] == "signed_out"


async def test_a_page_far_behind_is_drawn_anew(bot: Demo) -> None:
    """An id that this database never gave, or one very far back, asks the page to load itself again."""
    visitor = bot.visitor()
    await visitor.enter("agent")
    async with stream(visitor, f"page=workbench&after={await newest(bot) + 10_000}") as events:
        assert (await anext(events))[0] == "reload"


async def test_pages_that_were_left_count_no_more(bot: Demo) -> None:
    """Whoever looks through twenty conversations in a second goes on seeing live pages; too many open ones are told."""
    visitor, query = bot.visitor(), "page=records&after=0"
    await visitor.get("/sign-in")
    # A shop in which nothing happens: no stream is written to.
    await visitor.post("/sign-in", {"login": "fresh-owner", "password": "demo"})
    for _ in range(STREAMS_EACH + 8):
        async with stream(visitor, query) as events:
            await caught_up(events)
    async with AsyncExitStack() as pages:
        for _ in range(STREAMS_EACH):
            await caught_up(await pages.enter_async_context(stream(visitor, query)))
        assert (await visitor.get(f"/events?{query}")).status == 429


async def test_one_watcher_serves_all_pages_of_a_shop(bot: Demo) -> None:
    """Streams of one shop share one watcher, and the last one to leave stops it."""
    visitor = bot.visitor()
    await visitor.enter("agent")
    after = await newest(bot)
    async with (
        stream(visitor, f"page=records&after={after}") as one,
        stream(visitor, f"page=me&after={after}") as two,
    ):
        await anext(one)
        await anext(two)
        assert len([t for t in asyncio.all_tasks() if t.get_name() == "live-demo"]) == 1
    for _ in range(100):
        if not [t for t in asyncio.all_tasks() if t.get_name() == "live-demo"]:
            break
        await ask(visitor, LIN, "下一句")
        await asyncio.sleep(0.05)
    assert [t for t in asyncio.all_tasks() if t.get_name() == "live-demo"] == []
