"""News in the inbox: once each, due at once, apart from what people type."""

from datetime import timedelta

from sqlalchemy import select

from bot.store import notices
from bot.store.cards import INBOX_DUE, inbox, receive
from bot.store.database import Database
from bot.store.notices import NOTICES_DUE
from tests.store.conftest import AT


async def test_news_is_kept_once_for_each_shop(stored: Database) -> None:
    """The same message again changes nothing; another shop's, or another platform's, is another piece."""
    kept = [("doudian", "demo", "m1"), ("doudian", "demo", "m1"), ("doudian", "other", "m1"), ("taobao", "demo", "m1")]
    new = [await stored.write(lambda c, k=k: notices.keep(c, *k, "7001", AT)) for k in kept]
    assert new == [True, False, True, True]


async def test_a_message_id_may_be_anything(stored: Database) -> None:
    """However long it is, and whatever is in it, it is told from others."""
    ids = ("x" * 5000, "x" * 4999, "\x00", "\ud800", "")
    assert all([await stored.write(lambda c, m=m: notices.keep(c, "doudian", "demo", m, "7001", AT)) for m in ids])


async def test_news_is_due_apart_from_messages(stored: Database) -> None:
    """The desk is never handed news, and who reads news never a message."""

    def both(c: object) -> None:
        receive(c, "console", "m1", {}, AT, timedelta(0))  # type: ignore[arg-type]
        notices.keep(c, "doudian", "demo", "m1", "7001", AT)  # type: ignore[arg-type]

    await stored.write(both)
    typed = await stored.write(lambda c: INBOX_DUE.due(c, (), 10))
    pushed = await stored.write(lambda c: NOTICES_DUE.due(c, (), 10))
    assert (len(typed), len(pushed)) == (1, 1)
    assert typed != pushed
    news = await stored.read(lambda c: notices.open_news(c, int(pushed[0])))
    assert news is not None
    assert (news.platform, news.shop_id, news.after_sale_id, news.tries) == ("doudian", "demo", "7001", 0)


async def test_news_waits_and_is_closed(stored: Database) -> None:
    """Each try moves it on and is counted; once closed it is open no more, and how it ended stays."""
    await stored.write(lambda c: notices.keep(c, "doudian", "demo", "m1", "7001", AT))
    (seq,) = map(int, await stored.write(lambda c: NOTICES_DUE.due(c, (), 10)))
    await stored.write(lambda c: notices.again(c, seq, AT, timedelta(days=9_000)))
    assert await stored.write(lambda c: NOTICES_DUE.due(c, (), 10)) == []
    news = await stored.read(lambda c: notices.open_news(c, seq))
    assert news is not None
    assert news.tries == 1
    await stored.write(lambda c: notices.close(c, seq, "read", AT))
    await stored.write(lambda c: notices.close(c, seq, "not_readable", AT))
    assert await stored.read(lambda c: notices.open_news(c, seq)) is None
    assert await stored.read(lambda c: c.execute(select(inbox.c.result)).scalars().all()) == [["read"]]
