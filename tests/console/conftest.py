"""The running bot with the sample shop."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.console.served import Demo, demo


@pytest.fixture
async def bot(tmp_path: Path, sqlite_url: str) -> AsyncIterator[Demo]:
    """`serve --demo`, for this test alone."""
    async with demo(tmp_path, sqlite_url) as served:
        yield served
