"""Every pair of request and answer in the tenants' folders: what is asked, and what is read of the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.outbound import Outbound
from tests.carriers.peers import FOLDERS, ROUTES, Canned, ask, fixtures

FIXTURES = fixtures()
CARRIERS = {"zto": "zto", "yto": "yto", "yunda": "yunda", "doudian": "zto"}


@pytest.mark.parametrize(
    "tenant, fixture", [pytest.param(t, f, id=f"{t}-{name}") for t, name, f in FIXTURES if f["verb"] != "trace"]
)
async def test_an_answer_means_what_its_fixture_says(tenant: str, fixture: dict[str, Any]) -> None:
    """The request has the fixture's path and body, and the answer is read as expected."""
    async with Canned(fixture["answer"]["status"], wire(fixture["answer"]["body"])) as other, Outbound() as out:
        route = ROUTES[tenant](other.url, out, **settings_of(tenant))
        answer = await getattr(route, fixture["verb"])(ask(**{"carrier": CARRIERS[tenant], **fixture["ask"]}))
    assert_asked(tenant, fixture, other)
    expected = dict(fixture["expected"])
    assert answer.said == expected.pop("said"), answer
    assert (answer.alarm is not None) == expected.pop("alarm", False), answer
    assert (answer.reason.code if answer.reason else None) == expected.pop("reason", None)
    for name in ("carrier_code", "carrier_text"):
        if name in expected:
            assert getattr(answer.reason, name) == expected.pop(name)
    for name, value in expected.items():
        assert getattr(answer, name) == value, name


@pytest.mark.parametrize(
    "tenant, fixture", [pytest.param(t, f, id=f"{t}-{name}") for t, name, f in FIXTURES if f["verb"] == "trace"]
)
async def test_a_trace_is_read_as_its_fixture_says(tenant: str, fixture: dict[str, Any]) -> None:
    """Events come in order of their own time with the stage that their code means; a failed reading is no trace."""
    async with Canned(fixture["answer"]["status"], wire(fixture["answer"]["body"])) as other, Outbound() as out:
        route = ROUTES[tenant](other.url, out, **settings_of(tenant))
        events = await route.trace(ask(**{"carrier": CARRIERS[tenant], **fixture["ask"]}))
    assert_asked(tenant, fixture, other)
    found = None if events is None else [[e.stage, e.code, e.at.isoformat()] for e in events]
    assert found == fixture["expected"]["trace"]
    assert all(event.text for event in events or ())


@pytest.mark.parametrize("tenant", FOLDERS)
def test_every_tenant_has_fixtures_of_each_verb_that_it_can(tenant: str) -> None:
    """A carrier without captured answers of create and trace is not finished."""
    verbs = {f["verb"] for t, _, f in FIXTURES if t == tenant}
    assert {"intercept", "trace"} <= verbs
    assert all(f["about"].endswith(".") for t, _, f in FIXTURES if t == tenant)


def settings_of(tenant: str) -> dict[str, Any]:
    """What a fixture's account has beside the vectors' credentials."""
    return {"customer_name": "示例店铺"} if tenant == "zto" else {}


def wire(body: Any) -> bytes:
    """A body as it stands on the wire: JSON, or text where the fixture has text."""
    return body.encode() if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode()


def assert_asked(tenant: str, fixture: dict[str, Any], other: Canned) -> None:
    """One request went out: that one."""
    assert len(other.asked) == 1
    path, _, body = other.asked[0]
    assert path.split("?")[0] == fixture["request"]["path"]
    sent = json.loads(body)
    assert (json.loads(sent["param"]) if tenant == "yto" else sent) == fixture["request"]["body"]
