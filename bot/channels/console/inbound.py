"""What people type and click in the console, as the desk takes it. The page's door has checked session and form."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from enum import StrEnum

from bot.domain.people import Asker
from bot.handlers.contract import Chat, Desk, Incoming, Reply

NAME = "console"
PLACE = "place"
MESSAGE = "message"
LONGEST_ID = 100


class Where(StrEnum):
    """Where a button was: on a card of the conversation, or in a dialog or page of its own."""

    LOG = "log"
    DIALOG = "dialog"


class ConsoleChat:
    """The way in. Typed or clicked, it is the same `Incoming`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def say(self, by: Asker, conversation: str, text: str, message_id: str, lang: str) -> Reply:
        """A message typed beside an after-sale. `message_id` comes with the form: sent twice, it is one message."""
        own = f"{by.person_id}:{message_id[:LONGEST_ID]}" if message_id else secrets.token_hex(16)
        return await self._desk.take(
            Incoming(
                message_id=own, chat=Chat(NAME, conversation, lang), asker=by, text=text, conversation=conversation
            )
        )

    async def press(
        self,
        by: Asker,
        action: str,
        lang: str,
        *,
        conversation: str | None = None,
        picked: Sequence[str] = (),
        ticked: Sequence[str] = (),
        message: str = "",
    ) -> Reply:
        """A button. `picked`: parcels; `ticked`: names of agreements that are agreed to; `message`: the number of the
        message whose card it was on, empty where the answer is shown in a dialog.
        """
        values: dict[str, tuple[str, ...]] = {
            "parcels": tuple(picked),
            PLACE: (Where.LOG if message else Where.DIALOG,),
            **dict.fromkeys(ticked, ("on",)),
        }
        if message:
            values[MESSAGE] = (message[:LONGEST_ID],)
        return await self._desk.take(
            Incoming(
                message_id=secrets.token_hex(16),
                chat=Chat(NAME, conversation or "", lang),
                asker=by,
                action=action[: LONGEST_ID * 2],
                values=values,
                conversation=conversation,
            )
        )
