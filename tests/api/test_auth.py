"""Whose request it is, what its key may do, and how often."""

import pytest

from bot.api.limits import RateLimit
from bot.domain.people import Scope
from bot.merchants import keys
from bot.store.database import Database
from tests.api.conftest import AT, Client, World, open_world, sale
from tests.twin import Twin

ADDRESSES = {
    ("POST", "/interceptions"): Scope.INTERCEPTIONS_WRITE,
    ("POST", "/interceptions/icpt-1/cancel"): Scope.INTERCEPTIONS_WRITE,
    ("GET", "/interceptions"): Scope.INTERCEPTIONS_READ,
    ("GET", "/interceptions/icpt-1"): Scope.INTERCEPTIONS_READ,
    ("POST", "/after-sales"): Scope.DATA_WRITE,
    ("POST", "/traces"): Scope.DATA_WRITE,
    ("GET", "/fees"): Scope.LEDGER_READ,
}


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "ibk_abc", "Bearer ibk_abc", "Bearer \xff"])
async def test_without_a_key_nobody_asks(world: World, header: str) -> None:
    """A missing, malformed or unknown key is 401 at every address, and says how to ask."""
    for method, path in ADDRESSES:
        answer = await world.demo.call(method, path, headers={"Authorization": header})
        assert (answer.status, answer.code) == (401, "UNAUTHENTICATED"), (method, path)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_scope_is_needed(world: World) -> None:
    """Each address needs its own scope: with all others it is 403, which names the missing one."""
    for (method, path), needed in ADDRESSES.items():
        client = await world.client(*(scope for scope in Scope if scope is not needed))
        answer = await client.call(method, path)
        assert (answer.status, answer.code) == (403, "PERMISSION_DENIED"), (method, path)
        assert needed.value in answer.body["detail"]
        client = await world.client(needed)
        assert (await client.call(method, path)).status not in {401, 403}, (method, path)


async def test_a_key_counts_from_its_making_to_its_end(world: World) -> None:
    """A key made beside the running API opens at once, and shuts at once when it is revoked."""
    client = await world.client(Scope.LEDGER_READ)
    assert (await client.get("/fees")).status == 200
    made = {k.id: k for k in await world.database.read(keys.list_all)}
    key_id = next(i for i, k in made.items() if k.scopes == {Scope.LEDGER_READ})
    await world.database.write(lambda c: keys.revoke(c, key_id, AT))
    assert (await client.get("/fees")).code == "UNAUTHENTICATED"


async def test_the_scheme_is_written_as_one_likes(world: World) -> None:
    """`bearer` is a scheme in any case (RFC 9110)."""
    answer = await world.demo.get("/fees", headers={"Authorization": f"bEARER  {world.demo.key}"})
    assert answer.status == 200


async def test_a_key_asks_only_so_often(database: Database, carriers: Twin) -> None:
    """Beyond the burst it is 429 with the time to wait, for this key alone; what was refused was not done."""
    async with open_world(database, carriers, RateLimit(rate=0.01, burst=3)) as world:
        said = [(await world.demo.get("/fees")).status for _ in range(4)]
        assert said == [200, 200, 200, 429]
        answer = await world.demo.post("/after-sales", sale(1))
        assert answer.code == "RATE_LIMITED"
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.headers["Retry-After"] in answer.body["detail"]
        assert (await world.other.get("/fees")).status == 200
        assert await world.parts.interceptions.find("demo", [sale(1)["after_sale_id"]]) == {
            sale(1)["after_sale_id"]: []
        }


def test_a_bucket_fills_again() -> None:
    """A burst is there at the start, then as many a second as the rate; a long pause saves up no more than a burst."""
    now = [0.0]
    limit = RateLimit(rate=200, burst=500, clock=lambda: now[0])
    assert [limit.wait_s("a") for _ in range(500)] == [0.0] * 500
    assert limit.wait_s("a") == pytest.approx(0.005)
    assert limit.wait_s("b") == 0
    now[0] = 1.0
    assert sum(limit.wait_s("a") == 0 for _ in range(300)) == 200
    now[0] = 3600.0
    assert sum(limit.wait_s("a") == 0 for _ in range(600)) == 500


def test_old_buckets_are_forgotten() -> None:
    """Keys that have not asked for a while cost no memory."""
    now = [0.0]
    limit = RateLimit(rate=200, burst=500, clock=lambda: now[0])
    for n in range(10_000):
        limit.wait_s(f"old {n}")
    now[0] = 60.0
    limit.wait_s("new")
    assert len(limit._buckets) == 1


async def test_a_client_is_told_where_it_went_wrong(demo: Client) -> None:
    """An address or a method that is not there is a problem document as well."""
    unknown = await demo.get("/parcels")
    assert (unknown.status, unknown.code) == (404, "NOT_FOUND")
    assert (await demo.get("")).code == "NOT_FOUND"
    wrong = await demo.call("DELETE", "/interceptions")
    assert (wrong.status, wrong.code) == (405, "METHOD_NOT_ALLOWED")
    assert wrong.headers["Allow"] == "GET, POST"
