"""The pages under `docs/channels/` and the channels themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.channels.registry import PLATFORMS
from bot.channels.setting_up import is_secret, table, where

POINTS = (
    "signature",
    "freshness",
    "dedupe",
    "acknowledgement",
    "late commands",
    "identity",
    "card limits",
    "update deadline",
    "rate limits",
    "answer addresses",
    "no public address",
    "pushed cards",
    "independent peer",
    "setting up",
)
"""What the protocol of every platform settles."""

ROW = re.compile(r"^\| ([^|]+) \| (\w+) \| ([^|]+) \|$", re.MULTILINE)
SETTING = re.compile(r"^\| `(\w+)` \| (要|–|`[^|]+`) \| ([^|]+) \|$", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")


@pytest.fixture
def page(root: Path, name: str) -> str:
    """The page of that platform."""
    return (root / "docs" / "channels" / f"{name}.md").read_text("utf-8")


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_point_of_the_protocol_is_answered(page: str, name: str) -> None:
    """The checklist has each point once, as done, todo or exempt, and says how it is; so have the limits a section."""
    rows = ROW.findall(page.partition("## 做到哪里")[2].replace("| --- | --- | --- |", ""))
    answered = [row for row in rows if row[1] != "状态"]
    assert {state for _, state, _ in answered} <= {"done", "todo", "exempt"}
    missing = [point for point in POINTS if sum(row[0].endswith(point) for row in answered) != 1]
    assert missing == []
    assert len({row[0] for row in answered}) == len(answered)
    assert "## 限制 · Limits" in page


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_setting_stands_as_the_code_says_it(page: str, name: str) -> None:
    """Each setting of the channel, in which mode it is needed, and where it is found: in the words of the prompts."""
    kind = PLATFORMS[name].settings
    assert SETTING.findall(page) == [(one, _needed(name, one), where(kind, one)) for one in kind.model_fields]


def _needed(name: str, setting: str) -> str:
    """Always, in these modes, or never."""
    platform = PLATFORMS[name]
    modes = [mode for mode, asked in platform.setup.asked.items() if setting in asked]
    if platform.settings.model_fields[setting].is_required():
        return "要"
    return "、".join(f"`{mode}`" for mode in modes) or "–"


@pytest.mark.parametrize("name", PLATFORMS)
def test_what_is_left_to_do_stands_on_the_page(page: str, name: str) -> None:
    """Each address, scope and event that `connect` tells to enter is on the page as well."""
    told = [one["zh"] for one in table()[name]["steps"]]
    codes = {code for words in told for code in CODE.findall(words)}
    paths = {path for words in told for path in re.findall(r"\{base\}(/\w+)", words)}
    assert [code for code in codes if f"`{code}`" not in page] == []
    assert [path for path in paths if f"/channels/{name}{path}" not in page] == []


@pytest.mark.parametrize("name", PLATFORMS)
def test_what_is_asked_for_is_a_setting(name: str) -> None:
    """Every way of setting up asks for settings that there are, and together for every one that is needed; of secrets
    only the one in 钉钉's address stands in a step.
    """
    kind, setup = PLATFORMS[name].settings, PLATFORMS[name].setup
    for asked in setup.asked.values():
        names = {one.rstrip("?") for one in asked}
        assert names <= kind.model_fields.keys()
        assert {one for one, field in kind.model_fields.items() if field.is_required()} <= names
    facts = {fact for one in table()[name]["steps"] for fact in re.findall(r"\{(\w+)\}", one["zh"])}
    assert [one for one in facts & kind.model_fields.keys() if is_secret(kind, one)] in ([], ["path_secret"])
    assert set(table()[name]["steps"][0].get("modes", setup.asked)) <= setup.asked.keys()
