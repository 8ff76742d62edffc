"""`shops.toml`: what is right becomes routes, what is wrong is named with its field and its line."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.carriers import routing
from bot.carriers.contract import ConfigurationError, Doubt, SuccessOn
from bot.carriers.registry import KINDS
from bot.carriers.routing import RouteTable, ShopsConfig
from bot.domain.parcel import Stage
from bot.outbound import Outbound
from bot.shops import registry as shops

ZTO = '[shops.a.routes.zto]\napp_key = "demo-zto-key"\napp_secret = "demo-zto-secret"\n'


def built(text: str, outbound: Outbound) -> RouteTable:
    """The routes of a `shops.toml`, as the roof makes them."""
    config = routing.parse(text)
    try:
        accounts = shops.build(config.platforms, outbound)
        return routing.build(config, outbound, accounts.route)
    except ConfigurationError as error:
        raise routing.with_lines(error, text) from error


def examples(root: Path) -> str:
    """Everything that `docs/routes.md` shows, as one file."""
    text = (root / "docs" / "routes.md").read_text(encoding="utf-8")
    return "\n".join(re.findall(r"```toml\n(.*?)```", text, re.DOTALL))


def test_the_examples_of_the_page_work(root: Path, outbound: Outbound) -> None:
    """`docs/routes.md` is read, and every route that it shows is made."""
    table = built(examples(root), outbound)
    ways = {(shop, route.facts.carrier): route.facts.name for shop, route in table.all()}
    assert ways == {
        ("demo", "zto"): "zto",
        ("demo", "yto"): "yto",
        ("demo", "yunda"): "doudian",
        ("own", "yunda"): "yunda",
    }


def test_every_setting_says_where_it_is_found() -> None:
    """Each field of an account stands with words of its own: where in the platform's console its value is."""
    kinds: list[Any] = [*KINDS, *shops.KINDS]
    for kind in kinds:
        source = inspect.getsource(kind.settings)
        for name in kind.settings.model_fields:
            assert re.search(rf'^    {name}: .*\n(?:    [ )].*\n)*    """', source, re.MULTILINE), name


def test_every_carriers_page_has_a_checklist(root: Path) -> None:
    """Sources, credentials, codes, limits and what is done, for each tenant."""
    for folder in ("carriers/zto", "carriers/yto", "carriers/yunda", "shops/doudian"):
        page = (root / "bot" / folder / "README.md").read_text(encoding="utf-8")
        for heading in ("## Sources", "## Credentials", "## Codes", "## Known limits", "## Checklist"):
            assert heading in page, folder
        rows = re.findall(r"^\| .+ \| (done|todo|exempt)\b.* \|$", page, re.MULTILINE)
        assert len(rows) >= 5, folder


def test_a_shop_has_its_own_routes_only(outbound: Outbound) -> None:
    """Another shop, and a carrier without a section, have none: R8 refuses."""
    table = built(ZTO, outbound)
    assert table.find("a", "zto") is not None
    assert table.find("a", "yto") is None
    assert table.find("b", "zto") is None


def test_every_shop_of_the_demo_has_the_demos_routes(table: RouteTable) -> None:
    """中通 and 圆通 by their own interface, 韵达 through the platform; the platform may also be 中通's way."""
    for shop in ("demo", "fresh", "another"):
        names = [
            (route.facts.name, route.facts.doubt) for c in ("zto", "yto", "yunda") if (route := table.find(shop, c))
        ]
        assert names == [("zto", Doubt.REPEAT), ("yto", Doubt.REPEAT), ("doudian", Doubt.READ)]
    assert table.find("demo", "sf") is None


def test_a_setting_decides_what_counts_as_success(outbound: Outbound) -> None:
    """`success_on` of a route shows in its facts."""
    route = built(ZTO + 'success_on = "accepted"\n', outbound).find("a", "zto")
    assert route is not None
    assert route.facts.success_on is SuccessOn.ACCEPTED


@pytest.mark.parametrize(
    "text, told",
    [
        ("[shops.a\n", ["不是合法的 TOML", "line 1"]),
        ("[shop.a]\n", ["shop", "第 1 行"]),
        ("[shops.a]\nname = 1\n", ["shops.a.name", "第 2 行"]),
        ('[shops.a.routes.zto]\napp_key = "k"\n', ["shops.a.routes.zto.app_secret", "缺这一项", "第 1 行"]),
        (ZTO + "\nsecrets = 1\n", ["shops.a.routes.zto.secrets", "第 5 行"]),
        (ZTO + 'base_url = "nowhere"\n', ["shops.a.routes.zto.base_url", "第 4 行"]),
        (ZTO + 'digest = "hmac_sha256_base64"\n', ["hmac_key is needed"]),
        (ZTO.replace(".zto]", ".sf]") + 'route = "zto"\n', ["shops.a.routes.sf.route", "到不了 sf", "第 4 行"]),
        ('[shops.a.routes.sf]\nroute = "sf"\n', ["shops.a.routes.sf.route", "没有 sf 这条到 sf 的通道", "第 2 行"]),
        ('[shops.a.routes.yunda]\nroute = "doudian"\n', ["shops.a.routes.yunda.route", "platform", "第 2 行"]),
        ('[shops.a.routes.yunda]\nroute = "yunda"\napp_key = "k"\napp_secret = "s"\n', ["create.path 为空"]),
        ('[shops.a.platform]\nname = "taobao"\n', ["shops.a.platform.name", "doudian", "第 2 行"]),
        ('[shops.a.platform]\nname = "doudian"\napp_key = "1"\n', ["shops.a.platform.app_secret", "第 1 行"]),
        (
            '[shops.a.platform]\nname = "doudian"\napp_key = "1"\napp_secret = "s"\n',
            ["shops.a.platform", "shop_id", "access_token"],
        ),
    ],
)
def test_a_mistake_is_named_with_its_field_and_line(text: str, told: list[str], outbound: Outbound) -> None:
    """Nothing is half built, and the operator reads where to look."""
    with pytest.raises(ConfigurationError) as caught:
        built(text, outbound)
    for words in told:
        assert words in str(caught.value)


def test_every_mistake_is_told_at_once(outbound: Outbound) -> None:
    """The first does not hide the others."""
    text = "[shops.a.routes.zto]\n[shops.a.routes.yto]\n[shops.b.routes.zto]\n"
    with pytest.raises(ConfigurationError) as caught:
        built(text, outbound)
    assert len(caught.value.problems) >= 5
    assert {problem.path[:4] for problem in caught.value.problems} == {
        ("shops", "a", "routes", "zto"),
        ("shops", "a", "routes", "yto"),
        ("shops", "b", "routes", "zto"),
    }


def test_a_mistake_never_shows_a_secret(outbound: Outbound) -> None:
    """What was typed as a secret stays out of the message, and out of what a settings object shows of itself."""
    with pytest.raises(ConfigurationError) as caught:
        built(ZTO.replace('"demo-zto-secret"', '["geheim"]'), outbound)
    assert "geheim" not in str(caught.value)
    table = built(ZTO, outbound)
    assert "demo-zto-secret" not in repr(vars(table))


def test_no_file_is_no_shop(tmp_path: Path) -> None:
    """A bot without `shops.toml` starts, and refuses by R8."""
    assert routing.load(tmp_path / "shops.toml") == ShopsConfig()


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """It holds secrets; the words say what to do."""
    path = tmp_path / "shops.toml"
    path.write_text(ZTO, encoding="utf-8")
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        routing.load(path)
    path.chmod(0o600)
    assert set(routing.load(path).shops) == {"a"}


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Neither a folder nor bytes of another kind raise anything else."""
    path = tmp_path / "shops.toml"
    path.write_bytes(b"\xff\xfe\x00")
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="读不出来"):
        routing.load(path)
    with pytest.raises(ConfigurationError, match="读不出来"):
        routing.load(tmp_path)


def test_a_reload_is_seen_by_whoever_holds_the_table(outbound: Outbound) -> None:
    """SIGHUP: the same object answers with the new routes; a mistake leaves it as it was."""
    table = built(ZTO, outbound)
    table.adopt(built(ZTO.replace("shops.a", "shops.b"), outbound))
    assert table.find("a", "zto") is None
    assert table.find("b", "zto") is not None


async def test_a_push_goes_to_the_shops_whose_account_signed_it(outbound: Outbound, vectors: dict[str, Any]) -> None:
    """Of three shops with 中通 two share the account of the example; nobody else believes it."""
    table = built(
        ZTO + ZTO.replace("shops.a", "shops.b") + ZTO.replace("shops.a", "shops.c").replace("demo-zto-key", "other"),
        outbound,
    )
    v = vectors["zto_push"]
    fields = {"data": v["data"], "data_digest": v["data_digest"], "company_id": v["app_key"], "msg_type": "Traces"}
    taken = table.push("zto", "application/x-www-form-urlencoded", urlencode(fields).encode())
    assert taken is not None
    assert taken.shops == ("a", "b")
    ((number, event),) = taken.events
    assert (number, event.stage) == ("75400000000001", Stage.RETURNING)
    assert b'"status":true' in taken.reply.body
    forged = table.push(
        "zto", "application/x-www-form-urlencoded", urlencode({**fields, "data_digest": "AAAA"}).encode()
    )
    assert forged is not None
    assert (forged.shops, forged.events) == ((), ())
    assert b'"status":false' in forged.reply.body
    assert table.push("yto", "application/x-www-form-urlencoded", b"") is None
