"""What all tests of a process share; and, for those that ask for it, one running host."""

import pytest
from hypothesis import settings

from fair_attention.host import server

# Slow machines and busy ones are not errors, and a run is to be the same every time.
settings.register_profile("default", deadline=None, derandomize=True)
settings.load_profile("default")


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """The host as a server with this pack, in an empty base directory."""
    with server.running(tmp_path_factory.mktemp("served")) as started:
        yield started


@pytest.fixture(scope="session")
def object_info(served) -> dict:
    """Every node class of that host, ours among them."""
    return served.object_info()
