"""钉钉's own SDK as a process of its own, connected to what claims to be 钉钉's gateway.

`DINGTALK_OPENAPI_ENDPOINT` is read when it is imported. Arguments: app key, secret, template, and how many callbacks to
wait for. Standard output: what the SDK made of each. The first message is answered with a card, which is then changed.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import dingtalk_stream as sdk

heard: list[Any] = []


def told(what: list[Any]) -> None:
    """Notes it; a moment after the last one, when that is acknowledged, everything is over."""
    heard.append(what)
    if len(heard) == int(sys.argv[4]):
        asyncio.get_running_loop().call_later(0.5, over)


def over() -> None:
    """Says what was heard."""
    sys.stdout.write("\n" + json.dumps(heard) + "\n")
    sys.stdout.flush()
    os._exit(0)  # the SDK has no way to stop it


class Messages(sdk.ChatbotHandler):
    """What is said to the robot."""

    async def process(self, message: sdk.CallbackMessage) -> tuple[int, Any]:
        """Shows a card with every variable, and sets one of them."""
        incoming = sdk.ChatbotMessage.from_dict(message.data)
        variables = json.loads(os.environ["VARIABLES"])
        replier = sdk.CardReplier(self.dingtalk_client, incoming)
        card = await asyncio.to_thread(replier.create_and_deliver_card, sys.argv[3], variables)
        await asyncio.to_thread(replier.put_card_data, card, {"title": "changed"})
        told([incoming.message_id, incoming.sender_staff_id, incoming.get_text_list(), card])
        return sdk.AckMessage.STATUS_OK, {}


class Presses(sdk.CallbackHandler):
    """A press on a card."""

    async def process(self, message: sdk.CallbackMessage) -> tuple[int, Any]:
        """Answers with one variable."""
        press = sdk.CardCallbackMessage.from_dict(message.data)
        told([press.card_instance_id, press.user_id, press.corp_id, press.content])
        return sdk.AckMessage.STATUS_OK, {"cardData": {"cardParamMap": {"note": "10:42"}}}


def main() -> None:
    """Connects, and stays."""
    client = sdk.DingTalkStreamClient(sdk.Credential(sys.argv[1], sys.argv[2]))
    client.register_callback_handler(sdk.ChatbotMessage.TOPIC, Messages())
    client.register_callback_handler(sdk.CallbackHandler.TOPIC_CARD_CALLBACK, Presses())
    asyncio.run(client.start())


if __name__ == "__main__":
    main()
