"""What can be set from outside: environment first, then the file `.env` in the working folder, then the defaults.

The names without a prefix are those of `contract.md`; all others begin with `BOT_`. `docs/settings.md` lists them, and
a test compares the two.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, DotEnvSettingsSource, SettingsConfigDict

DEMO_CALL_TIMEOUT_S = 1.2
DEMO_DOUBT_QUIET_S = 3.0
DEMO_STALLED_S = 4.0


_PREFIX = "BOT_"
_NEAR = 0.8
"""From here on one name passes for a slip of the other; what is further off may belong to another program."""


class SettingsError(Exception):
    """A setting is wrong; the message names it and says what is allowed."""


class Settings(BaseSettings):
    """All settings, typed. Durations in seconds."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_file=".env", extra="ignore", populate_by_name=True)

    host: str = Field("127.0.0.1", validation_alias="HOST", description="address to listen on")
    port: int = Field(8080, ge=0, le=65535, validation_alias="PORT", description="port to listen on")
    data: Path = Field(Path("data"), validation_alias="BOT_DATA", description="folder of database, routes and secrets")
    database_url: str = Field(
        "", validation_alias="DATABASE_URL", description="`postgresql://…`; empty: an SQLite file in the data folder"
    )
    sandbox_url: str = Field("", validation_alias="SANDBOX_URL", description="address of a running sandbox (demo only)")
    demo: bool = Field(False, description="set by `serve --demo`: sample shop, every route to the sandbox")
    call_timeout_s: float = Field(8.0, gt=0, description="how long a carrier call may take; demo 1.2")
    doubt_quiet_s: float = Field(
        600.0, gt=0, description="how long after a call without an answer «nothing» begins to count; demo 3"
    )
    unavailable_s: float = Field(120.0, gt=0, description="how long an ask that never left is tried (ruling 5)")
    watch_days: int = Field(15, ge=1, le=60, description="after so many days without a sign it is given up")
    call_slots: int = Field(64, ge=1, le=1000, description="carrier calls at once that start with their click (SQLite)")
    call_slots_shared: int = Field(8, ge=1, le=1000, description="the same on PostgreSQL; more become jobs")
    heartbeat_s: float = Field(1.0, gt=0, description="how often a replica says that it lives (PostgreSQL)")
    stalled_s: float = Field(15.0, gt=0, description="after so long without that, others take over its jobs; demo 4")
    looks_per_s: int = Field(400, ge=1, description="how many parcels are looked at in a second, for each route")
    rules_file: Path | None = Field(None, description="rules in place of those that ship (fees, limits, categories)")
    session_hours: float = Field(12.0, gt=0, description="how long a sign-in lasts")
    sign_in_tries: int = Field(5, ge=1, description="wrong passwords until a sign-in is locked")
    sign_in_lock_minutes: float = Field(10.0, gt=0, description="how long it stays locked")
    api_rate: float = Field(200.0, gt=0, description="API requests a second and key")
    api_burst: int = Field(500, ge=1, description="API requests at once and key")
    public_url: str = Field("", description="address that people open, for links in cards")
    log_format: Literal["auto", "text", "json"] = Field("auto", description="auto: text on a terminal, else JSON")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="what is logged")
    stop_grace_s: float = Field(6.0, ge=0, le=9, description="how long calls may finish at SIGTERM (ruling 6)")

    @field_validator("database_url")
    @classmethod
    def _one_driver(cls, value: str) -> str:
        """The only PostgreSQL driver is psycopg (ruling 26)."""
        scheme, separator, rest = value.partition("://")
        if not separator:
            if value:
                raise ValueError(
                    "不是数据库的地址：postgresql://用户@主机/库名，或者不填 · "
                    "is no address: postgresql://user@host/name, or empty"
                )
            return value
        if scheme in {"postgres", "postgresql", "postgresql+psycopg"}:
            return f"postgresql+psycopg://{rest}"
        if scheme in {"sqlite", "sqlite+aiosqlite"}:
            return f"sqlite://{rest}"
        raise ValueError(f"不认识 {scheme}://，只能是 postgresql:// 或不填 · unknown scheme; postgresql:// or empty")

    @model_validator(mode="after")
    def _demo_times(self) -> Settings:
        """The demo lives faster (ruling 6)."""
        if self.demo:
            if "call_timeout_s" not in self.model_fields_set:
                self.call_timeout_s = DEMO_CALL_TIMEOUT_S
            if "doubt_quiet_s" not in self.model_fields_set:
                self.doubt_quiet_s = DEMO_DOUBT_QUIET_S
            if "stalled_s" not in self.model_fields_set:
                self.stalled_s = DEMO_STALLED_S
        if self.heartbeat_s * 3 > self.stalled_s:
            raise ValueError(
                f"BOT_STALLED_S（{self.stalled_s:g}）至少是 BOT_HEARTBEAT_S（{self.heartbeat_s:g}）的三倍："
                "不然一个只是忙的进程会被当成死的 · must be at least three times BOT_HEARTBEAT_S: otherwise a replica "
                "that is merely busy passes for dead"
            )
        if self.call_timeout_s * 2 >= self.doubt_quiet_s:
            raise ValueError(
                f"BOT_CALL_TIMEOUT_S（{self.call_timeout_s:g}）必须小于 BOT_DOUBT_QUIET_S（{self.doubt_quiet_s:g}）的"
                "一半：不然还在路上的请求会被当成没有到，同一个包裹拦两次 · must stay below half of BOT_DOUBT_QUIET_S: "
                "otherwise a request that is still on its way could pass for one that never arrived, and a parcel be "
                "asked for twice"
            )
        return self

    @property
    def database(self) -> str:
        """The address of the database, with the default filled in."""
        return self.database_url or f"sqlite:///{self.data / 'intercept.db'}"


def load(*, demo: bool = False) -> Settings:
    """Reads the settings; raises `SettingsError` that names every wrong one."""
    try:
        return Settings(demo=demo) if demo else Settings()
    except ValidationError as problem:
        lines = [_line(list(map(str, error["loc"])), _words(error)) for error in problem.errors()]
        raise SettingsError("\n".join(lines)) from None


def variable(name: str) -> str:
    """The environment variable of a setting."""
    alias = Settings.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else f"BOT_{name.upper()}"


def unknown() -> Mapping[str, str]:
    """The names in the environment and in `.env` that begin with `BOT_` and set nothing, in their order; with each the
    setting that was probably meant, or "". The values are not told: they may be secrets.
    """
    known = [variable(name) for name in Settings.model_fields]
    given = {name.upper() for name in (*os.environ, *DotEnvSettingsSource(Settings).env_vars)}
    strange = sorted(name for name in given if name.startswith(_PREFIX) and name not in known)
    return {name: _meant(name, known) for name in strange}


def _meant(name: str, known: Sequence[str]) -> str:
    """The setting with the nearest name; `BOT_PORT` is `PORT`."""
    bare = name.removeprefix(_PREFIX)
    return bare if bare in known else next(iter(get_close_matches(name, known, 1, _NEAR)), "")


def _line(where: list[str], message: str) -> str:
    if not where:
        return message
    name = variable(where[0]) if where[0] in Settings.model_fields else where[0]
    return f"{name}: {message}"


_WORDS: Mapping[str, str] = {
    "int_parsing": "应为整数 · must be a whole number",
    "float_parsing": "应为数 · must be a number",
    "bool_parsing": "应为 true 或 false · must be true or false",
    "greater_than": "应大于 {gt:g} · must be above {gt:g}",
    "greater_than_equal": "不能小于 {ge:g} · must be at least {ge:g}",
    "less_than": "应小于 {lt:g} · must be below {lt:g}",
    "less_than_equal": "不能大于 {le:g} · must be at most {le:g}",
    "literal_error": "只能是 {expected} · must be {expected}",
}


def _words(error: ErrorDetails) -> str:
    """What is allowed. The value is told only where it cannot be a secret: it is short, and no address."""
    words = _WORDS.get(error["type"])
    if words is None:
        return error["msg"].removeprefix("Value error, ")
    given = str(error["input"])
    told = words.format_map(error.get("ctx", {}))
    return f"{told} ({given})" if len(given) <= 20 and "://" not in given else told
