"""A Ray cluster on this machine: the same rows as one server gives, whoever is killed, and machines that come join in."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fair_attention.audit import __main__ as command
from fair_attention.audit.cluster import needs
from fair_attention.host.server import stop
from fair_attention.metrics.study import StudyStore
from fair_attention.tests.unit.audit.test_run import content, study, whole  # noqa: F401  fixtures


class Machines:
    """Ray nodes, each with one core, which all lie on this machine. notes: worker's process -> its server's."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack):
        self.folder, self.stack, self.nodes = folder, stack, []
        self.address = ""
        self.notes = folder / "notes"
        self.notes.mkdir()
        self.take("2")

    def take(self, seconds: str) -> None:
        """So long servers that start from now on take for a cell."""
        (self.notes / "delay").write_text(seconds)

    def add(self) -> None:
        head = ["--head", "--port=0", "--include-dashboard=false", f"--temp-dir={self.folder}"]
        words = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--num-cpus=1", "--num-gpus=0", "--disable-usage-stats",
                 "--node-ip-address=127.0.0.1", "--object-store-memory=100000000",
                 *([f"--address={self.address}"] if self.address else head)]  # fmt: skip
        # Ray gives way to all others on a machine unless told not to.
        environment = os.environ | {"FAKE_NOTES": str(self.notes), "RAY_worker_niceness": "0"}
        process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, start_new_session=True
        )
        self.stack.callback(stop, process)
        said = []
        for line in process.stdout:
            said.append(line)
            if "--address='" in line and not self.address:
                self.address = line.split("--address='")[1].split("'")[0]
            if "will now block" in line:
                break
        if any("timed out during startup" in line for line in said):
            pytest.skip("Ray gives a node up that is not there after half a minute: this machine is too busy")
        assert self.address and process.poll() is None, "".join(said)
        self.nodes.append(process)

    def workers(self) -> dict[int, int]:
        """Those that live, and their servers."""
        found = {int(note.name): int(note.read_text() or 0) for note in self.notes.glob("[0-9]*")}
        return {worker: server for worker, server in found.items() if lives(worker)}


def lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(what: Callable[[], object], driver: subprocess.Popen | None = None, patience: float = 180) -> None:
    end = time.monotonic() + patience
    while not what():
        assert time.monotonic() < end, "waited for too long"
        assert driver is None or driver.poll() is None, "the driver has ended"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    pytest.importorskip("ray", reason="needs Ray: pip install ray")
    # Ray's sockets lie there, whose paths have to be short. A token of its own: Ray takes one that lies in the home for the
    # machines, and not for a driver that names an address.
    with (
        tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder,
        contextlib.ExitStack() as stack,
        pytest.MonkeyPatch.context() as patched,
    ):
        patched.setenv("RAY_AUTH_MODE", "token")
        patched.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        found = Machines(Path(folder), stack)
        found.add()
        yield found


def drive(study: Path, out: Path, address: str) -> subprocess.Popen:  # noqa: F811
    words = ["run", str(study), "--out", str(out), "--ray", address]
    return subprocess.Popen([sys.executable, "-m", "fair_attention.tests.unit.audit.ray_workers", *words])


def done(out: Path) -> int:
    if not (out / "study.sqlite").is_file():
        return 0
    with StudyStore(out, create=False) as store:
        return len(store.cells("done"))


def servers(out: Path) -> set[str]:
    """Those that have finished cells."""
    with StudyStore(out, create=False) as store:
        return {server for (server,) in store.db.execute("SELECT server FROM cells")}


def test_no_cluster_is_told(study, tmp_path, capsys):  # noqa: F811
    pytest.importorskip("ray", reason="needs Ray: pip install ray")
    assert command.main(["run", str(study), "--out", str(tmp_path / "out"), "--ray", "auto"]) == 2
    told = capsys.readouterr().err
    assert "there is no Ray cluster at auto" in told and "RAY_AUTH_MODE=token" in told


def test_a_dry_run_says_how_much_room_there_is(study, machines):  # noqa: F811
    words = ["run", str(study), "--out", str(study.parent / "out"), "--ray", machines.address, "--dry-run"]
    told = subprocess.run(
        [sys.executable, "-m", "fair_attention.audit", *words], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    assert "room for 1 workers of CPU 1" in told and "72 cells" in told and not machines.workers()


def test_rows_are_the_same_whoever_is_killed_and_a_machine_that_comes_joins_in(study, tmp_path, whole, machines):  # noqa: F811
    out = tmp_path / "out"
    driver = drive(study, out, machines.address)
    try:
        until(lambda: done(out) >= 1, driver)
        machines.add()  # a machine more
        until(lambda: len(machines.workers()) == 2 and len(servers(out)) == 2, driver)
        (first, server), (second, _) = sorted(machines.workers().items())
        os.kill(server, signal.SIGKILL)  # a server: its worker starts another
        until(lambda: machines.workers().get(first) not in (None, server), driver)
        os.kill(second, signal.SIGKILL)  # a worker, and with it its server: another comes
        until(lambda: len(machines.workers()) == 2, driver)
        left = machines.workers().values()
        driver.kill()  # the driver, and with it all workers
        driver.wait()
        assert 0 < done(out) < 72
        until(lambda: not machines.workers() and not any(map(lives, left)))
        machines.take("0")
        driver = drive(study, out, machines.address)
        assert driver.wait(180) == 0
    finally:
        driver.kill()
    assert content(out) == whole and len(servers(out)) >= 2
    with StudyStore(out, create=False) as store:
        assert {s["machine"] for s in store.facts()["servers"]}
    until(lambda: not machines.workers())


def test_without_ray_it_says_what_to_install(study, tmp_path, capsys, monkeypatch):  # noqa: F811
    monkeypatch.setitem(sys.modules, "ray", None)
    assert command.main(["run", str(study), "--out", str(tmp_path / "out"), "--ray", "auto"]) == 2
    assert "pip install ray" in capsys.readouterr().err
    assert command.main(["run", str(study), "--ray", "auto", "--server", "http://x", "--out", str(tmp_path / "o")]) == 2


def test_what_a_worker_takes():
    assert needs("GPU=0.5, big=1") == {"GPU": 0.5, "big": 1.0}
    for wrong in ("GPU", "GPU=0", "=1", "GPU=much", "GPU=-1"):
        with pytest.raises(Exception, match="does not say what a worker takes"):
            needs(wrong)
