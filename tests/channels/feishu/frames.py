"""The frame classes of 飞书's own SDK, without the rest of it, which takes seconds to import."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any


def _load() -> Any:
    """The generated module. Its packages are stand-ins while it is imported, and gone afterwards."""
    found = importlib.util.find_spec("lark_oapi")
    assert found is not None
    assert found.origin is not None
    home = Path(found.origin).parent
    packages = {"lark_oapi": home, "lark_oapi.ws": home / "ws"}
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "lark_oapi"}
    for name, folder in packages.items():
        sys.modules[name] = ModuleType(name)
        sys.modules[name].__path__ = [str(folder)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module("lark_oapi.ws.pb.pbbp2_pb2")
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "lark_oapi"]:
            del sys.modules[name]
        sys.modules.update(before)


_generated = _load()
Frame: Any = _generated.Frame
"""`pbbp2.Frame`, as protoc made it."""


def frame(*, method: int, headers: dict[str, str], payload: bytes | None = None, service: int = 7, seq: int = 1) -> Any:
    """One of them."""
    made = Frame()
    made.SeqID, made.LogID, made.service, made.method = seq, 2**63 + seq, service, method
    for name, value in headers.items():
        header = made.headers.add()
        header.key, header.value = name, value
    if payload is not None:
        made.payload = payload
        made.payload_encoding, made.payload_type, made.LogIDNew = "", "", f"log-{seq}"
    return made


def headers_of(made: Any) -> dict[str, str]:
    """Its headers by name."""
    return {one.key: one.value for one in made.headers}


def parsed(data: bytes) -> Any:
    """The frame in these bytes; raises where the SDK's classes find none."""
    made = Frame()
    made.ParseFromString(data)
    return made
