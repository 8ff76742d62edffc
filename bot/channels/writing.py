"""Writes a section of `channels.toml`, whole or not at all; everything else in the file stays as it is."""

from __future__ import annotations

import contextlib
import os
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Table

from bot.channels.configuration import FILE, ChannelsError

MODE = 0o600


def changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The names whose value is another one."""
    return [name for name, value in new.items() if name not in old or old[name] != value]


def with_section(text: str, name: str, values: Mapping[str, Any]) -> str:
    """The file's text with these values in that section. Other sections, comments, the order, and what else the section
    says stay. Raises `ChannelsError` where that cannot be kept.
    """
    document = tomlkit.parse(text)
    section = document.get(name)
    if not isinstance(section, Table):
        if text.strip():
            document.add(tomlkit.nl())
        section = tomlkit.table()
        document.add(name, section)
    for key, value in values.items():
        section[key] = value
    new = tomlkit.dumps(document)
    before, after = tomllib.loads(text), tomllib.loads(new)
    wanted = {**before, name: {**before.get(name, {}), **values}}
    if after != wanted:
        raise ChannelsError(f"{FILE}: 改不了 [{name}]，请自己写 (cannot be changed here, write it by hand)")
    return new


def save(path: Path, text: str) -> None:
    """Puts the text there in one step, readable by its owner alone. Raises `OSError`."""
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 600
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(MODE)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
