"""The frames, held against the classes that protoc made for 飞书's own SDK."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.feishu.frame import Frame, NotAFrame, decode, encode
from tests.channels.feishu.frames import Frame as Theirs
from tests.channels.feishu.frames import parsed

WORDS = st.text(st.characters(codec="utf-8"), max_size=40)
INT32 = st.integers(-(2**31), 2**31 - 1)
UINT64 = st.integers(0, 2**64 - 1)
FRAMES = st.builds(
    Frame,
    seq_id=UINT64,
    log_id=UINT64,
    service=INT32,
    method=INT32,
    headers=st.lists(st.tuples(WORDS, WORDS), max_size=6).map(tuple),
    payload_encoding=st.none() | WORDS,
    payload_type=st.none() | WORDS,
    payload=st.none() | st.binary(max_size=400),
    log_id_new=st.none() | WORDS,
)


def _theirs(frame: Frame) -> Any:
    made = Theirs()
    made.SeqID, made.LogID, made.service, made.method = frame.seq_id, frame.log_id, frame.service, frame.method
    for key, value in frame.headers:
        header = made.headers.add()
        header.key, header.value = key, value
    optional = {
        "payload_encoding": frame.payload_encoding,
        "payload_type": frame.payload_type,
        "payload": frame.payload,
        "LogIDNew": frame.log_id_new,
    }
    for name, value in optional.items():
        if value is not None:
            setattr(made, name, value)
    return made


@given(FRAMES)
def test_both_write_the_same_bytes(frame: Frame) -> None:
    """What we write is what the SDK's classes write, and each reads the other's."""
    data = encode(frame)
    assert data == _theirs(frame).SerializeToString()
    assert decode(data) == frame
    assert parsed(data) == _theirs(frame)


@given(FRAMES, st.data())
def test_a_frame_cut_short_or_changed(frame: Frame, data: st.DataObject) -> None:
    """Any change of any byte, and any end: a frame, or no frame; and what they read, we read alike."""
    whole = bytearray(encode(frame))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    _alike(bytes(whole[: data.draw(st.integers(0, len(whole)))]))


@given(st.binary(max_size=300))
def test_nothing_breaks_the_reading(data: bytes) -> None:
    """Whatever bytes come."""
    _alike(data)


def _alike(data: bytes) -> None:
    try:
        ours = decode(data)
    except NotAFrame:
        return
    try:
        theirs = parsed(data)
    except Exception:  # noqa: BLE001 - what old releases of that library raise has many names
        return
    assert (ours.seq_id, ours.log_id, ours.service, ours.method) == (
        theirs.SeqID,
        theirs.LogID,
        theirs.service,
        theirs.method,
    )
    assert list(ours.headers) == [(one.key, one.value) for one in theirs.headers]
    assert (ours.payload or b"") == theirs.payload


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x08\x01\x10\x01\x18\x01",
        b"\x08\x01\x10\x01\x18\x01\x20",
        b"\x08\x01\x10\x01\x18\x01\x20\x01\x2a\x04\x0a\x02hi",
        b"\x08\x01\x10\x01\x18\x01\x20\x01\x42\x09short",
        b"\x08\x01\x10\x01\x18\x01\x20\x01\x4a\x01\xff",
        b"\x00\x01",
        b"\x0b\x0c",
        b"\x08" + b"\x80" * 11,
    ],
)
def test_what_is_no_frame(data: bytes) -> None:
    """Missing fields, a header without a value, less than was promised, no text, number 0, a group, too long."""
    with pytest.raises(NotAFrame):
        decode(data)


def test_fields_of_tomorrow_are_passed_over() -> None:
    """A number, a text and two fixed sizes that we do not know."""
    known = encode(Frame(1, 2, 3, 1, (("type", "event"),), payload=b"x"))
    unknown = b"\x50\x07" + b"\x5a\x02hi" + b"\x61" + bytes(8) + b"\x6d" + bytes(4)
    assert decode(known + unknown) == decode(known)
    assert decode(known).header("type") == "event"
    assert decode(known).header("seq") == ""
