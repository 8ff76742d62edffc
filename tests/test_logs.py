"""What a log line may hold: no name that is forbidden, no words of a defect, no values of a library's line.

The log of a whole run is read in `operation/test_log_of_a_run.py`.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import logs
from tests import twin

BUYER, SECRET = "买家王小明", "00000000-0000-4000-8000-000000000000"
NAMES = st.sampled_from(sorted(logs.FORBIDDEN)) | st.text(max_size=3)


@given(
    st.recursive(st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner))
)
def test_a_forbidden_name_is_dropped_at_any_depth(value: object) -> None:
    """Whoever puts a token, a body or a buyer into a line, however deep, it does not reach the log."""
    cleaned = logs.drop_forbidden(None, "", {"event": "e", "facts": value, "token": "t", "buyer": "b"})
    assert cleaned.keys() == {"event", "facts"}
    assert not any(f"'{name}':" in repr(_names(cleaned)) for name in logs.FORBIDDEN)


def _names(value: object) -> object:
    if isinstance(value, dict):
        return {name: _names(inner) for name, inner in value.items()}
    return [_names(inner) for inner in value] if isinstance(value, list) else None


def test_a_defect_is_told_without_its_words() -> None:
    """Kinds and places of an exception and its causes; never what it says, which may quote somebody."""
    try:
        try:
            int(BUYER)
        except ValueError as cause:
            raise LookupError(SECRET) from cause
    except LookupError as defect:
        told = logs.tell_defect(None, "", {"event": "e", "exc_info": defect})
    assert [one["kind"] for one in told["defect"]] == ["LookupError", "ValueError"]
    assert "tests/test_logs.py:" in told["defect"][0]["at"][-1]
    assert not any(word in repr(told) for word in (BUYER, SECRET))


def test_long_values_are_cut() -> None:
    """One field does not fill the log."""
    assert len(logs.drop_forbidden(None, "", {"event": "x" * 10_000})["event"]) == logs.LONGEST + 1


def test_libraries_are_not_quoted() -> None:
    """A library's line has its fixed words, its logger and the kind of defect, without what it was filled with."""
    code = (
        "import logging; from bot import logs; logs.configure('json')\n"
        "try: int('王小明')\nexcept ValueError: logging.getLogger('lib').exception('cannot read %s', '王小明')\n"
        "logging.getLogger('lib').error('task failed\\nfuture: 王小明'); logging.getLogger('lib').info('chatty')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=twin.ROOT, timeout=30)
    first, second = map(json.loads, done.stderr.decode().splitlines())
    assert (first["event"], first["logger"], first["defect"][0]["kind"]) == ("cannot read %s", "lib", "ValueError")
    assert second["event"] == "task failed"
    assert "小明" not in done.stderr.decode()


@pytest.mark.parametrize("form", ["text", "auto"])
def test_text_is_for_people_at_a_terminal(form: str) -> None:
    """`text` is no JSON; `auto` into a file is."""
    code = (
        f"from bot import logs; logs.configure({form!r}); import structlog; structlog.get_logger().info('e', case='c')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=twin.ROOT, timeout=30)
    assert done.stdout == b""
    assert done.stderr.startswith(b"{") == (form == "auto")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full: Linux has one")
def test_a_line_that_cannot_be_written_is_lost_and_nothing_else() -> None:
    """On a full disk whoever tells the log something goes on, be it one of us or a library."""
    code = (
        "import logging, structlog; from bot import logs; logs.configure('json')\n"
        "for _ in range(3): structlog.get_logger().error('ours'); logging.getLogger('lib').error('theirs')\n"
        "print('went on', flush=True)"
    )
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=twin.ROOT, stderr=full, stdout=subprocess.PIPE, timeout=60, check=False
        )
    assert done.stdout == b"went on\n"
