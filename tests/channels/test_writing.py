"""A section is written into `channels.toml`, and everything else in it stays."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.writing import changed, save, with_section

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
VALUES = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30),
    st.integers(-(2**40), 2**40),
    st.lists(st.integers(0, 99), max_size=3),
    st.booleans(),
)
SECTIONS = st.dictionaries(NAMES, VALUES, max_size=4)


@given(first=SECTIONS, second=SECTIONS, other=SECTIONS)
def test_what_is_written_is_read(first: dict[str, Any], second: dict[str, Any], other: dict[str, Any]) -> None:
    """Whatever the values hold, they come back; a section written again has the new values and those not named."""
    text = with_section(with_section("", "slack", first), "wecom", other)
    again = with_section(text, "slack", second)
    assert tomllib.loads(again) == {"slack": {**first, **second}, "wecom": other}
    assert with_section(again, "slack", second) == again
    assert changed({**first, **second}, second) == []


@pytest.mark.parametrize(
    "text",
    [
        '# ours\n\n[wecom] # the group\r\n# its token\r\ntoken = "x" # secret\r\n',
        'slack.team_id = "T1" # dotted\n[wecom]\ntoken = """\n[slack]\n"""\n',
        '[wecom]\n\n\n[slack] # first\n# why\nteam_id = "T0" # old\nlang = "en"\n\n[feishu]\n# last',
    ],
)
def test_what_others_wrote_stays(text: str) -> None:
    """Every comment and every line of another section is there afterwards."""
    new = with_section(text, "slack", {"team_id": "T1"})
    assert tomllib.loads(new)["slack"]["team_id"] == "T1"
    kept = [line for line in text.splitlines() if "team_id" not in line]
    assert [line for line in kept if line not in new.splitlines()] == []
    assert "# old" not in text or "# old" in new


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Mode 600 from the first byte, in a folder that is made, through a link; a failure leaves nothing."""
    file = tmp_path / "data" / "channels.toml"
    save(file, "a = 1\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    link = tmp_path / "link.toml"
    link.symlink_to(file)
    save(link, "a = 2\n")
    assert (link.is_symlink(), file.read_text()) == (True, "a = 2\n")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=r"directory|folder"):
        save(tmp_path / "folder", "a = 3\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "folder", "link.toml"]
