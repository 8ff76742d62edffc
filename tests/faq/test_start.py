"""What the recogniser costs a process."""

import subprocess
import sys

HEAVY = {"pydantic", "sqlalchemy", "jinja2", "aiohttp", "numpy", "sklearn", "asyncio"}
CODE = """
import json, sys
before = set(sys.modules)
from bot.faq.recognise import recognise
said = recognise("拦截多少钱")
import resource
print(json.dumps([said, sorted({name.split(".")[0] for name in set(sys.modules) - before})]))
"""


def test_only_the_standard_library_is_loaded() -> None:
    """Answering a message loads nothing heavy, so that the line protocol starts in a fraction of a second."""
    done = subprocess.run([sys.executable, "-I", "-c", CODE], capture_output=True, text=True, check=True, timeout=30)
    assert '"fee"' in done.stdout
    loaded = set(done.stdout.replace('"', " ").replace(",", " ").split())
    assert not loaded & HEAVY
