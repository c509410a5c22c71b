"""The caller's thread is sacred: per-thread tracing shows that a capture does no I/O and never waits."""

import re
import shutil
from pathlib import Path

import pytest
from conftest import Run
from sink import Sink

#: The program marks the part that counts by two calls that nothing else makes.
TRACED = """
import os, faultwire
faultwire.init(storm_folding={folding})

def fail(depth):
    password = "hunter2"
    if depth == 0:
        raise ValueError("failed")
    fail(depth - 1)

def capture(count):
    for number in range(count):
        try:
            fail(5)
        except ValueError as error:
            faultwire.capture_exception(error)

capture(50)
faultwire.flush(10)
os.stat("/begin-of-the-captures")
"""
BEGIN, END = "/begin-of-the-captures", "/end-of-the-captures"

#: All that a capture may ask of the kernel: to wake the worker (which never waits), and memory.
ALLOWED = {
    "futex",
    "brk",
    "mmap",
    "munmap",
    "madvise",
    "mremap",
    "getrandom",
    "sched_yield",
    "rt_sigreturn",
}


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("mode", ["ok", "stall", "refuse"])
@pytest.mark.parametrize("folding", [True, False])
def test_captures_do_no_io_and_never_wait(program: Run, sink: Sink, tmp_path: Path, mode: str, folding: bool) -> None:
    source = TRACED.format(folding=folding).replace(
        'os.stat("/begin-of-the-captures")',
        f"""
def quiet_stat(path):
    try:
        os.stat(path)
    except OSError:
        pass

quiet_stat("{BEGIN}")
capture(500)
quiet_stat("{END}")
os._exit(0)
""",
    )
    if mode != "ok":
        source = source.replace("faultwire.flush(10)", "faultwire.flush(0.2)")
    sink.mode(mode)  # type: ignore[arg-type]
    trace = tmp_path / "trace"
    ended = program(source, dsn=sink.dsn, prefix=("strace", "-ff", "-qq", "-o", str(trace)))
    assert ended.code == 0, ended.err
    (app,) = [path for path in tmp_path.glob("trace.*") if BEGIN in path.read_text()]
    lines = app.read_text().split(BEGIN, 1)[1].split(END, 1)[0].splitlines()[1:-1]
    calls = [match.group(1) for line in lines if (match := re.match(r"(\w+)\(", line))]
    assert set(calls) <= ALLOWED, sorted(set(calls) - ALLOWED)
    waits = [line for line in lines if line.startswith("futex(") and "FUTEX_WAIT" in line]
    assert waits == []
