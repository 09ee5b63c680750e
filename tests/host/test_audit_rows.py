"""A study on the real host and the emoji world: the same rows, bit for bit, on one server, two, and Ray's; whoever is killed.

Minutes: FAIR_ATTENTION_SLOW=1 runs it. What the driver does is tested on servers that draw nothing (tests/unit/audit).
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from fair_attention.host import hosts
from fair_attention.tests.unit.audit.test_ray import done, machines, servers, until  # noqa: F401  a fixture
from fair_attention.tests.unit.audit.test_run import content

pytestmark = pytest.mark.slow

METHOD = """
[[methods]]
name = "{name}"
workflow = "record-a-study.json"
slots = {{prompt = "Linguistic Alignment", seed = "KSampler", pictures = "Size and number of pictures"}}
set = {{"KSampler.steps" = 4, "Fair Inference.strength" = {strength}}}
"""
STUDY = """
format = 1
keep_pictures = 2
[prompts]
list = ["a photo of two pilots", "a photo of three nurses"]
[seeds]
blocks = 3
pictures = 2
"""
CELLS = 2 * 3 * 2
PATIENCE = 1200  # seconds


@pytest.fixture(scope="module", autouse=True)
def threads() -> Iterator[None]:
    """As many for all: Ray's workers are given one, and another number may add up in another order."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("OMP_NUM_THREADS", "1")
        yield


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    shutil.copy(hosts.ROOT / "workflows" / "record-a-study.json", folder)
    methods = METHOD.format(name="plain", strength=0.0) + METHOD.format(name="fair", strength=7.0)
    (folder / "study.toml").write_text(STUDY + methods)
    return folder / "study.toml"


@pytest.fixture(scope="module")
def whole(study, threads, tmp_path_factory) -> tuple[list, list]:
    """On one server, in one go."""
    out = tmp_path_factory.mktemp("whole") / "out"
    assert drive(study, out).wait(PATIENCE) == 0
    rows, pictures = drawn(out)
    assert len({row[:4] for row in rows}) == CELLS * 2 and len(pictures) == 2 * 2 * 2
    assert any(row[-2] for row in rows), "nobody was given an attribute"
    return rows, pictures


def drive(study: Path, out: Path, *where: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "fair_attention.audit", "run", str(study), "--out", str(out), *where]
    )


def drawn(out: Path) -> tuple[list, list]:
    """The rows, but for times and servers, and the pixels of the pictures that are kept."""
    files = sorted((out / "pictures").glob("*.png"))
    return content(out), [(file.name, np.asarray(Image.open(file)).tobytes()) for file in files]


def comfyuis(of: int) -> list[psutil.Process]:
    """The servers that a process, or one of those below it, has started."""
    return [process for process in psutil.Process(of).children(recursive=True) if "main.py" in told(process)]


def told(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def interrupted(study: Path, out: Path, where: tuple[str, ...], kills: Callable[[subprocess.Popen], list]) -> tuple:
    """Run with somebody killed again and again, the driver last; then to the end."""
    driver = drive(study, out, *where)
    try:
        until(lambda: done(out) >= 1 and len(servers(out)) == 2, driver, PATIENCE)
        for kill in kills(driver):
            before = done(out)
            kill()
            if driver.poll() is None and before < CELLS - 4:
                until(lambda: done(out) > before, driver, PATIENCE)  # noqa: B023  asked at once
        driver.kill()
        driver.wait()
        assert 0 < done(out) < CELLS
        driver = drive(study, out, *where)
        assert driver.wait(PATIENCE) == 0
    finally:
        driver.kill()
        driver.wait()
    return drawn(out)


def test_two_servers_one_of_which_is_killed_and_then_the_driver(study, whole, tmp_path):
    rows = interrupted(study, tmp_path / "out", ("--embedded", "2"), lambda driver: [comfyuis(driver.pid)[0].kill])
    assert rows == whole


def test_two_workers_of_ray_a_server_of_which_a_worker_and_the_driver_are_killed(study, whole, tmp_path, machines):  # noqa: F811
    machines.add()

    def kills(driver: subprocess.Popen) -> list:
        found = [server for node in machines.nodes for server in comfyuis(node.pid)]
        assert len(found) == 2
        return [found[0].kill, found[1].parent().kill]

    rows = interrupted(study, tmp_path / "out", ("--ray", machines.address), kills)
    assert rows == whole
