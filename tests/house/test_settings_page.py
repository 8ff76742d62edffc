"""The page of settings and the settings themselves."""

import re
from pathlib import Path

from bot.settings import Settings, variable

ROW = re.compile(r"^\| `([A-Z_]+)` \| (?:`([^`]*)`|–) \| [^|]+ \|$", re.MULTILINE)


def _shown(default: object) -> str:
    """A default as the page writes it: nothing for an empty one, whole seconds without a point."""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, float):
        return f"{default:g}"
    return "" if default is None else str(default)


def test_every_setting_is_documented_with_its_default(root: Path) -> None:
    """The page lists exactly the settings that exist, each with the default that holds."""
    page = dict(ROW.findall((root / "docs" / "settings.md").read_text("utf-8")))
    code = {variable(name): _shown(field.default) for name, field in Settings.model_fields.items()}
    assert page == code


def test_the_page_keeps_the_order_of_the_code(root: Path) -> None:
    """Within each section the settings stand as in the code, so that neighbours are found together."""
    order = [variable(name) for name in Settings.model_fields]
    sections = (root / "docs" / "settings.md").read_text("utf-8").split("\n## ")
    for section in sections:
        places = [order.index(name) for name, _ in ROW.findall(section) if name in order]
        assert places == sorted(places)
