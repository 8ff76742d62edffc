"""The same pages on PostgreSQL."""

from pathlib import Path

from tests.console.served import HU, LIN, WANG, demo
from tests.console.test_live import caught_up, newest, stream


async def test_the_pages_work_on_postgresql_too(tmp_path: Path, shared_url: str) -> None:
    """Every page is drawn, a message is answered, a search finds, and the open page hears of it."""
    async with demo(tmp_path, shared_url) as bot:
        visitor = bot.visitor()
        await visitor.enter("owner", f"/?c={LIN}")
        await bot.settled(HU, "succeeded")
        paths = (
            "/",
            f"/?c={WANG}",
            "/?q=0561",
            "/records?q=0481",
            "/records?q=9999",
            "/batch",
            "/permissions",
            "/sign-in",
        )
        for path in paths:
            assert (await visitor.get(path)).status in {200, 303}, path
        async with stream(visitor, f"page=workbench&c={LIN}&after={await newest(bot)}") as events:
            await caught_up(events)
            await visitor.get(f"/?c={LIN}")
            await visitor.post(f"/conversations/{LIN}/messages", {"text": "/fees", "id": "1"})
            async for kind, _, body in events:
                if kind == "parts" and any('data-kind="fees"' in p.get("html", "") for p in body.get("parts", ())):
                    break
