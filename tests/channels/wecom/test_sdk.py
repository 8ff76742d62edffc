"""企业微信's own SDK, connected to the gateway that the bot connects to in the tests: it reads the same frames, and is
read in the same way.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from tests.channels.peers import until
from tests.channels.wecom.gateway import SECRET, WecomLinePeer
from tests.channels.wecom.peer import ROBOT

OWN = Path(__file__).with_name("sdk_line.py")


async def test_the_sdk_meets_the_same_gateway() -> None:
    """It subscribes and pings as the bot does, gets its messages and receipts, speaks in the chat and folds a pressed
    card by the same commands.
    """
    peer = WecomLinePeer()
    await peer.start()
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, str(OWN), f"{peer.url}/line".replace("http", "ws"), ROBOT, SECRET),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until(lambda: peer.sockets, 30)
        await until(lambda: peer.pings, 30)
        message = peer.typed("@拦截 助手 /help", peer.person)
        await peer.hand(message)
        [card] = await until(peer.seen)
        await peer.press(card, "确认")
        async with asyncio.timeout(20):
            said, _ = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
        await peer.close()
    assert json.loads(said.decode().splitlines()[-1]) == [
        [message["msgid"], peer.person, "@拦截 助手 /help"],
        0,
        {"card_type": "button_interaction", "event_key": "confirm.1", "task_id": "task-1"},
        0,
    ]
    assert (peer.kept[0].edits, "拦截中" in peer.seen()[0].text) == (1, True)
