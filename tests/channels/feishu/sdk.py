"""飞书's own SDK as a process of its own: reads requests that claim to be 飞书's, and calls what claims to be 飞书.

Standard input: `{"url", "requests": [{"body", "headers"}], "card", "key", "token", "app", "secret"}`. Standard output:
what the SDK made of each request, the id of the message that it sent, and whether it could change it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import lark_oapi as lark
from lark_oapi.api.im.v1 import (
    CreateMessageRequest,
    CreateMessageRequestBody,
    P2ImMessageReceiveV1,
    PatchMessageRequest,
    PatchMessageRequestBody,
)
from lark_oapi.core.model import RawRequest
from lark_oapi.event.callback.model.p2_card_action_trigger import P2CardActionTrigger, P2CardActionTriggerResponse


def main() -> None:
    """Both directions."""
    asked = json.loads(sys.stdin.read())
    heard: list[Any] = []

    def message(data: P2ImMessageReceiveV1) -> None:
        heard.append([data.event.message.message_id, data.event.sender.sender_id.open_id, data.event.message.content])

    def click(data: P2CardActionTrigger) -> P2CardActionTriggerResponse:
        heard.append([data.event.operator.open_id, data.event.action.value, data.event.context.open_message_id])
        return P2CardActionTriggerResponse({})

    handler = (
        lark.EventDispatcherHandler.builder(asked["key"], asked["token"])
        .register_p2_im_message_receive_v1(message)
        .register_p2_card_action_trigger(click)
        .build()
    )
    statuses = []
    for one in asked["requests"]:
        raw = RawRequest()
        raw.uri, raw.body, raw.headers = "/", one["body"].encode(), one["headers"]
        statuses.append(handler.do(raw).status_code)

    client = lark.Client.builder().app_id(asked["app"]).app_secret(asked["secret"]).domain(asked["url"]).build()
    body = (
        CreateMessageRequestBody.builder()
        .receive_id("oc_1")
        .msg_type("interactive")
        .content(asked["card"])
        .uuid("sdk-1")
        .build()
    )
    made = client.im.v1.message.create(
        CreateMessageRequest.builder().receive_id_type("chat_id").request_body(body).build()
    )
    change = PatchMessageRequestBody.builder().content(asked["card"]).build()
    changed = client.im.v1.message.patch(
        PatchMessageRequest.builder().message_id(made.data.message_id).request_body(change).build()
    )
    told = {"statuses": statuses, "heard": heard, "sent": made.data.message_id, "changed": changed.code}
    sys.stdout.write("\n" + json.dumps(told))


if __name__ == "__main__":
    main()
