"""`channels.toml` in the data folder: which platforms this bot speaks on, and with which secrets (`docs/channels/`).

A section is one installation, `[slack]` or `[slack-2]` with `platform = "slack"`; its name stands in records, bindings
and in the address `/channels/<name>/…`. A file that others may read is refused: it holds secrets.
"""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    SecretStr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

FILE = "channels.toml"
NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
RESERVED = frozenset({"console"})

Section = Mapping[str, Any]
Settings = TypeVar("Settings", bound=BaseModel)
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Secret = Annotated[SecretStr, Field(min_length=8)]
"""Shorter is no secret: an empty one would make every signature right for whoever knows that it is empty."""


class ChannelsError(ValueError):
    """`channels.toml` cannot be used; every problem in words, none of them with a value."""


class ChannelSettings(BaseModel):
    """What every installation may say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lang: str = Field("zh", pattern="^(zh|en)$", description="卡片的语言：zh 或 en · language of its cards")


def load(path: Path) -> Mapping[str, Section]:
    """The sections by name; none where there is no file. Raises `ChannelsError`."""
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ChannelsError(f"{path.name}: 读不出来：{error} (cannot be read)") from None
    if stat.S_IMODE(mode) & 0o077:
        raise ChannelsError(
            f"{path.name}: 里面有密钥，别人也能读。请执行：chmod 600 {path} (others can read its secrets)"
        )
    return parse(text)


def parse(text: str) -> Mapping[str, Section]:
    """The sections of the file's text. Raises `ChannelsError`."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ChannelsError(f"{FILE}: 不是合法的 TOML：{error} (not TOML)") from None
    problems = [
        f"{FILE}: {name}: 应当是一节 [{name}]，名字用小写字母、数字和 -，最多 31 个 (a section with a plain name)"
        for name, section in document.items()
        if not isinstance(section, dict) or not NAME.fullmatch(name) or name in RESERVED
    ]
    if problems:
        raise ChannelsError("\n".join(problems))
    return document


def checked(kind: type[Settings], name: str, section: Section) -> Settings:
    """A section as its platform's settings. Raises `ChannelsError` that names each field and no value."""
    fields = {key: value for key, value in section.items() if key != "platform"}
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        lines = [
            f"{FILE}: [{name}] {'.'.join(map(str, one['loc']))}: {_words(one)}{_where(kind, one)}" for one in found
        ]
        raise ChannelsError("\n".join(lines)) from None


def needed_for(mode: str, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
    """For the validator of a secret that only this `mode` needs; `mode` stands before it in the class, and the field
    has `validate_default=True`. Without the secret that door must not open.
    """
    if value is None and info.data.get("mode") == mode:
        raise PydanticCustomError("missing", "missing")
    return value


def address(url: HttpUrl) -> str:
    """An address without its last slash, to put a path behind."""
    return str(url).rstrip("/")


def _words(problem: Mapping[str, Any]) -> str:
    if problem["type"] == "literal_error":
        return f"只能是其中一个：{problem['msg'].removeprefix('Input should be ')} (one of these)"
    return _WORDS.get(problem["type"]) or str(problem["msg"]).removeprefix("Value error, ")


def _where(kind: type[BaseModel], problem: Mapping[str, Any]) -> str:
    """Where the right value is found, as the setting itself says."""
    found = kind.model_fields.get(str(problem["loc"][0])) if problem["loc"] else None
    return "" if found is None or not found.description else f"。{found.description}"


_WORDS: Mapping[str, str] = {
    "missing": "缺这一项 (missing)",
    "extra_forbidden": "没有这一项，请检查拼写 (unknown field)",
    "string_too_short": "不能是空的 (empty)",
    "too_short": "太短，不像密钥 (too short for a secret)",
    "url_parsing": "不是网址 (no URL)",
    "int_parsing": "应为整数 (must be a whole number)",
    "greater_than": "太小 (too small)",
    "string_pattern_mismatch": "写法不对 (of another form)",
}
