"""Draws the rooms and their arrows from the imports, for README.md: ``python -m tests.house.picture --write``."""

import sys
from pathlib import Path

from tests.house import arrows

README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN = "<!-- picture: drawn by `make picture` -->\n"
END = "<!-- end of the picture -->"

_FLOORS = {
    "doors": ("channels", "console", "api", "pushes"),
    "beside": ("operation", "sample"),
    "desk": ("handlers",),
    "heart": ("interception",),
    "offices": ("ledger", "merchants", "faq"),
    "specialists": ("rules", "shops", "carriers", "runners", "store", "cards"),
    "ground": ("outbound", "settings", "resources", "logs", "background", "domain"),
    "apart": ("sandbox",),
}


def draw() -> str:
    """The rooms from the roof down, each with the rooms that it imports now; `domain` is everybody's and left out."""
    built = {arrows.room(name) for name in arrows.modules()}
    lines = [f"{'roof':<12}{' · '.join(f'{name}.py' for name in arrows.ROOF)} → every room"]
    for floor, rooms in _FLOORS.items():
        named = floor
        for room in (name for name in rooms if name in built):
            targets = {arrows.room(whom) for who, whom in arrows.imports() if arrows.room(who) == room}
            below = " · ".join(name for name in arrows.ROOMS if name in targets - {room, "domain"})
            lines.append(f"{named:<12}{room:<16}{'→ ' + below if below else ''}".rstrip())
            named = ""
    return "```text\n" + "\n".join(lines) + "\n```\n"


def written(text: str) -> str:
    """The picture as it stands in a README."""
    return text.partition(BEGIN)[2].partition(END)[0]


def main() -> None:
    """Print the picture; with ``--write`` put it between its two marks in README.md."""
    picture = draw()
    sys.stdout.write(picture)
    if "--write" in sys.argv[1:]:
        text = README.read_text("utf-8")
        head, mark, rest = text.partition(BEGIN)
        _, end, tail = rest.partition(END)
        if not mark or not end:
            raise SystemExit(f"{README} has no place for the picture: {BEGIN.strip()} … {END}")
        README.write_text(head + mark + picture + end + tail, "utf-8")


if __name__ == "__main__":
    main()
