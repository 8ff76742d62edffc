"""Every outcome on every system, over loopback: what is ordered, what is logged, what comes back."""

import asyncio
import hashlib
import time

import pytest

from tests.sandbox.wire import LostError, Way, Wire, YtoWay, YundaWay, ZtoWay, until

BROKEN = ["lost_answer", "http_500_after", "malformed"]


async def test_success(way: Way) -> None:
    """A parcel that nobody armed is taken, with one further order in the log."""
    assert way.accepted(await way.create())
    (line,) = way.wire.lines(way.number)
    assert (line["operation"], line["result"], line["new_order"]) == ("intercept.create", "accepted", True)
    assert await way.wire.state(way.number) == ["succeeded"]


@pytest.mark.parametrize("outcome", BROKEN)
async def test_order_without_a_readable_answer(way: Way, outcome: str) -> None:
    """The order is made and logged although no readable answer comes."""
    await way.wire.arm(way.number, outcome=outcome)
    with pytest.raises(LostError):
        await way.create()
    (line,) = way.wire.lines(way.number)
    assert (line["result"], line["code"], line["new_order"]) == ("accepted", outcome, True)
    assert await way.wire.state(way.number) == ["succeeded"]


@pytest.mark.parametrize("outcome", BROKEN)
async def test_fault_ends_with_its_order(way: Way, outcome: str) -> None:
    """Whoever asks again after a lost answer gets one, by the system's own rule, and the fault is over."""
    await way.wire.arm(way.number, outcome=outcome)
    with pytest.raises(LostError):
        await way.create()
    again = await way.create()
    assert way.accepted(again) is (not isinstance(way, YtoWay))
    first, second = way.wire.lines(way.number)
    words = {"zto": "repeat", "yunda": "repeat", "yto": "refused", "doudian": "accepted"}
    assert second["result"] == words[second["system"]]
    assert second["new_order"] is (second["system"] == "doudian")
    assert first["new_order"] is True


async def test_lost_answer_is_not_a_byte(wire: Wire, yunda: YundaWay) -> None:
    """The connection closes without a byte of an answer."""
    await wire.arm(yunda.number, outcome="lost_answer")
    body = f'{{"mailno":"{yunda.number}","request_id":"A"}}'.encode()
    sign = hashlib.md5(body + b"_demo-yunda-secret").hexdigest()
    head = f"POST /yunda/direct/create HTTP/1.1\r\nHost: x\r\napp-key: demo-yunda-key\r\nsign: {sign}\r\n"
    host, port = wire.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    await writer.wait_closed()
    assert wire.made(yunda.number) == 1


async def test_http_500_is_used_up_by_one_create(way: Way) -> None:
    """Nothing is ordered, the log calls it an error, and the next create meets success."""
    await way.wire.arm(way.number, outcome="http_500")
    with pytest.raises(LostError):
        await way.create()
    assert await way.wire.state(way.number) == []
    assert way.accepted(await way.create())
    assert [(x["result"], x["new_order"]) for x in way.wire.lines(way.number)] == [("error", False), ("accepted", True)]


async def test_slow_is_answered_after_later_s(way: Way) -> None:
    """The order stands in the log long before its answer comes."""
    await way.wire.arm(way.number, outcome="slow", later_s=0.4)
    began = time.monotonic()
    asked = asyncio.create_task(way.create())
    assert await until(lambda: _made(way), lambda n: n == 1) == 1
    assert not asked.done()
    assert way.accepted(await asked)
    assert time.monotonic() - began >= 0.4


async def test_delay_comes_between_log_and_answer(way: Way) -> None:
    """The order is made and logged when the call arrives; then the delay; then the answer."""
    await way.wire.arm(way.number, outcome="success", delay_s=0.3)
    began = time.monotonic()
    asked = asyncio.create_task(way.create())
    assert await until(lambda: _made(way), lambda n: n == 1) == 1
    assert not asked.done()
    assert way.accepted(await asked)
    assert time.monotonic() - began >= 0.3


async def test_repeat_is_answered_while_the_first_is_slow(wire: Wire, zto: ZtoWay) -> None:
    """A repeat of a slow call is told the first answer at once: the slowness was that call's own."""
    await wire.arm(zto.number, outcome="slow", later_s=0.5)
    first = asyncio.create_task(zto.create())
    await until(lambda: _made(zto), lambda n: n == 1)
    repeat = await zto.create()
    assert not first.done()
    assert (await first)["data"] == repeat["data"]
    assert wire.made(zto.number) == 1


async def test_refuse_holds_for_every_create(way: Way) -> None:
    """Each create is refused, nothing is ordered, whatever is asked with."""
    await way.wire.arm(way.number, outcome="refuse")
    for request_id in ("A", "A", "B"):
        assert not way.accepted(await way.create(request_id))
    assert [(x["result"], x["new_order"]) for x in way.wire.lines(way.number)] == [("refused", False)] * 3
    assert await way.wire.state(way.number) == []


async def test_already_holds_for_every_create(way: Way) -> None:
    """Somebody else's order refuses each create, and is none of ours."""
    await way.wire.arm(way.number, outcome="already")
    for _ in range(2):
        assert not way.accepted(await way.create())
    assert [(x["result"], x["new_order"]) for x in way.wire.lines(way.number)] == [("refused", False)] * 2


async def test_new_put_starts_afresh(way: Way) -> None:
    """An outcome that was used up counts again after another PUT; orders that were made stay made."""
    for _ in range(2):
        await way.wire.arm(way.number, outcome="http_500")
        with pytest.raises(LostError):
            await way.create()
    assert way.accepted(await way.create())
    await way.wire.arm(way.number, outcome="refuse")
    assert not way.accepted(await way.create("B"))
    assert await way.wire.state(way.number) == ["succeeded"]


@pytest.mark.parametrize("outcome", ["success", "late_success", "slow", "lost_answer"])
async def test_trace_turns_back(way: Way, outcome: str) -> None:
    """Empty until an order; then on its way back, and back at the sender after twice that time."""
    assert await way.scenes() == []
    await way.wire.arm(way.number, outcome=outcome, later_s=0.15)
    try:
        await way.create()
    except LostError:
        assert outcome in BROKEN
    else:
        assert outcome not in BROKEN
    if outcome != "slow":
        assert await way.scenes() == []
    assert (await until(way.scenes, bool))[0] == way.words[0]
    assert await until(way.scenes, lambda seen: len(seen) == 2) == [*way.words[:2]]


async def test_contradict_goes_on_to_the_buyer(way: Way) -> None:
    """A success whose trace goes out for delivery and is delivered; the order stays a success."""
    await way.wire.arm(way.number, outcome="contradict")
    assert way.accepted(await way.create())
    assert await until(way.scenes, lambda seen: len(seen) == 2) == [*way.words[2:]]
    assert await way.wire.state(way.number) == ["succeeded"]


@pytest.mark.parametrize("outcome", ["success", "refuse", "already", "http_500"])
async def test_nothing_happens_to_a_parcel_without_an_order(way: Way, outcome: str) -> None:
    """A parcel that is only armed has an empty trace, however long one waits."""
    await way.wire.arm(way.number, outcome=outcome, later_s=0)
    assert await way.scenes() == []


async def _made(way: Way) -> int:
    return way.wire.made(way.number)
