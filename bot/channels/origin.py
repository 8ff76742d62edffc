"""Which message a click came from, and what may still change it: kept with what came in, so no restart loses it.

An `Incoming` is what the inbox keeps. What the outbox needs of its origin travels in its `values`, under names that no
form of ours has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.handlers.contract import Incoming

_MESSAGE, _TOKEN, _UNTIL, _USES = "from.message", "from.token", "from.until", "from.uses"

Values = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Token:
    """What a platform gave with a message so that it may be answered: until when, and how often. Sealed (`sealing.py`)
    where it is an address that anybody could use.
    """

    value: str
    until: datetime
    uses: int | None = None


@dataclass(frozen=True, slots=True)
class MessageOrigin:
    """The message whose button was pressed, None for what was typed; and the token, where there is one."""

    message_ref: str | None = None
    token: Token | None = None


def noted(values: Values, origin: MessageOrigin) -> Values:
    """The values with their origin beside them."""
    more: dict[str, tuple[str, ...]] = {}
    if origin.message_ref:
        more[_MESSAGE] = (origin.message_ref,)
    if origin.token is not None:
        more[_TOKEN] = (origin.token.value,)
        more[_UNTIL] = (origin.token.until.isoformat(),)
        if origin.token.uses is not None:
            more[_USES] = (str(origin.token.uses),)
    return {**values, **more}


def origin_of(incoming: Incoming) -> MessageOrigin:
    """What `noted` wrote."""
    values = incoming.values
    message = values.get(_MESSAGE, ("",))[0] or None
    value = values.get(_TOKEN, ("",))[0]
    if not value:
        return MessageOrigin(message)
    uses = values.get(_USES, ("",))[0]
    until = datetime.fromisoformat(values[_UNTIL][0])
    return MessageOrigin(message, Token(value, until, int(uses) if uses else None))
