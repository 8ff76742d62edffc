"""Slack's own framework at the other end of our stand-in: what it sends is Slack's, and so is what it takes."""

from __future__ import annotations

import json
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack.render import message
from tests.cards.samples import ZH, everything
from tests.channels.peers import Sent, until
from tests.channels.slack.gateway import APP_TOKEN, SlackSocketPeer
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


async def test_bolt_and_the_gateway_understand_each_other() -> None:
    """Bolt connects to the stand-in's gateway by Socket Mode, reads a command, a click and a mention from it, and
    acknowledges each as the gateway expects it of us; asked for another connection, it opens one.
    """
    peer = SlackSocketPeer()
    await peer.start()
    client = AsyncWebClient(token=TOKEN, base_url=f"{peer.url}/api/")
    app = AsyncApp(client=client, signing_secret=SECRET)
    heard: list[Any] = []

    @app.command("/intercept")
    async def command(ack: Any, command: Any) -> None:
        heard.append((command["team_id"], command["user_id"], command["text"]))
        await ack({"text": "收到"})

    @app.action("press:0")
    async def action(ack: Any, body: Any) -> None:
        heard.append((body["container"]["message_ts"], body["actions"][0]["value"]))
        await ack()

    @app.event("app_mention")
    async def mention(event: Any) -> None:
        heard.append(event["text"])

    handler = AsyncSocketModeHandler(app, APP_TOKEN, ping_interval=1)
    try:
        await handler.connect_async()
        await until(lambda: peer.sockets)
        told = await peer.send(peer.slash("/intercept 75400000004001", "U1"))
        assert told.body == json.dumps({"text": "收到"}).encode()
        assert (await peer.send(peer.click("C1:1.5", "confirm.1", "U1"))).body == b""
        assert (await peer.send(peer.event({"type": "app_mention", "user": "U1", "text": "<@UBOT> /help"}))).body == b""
        assert heard == [("T1", "U1", "75400000004001"), ("1.5", "confirm.1"), "<@UBOT> /help"]
        assert [set(ack) for ack in peer.acks] == [{"envelope_id", "payload"}, {"envelope_id"}, {"envelope_id"}]
        await peer.renew("refresh_requested")
        await until(lambda: peer.opened == 2)
    finally:
        await handler.close_async()
        await peer.close()
