"""What every test gets: a closed network, one way to look for counter-examples, and the fixtures with real parts."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests import network

pytest_plugins = ["tests.postgres", "tests.browser", "tests.stored"]

ROOT = Path(__file__).resolve().parent.parent

# The machine is shared and slow at times, so no example has a deadline. CI draws the same examples each time: a change
# must not fail by somebody else's luck. `HYPOTHESIS_PROFILE=deep` looks longer, for the night before a release.
settings.register_profile("here", deadline=None, max_examples=60, print_blob=True)
settings.register_profile("ci", settings.get_profile("here"), derandomize=True)
settings.register_profile("deep", settings.get_profile("here"), max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "here"))


def pytest_configure(config: pytest.Config) -> None:
    """Nothing leaves this machine from here on, and no setting of whoever runs the tests comes in."""
    del config
    network.close()
    for name in [n for n in os.environ if n.startswith("BOT_") or n in {"DATABASE_URL", "SANDBOX_URL", "HOST", "PORT"}]:
        del os.environ[name]


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the checkout."""
    return ROOT
