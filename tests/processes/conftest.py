"""What the stories of real processes share: a sink, and a way to run a program as a user would."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "conformance"))

from sink import Sink  # noqa: E402
from state import state_of_its_own  # noqa: E402, F401
from torture import figure, pytest_terminal_summary  # noqa: E402, F401

#: Seconds that any story may take: far beyond what it takes on a busy machine.
DEADLINE = 60.0
#: Seconds that a busy machine may add to a process.
BUSY = 6.0

#: Puts the descriptor `theirs` behind the numbers of all pipes, which are ours, and of nothing else.
TAKES_PIPES = """
import os, stat
for number in map(int, os.listdir("/dev/fd")):
    try:
        if number > 2 and stat.S_ISFIFO(os.fstat(number).st_mode):
            os.dup2(theirs, number)
    except OSError:
        pass  # what the list itself was read from
"""


class Ended:
    """A process that has ended: its exit code, its output, and how long it took."""

    def __init__(self, code: int, out: str, err: str, seconds: float) -> None:
        self.code, self.out, self.err, self.seconds = code, out, err, seconds


Run = Callable[..., Ended]


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as sink:
        yield sink


@pytest.fixture
def program(tmp_path: Path) -> Run:
    """Runs Python source in a process of its own. `prefix` goes before the interpreter (a tracer)."""

    def run(source: str, *, dsn: str = "", prefix: tuple[str, ...] = (), **environment: str) -> Ended:
        path = tmp_path / "program.py"
        path.write_text(source)
        env = {k: v for k, v in os.environ.items() if not k.startswith(("FAULTWIRE_", "SENTRY_", "PYTEST"))}
        env.update({"FAULTWIRE_DSN": dsn, **environment})
        began = time.monotonic()
        done = subprocess.run(
            [*prefix, sys.executable, str(path)],
            env=env,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
        return Ended(done.returncode, done.stdout, done.stderr, time.monotonic() - began)

    return run
