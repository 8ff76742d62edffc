"""Where the files are that ship with the code but are no code."""

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def templates() -> Path:
    """The folder ``templates/``: inside the package when installed, beside it in a checkout.

    The wheel carries it as ``bot/templates`` (pyproject.toml), so that nothing lands beside other packages' files.
    """
    installed = _HERE / "templates"
    return installed if installed.is_dir() else _HERE.parent / "templates"
