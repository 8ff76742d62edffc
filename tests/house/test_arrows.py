"""The arrows of the house, read from the imports."""

from pathlib import Path

import pytest

from tests.house import arrows

EVERYTHING = (
    "carriers.contract",
    "carriers.registry",
    "carriers.zto.client",
    "carriers.yto.client",
    "shops.embedded.shop",
    "channels.slack.client",
)


def test_every_file_is_read(root: Path) -> None:
    """No file of the package escapes the reading, for want of an `__init__.py` in its folder."""
    files = {
        ".".join(path.relative_to(root / "bot").with_suffix("").parts).removesuffix("__init__").rstrip(".")
        for path in (root / "bot").rglob("*.py")
    }
    by_path = {name for name in files if name.startswith("store.migrations.")}  # Alembic loads them under any name
    assert files - by_path - arrows.modules() == set()


def test_every_room_is_in_the_table() -> None:
    """A room appears in the table before it appears in the house."""
    rooms = {arrows.room(name) for name in arrows.modules()} - {"", *arrows.ROOF, "__main__"}
    assert rooms - arrows.ROOMS.keys() == set()


def test_every_import_is_allowed() -> None:
    """Each import of the house follows an arrow of the table."""
    everything = arrows.modules()
    found = [
        f"{who} imports {whom}: {words}"
        for who, whom in arrows.imports()
        if (words := arrows.objection(who, whom, everything))
    ]
    assert found == []


def test_nobody_imports_upwards() -> None:
    """The table itself only points down, so that no chain of rooms ever comes back to its start."""
    floors = list(arrows.ROOMS)
    upwards = [
        (name, allowed)
        for name, targets in (*arrows.ROOMS.items(), *arrows.OWN.items(), *arrows.TENANTS.items())
        for allowed in targets
        if floors.index(arrows.room(allowed)) <= floors.index(arrows.room(name))
    ]
    assert upwards == []


@pytest.mark.parametrize(
    "who, whom",
    [
        ("app", "carriers.zto.client"),
        ("cli", "sandbox.app"),
        ("carriers.registry", "carriers.zto.client"),
        ("carriers.zto.client", "carriers.contract"),
        ("carriers.zto.client", "outbound"),
        ("interception.advance", "carriers.contract"),
        ("interception.advance", "background"),
        ("shops.embedded.shop", "store.after_sales"),
        ("rules.fees", "domain.money"),
        ("serve", "app"),
        ("pushes.door", "carriers.routing"),
        ("channels.reception", "store.chats"),
    ],
)
def test_an_arrow_of_the_table_is_allowed(who: str, whom: str) -> None:
    """What the table says may be imported."""
    assert arrows.objection(who, whom, EVERYTHING) is None


@pytest.mark.parametrize(
    "who, whom",
    [
        ("carriers.zto.client", "carriers.yto.client"),
        ("carriers.contract", "carriers.zto.client"),
        ("interception.advance", "carriers.zto.client"),
        ("interception.advance", "carriers.registry"),
        ("interception.advance", "handlers.contract"),
        ("rules.fees", "background"),
        ("rules.fees", "store.fees"),
        ("domain.case", "background"),
        ("sandbox.app", "domain.case"),
        ("interception.advance", "sandbox.world"),
        ("console.records", "settings"),
        ("shops.doudian.shop", "store.after_sales"),
        ("store.cases", "app"),
        ("store.cases", "serve"),
        ("pushes.door", "carriers.registry"),
        ("channels.slack.client", "store.chats"),
    ],
)
def test_any_other_arrow_is_refused(who: str, whom: str) -> None:
    """What the table does not say is refused, whoever asks."""
    assert arrows.objection(who, whom, EVERYTHING)
