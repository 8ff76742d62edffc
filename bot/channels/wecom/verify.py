"""企业微信's encryption and signature (`chat-wecom.md` 2): the signature covers the cipher text, the query its time.

A 智能机器人 has an empty receiveid. The platform's own code looks at no age: ten minutes are ours.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

FRESH_S = 600
BLOCK, PAD = 16, 32
RANDOM = 16
KEY_LENGTH = 43


def signature(token: str, timestamp: str, nonce: str, sealed: str) -> str:
    """SHA-1 over the four, sorted as strings."""
    return hashlib.sha1("".join(sorted((token, timestamp, nonce, sealed))).encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Crypt:
    """Opens and seals for one robot. `receive_id` stands behind every message; for a 智能机器人 it is empty."""

    token: str
    aes_key: str
    receive_id: str = ""

    def is_genuine(self, query: Mapping[str, str], sealed: str, now: float) -> bool:
        """Whether this cipher text was signed with the token within the last ten minutes."""
        timestamp, nonce, given = (query.get(name, "") for name in ("timestamp", "nonce", "msg_signature"))
        if not self.token or not given or not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 12:
            return False
        if abs(now - int(timestamp)) > FRESH_S:
            return False
        expected = signature(self.token, timestamp, nonce, sealed)
        return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))

    def open(self, sealed: str) -> bytes | None:
        """The message; None for what is no such cipher text, or is meant for somebody else."""
        try:
            raw = base64.b64decode(sealed, validate=True)
        except (binascii.Error, ValueError):
            return None
        if not raw or len(raw) % BLOCK:
            return None
        opened = _cipher(self._key()).decryptor()
        return self._message(opened.update(raw) + opened.finalize())

    def seal(self, message: bytes, random: bytes | None = None) -> str:
        """A message of ours, as cipher text. `random`: sixteen bytes, for tests alone."""
        body = (os.urandom(RANDOM) if random is None else random) + struct.pack(">I", len(message))
        body += message + self.receive_id.encode()
        left = PAD - len(body) % PAD
        cipher = _cipher(self._key()).encryptor()
        return base64.b64encode(cipher.update(body + bytes([left]) * left) + cipher.finalize()).decode()

    def _key(self) -> bytes:
        return base64.b64decode(self.aes_key + "=")

    def _message(self, padded: bytes) -> bytes | None:
        left = padded[-1]
        if not 1 <= left <= PAD or padded[-left:] != bytes([left]) * left:
            return None
        body = padded[:-left]
        start = RANDOM + 4
        if len(body) < start:
            return None
        end = start + struct.unpack(">I", body[RANDOM:start])[0]
        if end > len(body) or body[end:] != self.receive_id.encode():
            return None
        return body[start:end]


def is_aes_key(key: str) -> bool:
    """Whether it has the form of an EncodingAESKey: 43 characters of Base64."""
    if len(key) != KEY_LENGTH:
        return False
    try:
        return len(base64.b64decode(key + "=", validate=True)) == 32
    except (binascii.Error, ValueError):
        return False


def _cipher(key: bytes) -> Cipher[modes.CBC]:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415 - 10 MB that only who uses this channel needs

    return Cipher(algorithms.AES(key), modes.CBC(key[:BLOCK]))
