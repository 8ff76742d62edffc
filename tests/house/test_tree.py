"""What the tree of files looks like: nothing without a subject, nothing too long, nothing left open."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.house import picture

CODE = ("bot", "benchmarks", "scripts", "tests")
OURS = (*CODE, "templates", "docs")
NAMELESS = {"common", "helper", "helpers", "lib", "misc", "shared_code", "util", "utils"}
LOCKS = ("requirements.lock", "requirements-build.lock", "requirements-dev.lock")
LONGEST = 400
LONGEST_TEST = 500  # a story needs its set-up beside it
# Built here from pieces, so that this file does not find itself.
LEFT_OPEN = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3]) + r")\b|raise NotImplemented" + "Error")


def _files(root: Path, folders: tuple[str, ...], pattern: str) -> list[Path]:
    found = (path for folder in folders for path in (root / folder).rglob(pattern))
    return [path for path in found if path.is_file() and "__pycache__" not in path.parts]


def test_everything_has_a_subject(root: Path) -> None:
    """No folder and no file is called after having no subject."""
    paths = [path.relative_to(root) for path in _files(root, OURS, "*")]
    assert [str(path) for path in paths if NAMELESS & {part.partition(".")[0] for part in path.parts}] == []


def test_no_file_is_too_long(root: Path) -> None:
    """A file that needs more lines holds a second subject."""
    long = {
        str(path.relative_to(root)): lines
        for path in _files(root, CODE, "*.py")
        if "versions" not in path.parts  # a revision makes its tables in one piece, and is never changed
        and (lines := path.read_text("utf-8").count("\n")) > (LONGEST_TEST if "tests" in path.parts else LONGEST)
    }
    assert long == {}


def test_nothing_is_left_open(root: Path) -> None:
    """No note to do something later, and no function that only says it is not written."""
    open_ends = [
        f"{path.relative_to(root)}:{number}"
        for path in _files(root, CODE, "*.py")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if LEFT_OPEN.search(line)
    ]
    assert open_ends == []


def test_the_picture_is_the_house(root: Path) -> None:
    """The picture in the README is the one drawn from the imports; `make picture` draws it again."""
    assert picture.written((root / "README.md").read_text("utf-8")) == picture.draw()


def test_links_lead_somewhere(root: Path) -> None:
    """A relative link in a page leads to a file that exists."""
    pages = [*root.glob("*.md"), *_files(root, ("docs", "bot"), "*.md")]
    dead = [
        f"{page.relative_to(root)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8"))
        if not re.match(r"[a-z]+:", target) and not (page.parent / target).exists()
    ]
    assert dead == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_hashes_and_no_address(root: Path, name: str) -> None:
    """A lock pins each package by version and hash and names no place to fetch it from."""
    text = (root / name).read_text("utf-8")
    pins = re.findall(r"^([a-z0-9.\-]+(?:\[[a-z,]+\])?==\S+)[^\n]*\\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^\S", text, re.MULTILINE))
    assert "://" not in text


def test_the_locks_agree(root: Path) -> None:
    """A package has the same versions in the smaller locks as in the one for tests, which contains them."""
    largest, *others = [
        {line.partition(" ")[0] for line in (root / name).read_text("utf-8").splitlines() if line[:1].strip()}
        for name in ("requirements-dev.lock", "requirements.lock", "requirements-build.lock")
    ]
    assert [sorted(pins - largest) for pins in others] == [[], []]


def test_what_the_wheel_asks_for_is_locked(root: Path) -> None:
    """The wheel's own requirements, with the extra for PostgreSQL, are those that the run-time lock was made from."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["postgres"]]
    names = {re.split(r"[>=<;\[ ]", line, maxsplit=1)[0] for line in asked if "win32'" not in line or "!=" in line}
    sources = (root / "requirements.in").read_text("utf-8").split()
    assert names == {source.partition("[")[0] for source in sources}
