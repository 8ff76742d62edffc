"""飞书's own SDK at the other end of our stand-in: what it sends is 飞书's, and so is what it takes."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from bot.channels.feishu.render import card_json
from bot.channels.feishu.verify import decrypt, is_genuine
from tests.cards.samples import ZH, everything
from tests.channels.feishu.gateway import FeishuLinePeer
from tests.channels.feishu.peer import APP, KEY, SECRET, TOKEN, FeishuPeer
from tests.channels.peers import Sent, until


async def test_the_sdk_and_the_stand_in_understand_each_other() -> None:
    """The SDK decrypts, verifies and routes what the stand-in sends; the stand-in takes what the SDK sends and changes.
    So whatever the channel is tried against is 飞书's own way.
    """
    peer = FeishuPeer()
    await peer.start()
    sent = [
        peer.message("/intercept 75400000004001", "ou_1", message_id="om_7"),
        peer.click("om_7", "confirm.1", "ou_1"),
    ]
    card = json.dumps(card_json(everything(ZH)["succeeded"], ""), ensure_ascii=False)
    asked = {
        "url": f"http://127.0.0.1:{peer._server.port}",
        "requests": [{"body": one.body.decode(), "headers": dict(one.headers)} for one in (*sent, _spoilt(sent[0]))],
        "card": card,
        "key": KEY,
        "token": TOKEN,
        "app": APP,
        "secret": SECRET,
    }
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "ignore", str(Path(__file__).with_name("sdk.py"))),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(90):
            out, _ = await process.communicate(json.dumps(asked).encode())
    finally:
        await peer.close()
    told = json.loads(out.splitlines()[-1])  # the SDK logs to the same place
    assert told["statuses"] == [200, 200, 500]
    assert told["heard"] == [
        ["om_7", "ou_1", json.dumps({"text": "@_user_1 /intercept 75400000004001"})],
        ["ou_1", {"a": "confirm.1"}, "om_7"],
    ]
    assert told["sent"] == peer.kept[0].message_id
    assert (told["changed"], peer.kept[0].edits) == (0, 1)
    for one in sent:
        headers = {name.lower(): value for name, value in one.headers.items()}
        assert is_genuine(KEY, headers, one.body, float(headers["x-lark-request-timestamp"]))
        assert decrypt(KEY, json.loads(one.body)["encrypt"]) is not None


async def test_the_sdk_and_the_gateway_understand_each_other() -> None:
    """The SDK connects to the stand-in's gateway, reads an event in three frames, a click and the menu from it, and
    acknowledges each as the gateway expects it of us.
    """
    peer = FeishuLinePeer()
    await peer.start()
    address = f"http://127.0.0.1:{peer._server.port}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", str(Path(__file__).with_name("sdk_line.py")), address, APP, SECRET, "3"),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        await until(lambda: peer.sockets, within_s=60)
        peer.split = 3
        assert (await peer.send(peer.message("/help", "ou_1", message_id="om_7"))).body == b""
        peer.split = 1
        click = await peer.send(peer.click("om_7", "confirm.1", "ou_1"))
        assert json.loads(click.body)["toast"] == {"type": "info", "content": "收到"}
        assert (await peer.send(peer.menu("help", "ou_1"))).status == 200
        async with asyncio.timeout(30):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await peer.close()
    assert [code for _, code, _ in peer.acks] == [200, 200, 200]
    assert peer.pings
    assert json.loads(out.splitlines()[-1]) == [
        ["om_7", "ou_1", json.dumps({"text": "@_user_1 /help"})],
        ["ou_1", {"a": "confirm.1"}, "om_7"],
        ["ou_1", "help"],
    ]


def _spoilt(sent: Sent) -> Sent:
    return Sent(sent.path, sent.body, {**sent.headers, "X-Lark-Signature": "0" * 64})
