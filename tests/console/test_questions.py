"""The owner's page of questions: what is added is tried first, says who and when, and has a way back."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from sqlalchemy import select

from bot.store import questions
from bot.store.database import now
from tests.console.served import Answer, Demo, Visitor


async def live(bot: Demo) -> dict[str, tuple[str, ...]]:
    """The phrases that hold."""
    return await bot.database.read(lambda c: questions.live_phrases(c, "demo"))


async def add(owner: Visitor, topic: str, phrase: str) -> Answer:
    """Puts a phrase live, as the button after the trial does."""
    return await owner.post("/questions", {"what": "add", "topic": topic, "phrase": phrase})


@pytest.mark.parametrize("phrase", ["？？！！", "😀😀", "7312045566778899001", "https://a.cn/x"])
async def test_a_phrase_that_could_never_be_found_is_refused(bot: Demo, phrase: str) -> None:
    """Marks, numbers and links are taken out of a message before it is read: said at once, and nothing is added."""
    owner = bot.visitor()
    await owner.enter("owner", "/questions")
    for answer in (
        await owner.post("/questions/try", {"topic": "fee", "phrase": phrase}),
        await add(owner, "fee", phrase),
    ):
        assert answer.status == 400
        assert "只有标点、单号或链接" in answer.text
    assert await live(bot) == {}


@pytest.mark.parametrize("size", [0, 1, 61, 10_000])
async def test_a_phrase_has_its_length(bot: Demo, size: int) -> None:
    """Empty or endless, it is refused with the limits."""
    owner = bot.visitor()
    await owner.enter("owner", "/questions")
    answer = await add(owner, "fee", "费" * size)
    assert answer.status == 400
    assert "2 到 60" in answer.text
    assert await live(bot) == {}


async def test_a_phrase_belongs_to_one_topic(bot: Demo) -> None:
    """A wording that is there already is not added again, marks apart; the page says where it is."""
    owner = bot.visitor()
    await owner.enter("owner", "/questions")
    assert (await add(owner, "fee", "回头费")).status == 303
    for topic, phrase in (("fee", "回头费"), ("charge", "回头费？"), ("charge", "回 头 费")):
        answer = await add(owner, topic, phrase)
        assert answer.status == 400, phrase
        assert "已经归到「多少钱」" in answer.text
    assert await live(bot) == {"fee": ("回头费",)}


async def test_two_owners_at_once_add_a_wording_once(bot: Demo) -> None:
    """Whoever is a moment later is told that it is there."""
    owner, other = bot.visitor(), bot.visitor()
    await owner.enter("owner", "/questions")
    await other.enter("owner", "/questions")
    answers = await asyncio.gather(*(add(one, "fee", "掉头费") for one in (owner, other, owner, other)))
    assert sorted(answer.status for answer in answers) == [303, 400, 400, 400]
    assert await live(bot) == {"fee": ("掉头费",)}


async def test_what_is_typed_is_one_line(bot: Demo) -> None:
    """Breaks, turned directions and what no database keeps are blanks."""
    owner = bot.visitor()
    await owner.enter("owner", "/questions")
    await add(owner, "fee", "掉\x00头\n\u202e费")
    assert await live(bot) == {"fee": ("掉 头 费",)}
    await owner.post("/questions", {"what": "own", "topic": "fee", "zh": "一\r\n二\x00", "en": ""})
    assert await bot.database.read(lambda c: questions.own_answer(c, "demo", "fee")) == ("一 二", "一 二")


async def test_the_trial_says_what_becomes_of_the_wording_itself(bot: Demo) -> None:
    """Before and after; an order stays an order, and the page does not promise an answer."""
    owner = bot.visitor()
    await owner.enter("owner", "/questions")
    tried = (await owner.post("/questions/try", {"topic": "fee", "phrase": "回头费咋整"})).text
    assert re.search(r"回头费咋整</td>.*?不回答.*?多少钱", tried, re.DOTALL)
    assert "只有这句话会被回答" in tried
    ordered = (await owner.post("/questions/try", {"topic": "fee", "phrase": "帮我拦一下这单"})).text
    assert "加了也不会回答" in ordered
    assert "只有这句话会被回答" not in ordered


async def test_a_wide_phrase_says_that_there_is_more(bot: Demo) -> None:
    """The list is cut at fifty, and says so."""
    owner = bot.visitor()
    await owner.enter("owner", "/questions")
    tried = (await owner.post("/questions/try", {"topic": "fee", "phrase": "拦截"})).text
    assert "只列出前 50 句" in tried


async def test_every_live_phrase_can_be_taken_back(bot: Demo) -> None:
    """However many were added since, and twice is once."""
    owner = bot.visitor()
    await owner.enter("owner", "/questions")

    def many(c: Any) -> None:
        for number in range(60):
            questions.add_phrase(c, "demo", "fee", f"说法第{number}种", "吴岚", now(c))

    await bot.database.write(many)
    page = (await owner.get("/questions")).text
    oldest = re.search(r'说法第0种.*?name="number" value="(\d+)"', page, re.DOTALL)
    assert oldest is not None
    for _ in range(2):
        answer = await owner.post("/questions", {"what": "withdraw", "number": oldest[1]})
        assert answer.status == 303
    assert "说法第0种" not in (await live(bot))["fee"]
    assert "吴岚 已撤回" in (await owner.get("/questions")).text


async def test_own_words_are_shown_before_they_go_live(bot: Demo) -> None:
    """What stands there now, what would, and which questions get it; then who and when, and a way back."""
    owner, agent = bot.visitor(), bot.visitor()
    await agent.enter("agent", "/")
    await owner.enter("owner", "/questions")
    fields = {"what": "own", "topic": "invoice", "zh": "找<b>陈默</b>开票", "en": ""}
    tried = await owner.post("/questions/try", fields)
    assert tried.status == 200
    assert "找&lt;b&gt;陈默&lt;/b&gt;开票" in tried.text
    assert await bot.database.read(lambda c: questions.own_answer(c, "demo", "invoice")) is None
    assert (await owner.post("/questions", fields)).status == 303
    page = (await owner.get("/questions")).text
    assert re.search(r"找&lt;b&gt;陈默&lt;/b&gt;开票.*?吴岚", page, re.DOTALL)
    await owner.post("/questions", {**fields, "zh": "另一句"})
    page = (await owner.get("/questions")).text
    assert "找&lt;b&gt;陈默&lt;/b&gt;开票" in page, "what was there before can be read and put back"
    assert (await owner.post("/questions", {"what": "own_off", "topic": "invoice"})).status == 303
    assert await bot.database.read(lambda c: questions.own_answer(c, "demo", "invoice")) is None


@pytest.mark.parametrize("zh, en, told", [("", "ask the team", "中文不能空"), ("长" * 301, "", "最多 300 个字")])
async def test_own_words_are_never_lost_or_cut_silently(bot: Demo, zh: str, en: str, told: str) -> None:
    """Nothing is changed, what was typed stays in the form, and the page says why."""
    owner = bot.visitor()
    await owner.enter("owner", "/questions")
    await owner.post("/questions", {"what": "own", "topic": "invoice", "zh": "原来的", "en": ""})
    for path in ("/questions", "/questions/try"):
        answer = await owner.post(path, {"what": "own", "topic": "invoice", "zh": zh, "en": en})
        assert answer.status == 400
        assert told in answer.text
        assert (zh or en) in answer.text
    own = await bot.database.read(lambda c: questions.own_answer(c, "demo", "invoice"))
    assert own == ("原来的", "原来的")


async def test_what_a_wording_answers_waits_no_longer(bot: Demo) -> None:
    """Added, it takes the questions that it answers off the list; the others stay."""
    owner = bot.visitor()

    def asked(c: Any) -> None:
        for text in ("那个掉头费咋整", "怎么取消拦截"):
            row = {"shop_id": "demo", "channel": "console", "chat": "c", "asked_by": "周琳", "at": now(c), "text": text}
            questions.keep(c, {**row, "lang": "zh", "topics": [], "guesses": [], "subject": None, "settled": False})

    await bot.database.write(asked)
    await owner.enter("owner", "/questions")
    await add(owner, "fee", "掉头费")
    waiting = await bot.database.read(lambda c: questions.to_review(c, "demo"))
    assert [one.text for one in waiting] == ["怎么取消拦截"]


async def test_one_chat_can_be_quiet(bot: Demo) -> None:
    """Each chat that has asked is listed; its own manner goes before that of its channel, and can be dropped."""
    owner = bot.visitor()

    def asked(c: Any) -> None:
        row = {
            "shop_id": "demo",
            "channel": "console",
            "chat": "C1",
            "asked_by": "周琳",
            "at": now(c),
            "text": "拦截费",
        }
        questions.keep(c, {**row, "lang": "zh", "topics": ["fee"], "guesses": [], "subject": None, "settled": False})

    await bot.database.write(asked)
    assert "C1" not in (await owner.enter("owner", "/questions")).text, "a talk without a manner of its own"
    await owner.post("/questions", {"what": "mode", "channel": "console", "chat": "C1", "mode": "off"})
    assert await bot.database.read(lambda c: questions.mode(c, "demo", "console", "C1")) == "off"
    assert await bot.database.read(lambda c: questions.mode(c, "demo", "console", "C2")) == "on"
    assert "C1" in (await owner.get("/questions")).text
    await owner.post("/questions", {"what": "mode", "channel": "console", "chat": "C1", "mode": "as_channel"})
    assert await bot.database.read(lambda c: questions.mode(c, "demo", "console", "C1")) == "on"
    strange = await owner.post("/questions", {"what": "mode", "channel": "console", "chat": "C9", "mode": "off"})
    assert strange.status == 404


async def test_nobody_but_the_owner(bot: Demo) -> None:
    """For others the page and its forms do not exist."""
    agent = bot.visitor()
    await agent.enter("agent", "/")
    assert (await agent.get("/questions")).status == 404
    for fields in ({"what": "add", "topic": "fee", "phrase": "回头费"}, {"what": "own_off", "topic": "fee"}):
        assert (await agent.post("/questions", fields)).status == 404
        assert (await agent.post("/questions/try", fields)).status == 404
    rows = await bot.database.read(lambda c: c.execute(select(questions.phrases)).all())
    assert rows == []
