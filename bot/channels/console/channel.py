"""The console as a channel: it keeps replies in its own tables, and its pages draw them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from bot.cards.card import Card
from bot.channels.console import conversation
from bot.channels.console.inbound import MESSAGE, NAME, PLACE, Where
from bot.channels.contract import ChannelFacts, Limits, Place, Posted
from bot.handlers.contract import Incoming, Reply

LASTING = frozenset({"case", "batch"})
"""What a click leads to and what stays in the conversation; any other answer takes the place of the card that was
clicked, or is shown beside it."""

BEGINS = frozenset({"confirm", "confirm_batch"})
"""The clicks that begin such a thing; all others are about one that the page shows already."""


class ConsoleChannel:
    """Meets `channels.contract.Channel`."""

    facts = ChannelFacts(
        name=NAME,
        title="工作台",
        picks=True,
        public_url_needed=False,
        limits=Limits(parcels=100, bytes=None),
        speaks_first=False,  # its list shows every after-sale anyway
    )

    def deliver(self, connection: Connection, incoming: Incoming, reply: Reply, at: datetime) -> None:
        """What was typed and what answers it become messages of the conversation."""
        talk, by = incoming.conversation, incoming.asker
        if talk is None:
            return
        if incoming.text is not None:
            conversation.say(connection, by, talk, incoming.text, at)
            for shown in reply.shown:
                conversation.answer(connection, by.shop_id, talk, shown.target, at)
            return
        clicked, verb = _clicked(incoming), (incoming.action or "").partition(".")[0]
        for shown in reply.shown:
            if shown.target.partition(":")[0] in LASTING:
                if verb in BEGINS and not conversation.follows(connection, by.shop_id, talk, shown.target):
                    conversation.answer(connection, by.shop_id, talk, shown.target, at)
            elif clicked is not None:
                conversation.turn(connection, by.shop_id, talk, clicked, shown.target, at)

    async def show(self, place: Place, card: Card) -> Posted:
        """Nothing to send: pages hear of the change of a target and draw it for each viewer (ruling 24)."""
        return Posted(message_ref=place.target, version_shown=card.version)


def _clicked(incoming: Incoming) -> int | None:
    """The message whose card was clicked; None for a click in a dialog, whose answer is shown there."""
    if incoming.values.get(PLACE, ("",))[0] != Where.LOG:
        return None
    number = incoming.values.get(MESSAGE, ("",))[0]
    return int(number) if number.isdecimal() and len(number) < 19 else None
