"""Questions in the browser: asked, followed to a success, rated, seen by the owner, mended without code."""

from __future__ import annotations

from tests.console.served import Demo
from tests.e2e.conftest import Enter

TALK = "textarea"


async def test_from_a_question_to_a_success_and_to_a_mended_answer(bot: Demo, enter: Enter) -> None:
    """Ask in the talk of an after-sale, press the answer's button, confirm; rate an answer, see it on the owner's page,
    add a wording, and the next such question is answered.
    """
    await bot.arm("YT7400000000123", "success", later_s=60)
    page = await enter("agent", "/?c=7312045566778899001")
    await page.fill(TALK, "这单还能拦吗，多少钱")
    await page.press(TALK, "Enter")
    answer = page.locator('.card[data-kind="answer"]').last
    await answer.wait_for()
    assert "4.00 元，成功才收；目前运输中，可以拦截" in await answer.inner_text()
    await answer.get_by_role("button", name="发起拦截").click()
    main = page.locator("dialog[open] [data-main]")
    await main.wait_for()
    await main.click()
    await page.wait_for_selector('.card[data-s="succeeded"] >> text=4.00 元')

    await page.fill(TALK, "没拦住收钱吗")
    await page.press(TALK, "Enter")
    free = page.locator('.card[data-kind="answer"]', has_text="不收，成功才扣")
    await free.get_by_role("button", name="没用").click()
    await page.wait_for_selector("text=已记下：没用")

    owner = await enter("owner", "/questions")
    assert "没拦住收钱吗" in await owner.inner_text("main")
    assert "说没用" in await owner.inner_text("main")
    await owner.fill("#new-phrase", "回头费")
    await owner.select_option("#new-topic", "fee")
    await owner.locator("form", has=owner.locator("#new-phrase")).get_by_role("button").click()
    await owner.get_by_role("button", name="上线").click()
    await owner.wait_for_selector("li >> text=回头费")

    await page.fill(TALK, "那个回头费咋整")
    await page.press(TALK, "Enter")
    await page.wait_for_selector('.card[data-kind="answer"] >> text=一个包裹，含退回运费')
