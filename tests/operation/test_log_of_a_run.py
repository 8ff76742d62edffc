"""The log of a whole run: readable by machines, one id per request, and nothing in it that belongs to somebody."""

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests import started, twin
from tests.started import Answer, Served, Visitor, ask, serving, well
from tests.twin import Twin

PASSWORD = "correct horse battery"
ZTO_SECRET, YTO_SECRET = "demo-zto-secret", "demo-yto-secret"
APP_KEY, APP_SECRET, ACCESS_TOKEN = "7000000000000000000", "00000000-0000-4000-8000-000000000000", "demo-token"
BUYER, GOODS, SPEC, WHY = "买家王小明", "羊绒围巾", "驼色两米", "孩子不喜欢"
TYPED = "帮我看看这位住在梧桐路的客人"
PLACE = "梧桐路营业部"
THEIRS = (PASSWORD, ZTO_SECRET, YTO_SECRET, APP_SECRET, ACCESS_TOKEN, BUYER, GOODS, SPEC, WHY, "梧桐路", "Bearer")

SHOPS = """
[shops.own.platform]
name = "doudian"
base_url = "{platform}"
app_key = "{key}"
app_secret = "{secret}"
access_token = "{token}"

[shops.own.routes.zto]
base_url = "{url}/zto"
app_key = "demo-zto-key"
app_secret = "demo-zto-secret"

[shops.own.routes.yunda]
route = "doudian"
"""


class _Platform(BaseHTTPRequestHandler):
    """A shop platform that knows one after-sale, which the sandbox's does not tell in full."""

    def do_POST(self) -> None:
        """The detail of the after-sale; of everything else, nothing."""
        self.rfile.read(int(self.headers["Content-Length"]))
        detail = self.path.partition("?")[0] == "/afterSale/Detail"
        body = json.dumps({"code": 10000, "data": DETAIL} if detail else {"code": 50002, "data": None}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def _platform() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Platform)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


PUSHED = "7300000000000009999"
DETAIL = {
    "process_info": {
        "after_sale_info": {
            "after_sale_id": int(PUSHED),
            "after_sale_type": 1,
            "after_sale_status": 6,
            "refund_total_amount": 12900,
            "apply_time": 1795480000,
            "reason": WHY,
            "aftersale_status_to_final_time": 0,
        },
        "logistics_info": {"order": [{"tracking_no": "75400000099999", "company_code": "zhongtong"}]},
    },
    "order_info": {
        "shop_order_id": 6900000000000009999,
        "sku_order_infos": [{"sku_order_id": 1, "product_name": GOODS, "item_quantity": 1, "pay_amount": 12900}],
    },
}


def _sale(n: int, *, carrier: str = "zto", stage: str = "快件已揽收") -> dict[str, Any]:
    return {
        "after_sale_id": f"73000000000000010{n:02}",
        "order_id": f"69000000000000010{n:02}",
        "type": "refund_only",
        "status": "open",
        "in_arbitration": False,
        "applied_at": "2026-11-24T09:00:00+08:00",
        "refund_fen": 12900,
        "reason": WHY,
        "buyer": BUYER,
        "parcels": [
            {
                "tracking_number": f"754000000900{n:02}",
                "carrier": carrier,
                "shipped_at": "2026-11-23T18:00:00+08:00",
                "items": [{"name": GOODS, "spec": SPEC, "category": "apparel", "quantity": 1, "price_fen": 12900}],
                "trace": [{"at": "2026-11-23T20:10:00+08:00", "text": f"【{PLACE}】{stage}", "place": PLACE}],
            }
        ],
    }


@dataclass
class Story:
    """A bot that runs for real, its shop's carriers in the sandbox, and what was told to it in secret."""

    bot: Served
    carriers: Twin
    key: str
    told: list[str] = field(default_factory=list)

    def api(self, path: str, document: Any = None, **headers: str) -> Answer:
        """A request of the merchant's own system."""
        body = None if document is None else json.dumps(document).encode()
        method = "GET" if document is None else "POST"
        named = {"Authorization": f"Bearer {self.key}", "Content_Type": "application/json", **headers}
        return ask(f"{self.bot.url}/api/v1{path}", method, body, **named)

    def intercept(self, n: int) -> Answer:
        """Asks for the only parcel of an after-sale, and waits for its end."""
        return self.api("/interceptions?wait=5", {"after_sale_id": _sale(n)["after_sale_id"]}, Idempotency_Key=f"k{n}")

    def eventually(self, found: Callable[[], bool]) -> None:
        """Waits until something has happened by itself."""
        end = time.monotonic() + 20
        while not found():
            assert time.monotonic() < end, self.bot.logged()[-3000:]
            time.sleep(0.05)


SIGN = """
import asyncio, sys
from datetime import UTC, datetime
from bot.merchants import agreements, people, permissions
from bot.rules.rulebook import RuleBook
from bot.settings import load
from bot.store.database import open_database, now

async def sign():
    database, rules = open_database(load().database), RuleBook.load().at(datetime.now(UTC))
    def work(c):
        owner = permissions.asker(c, people.by_login(c, "boss"))
        agreements.sign(c, owner, {a.kind: a.version for a in rules.agreements}, now(c))
    await database.write(work)
    await database.close()

asyncio.run(sign())
"""


@contextmanager
def _live(folder: Path, carriers: Twin, platform: str) -> Iterator[Story]:
    """A shop as an operator sets it up, routes and all, with the bot running."""
    data = folder / "data"
    data.mkdir()
    routes = SHOPS.format(url=carriers.url, platform=platform, key=APP_KEY, secret=APP_SECRET, token=ACCESS_TOKEN)
    (data / "shops.toml").write_text(routes, "utf-8")
    (data / "shops.toml").chmod(0o600)
    well(data, "shop", "create", "own", "--name", "自营店")
    well(data, "person", "add", "--shop", "own", "--login", "boss", "--role", "owner", stdin=f"{PASSWORD}\n")
    env = started.environment(data)
    subprocess.run([sys.executable, "-c", SIGN], check=True, env=env, cwd=data, timeout=started.LIMIT_S)
    scopes = ("interceptions:write", "interceptions:read", "data:write", "ledger:read")
    given = [part for scope in scopes for part in ("--scope", scope)]
    key = well(data, "apikey", "create", "--shop", "own", *given).splitlines()[-1]
    with serving(folder, "serve", BOT_CALL_TIMEOUT_S="2", BOT_LOG_LEVEL="debug") as bot:
        yield Story(bot, carriers, key, [key])


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Everything that can happen in a shop's day has happened to this bot, and it still runs."""
    twins, folder = tmp_path_factory.mktemp("twin"), tmp_path_factory.mktemp("live")
    with twin.running(twins) as carriers, _platform() as platform, _live(folder, carriers, platform) as living:
        for chapter in (_import, _ask, _talk, _push, _trip):
            chapter(living)
        yield living


def _import(story: Story) -> None:
    sales = [_sale(1), _sale(2, stage="快件已由快递员派送中"), _sale(3), {**_sale(4), "type": BUYER}]
    lines = "\n".join(json.dumps(sale, ensure_ascii=False) for sale in sales)
    (story.bot.data / "sales.jsonl").write_text(lines, "utf-8")
    well(story.bot.data, "import", "sales.jsonl")
    assert story.api("/after-sales", [_sale(5), {"buyer": BUYER}]).json["accepted"] == 1


def _ask(story: Story) -> None:
    story.carriers.arm("75400000090001", "success", later_s=60)
    story.carriers.arm("75400000090003", "refuse", code="E23144")
    assert [item["state"] for item in story.intercept(1).json["items"]] == ["succeeded"]
    assert [item["state"] for item in story.intercept(2).json["items"]] == ["refused"]
    assert [item["state"] for item in story.intercept(3).json["items"]] == ["failed"]


def _talk(story: Story) -> None:
    boss = Visitor(story.bot.url)
    assert "密码" in boss.sign_in("boss", f"not {PASSWORD}").body
    conversation = _sale(1)["after_sale_id"]
    assert boss.sign_in("boss", PASSWORD).status == 200
    assert boss.get(f"/?c={conversation}&say={TYPED.encode().hex()}").status == 200
    for text in (f"/intercept {_sale(5)['parcels'][0]['tracking_number']}", TYPED, "拦截怎么收费"):
        assert boss.post(f"/conversations/{conversation}/messages", text=text, id=str(len(text))).status == 200
    assert boss.get("/records?tail=0001").status == 200
    assert boss.get(f"/{APP_SECRET}/records").status == 404
    story.told += [*boss.tokens, *(cookie.value or "" for cookie in boss.cookies)]


def _zto(story: Story, *, secret: str = ZTO_SECRET) -> Answer:
    scan = {"billCode": "75400000090001", "action": "RETURN_SCAN", "actionTime": "2026-11-24 12:00:00", "desc": PLACE}
    data = json.dumps({**scan, "courierPhone": "13800138000"}, ensure_ascii=False)
    digest = base64.b64encode(hashlib.md5((data + secret).encode()).digest()).decode()
    form = {"data": data, "data_digest": digest, "company_id": "demo-zto-key", "msg_type": "Traces"}
    return ask(f"{story.bot.url}/push/zto", "POST", json.dumps(form).encode(), Content_Type="application/json")


def _doudian(story: Story, message: str, after_sale_id: str, *, secret: str = APP_SECRET) -> Answer:
    data = json.dumps({"aftersale_id": after_sale_id, "buyer": BUYER})
    raw = json.dumps([{"tag": "200", "msg_id": message, "data": data}]).encode()
    signed = hmac.new(secret.encode(), APP_KEY.encode() + raw + secret.encode(), hashlib.sha256).hexdigest()
    headers = {"app_id": APP_KEY, "event_sign": signed, "sign_method": "hmac-sha256"}
    return ask(f"{story.bot.url}/push/doudian", "POST", raw, **headers)


def _push(story: Story) -> None:
    assert _zto(story).json["status"] is True
    assert _zto(story, secret="forged").status == 401
    assert _doudian(story, "m1", PUSHED).json["code"] == 0
    assert _doudian(story, "m1", PUSHED).json["code"] == 0
    assert _doudian(story, "m2", "7300000000000009998", secret="forged").status == 401
    assert ask(f"{story.bot.url}/push/nobody", "POST", b"x").status == 404
    story.eventually(lambda: bool(story.bot.events("push.read")))


def _trip(story: Story) -> None:
    """What is no good request, and a carrier that has gone."""
    assert story.api("/interceptions", {"after_sale_id": BUYER}, Idempotency_Key="x").status == 400
    assert ask(f"{story.bot.url}/api/v1/fees", Authorization="Bearer wrong-key").status == 401


# --- what came of it -------------------------------------------------------------------------------------------------


def test_nothing_in_the_log_belongs_to_somebody(story: Story) -> None:
    """No key, token, password or secret; no buyer, goods, reason, place or typed word; no body and no query string."""
    log = story.bot.logged() + story.bot.printed()
    assert len(story.told) >= 4
    assert [secret for secret in (*story.told, *THEIRS, "13800138000", TYPED.encode().hex()) if secret in log] == []


def test_every_line_is_an_event(story: Story) -> None:
    """JSON with a constant name, a level and a time in UTC."""
    for text in story.bot.logged().splitlines():
        line = json.loads(text)
        assert line["level"] in {"debug", "info", "warning", "error"}
        assert line["timestamp"].endswith("Z")
        assert " " not in line["event"]


def test_a_request_is_found_again_by_its_id(story: Story) -> None:
    """The answer names it, each line that the request caused has it, and no two requests share one."""
    story.carriers.arm("75400000090006", "success")
    entered = story.api("/after-sales", [_sale(6)])
    asked = story.intercept(6)
    ids = [answer.headers["X-Request-Id"] for answer in (entered, asked)]
    assert ids[0] != ids[1]
    caused = [line for line in map(json.loads, story.bot.logged().splitlines()) if line.get("request_id") == ids[1]]
    assert {"outbound_call", "api.answered"} <= {line["event"] for line in caused}
    (item,) = asked.json["items"]
    assert {line["case"] for line in caused if line["event"] == "outbound_call"} == {item["id"]}


def test_pages_are_told_by_their_pattern(story: Story) -> None:
    """Method, pattern, status and time of each page; what was typed into an address is nowhere."""
    lines = story.bot.events("web.answered")
    assert {"/sign-in", "/records", "/conversations/{id}/messages", "/push/{name}", "(no such path)"} <= {
        line["path"] for line in lines
    }
    assert all({"method", "path", "status", "ms", "request_id"} <= line.keys() for line in lines)


def test_an_operator_hears_of_an_alarm(story: Story) -> None:
    """A refusal that only an operator can mend is an error of its own, with case and code and nothing else of it."""
    (alarm,) = story.bot.events("carrier.alarm")
    (item,) = story.intercept(3).json["items"]
    assert (alarm["level"], alarm["case"], alarm["code"]) == ("error", item["id"], "zto: E23144")
    assert alarm.keys() == {
        *("event", "level", "timestamp", "request_id"),
        *("case", "shop", "carrier", "route", "code"),
    }


def test_the_figures_tell_the_same_story(story: Story) -> None:
    """Interceptions by state and carrier, calls by outcome, alarms and pushes, and what hangs."""
    lines = ask(f"{story.bot.url}/metrics").body.splitlines()
    figures = dict(line.rsplit(" ", 1) for line in lines if line.startswith("intercept_"))
    assert float(figures['intercept_cases{carrier="zto",state="refused"}']) == 1
    assert float(figures['intercept_cases{carrier="zto",state="failed"}']) == 1
    assert float(figures['intercept_cases_with_alarm{carrier="zto"}']) == 1
    assert float(figures['intercept_alarms_total{carrier="zto",code="zto: E23144"}']) == 1
    assert float(figures['intercept_pushes_total{outcome="taken",system="zto"}']) == 1
    assert float(figures['intercept_pushes_total{outcome="refused",system="doudian"}']) == 1
    call = 'intercept_carrier_call_seconds_count{operation="intercept.create",outcome="answered",system="zto"}'
    assert float(figures[call]) >= 2
    assert float(figures["intercept_inbox_open"]) == 0
    assert "intercept_writer_waiting" in figures


def test_a_push_moved_its_interception(story: Story) -> None:
    """The carrier's signed trace turned the parcel round; the same push again, or a forged one, changed nothing."""
    found = story.api("/interceptions?tracking_number=75400000090001").json["items"]
    assert [(item["state"], item["way_home"]) for item in found] == [("succeeded", "returning")]
    assert _zto(story).json["status"] is True


def test_news_of_the_platform_became_an_after_sale(story: Story) -> None:
    """What was pushed was read from the platform and kept; a forged push was not read at all."""
    boss = Visitor(story.bot.url)
    boss.sign_in("boss", PASSWORD)
    assert "9999" in boss.get(f"/?c={PUSHED}").body
    assert [line["why"] for line in story.bot.events("push.read")] == ["read"]
    assert story.bot.events("push.given_up") == []


def test_the_demo_keeps_its_secrets_too(tmp_path: Path) -> None:
    """`serve --demo`: sample people sign in, a shop's system asks; nothing of the sample shop is in the log."""
    (tmp_path / "twin").mkdir()
    with (
        twin.running(tmp_path / "twin") as carriers,
        serving(tmp_path, "serve", "--demo", SANDBOX_URL=carriers.url) as bot,
    ):
        key = well(bot.data, "apikey", "create", "--shop", "demo", "--scope", "interceptions:read").splitlines()[-1]
        assert ask(f"{bot.url}/api/v1/interceptions", Authorization=f"Bearer {key}").status == 200
        agent = Visitor(bot.url)
        assert "周琳" in agent.sign_in("agent", "demo").body
        log = bot.logged()
        told = (key, *agent.tokens, *(cookie.value or "" for cookie in agent.cookies))
        assert [word for word in (*told, "周琳", "栗木", "买", "demo-zto-secret", "demo-token") if word in log] == []
        assert bot.stop()[0] == 0
