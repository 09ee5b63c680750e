"""What all tests of a process share; and, for those that ask for it, one running host."""

import os

import pytest
from hypothesis import settings

from fair_attention.host import server

# Slow machines and busy ones are not errors, and a run is to be the same every time.
settings.register_profile("default", deadline=None, derandomize=True)
settings.load_profile("default")

# What takes longest begins first: begun last, one of these would have its process work on while the others are done.
LONGEST_FIRST = (
    "host/composition/test_composition.py", "browser/test_front_end.py", "host/test_emoji_model.py", "host/test_compiled.py",
    "host/test_capture.py", "host/test_passes.py", "host/test_energy_shared.py", "host/composition/test_orders.py",
    "host/test_fair_inference_preservation.py", "host/test_fair_inference_sampling.py",
)  # fmt: skip


def pytest_collection_modifyitems(items):
    places = {f"tests/{file}": place for place, file in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(places)))
    if not os.environ.get("FAIR_ATTENTION_SLOW"):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="takes minutes: FAIR_ATTENTION_SLOW=1 runs it"))


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """The host as a server with this pack, in an empty base directory."""
    with server.running(tmp_path_factory.mktemp("served")) as started:
        yield started


@pytest.fixture(scope="session")
def object_info(served) -> dict:
    """Every node class of that host, ours among them."""
    return served.object_info()
