"""钉钉's own SDK, connected to the gateway that the bot connects to in the tests: both are told the same."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from tests.channels.conftest import Open
from tests.channels.dingtalk.cards import NAMES, TEMPLATE
from tests.channels.dingtalk.gateway import BOT, CARD, DingtalkStreamPeer
from tests.channels.dingtalk.peer import CORP, KEY, SECRET
from tests.channels.peers import until

OWN = Path(__file__).with_name("sdk_stream.py")


async def test_the_sdk_meets_the_same_gateway() -> None:
    """It connects with the same request, reads the same frames, acknowledges in the same form, shows and changes a card
    by the same calls.
    """
    peer = DingtalkStreamPeer()
    await peer.start()
    environment = {
        **os.environ,
        "DINGTALK_OPENAPI_ENDPOINT": f"{peer.url}/api",
        "VARIABLES": json.dumps(dict.fromkeys(NAMES, "x")),
        "NO_PROXY": "127.0.0.1",
    }
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, str(OWN), KEY, SECRET, TEMPLATE, "2"),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until(lambda: peer.sockets, 30)
        assert peer.subscribed == {BOT, CARD}
        assert json.loads((await peer.frame("SYSTEM", "ping", '{"opaque":"1"}')).body) == {"opaque": "1"}
        message = peer.message(" /intercept 1", peer.person)
        heard = await peer.send(message)
        assert (heard.status, json.loads(heard.body)) == (200, {})
        [card] = peer.cards
        assert (card.variables["title"], card.variables["head"], card.edits) == ("changed", "x", 1)
        heard = await peer.send(peer.click(card.ref, "confirm.1", peer.person))
        assert json.loads(heard.body)["cardData"] == {"cardParamMap": {"note": "10:42"}}
        async with asyncio.timeout(20):
            said, _ = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
        await peer.close()
    content = {"cardPrivateData": {"actionIds": ["1"], "params": {"press": "confirm.1"}}}
    assert json.loads(said.decode().splitlines()[-1]) == [
        [json.loads(message.body)["msgId"], peer.person, [" /intercept 1"], card.ref],
        [card.ref, peer.person, CORP, content],
    ]


async def test_the_sdk_and_the_bot_acknowledge_alike(meeting: Open) -> None:
    """The bot's acknowledgements have what the SDK's have; the gateway takes no others."""
    peer = DingtalkStreamPeer()
    team = await meeting(peer)
    await team.bind()
    await peer.say("/help")
    await peer.frame("SYSTEM", "ping", "{}")
    system = next(ack for ack in peer.acks if ack["data"] == "{}")
    message = next(ack for ack in peer.acks if ack is not system)
    assert (system["code"], system["message"]) == (200, "OK")
    assert json.loads(message["data"]) == {"response": {}}
