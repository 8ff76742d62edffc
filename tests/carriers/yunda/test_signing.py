"""韵达's signature against the worked example."""

from typing import Any

from bot.carriers.yunda.signing import sign
from bot.carriers.yunda.wire import TrackQuery


def test_a_call_is_signed_as_the_example(vectors: dict[str, Any]) -> None:
    """Body, underscore and secret; the body is the example's own bytes."""
    v = vectors["yunda_query"]
    body = TrackQuery(mailno="3120052228790").wire()
    assert body == v["body"].encode()
    assert body.decode() + "_" + v["app_secret"] == v["string_to_sign"]
    assert sign(body, v["app_secret"]) == v["sign"]
