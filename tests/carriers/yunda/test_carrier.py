"""韵达's private interface: nothing without a path, and a lost answer left alone."""

from typing import Any

import pytest
from pydantic import ValidationError

from bot.carriers.contract import Doubt, SuccessOn
from bot.carriers.yunda.carrier import YundaSettings
from bot.domain.answer import Said
from bot.outbound import Outbound
from tests.carriers.peers import Canned, ask, yunda

ACCOUNT = {"app_key": "k", "app_secret": "s"}


def test_without_a_path_there_is_no_route() -> None:
    """Nothing of this interface is public, so nothing of it is guessed; the words say what to use instead."""
    with pytest.raises(ValidationError, match=r"create\.path 为空") as caught:
        YundaSettings.model_validate(ACCOUNT)
    assert 'route = "doudian"' in str(caught.value)


@pytest.mark.parametrize("wish", [{"doubt": "read"}, {"success_on": "caught"}])
def test_what_needs_a_status_query_wants_its_path(wish: dict[str, str]) -> None:
    """Neither reading nor catching works without one."""
    with pytest.raises(ValidationError, match=r"status\.path"):
        YundaSettings.model_validate({**ACCOUNT, "create": {"path": "/x"}, **wish})


async def test_by_default_a_lost_answer_is_a_persons_business(outbound: Outbound) -> None:
    """Neither key nor query is known, so it is never repeated, and without a path there is nobody to ask."""
    route = yunda("http://127.0.0.1:9", outbound, status={"path": ""})
    assert route.facts.doubt is Doubt.PERSON
    assert not route.facts.has_status
    assert (await route.query(ask(carrier="yunda"))).said is Said.NO_ANSWER
    assert (await route.cancel(ask(carrier="yunda"))).said is Said.REFUSED


@pytest.mark.parametrize(
    "body, said", [(b'{"code":"0000","result":true}', Said.CANCELLED), (b'{"code":"1","result":false}', Said.REFUSED)]
)
async def test_what_is_only_caught_later_can_be_taken_back(outbound: Outbound, body: bytes, said: Said) -> None:
    """Where the configuration has a status and a cancel, a pending order is cancelled by the configured call."""
    more: dict[str, Any] = {"success_on": SuccessOn.CAUGHT, "cancel": {"path": "/private/cancel"}}
    async with Canned(body=body) as other:
        route = yunda(other.url, outbound, **more)
        assert route.facts.can_cancel
        assert (await route.cancel(ask(carrier="yunda"))).said is said
        assert [path for path, _, _ in other.asked] == ["/private/cancel"]


async def test_the_account_goes_into_the_headers(outbound: Outbound) -> None:
    """Key, time and signature, the latter over the very bytes of the body."""
    async with Canned(body=b'{"code":"0000","result":true}') as other:
        await yunda(other.url, outbound).intercept(ask("3120052228790", carrier="yunda"))
    _, headers, _ = other.asked[0]
    assert headers["app-key"] == "demo-yunda-key"
    assert headers["req-time"].isdigit()
    assert len(headers["sign"]) == 32
