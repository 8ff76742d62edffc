"""Slack's own framework at the other end of our stand-in: what it sends is Slack's, and so is what it takes."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack.render import message
from tests.cards.samples import ZH, everything
from tests.channels.peers import Sent
from tests.channels.slack.peer import SECRET, TOKEN, SlackPeer


def _request(sent: Sent) -> AsyncBoltRequest:
    headers = {name: [value] for name, value in sent.headers.items()}
    return AsyncBoltRequest(body=sent.body.decode(), headers=headers)


async def test_bolt_and_the_stand_in_understand_each_other() -> None:
    """Bolt verifies and routes the stand-in's command, click and mention; the stand-in takes cards from Slack's client,
    which runs its validators over them.
    """
    peer = SlackPeer()
    await peer.start()
    try:
        client = AsyncWebClient(token=TOKEN, base_url=f"{peer.url}/api/")
        app = AsyncApp(signing_secret=SECRET, client=client, request_verification_enabled=True)
        heard: list[Any] = []

        @app.command("/intercept")
        async def command(ack: Any, command: Any) -> None:
            heard.append((command["team_id"], command["user_id"], command["text"]))
            await ack()

        @app.action("press:0")
        async def action(ack: Any, body: Any) -> None:
            heard.append((body["container"]["message_ts"], body["actions"][0]["value"], body["state"]["values"]))
            await ack()

        @app.event("app_mention")
        async def mention(event: Any) -> None:
            heard.append(event["text"])

        sent = [
            peer.slash("/intercept 75400000004001", "U1"),
            peer.click("C1:1.5", "confirm.1", "U1", picked=["75400000004001"]),
            peer.event({"type": "app_mention", "user": "U1", "text": "<@UBOT> /help"}),
        ]
        assert [(await app.async_dispatch(_request(one))).status for one in sent] == [200, 200, 200]
        assert heard[0] == ("T1", "U1", "75400000004001")
        assert heard[1][:2] == ("1.5", "confirm.1")
        chosen = heard[1][2]["parcels:0"]["boxes"]["selected_options"]
        assert [one["value"] for one in chosen] == ["75400000004001"]

        card = message(everything(ZH)["succeeded"], "")
        made = await client.chat_postMessage(channel="C1", text=card["text"], blocks=card["blocks"])
        await client.chat_update(channel="C1", ts=made["ts"], text=card["text"], blocks=card["blocks"])
        assert peer.kept[0].edits == 1
    finally:
        await peer.close()
