"""Who gets in, and what keeps others out."""

import re

import pytest

from bot.console.session import POLICY, inside
from tests.console.served import HEADERS, HU, LIN, Demo

PAGES = (
    "/",
    f"/?c={HU}",
    "/records",
    "/batch",
    "/permissions",
    "/me",
    "/rules",
    "/sign-up",
    "/agreements/debit",
    "/nix",
)
INLINE = re.compile(r"""\sstyle=|<style|\son[a-z]+=["']|<script(?![^>]*\ssrc=)|javascript:""")


async def test_a_stranger_signs_in_first_and_then_sees_what_was_asked_for(bot: Demo) -> None:
    """A page for people leads to the sign-in, and from there back to the page with its query."""
    visitor = bot.visitor()
    first = await visitor.get("/records?carrier=zto")
    assert (first.status, first.place) == (303, "/sign-in?next=%2Frecords%3Fcarrier%3Dzto")
    await visitor.get(first.place)
    entered = await visitor.post("/sign-in", {"as": "agent", "next": "/records?carrier=zto"})
    assert entered.place == "/records?carrier=zto"
    assert "拦截记录" in (await visitor.get(entered.place)).text


async def test_the_cookie_of_a_session_is_for_us_alone(bot: Demo) -> None:
    """No script reads the cookie, no other site sends it, and behind https it never travels without."""
    visitor = bot.visitor()
    await visitor.get("/sign-in")
    plain = await visitor.post("/sign-in", {"as": "agent"})
    assert "HttpOnly" in plain.headers["Set-Cookie"]
    assert "SameSite=Lax" in plain.headers["Set-Cookie"]
    assert "Secure" not in plain.headers["Set-Cookie"]
    other = bot.visitor()
    await other.get("/sign-in")
    secure = await other.post("/sign-in", {"as": "agent"}, **{"X-Forwarded-Proto": "https"})
    assert "Secure" in secure.headers["Set-Cookie"]


async def test_every_page_is_drawn_in_both_languages_under_the_policy(bot: Demo) -> None:
    """Each page carries the policy and its neighbours, and nothing in it would need an exception from them."""
    visitor = bot.visitor()
    await visitor.enter("owner")
    for lang in ("zh", "en"):
        await visitor.get(f"/lang/{lang}?next=/")
        for path in PAGES:
            page = await visitor.get(path)
            assert page.status == (404 if path == "/nix" else 200), (path, page.text)
            assert page.headers["Content-Security-Policy"] == POLICY
            assert page.headers["X-Content-Type-Options"] == "nosniff"
            assert page.headers["Referrer-Policy"] == "same-origin"
            assert page.headers["Cache-Control"] == "no-store"
            assert INLINE.findall(page.text) == [], path
            assert page.text.count("<h1") == 1, path
            assert f'<html lang="{"en" if lang == "en" else "zh-CN"}"' in page.text
    assert "frame-ancestors 'none'" in POLICY


async def test_a_form_of_another_page_changes_nothing(bot: Demo) -> None:
    """Without the session's own token a post is refused in words that say that nothing happened."""
    owner = bot.visitor()
    await owner.enter("owner", "/permissions")
    for csrf in ("", "made-up", "号"):
        fields = {"csrf": csrf, "person": "x", "permission": "logistics_tools", "to": "on"}
        refused = await owner.post("/permissions", fields)
        assert refused.status == 403
        assert "没有发出，也没有收费" in refused.text
    stranger = await bot.visitor().post("/sign-in", {"csrf": "guess", "as": "owner"})
    assert stranger.status == 403


async def test_wrong_passwords_are_counted_and_locked_in_words(bot: Demo) -> None:
    """The page says how many tries are left, keeps the login, and then until when it is locked."""
    visitor = bot.visitor()
    await visitor.get("/sign-in")
    texts = []
    for _ in range(5):
        answer = await visitor.post("/sign-in", {"login": "agent", "password": "nein"})
        assert answer.status == 422
        assert 'value="agent"' in answer.text
        texts.append(answer.text)
    assert "还可以试 4 次" in texts[0]
    assert "还可以试 1 次" in texts[3]
    assert "锁到" in texts[4]
    right = await visitor.post("/sign-in", {"login": "agent", "password": "demo"})
    assert "锁到" in right.text


async def test_the_sample_people_are_there_in_demo_mode_with_what_to_try(bot: Demo) -> None:
    """The amber bar says that carriers are simulated; four people enter with one press; five tries are named."""
    page = (await bot.visitor().get("/sign-in")).text
    assert "承运商是本机模拟的，不会真的拦包裹，也不会扣钱" in page
    assert re.findall(r'name="as" value="(\w+)"', page) == ["agent", "newcomer", "owner", "platform"]
    assert page.count("<li><b>") == 5


async def test_too_many_posts_wait(bot: Demo) -> None:
    """Whoever posts without end is told how long to wait, and that nothing was sent."""
    visitor = bot.visitor()
    await visitor.enter("agent")
    for _ in range(400):
        late = await visitor.post("/press", {"action": "help."})
        if late.status == 429:
            break
    assert late.status == 429
    assert int(late.headers["Retry-After"]) >= 1
    assert "没有发出，也没有收费" in late.text


async def test_what_was_typed_survives_the_end_of_a_session(bot: Demo) -> None:
    """Signed out meanwhile, a message is not lost: after the sign-in it stands in the field again."""
    visitor = bot.visitor()
    await visitor.enter("agent", f"/?c={LIN}")
    await visitor.post("/sign-out")
    lost = await visitor.post(f"/conversations/{LIN}/messages", {"text": "/intercept YT7400000000123", "id": "1"})
    assert lost.status == 303
    await visitor.get(lost.place)
    there = re.search(r'name="next" value="([^"]+)"', visitor.seen)
    assert there is not None
    entered = await visitor.post("/sign-in", {"as": "agent", "next": there[1].replace("&amp;", "&")})
    assert ">/intercept YT7400000000123</textarea>" in (await visitor.get(entered.place)).text


async def test_the_script_of_a_signed_out_page_is_told_so(bot: Demo) -> None:
    """Our script gets a status that it can tell, and a form token to sign in where somebody was."""
    visitor = bot.visitor()
    asked = await visitor.get(f"/after-sales/{LIN}/confirm", **HEADERS)
    assert asked.status == 401
    token = await visitor.get("/sign-in", **HEADERS)
    csrf = re.search(r'"csrf": "([^"]+)"', token.text)
    assert csrf is not None
    entered = await visitor.post("/sign-in", {"csrf": csrf[1], "login": "agent", "password": "demo"}, **HEADERS)
    assert '"who"' in entered.text
    assert (await visitor.get(f"/after-sales/{LIN}/confirm", **HEADERS)).status == 200


async def test_whoever_signs_out_is_out(bot: Demo) -> None:
    """The old cookie opens nothing after signing out."""
    visitor = bot.visitor()
    await visitor.enter("agent")
    cookies = {c.key: c.value for c in visitor.session.cookie_jar}
    await visitor.post("/sign-out")
    thief = bot.visitor()
    thief.session.cookie_jar.update_cookies(cookies)
    assert (await thief.get("/")).status == 303


@pytest.mark.parametrize(
    "path", ["//evil.example/", "/\\evil.example", "https://evil.example/", "", "x", "/a\nb", None]
)
def test_nothing_leads_elsewhere(path: str | None) -> None:
    """After a sign-in one goes on to a path of ours, whatever the address said."""
    assert inside(path) == "/"


async def test_a_permission_counts_from_the_next_press_on(bot: Demo) -> None:
    """What the owner takes back is gone for pages that are open already."""
    agent, owner = bot.visitor(), bot.visitor()
    await agent.enter("agent", f"/?c={LIN}")
    assert "/confirm" in (await agent.get(f"/?c={LIN}")).text
    page = await owner.enter("owner", "/permissions")
    switch = re.search(
        r'name="person" value="([^"]+)"><input type="hidden" name="permission" value="logistics_tools"'
        r'><input type="hidden" name="to" value="off"><input class="sw"[^>]*aria-label="周琳',
        page.text,
    )
    assert switch is not None
    await owner.post("/permissions", {"person": switch[1], "permission": "logistics_tools", "to": "off"})
    page = await agent.get(f"/?c={LIN}")
    assert "/confirm" not in page.text
    assert "你还不能拦截" in page.text
