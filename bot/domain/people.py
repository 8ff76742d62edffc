"""Who asks: agents, owners, platform agents and API keys."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person is in a shop (`product.md`, terms)."""

    OWNER = "owner"
    AGENT = "agent"
    PLATFORM = "platform"


class Permission(StrEnum):
    """What an owner can grant to an agent (ruling 18)."""

    LOGISTICS_TOOLS = "logistics_tools"
    SIGN_AGREEMENTS = "sign_agreements"


class Scope(StrEnum):
    """What an API key may do (`contract.md`, command line)."""

    INTERCEPTIONS_WRITE = "interceptions:write"
    INTERCEPTIONS_READ = "interceptions:read"
    DATA_WRITE = "data:write"
    LEDGER_READ = "ledger:read"


class Origin(StrEnum):
    """Where an interception came from; recorded with it (U10)."""

    AGENT = "agent"
    PLATFORM_AGENT = "platform_agent"
    API = "api"


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who asks for something, already authenticated by a door.

    Exactly one of `person_id` and `key_id` is set. `permissions` are those of the moment of asking; `name` is what
    records show.
    """

    shop_id: str
    origin: Origin
    name: str
    role: Role | None = None
    person_id: str | None = None
    key_id: str | None = None
    permissions: frozenset[Permission] = frozenset()
    scopes: frozenset[Scope] = frozenset()
