"""飞书's own SDK at the other end of our stand-in: what it sends is 飞书's, and so is what it takes."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from bot.channels.feishu.render import card_json
from bot.channels.feishu.verify import decrypt, is_genuine
from tests.cards.samples import ZH, everything
from tests.channels.feishu.peer import APP, KEY, SECRET, TOKEN, FeishuPeer
from tests.channels.peers import Sent


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


def _spoilt(sent: Sent) -> Sent:
    return Sent(sent.path, sent.body, {**sent.headers, "X-Lark-Signature": "0" * 64})
