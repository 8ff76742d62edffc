"""The frames of 飞书's long connection: one protobuf message (`pbbp2.Frame`, proto2), written and read by hand.

Nine fields do not need a library: the whole format is numbers of seven bits a byte, and lengths. The tests hold it
against the classes that protoc made for 飞书's own SDK.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
CONTROL, DATA = 0, 1
"""What `method` says: a ping or pong, or something that is to be acknowledged."""


class NotAFrame(ValueError):
    """These bytes are no frame: cut short, too long a number, no text where text must be, a required field missing."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. Everything that is given back in an acknowledgement is kept as it came; None: the field was not there.

    `headers` are name and value, in their order.
    """

    seq_id: int = 0
    log_id: int = 0
    service: int = 0
    method: int = CONTROL
    headers: tuple[tuple[str, str], ...] = ()
    payload_encoding: str | None = None
    payload_type: str | None = None
    payload: bytes | None = None
    log_id_new: str | None = None

    def header(self, name: str) -> str:
        """The first header of that name; empty where there is none."""
        return next((value for key, value in self.headers if key == name), "")


def encode(frame: Frame) -> bytes:
    """The frame as bytes, fields in the order of their numbers."""
    parts = [_number(1, frame.seq_id), _number(2, frame.log_id), _number(3, frame.service), _number(4, frame.method)]
    parts += [_bytes(5, _bytes(1, key.encode()) + _bytes(2, value.encode())) for key, value in frame.headers]
    texts = (6, frame.payload_encoding), (7, frame.payload_type), (9, frame.log_id_new)
    last = {number: text.encode() for number, text in texts if text is not None}
    if frame.payload is not None:
        last[8] = frame.payload
    parts += [_bytes(number, last[number]) for number in sorted(last)]
    return b"".join(parts)


def decode(data: bytes) -> Frame:
    """The frame in these bytes; fields that it does not know are passed over. Raises `NotAFrame`."""
    numbers: dict[int, int] = {}
    found: dict[int, bytes] = {}
    headers: list[tuple[str, str]] = []
    for field, value in _fields(data):
        if field == 5 and isinstance(value, bytes):
            headers.append(_header(value))
        elif field <= 4 and isinstance(value, int):
            numbers[field] = value
        elif 6 <= field <= 9 and isinstance(value, bytes):
            found[field] = value
    if len(numbers) != 4:
        raise NotAFrame("a required field is missing")
    return Frame(
        numbers[1],
        numbers[2],
        _signed(numbers[3]),
        _signed(numbers[4]),
        tuple(headers),
        _text(found.get(6)),
        _text(found.get(7)),
        found.get(8),
        _text(found.get(9)),
    )


def _header(data: bytes) -> tuple[str, str]:
    parts = {field: _text(value) for field, value in _fields(data) if field in (1, 2) and isinstance(value, bytes)}
    key, value = parts.get(1), parts.get(2)
    if key is None or value is None:
        raise NotAFrame("a header without name or value")
    return key, value


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field; those of a fixed size, which no frame has, are passed over."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        field, kind = tag >> 3, tag & 7
        if field == 0:
            raise NotAFrame("no field has the number 0")
        if kind == VARINT:
            value, at = _varint(data, at)
            yield field, value
            continue
        if kind == LENGTH:
            size, at = _varint(data, at)
        elif kind in (EIGHT_BYTES, FOUR_BYTES):
            size = 8 if kind == EIGHT_BYTES else 4
        else:
            raise NotAFrame("a kind of field that is not in use")
        if at + size > len(data):
            raise NotAFrame("cut short")
        if kind == LENGTH:
            yield field, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins there, and where it ends: seven bits a byte, the low ones first, at most 64."""
    value = 0
    for index in range(10):
        if at + index >= len(data):
            raise NotAFrame("cut short")
        byte = data[at + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value & (2**64 - 1), at + index + 1
    raise NotAFrame("too long a number")


def _number(field: int, value: int) -> bytes:
    return bytes([field << 3 | VARINT]) + _packed(value)


def _bytes(field: int, value: bytes) -> bytes:
    return bytes([field << 3 | LENGTH]) + _packed(len(value)) + value


def _packed(value: int) -> bytes:
    rest = value & (2**64 - 1)  # below zero: as its complement, in ten bytes
    packed = bytearray()
    while rest > 0x7F:
        packed.append(rest & 0x7F | 0x80)
        rest >>= 7
    packed.append(rest)
    return bytes(packed)


def _signed(value: int) -> int:
    """An int32 as it was meant: only its low half counts."""
    low = value & (2**32 - 1)
    return low - 2**32 if low >= 2**31 else low


def _text(value: bytes | None) -> str | None:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise NotAFrame("no text") from None
