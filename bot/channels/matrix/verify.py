"""Whether it is our homeserver that calls: it proves so by the token of the registration alone (`chat-others.md`).

The body is not signed and has no time: TLS between homeserver and bot carries it, event ids tell repeats.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

BEARER = "Bearer "


def is_homeserver(token: str, headers: Mapping[str, str]) -> bool | None:
    """Whether the header carries the `hs_token`; None where there is none at all. `headers` by lower-case name."""
    given = headers.get("authorization", "")
    if not given.startswith(BEARER) or not token:
        return None
    return hmac.compare_digest(given.removeprefix(BEARER).encode("utf-8", "replace"), token.encode())
