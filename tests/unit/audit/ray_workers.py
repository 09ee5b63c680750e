"""The audit's command, whose workers start a server that draws nothing; what each has started is noted in $FAKE_NOTES."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from fair_attention.audit import __main__ as command
from fair_attention.audit import cluster
from fair_attention.audit.places import Embedded, Running
from fair_attention.host.server import ends_with_us, stop


class FakeEmbedded(Embedded):
    def open(self) -> None:
        self.starts += 1
        self.url = self.stack.enter_context(fake())

    def about(self) -> dict:
        return Running.about(self)


@contextlib.contextmanager
def fake() -> Iterator[str]:
    """The address of a fake host, a process that ends with this one. Notes "server" beside the worker's own number."""
    words = [
        sys.executable,
        "-m",
        "fair_attention.host.fake",
        "--delay",
        Path(os.environ["FAKE_NOTES"], "delay").read_text(),
    ]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=ends_with_us()
    )
    try:
        url = process.stdout.readline().strip()
        Path(os.environ["FAKE_NOTES"], str(os.getpid())).write_text(str(process.pid))
        yield url
    finally:
        stop(process)


if __name__ == "__main__":
    cluster.Embedded = FakeEmbedded
    raise SystemExit(command.main())
