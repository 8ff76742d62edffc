"""The ledger over the API."""

from datetime import timedelta

from bot.domain.case import SettledBy
from bot.ledger.fees import Charge, charge
from bot.store.cases import cases
from tests.api.conftest import AT, World


async def charged(world: World, n: int, shop: str = "demo", carrier: str = "zto") -> None:
    """A success of n hours later, with its fee."""
    at = AT + timedelta(hours=n)
    row = {
        "id": f"icpt-{shop}-{n}",
        "shop_id": shop,
        "after_sale_id": "7",
        "tracking_number": f"{shop}{n}",
        "carrier": carrier,
        "route": carrier,
        "state": "succeeded",
        "phase": "ended",
        "origin": "api",
        "asked_by": "ERP",
        "asker_id": "k",
        "quoted_fen": 300,
        "fee_fen": 300,
        "settled_by": "carrier",
        "reasons": [],
        "rules_version": "2025-01-01",
        "checks": [],
        "created_at": at,
        "settled_at": at,
    }
    due = Charge(shop, row["id"], row["tracking_number"], carrier, 300, SettledBy.CARRIER, at)  # type: ignore[arg-type]
    await world.database.write(lambda c: c.execute(cases.insert(), row).rowcount)
    await world.database.write(lambda c: charge(c, due))


async def test_the_ledger_is_listed(any_world: World) -> None:
    """Entries come oldest first, `from` inclusive and `to` exclusive, by carrier, page by page, of this shop alone."""
    for n in range(5):
        await charged(any_world, n, carrier="yto" if n == 3 else "zto")
    await charged(any_world, 9, shop="other")
    demo = any_world.demo
    everything = (await demo.get("/fees")).body
    assert [f["interception_id"] for f in everything["items"]] == [f"icpt-demo-{n}" for n in range(5)]
    assert everything["next"] is None
    assert everything["items"][0] == {
        "id": "fee-icpt-demo-0",
        "interception_id": "icpt-demo-0",
        "tracking_number": "demo0",
        "carrier": "zto",
        "kind": "charge",
        "amount_fen": 300,
        "settled_by": "carrier",
        "at": "2026-11-24T09:00:00+08:00",
    }
    for query, count in (
        ("from=2026-11-24T11:00:00+08:00", 3),
        ("from=2026-11-24T11:00:00&to=2026-11-24 13:00:00", 2),
        ("to=2026-11-24T01:00:00Z", 0),
        ("carrier=yto", 1),
        ("carrier=sf", 0),
        ("limit=200&from=2026-01-01T00:00:00Z&to=2030-01-01T00:00:00Z", 5),
    ):
        assert len((await demo.get(f"/fees?{query}")).body["items"]) == count, query
    seen, path = [], "/fees?limit=2"
    while path:
        page = (await demo.get(path)).body
        seen += page["items"]
        path = f"/fees?limit=2&cursor={page['next']}" if page["next"] else ""
    assert seen == everything["items"]


async def test_a_wrong_query_is_refused(world: World) -> None:
    """What is no time, no carrier or no cursor is 400 under the name that the caller used."""
    for query, field in (("from=x", "from"), ("to=", "to"), ("carrier=", "carrier"), ("cursor=1", "cursor")):
        answer = await world.demo.get(f"/fees?{query}")
        assert (answer.code, answer.body["errors"][0]["field"]) == ("BAD_REQUEST", field)
