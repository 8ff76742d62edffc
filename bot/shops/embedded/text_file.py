"""Text files as people send them: UTF-8 with or without a mark, or GB18030 out of a Chinese spreadsheet; any size.

A file is read line by line, and no line may fill the memory. What can't be decoded is kept as lone surrogates, so that
only the line that holds it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

LONGEST_LINE = 1_000_000
TOO_LONG = "\udc00"
"""Stands in the place of a longer line. Undecoded bytes become U+DC80 and above, so nothing else looks like it."""

_ENOUGH = 10_000
"""So many lines that are not plain ASCII tell a file's encoding."""


def encoding_of(path: Path) -> str:
    """The encoding in which most lines that are not plain ASCII make sense."""
    utf8 = other = 0
    with path.open("rb") as file:
        while (line := file.readline(LONGEST_LINE)) and utf8 + other < _ENOUGH:
            if line.isascii():
                continue
            if _decodes(line, "utf-8"):
                utf8 += 1
            elif _decodes(line, "gb18030"):
                other += 1
    return "gb18030" if other > utf8 else "utf-8-sig"


def is_utf16(path: Path) -> bool:
    """Whether it is what a spreadsheet calls "Unicode text": two bytes a character, by its mark or its first letter.

    In UTF-8 and GB18030 no text holds a zero byte.
    """
    with path.open("rb") as file:
        begin = file.read(2)
    return begin in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in begin


def lines(path: Path) -> Iterator[str]:
    """The lines with their endings, whatever these are."""
    with path.open(encoding=encoding_of(path), errors="surrogateescape", newline="") as file:
        while line := file.readline(LONGEST_LINE):
            if len(line) == LONGEST_LINE and line[-1] not in "\r\n":
                while (more := file.readline(LONGEST_LINE)) and more[-1] not in "\r\n":
                    pass
                line = TOO_LONG + "\n"
            yield line


def is_decoded(text: str) -> bool:
    """Whether every byte of it made sense in the file's encoding."""
    return text.isascii() or not any("\udc80" <= char <= "\udcff" for char in text)


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
