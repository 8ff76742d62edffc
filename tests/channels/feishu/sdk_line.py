"""飞书's own SDK as a process of its own, connected to what claims to be 飞书's gateway for long connections.

Arguments: address, app id, secret, and how many events to wait for. Standard output: what the SDK made of each event.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import lark_oapi as lark
from lark_oapi.api.application.v6 import P2ApplicationBotMenuV6
from lark_oapi.api.im.v1 import P2ImMessageReceiveV1
from lark_oapi.event.callback.model.p2_card_action_trigger import P2CardActionTrigger, P2CardActionTriggerResponse

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


def message(data: P2ImMessageReceiveV1) -> None:
    """A message."""
    told([data.event.message.message_id, data.event.sender.sender_id.open_id, data.event.message.content])


def menu(data: P2ApplicationBotMenuV6) -> None:
    """An entry of the bot's menu."""
    told([data.event.operator.operator_id.open_id, data.event.event_key])


def click(data: P2CardActionTrigger) -> P2CardActionTriggerResponse:
    """A click, answered with a line."""
    told([data.event.operator.open_id, data.event.action.value, data.event.context.open_message_id])
    return P2CardActionTriggerResponse({"toast": {"type": "info", "content": "收到"}})


def main() -> None:
    """Connects, and stays."""
    url, app, secret = sys.argv[1:4]
    handler = (
        lark.EventDispatcherHandler.builder("", "")
        .register_p2_im_message_receive_v1(message)
        .register_p2_application_bot_menu_v6(menu)
        .register_p2_card_action_trigger(click)
        .build()
    )
    lark.ws.Client(app, secret, event_handler=handler, domain=url).start()


if __name__ == "__main__":
    main()
