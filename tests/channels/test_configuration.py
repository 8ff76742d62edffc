"""`channels.toml`: what is wrong is said, and never a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.channels.configuration import ChannelsError, load, parse
from bot.channels.registry import PLATFORMS, build
from bot.outbound import Outbound
from tests.channels.receptions import nobody

GOOD = '[slack]\nsigning_secret = "0123456789abcdef"\nbot_token = "xoxb-123456"\nteam_id = "T1"\n'


def _build(text: str) -> int:
    return len(build(parse(text), nobody(), Outbound()))


def test_no_file_is_no_channel(tmp_path: Path) -> None:
    """A bot without chat tools needs no file."""
    assert load(tmp_path / "channels.toml") == {}


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_others_may_not_read_it(tmp_path: Path, mode: int) -> None:
    """A file that others can read is refused, with the command that helps."""
    path = tmp_path / "channels.toml"
    path.write_text(GOOD)
    path.chmod(mode)
    with pytest.raises(ChannelsError, match="chmod 600"):
        load(path)
    path.chmod(0o600)
    assert list(load(path)) == ["slack"]


def test_several_installations_of_a_platform() -> None:
    """Each section is a channel with a name of its own."""
    again = GOOD.replace("[slack]", '[slack-2]\nplatform = "slack"')
    assert _build(GOOD + again) == 2


@pytest.mark.parametrize(
    "text, words",
    [
        ("[slack", "TOML"),
        ("slack = 1", "一节"),
        ("[Slack]\n", "一节"),
        ("[console]\n", "一节"),
        ("[icq]\n", "认识的平台"),
        ("[slack]\n", "signing_secret: 缺这一项"),
        (GOOD.replace("0123456789abcdef", ""), "太短"),
        ('[feishu]\napp_id = "a"\napp_secret = "0123456789abcdef"\ntenant_key = "t"\n', "encrypt_key: 缺这一项"),
        (GOOD + "sining = 1\n", "unknown field"),
        (GOOD + 'lang = "fr"\n', "lang"),
        (GOOD + 'api_url = "nowhere"\n', "不是网址"),
    ],
)
def test_every_problem_is_named(text: str, words: str) -> None:
    """Where it is wrong and what to write, without the value."""
    with pytest.raises(ChannelsError) as problem:
        _build(text)
    assert words in str(problem.value)
    assert "0123456789abcdef" not in str(problem.value)


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_setting_is_documented(root: Path, name: str) -> None:
    """`docs/channels/` has a page for each platform that names each of its settings."""
    page = (root / "docs" / "channels" / f"{name}.md").read_text("utf-8")
    assert [one for one in PLATFORMS[name].settings.model_fields if f"`{one}`" not in page and one not in page] == []
