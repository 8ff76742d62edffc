"""Where a platform has neither buttons nor answers to a message: a number or words mean the card that answered last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from bot.cards.card import Card
from bot.channels.naming import named
from bot.channels.origin import MessageOrigin
from bot.channels.reception import Message, Reception
from bot.channels.sketch import Press, pressed


async def by_words(
    reception: Reception, message: Message, presses: Callable[[Card], Sequence[Press]], within: timedelta
) -> Message:
    """The message as a press, where it names a button of the newest card that answered this person `within` so long and
    that is still as it was shown; else the message itself.
    """
    there = await reception.last_there(message.sender, message.chat, within)
    if there is None or there.card is None or not there.is_as_shown:
        return message
    press = named(message.text or "", presses(there.card))
    if press is None:
        return message
    action, values = pressed(press.value)
    origin = MessageOrigin(there.message_ref, message.origin.token)
    return replace(message, text=None, action=action, values=values, origin=origin)
