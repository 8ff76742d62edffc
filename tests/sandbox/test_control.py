"""The control routes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.control import WrongSettingsError, read_settings
from bot.sandbox.orders import OUTCOMES
from tests.sandbox.wire import LostError, Way, Wire, ZtoWay


async def test_parcel_that_nobody_named(wire: Wire, zto: ZtoWay) -> None:
    """404, also after its trace or status was asked for: asking names nothing."""
    await zto.scenes()
    await zto.status()
    assert (await wire.control("GET", f"/parcels/{zto.number}"))[0] == 404


async def test_armed_parcel(wire: Wire) -> None:
    """What was set is told back; what was left out comes from the defaults."""
    await wire.arm("1", outcome="refuse", code="E23101", later_s=7)
    status, shown = await wire.control("GET", "/parcels/1")
    assert status == 200
    assert shown == {
        "tracking_number": "1",
        "outcome": "refuse",
        "code": "E23101",
        "delay_s": 0,
        "later_s": 7,
        "used_up": False,
        "orders": [],
    }


async def test_only_what_nobody_has_named(wire: Wire) -> None:
    """With `If-None-Match: *` a parcel is armed once: what somebody has set meanwhile stays."""
    first = {"If-None-Match": "*"}
    assert (await wire.control("PUT", "/parcels/1", {"outcome": "slow"}, first))[0] == 200
    status, answer = await wire.control("PUT", "/parcels/1", {"outcome": "refuse"}, first)
    assert (status, answer["code"]) == (412, "KNOWN")
    assert (await wire.control("GET", "/parcels/1"))[1]["outcome"] == "slow"


async def test_orders_of_a_parcel(way: Way) -> None:
    """A create names the parcel, and its order is shown as the contract says."""
    await way.create()
    system = way.wire.lines()[0]["system"]
    status, shown = await way.wire.control("GET", f"/parcels/{way.number}")
    (order,) = shown["orders"]
    assert (status, shown["used_up"]) == (200, True)
    assert list(order) == ["id", "system", "request_id", "state"]
    assert (order["system"], order["state"]) == (system, "succeeded")


@pytest.mark.parametrize("outcome", sorted(OUTCOMES))
async def test_each_outcome_can_be_set(wire: Wire, outcome: str) -> None:
    """For one parcel and for all."""
    assert (await wire.control("PUT", "/parcels/1", {"outcome": outcome}))[0] == 200
    assert (await wire.control("PUT", "/defaults", {"outcome": outcome}))[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        b"",
        b"{",
        b"[1",
        [],
        {"outcome": "sucess"},
        {"outcome": None},
        {"outcome": ["success"]},
        {"outcome": "down"},
        {"outcome": "success", "latter_s": 1},
        {"outcome": "success", "weights": {"success": 1}},
        {"outcome": "success", "later_s": "1"},
        {"outcome": "success", "later_s": -1},
        {"outcome": "success", "later_s": 1e9},
        {"outcome": "success", "delay_s": True},
        b'{"outcome": "success", "delay_s": NaN}',
        {"outcome": "refuse", "code": 23120},
        {"outcome": "refuse", "code": ""},
    ],
)
async def test_wrong_settings_of_a_parcel(wire: Wire, body: object) -> None:
    """Unknown fields and outcomes, and values that cannot be: 400 in words, and nothing is set."""
    status, answer = await wire.control("PUT", "/parcels/1", body)
    assert status == 400
    assert answer["detail"]
    assert (await wire.control("GET", "/parcels/1"))[0] == 404


@pytest.mark.parametrize(
    "body",
    [
        {"outcome": "sucess"},
        {"weight": {}},
        {"weights": {}},
        {"weights": []},
        {"weights": {"down": 1}},
        {"weights": {"success": -1}},
        {"weights": {"success": "1"}},
        {"weights": {"success": True}},
        {"weights": {"success": 0}},
        {"outcome": "down", "weights": {"success": 1}},
    ],
)
async def test_wrong_defaults(wire: Wire, body: object) -> None:
    """The same for the defaults, and shares that are none."""
    before = await wire.control("GET", "/defaults")
    assert (await wire.control("PUT", "/defaults", body))[0] == 400
    assert await wire.control("GET", "/defaults") == before


async def test_number_that_is_too_long(wire: Wire) -> None:
    """No carrier has numbers of 65 characters."""
    assert (await wire.control("PUT", f"/parcels/{'1' * 65}", {"outcome": "success"}))[0] == 400


async def test_defaults_reach_every_parcel_that_is_not_armed(way: Way) -> None:
    """The whole sandbox refuses, but for the parcel that was set otherwise."""
    await way.wire.control("PUT", "/defaults", {"outcome": "refuse"})
    assert not way.accepted(await way.create())
    await way.wire.arm(way.number, outcome="success")
    assert way.accepted(await way.create())


async def test_times_alone_leave_the_outcome(wire: Wire) -> None:
    """Defaults with nothing but times change nothing but times; an outcome alone keeps the times and ends weights."""
    weights = {"success": 1.0, "refuse": 1.0}
    await wire.control("PUT", "/defaults", {"weights": weights, "delay_s": 0.5})
    _, shown = await wire.control("PUT", "/defaults", {"later_s": 4})
    assert (shown["weights"], shown["delay_s"], shown["later_s"]) == (weights, 0.5, 4)
    _, shown = await wire.control("PUT", "/defaults", {"outcome": "refuse"})
    assert (shown["outcome"], shown["weights"], shown["delay_s"], shown["later_s"]) == ("refuse", None, 0.5, 4)


async def test_weights_fall_on_parcels(wire: Wire, zto: ZtoWay) -> None:
    """About the shares that were set, over the wire."""
    await wire.control("PUT", "/defaults", {"weights": {"success": 0.5, "refuse": 0.3, "malformed": 0.2}})
    ends = {"taken": 0, "refused": 0, "lost": 0}
    for n in range(100):
        zto.number = f"754{n:011d}"
        try:
            ends["taken" if (await zto.create())["status"] else "refused"] += 1
        except LostError:
            ends["lost"] += 1
    assert 35 < ends["taken"] < 65
    assert 15 < ends["refused"] < 45
    assert 8 < ends["lost"] < 35


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
fields = st.sampled_from(["outcome", "code", "delay_s", "later_s", "weights", "x"])


@given(st.dictionaries(fields, anything | st.sampled_from(sorted(OUTCOMES | {"down"})), max_size=5), st.booleans())
def test_any_object_is_taken_or_refused_in_words(data: dict[str, object], defaults: bool) -> None:  # noqa: FBT001 - drawn
    """Whatever is sent, the settings are ones that the world can live with, or a refusal says why."""
    try:
        settings = read_settings(data, defaults=defaults)
    except WrongSettingsError as wrong:
        words = str(wrong)
    else:
        words = settings.outcome if settings.outcome in OUTCOMES | {"down"} else ""
        assert all(t is None or t >= 0 for t in (settings.delay_s, settings.later_s))
    assert words
