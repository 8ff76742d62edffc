"""企业微信's own SDK as a process of its own, connected to what claims to be 企业微信's gateway.

Arguments: address, robot, secret. Standard output: what the SDK made of a text, which it answers with a card, and of
the press on that card, which it folds; and what receipts it got.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from aibot import WSClient, WSClientOptions, ws

CARD = {
    "card_type": "button_interaction",
    "main_title": {"title": "确认拦截"},
    "task_id": "task-1",
    "button_list": [{"text": "确认", "key": "confirm.1", "style": 1}],
}
FOLDED = {
    "card_type": "text_notice",
    "main_title": {"title": "拦截中"},
    "card_action": {"type": 1, "url": "https://work.weixin.qq.com/"},
    "task_id": "task-1",
}


async def main() -> None:
    """Connects, and stays until the card was pressed."""
    url, robot, secret = sys.argv[1:4]
    ws._SSL_CONTEXT = None  # it would have TLS on loopback as well
    client = WSClient(WSClientOptions(bot_id=robot, secret=secret, ws_url=url, heartbeat_interval=200))
    heard: list[Any] = []
    over = asyncio.Event()

    async def text(frame: dict[str, Any]) -> None:
        body = frame["body"]
        heard.append([body["msgid"], body["from"]["userid"], body["text"]["content"]])
        message = {"msgtype": "template_card", "template_card": CARD, "chat_type": 2}
        heard.append((await client.send_message(body["chatid"], message))["errcode"])

    async def press(frame: dict[str, Any]) -> None:
        heard.append(frame["body"]["event"]["template_card_event"])
        heard.append((await client.update_template_card(frame, FOLDED))["errcode"])
        over.set()

    client.on("message.text", text)
    client.on("event.template_card_event", press)
    await client.connect()
    await over.wait()
    sys.stdout.write("\n" + json.dumps(heard) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
