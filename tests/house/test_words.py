"""What people read: every reason has words, both languages stand side by side, and none of them says nothing."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.reason import ReasonCode

# An answer that names neither result, fee nor reason; a form of address that keeps a distance; shouting; pictures.
EMPTY = re.compile(r"出错了|操作失败|系统繁忙|请稍后再试|您|！|[\U0001F300-\U0001FAFF\u2600-\u26FF\u2705\u274C\uFE0F]")
WORDY = (".toml", ".html", ".txt", ".md", ".j2", ".jinja")


def _tables(root: Path) -> dict[str, dict[str, object]]:
    return {
        str(path.relative_to(root)): tomllib.loads(path.read_text("utf-8"))
        for path in (root / "templates").rglob("*.toml")
    }


def _entries(table: object, way: str = "") -> Iterator[tuple[str, dict[str, object]]]:
    """Each table of words: those with a language for a key."""
    if isinstance(table, list):
        for number, value in enumerate(table):
            yield from _entries(value, f"{way}[{number}]")
    if isinstance(table, dict):
        if {"zh", "en"} & table.keys():
            yield way, table
        for key, value in table.items():
            yield from _entries(value, f"{way}.{key}" if way else key)


def test_every_reason_has_words(root: Path) -> None:
    """Each named reason has its words and its remedy, and there are no words for a reason that nobody gives."""
    words = tomllib.loads((root / "templates" / "reasons.toml").read_text("utf-8"))
    assert words.keys() == {code.value for code in ReasonCode}
    assert [code for code, entry in words.items() if not {"text", "fix"} <= entry.keys()] == []


def test_both_languages_stand_side_by_side(root: Path) -> None:
    """What is worded in one language is worded in the other, with the same facts in it."""
    lame = []
    for file, table in _tables(root).items():
        for way, entry in _entries(table):
            facts = [set(re.findall(r"\{(\w+)[^}]*\}", str(entry.get(language, "")))) for language in ("zh", "en")]
            if not (entry.get("zh") and entry.get("en")) or facts[0] != facts[1]:
                lame.append(f"{file}: {way} {facts}")
    assert lame == []


def test_no_word_says_nothing(root: Path) -> None:
    """No text tells only that something went wrong, shouts, bows or draws a face."""
    found = [
        f"{path.relative_to(root)}:{number}: {match.group()}"
        for path in (root / "templates").rglob("*")
        if path.suffix in WORDY
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if (match := EMPTY.search(line))
    ]
    assert found == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_shouts(root: Path, language: str) -> None:
    """No worded text ends in an exclamation mark, in either language."""
    loud = [
        f"{file}: {way}"
        for file, table in _tables(root).items()
        for way, entry in _entries(table)
        if re.search(r"[!！]", str(entry.get(language, "")))
    ]
    assert loud == []
