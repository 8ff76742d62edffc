"""Chats that are told of a shop's new after-sales, ended by the owner from a page instead of in the chat."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from bot.domain.people import Asker, Role
from bot.merchants.permissions import PermissionDenied, announce
from bot.store import telling
from bot.store.told import Place


def end(connection: Connection, by: Asker, channel: str, chat: str, at: datetime) -> bool:
    """That chat of the owner's shop is told nothing new, as after `/unsubscribe`; False when it was not told anyway.
    Raises `PermissionDenied` for whoever is not the owner.
    """
    if by.role is not Role.OWNER:
        raise PermissionDenied(None)
    if not telling.leave(connection, by.shop_id, Place(channel, chat)):
        return False
    announce(connection, by.shop_id, at)
    return True
