"""Which room may import which: the house as a table, and the imports of `bot/` as they are.

The rooms stand from the roof down. An import goes from a room to one further down; nobody imports upwards. What a room
may import is named as a module or a whole room. A room that is not in this table does not exist yet: a new one is put
here, with a decision record in `docs/decisions/`.
"""

from collections.abc import Iterable, Mapping
from functools import cache

import grimp

PACKAGE = "bot"

# The only files that know every room. Nobody imports them.
ROOF = ("app", "cli", "serve", "doctor")

# Apart from `domain` and the ground that everybody stands on (below).
ROOMS: Mapping[str, tuple[str, ...]] = {
    # doors
    "channels": ("handlers.contract", "cards.card", "cards.texts", "outbound"),
    "console": ("interception", "ledger", "merchants", "handlers.contract", "cards.card", "shops.contract", "store"),
    "api": ("interception", "ledger", "merchants", "shops.contract", "store"),
    "pushes": ("interception", "carriers.routing", "shops.contract", "store"),
    # beside the doors: what an operator sees, and what the demo begins with
    "operation": ("interception", "carriers.contract", "store", "outbound"),
    "sample": ("interception", "merchants", "rules", "store"),
    # desk
    "handlers": ("interception", "ledger", "merchants", "faq", "rules", "cards", "store", "runners.contract"),
    # heart
    "interception": (
        *("rules", "carriers.contract", "shops.contract", "store", "runners.contract", "ledger", "merchants"),
    ),
    # offices
    "ledger": ("rules", "store"),
    "merchants": ("store",),
    "faq": ("rules",),
    # specialists
    "rules": (),
    "shops": ("outbound", "carriers.contract"),
    "carriers": ("outbound",),
    "runners": ("store",),
    "store": (),
    "cards": (),
    # ground
    "outbound": (),
    "settings": (),
    "resources": (),
    "logs": (),
    "background": (),
    "domain": (),
    # stands apart: the other side of every wire, a process of its own
    "sandbox": (),
}

# A tenant that needs more than its room.
TENANTS: Mapping[str, tuple[str, ...]] = {
    "channels.console": ("store", "merchants"),  # its conversation, its events, its session
    "shops.embedded": ("store",),  # our own tables stand in for a platform
}

# What a room's own files may import besides, and its tenants may not.
OWN: Mapping[str, tuple[str, ...]] = {
    "channels": ("store", "merchants"),  # who wrote is looked up, and kept, once for all platforms
}

# Rooms with tenants: `contract.py`, `registry.py`, and one folder for each.
LET = ("channels", "carriers", "shops")

# Open to everyone, except to those who must know nothing.
EVERYBODYS: Mapping[str, frozenset[str]] = {
    "domain": frozenset({"sandbox"}),
    "background": frozenset({"sandbox", "domain", "rules"}),
    "resources": frozenset({"sandbox", "domain"}),
}


@cache
def imports() -> tuple[tuple[str, str], ...]:
    """Every import inside `bot/`, as (who, whom) without the leading `bot.`; those inside functions and those for type
    checkers alone count too.
    """
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    found = (
        (_within(who), _within(whom)) for who in graph.modules for whom in graph.find_modules_directly_imported_by(who)
    )
    return tuple(sorted(found))


def modules() -> frozenset[str]:
    """The files of `bot/` that `imports` has read."""
    return frozenset(map(_within, grimp.build_graph(PACKAGE, cache_dir=None).modules))


def _within(module: str) -> str:
    return module.removeprefix(PACKAGE).removeprefix(".")


def room(module: str) -> str:
    """The room a file belongs to: `carriers` for `carriers.zto.client`."""
    return module.partition(".")[0]


def tenant(module: str, everything: Iterable[str]) -> str | None:
    """The tenant whose folder a file lies in, such as `carriers.zto`; None for a room's own files and other rooms."""
    parts = module.split(".")
    folder = ".".join(parts[:2])
    is_folder = any(other.startswith(folder + ".") for other in everything)
    return folder if parts[0] in LET and len(parts) > 1 and is_folder else None


def _covers(allowed: Iterable[str], module: str) -> bool:
    return any(module == name or module.startswith(name + ".") for name in allowed)


def objection(who: str, whom: str, everything: Iterable[str]) -> str | None:
    """Why this import may not be, in words; None if it may."""
    if room(who) in ROOF or whom == "":
        return None
    if room(whom) in ROOF:
        return "nobody imports the roof"
    mine, theirs = tenant(who, everything), tenant(whom, everything)
    if room(who) == room(whom):
        return _among_tenants(who, mine, theirs)
    if theirs:
        return "other rooms know a contract, never a tenant"
    if room(whom) in EVERYBODYS:
        return f"{room(who)} knows nothing of it" if room(who) in EVERYBODYS[room(whom)] else None
    more = OWN.get(room(who), ()) if mine is None else TENANTS.get(mine, ())
    allowed = (*ROOMS.get(room(who), ()), *more)
    return None if _covers(allowed, whom) else f"{mine or room(who)} may import {', '.join(allowed) or 'nothing'}"


def _among_tenants(who: str, mine: str | None, theirs: str | None) -> str | None:
    if theirs is None or mine == theirs:
        return None
    if mine is None:
        return None if who == f"{room(who)}.registry" else "only the registry names the tenants"
    return "a tenant never imports another tenant"
