"""The whole sandbox: as a process, and against whatever comes in."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.sandbox import world
from bot.sandbox.app import build
from tests.sandbox.wire import DoudianWay, LostError, Way, Wire, YtoWay, ZtoWay, until


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
async def process(tmp_path: Path, port: int, root: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """The sandbox as its own process, up and answering."""
    args = ["-m", "bot.sandbox", "--port", str(port), "--log", str(tmp_path / "calls.jsonl"), "--seed", "7"]
    process = await asyncio.create_subprocess_exec(sys.executable, *args, cwd=root, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 20)
    assert f"http://127.0.0.1:{port}" in line.decode()
    yield process
    if process.returncode is None:
        process.kill()
    await process.communicate()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
async def test_process_ends_when_asked(
    process: asyncio.subprocess.Process, port: int, tmp_path: Path, sign: signal.Signals
) -> None:
    """SIGTERM and SIGINT end it within a moment with exit code 0, in the middle of a slow answer too."""
    async with aiohttp.ClientSession() as session:
        wire = Wire(f"http://127.0.0.1:{port}", tmp_path / "calls.jsonl", session)
        zto = ZtoWay(wire)
        await wire.arm(zto.number, outcome="slow", later_s=60)
        waiting = asyncio.create_task(zto.create())
        await until(lambda: _made(zto), bool)
        process.send_signal(sign)
        assert await asyncio.wait_for(process.wait(), 5) == 0
        with pytest.raises(LostError):
            await waiting


async def test_killed_sandbox_has_logged_what_it_answered(
    process: asyncio.subprocess.Process, port: int, tmp_path: Path
) -> None:
    """SIGKILL loses no line: each was in the file before its answer left."""
    async with aiohttp.ClientSession() as session:
        wire = Wire(f"http://127.0.0.1:{port}", tmp_path / "calls.jsonl", session)
        await wire.control("PUT", "/defaults", {"delay_s": 0})
        for n in range(20):
            way = YtoWay(wire)
            way.number = f"YT{n:013d}"
            assert way.accepted(await way.create())
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
        assert sum(line["new_order"] for line in wire.lines()) == 20


async def test_taken_port_is_said_in_words(
    process: asyncio.subprocess.Process, port: int, tmp_path: Path, root: Path
) -> None:
    """A second sandbox on the same port exits with 1 and says why."""
    args = ["-m", "bot.sandbox", "--port", str(port), "--log", str(tmp_path / "other.jsonl")]
    second = await asyncio.create_subprocess_exec(
        sys.executable, *args, cwd=root, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    _, words = await asyncio.wait_for(second.communicate(), 20)
    assert second.returncode == 1
    assert words.decode().startswith("sandbox: ")
    assert str(port) in words.decode()


async def test_one_parcel_two_ways(zto: ZtoWay, doudian: DoudianWay) -> None:
    """A parcel is one thing: what 中通 turned round comes back in the platform's trace too."""
    doudian.number = zto.number
    await zto.create()
    assert await until(doudian.scenes, lambda seen: len(seen) == 2) == ["退回", "退回签收"]


async def test_line_for_every_call(wire: Wire, zto: ZtoWay, yto: YtoWay, doudian: DoudianWay) -> None:
    """Each call leaves one line with its system and operation."""
    for way in (zto, yto, doudian):
        await way.create()
        await way.scenes()
    seen = [(line["system"], line["operation"]) for line in wire.lines()]
    assert seen == [(s, o) for s in ("zto", "yto", "doudian") for o in ("intercept.create", "trace.query")]


async def test_full_world_is_an_error_and_no_order(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where memory would end, a create gets HTTP 503 and a line `error`, and arming says so in words."""
    monkeypatch.setattr(world, "MAX_PARCELS", 0)
    with pytest.raises(LostError):
        await way.create()
    assert [(x["result"], x["code"], x["new_order"]) for x in way.wire.lines()] == [("error", "503", False)]
    status, answer = await way.wire.control("PUT", "/parcels/1", {"outcome": "success"})
    assert (status, answer["code"]) == (503, "FULL")


async def test_many_at_once(wire: Wire) -> None:
    """300 parcels asked for together get one order each, and one line each."""
    ways = [ZtoWay(wire) for _ in range(300)]
    for n, way in enumerate(ways):
        way.number = f"754{n:011d}"
    began = time.monotonic()
    answers = await asyncio.gather(*(way.create() for way in ways))
    assert all(answer["status"] for answer in answers)
    assert len({answer["data"]["centerBizNo"] for answer in answers}) == len(wire.lines()) == 300
    assert time.monotonic() - began < 10


names = st.sampled_from(
    [
        "billCode",
        "requestId",
        "destinationType",
        "thirdBizNo",
        "waybillNo",
        "wantedDesc",
        "NUMBER",
        "logistics_interface",
        "mailno",
        "request_id",
        "after_sale_id",
        "op_from",
        "intercept_targets",
        "track_no",
        "logistics_code",
        "order_logistics_tracking_no",
        "page",
        "size",
        "type",
        "items",
        "aftersale_id",
        "update_time",
        "update_start_time",
        "grant_type",
        "refresh_token",
        "company_code",
        "tracking_no",
    ]
)
leaf = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.sampled_from(["1", "201", 1, 2, 3, 201])
value = st.recursive(leaf, lambda v: st.lists(v, max_size=3) | st.dictionaries(names, v, max_size=4), max_leaves=12)
calls = st.sampled_from(
    [
        ("zto", "thirdcenter.createIntercept"),
        ("zto", "thirdcenter.cancelIntercept"),
        ("zto", "thirdcenter.queryInterceptAndReturnStatus"),
        ("zto", "zto.merchant.waybill.track.query"),
        ("yto", "wanted_report_adapter"),
        ("yto", "wanted_cancel_adapter"),
        ("yto", "track_query_adapter"),
        ("yto", "subscribe_adapter"),
        ("doudian", "afterSale.applyLogisticsIntercept"),
        ("doudian", "afterSale.List"),
        ("doudian", "afterSale.Detail"),
        ("doudian", "afterSale.operate"),
        ("doudian", "logistics.trackNoRouteDetail"),
        ("doudian", "token.create"),
        ("doudian", "token.refresh"),
        ("yunda", "direct/create"),
        ("yunda", "direct/cancel"),
        ("yunda", "direct/status"),
        ("yunda", "openapi/outer/logictis/query"),
    ]
)


@given(st.lists(st.tuples(calls, st.dictionaries(names, value, max_size=6)), min_size=1, max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_is_signed_is_answered(wire: Wire, sent: list[tuple[tuple[str, str], dict[str, Any]]]) -> None:
    """Well signed parameters of any shape get a readable answer and at least one line, never an error of ours."""
    for (system, method), data in sent:
        before = len(wire.lines())
        answer = await getattr(wire, system)(method, data)
        assert isinstance(answer, dict | list)
        assert len(wire.lines()) > before


def test_build_makes_the_folder_of_the_log(tmp_path: Path) -> None:
    """The log may lie in a folder that is not there yet."""
    build(tmp_path / "a" / "b" / "calls.jsonl", 0)
    assert (tmp_path / "a" / "b" / "calls.jsonl").read_text() == ""


async def _made(way: ZtoWay) -> int:
    return way.wire.made(way.number)
