"""Bearer addresses at rest: whoever reads the database must not be able to answer in the platform's name.

AES-GCM under a key derived from the channel's own secret. A new secret makes old seals worthless, which is right: the
platform's addresses died with it.
"""

from __future__ import annotations

import base64
import hashlib
import os

_NONCE = 12


class Seal:
    """Closes and opens short texts."""

    def __init__(self, secret: str) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - 10 MB for these channels alone

        self._cipher = AESGCM(hashlib.sha256(b"intercept-bot seal\0" + secret.encode()).digest())

    def close(self, text: str) -> str:
        """The sealed text, as printable characters."""
        nonce = os.urandom(_NONCE)
        return base64.urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), None)).decode()

    def open(self, sealed: str) -> str | None:
        """What was sealed; None where it was not sealed by us or with another secret."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - the same

        try:
            raw = base64.urlsafe_b64decode(sealed.encode())
            return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], None).decode()
        except (ValueError, InvalidTag):
            return None
