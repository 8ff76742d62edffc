"""The doctor tries each chat platform as it is set up, and tells no secret."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from bot.doctor import chats
from bot.settings import Settings
from tests.channels.peers import Peer
from tests.channels.platforms import DOORS
from tests.channels.wecom.gateway import WecomLinePeer
from tests.loopback import TestServer
from tests.twin import free_port

SECRETS = re.compile(r'^(?:\w*token|\w*secret|aes_key|encrypt_key) = "(.+)"$', re.MULTILINE)


async def _look(folder: Path, section: str, port: int = 0) -> list[str]:
    file = folder / "channels.toml"
    file.write_text(section, "utf-8")
    file.chmod(0o600)
    settings = Settings(data=folder, port=port or free_port())
    lines = [finding.line async for finding in chats.examine(settings)]
    assert [one for one in SECRETS.findall(section) if any(one in line for line in lines)] == []
    return lines


@pytest.mark.parametrize("make", DOORS.values(), ids=DOORS)
async def test_a_platform_is_tried(tmp_path: Path, make: Callable[[], Peer]) -> None:
    """Right credentials are well; every wrong one that can be tried beforehand fails by name, and one that cannot is
    said to be untried.
    """
    peer = make()
    await peer.start()
    try:
        lines = await _look(tmp_path, peer.section())
        assert [line for line in lines if not line.startswith("ok ")] == []
        assert any(f"[{peer.name}]" in line for line in lines)
        known = {name for line in lines for name in re.findall(r"\w+", line.partition("：")[0])}
        for secret in SECRETS.finditer(peer.section()):
            name = secret[0].partition(" ")[0]
            wrong = peer.section().replace(secret[0], f'{name} = "{"A" * 43}"')
            failing = [line for line in await _look(tmp_path, wrong) if line.startswith("fail")]
            untried = [line for line in lines if "没有办法先试" in line and name in line]
            assert (name in known, bool(failing)) == (name != "path_secret", not untried and name != "path_secret")
            assert all(name in line for line in failing)
    finally:
        await peer.close()


async def test_a_platform_that_does_not_answer(tmp_path: Path) -> None:
    """What could not be asked is said, with what to look at."""
    peer = WecomLinePeer()
    await peer.start()
    section = peer.section()
    await peer.close()
    lines = await _look(tmp_path, section)
    assert ["没有回答" in line for line in lines if line.startswith("fail")] == [True]


async def test_a_running_bot_keeps_its_connection(tmp_path: Path) -> None:
    """企业微信 puts out the older of two connections: while a bot runs it is not tried."""
    server = TestServer(web.Application(), host="127.0.0.1")
    await server.start_server()
    peer = WecomLinePeer()
    await peer.start()
    try:
        lines = await _look(tmp_path, peer.section(), server.port or 0)
        assert peer.opened == 0
        assert any("/readyz" in line for line in lines)
    finally:
        await peer.close()
        await server.close()
