"""A 200 says that the disk has it: SIGKILL does not show that, a power cut would. So the system calls are watched."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from server import Server, wait_until

EVENTS = 20


@pytest.fixture
def watched(server: Server, tmp_path: Path) -> Iterator[tuple[Server, Path]]:
    """A server, and the file in which its writes stand, line by line, as they began and ended."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("there is no strace")
    calls = tmp_path / "calls"
    # A path instead of a number for what is written to: the log's segments are told from sockets.
    flags = ["-f", "-y", "-s", "16", "-e", "trace=fdatasync,pwrite64,pwritev,write,writev,sendto", "-o", str(calls)]
    watcher = subprocess.Popen([strace, *flags, "-p", str(server.pid)], stderr=subprocess.PIPE, text=True)
    try:
        assert watcher.stderr
        if "attached" not in (said := watcher.stderr.readline()):
            pytest.skip(f"processes cannot be watched here: {said}")
        yield server, calls
    finally:
        watcher.terminate()
        watcher.wait(30)


def test_it_is_on_disk_before_the_answer(watched: tuple[Server, Path]) -> None:
    """One after the other: for each, the log is written, brought to disk, and only then there is the answer."""
    server, calls = watched
    server.event({"message": "the first"})
    for n in range(EVENTS):
        server.event({"message": f"m{n}"})
    wait_until(lambda: calls.read_text().count("HTTP/1.1 200") > EVENTS, what="the answers to be noted")
    written = synced = answered = 0
    #: Threads that wait for the disk to have the log, and how much of it.
    waiting: dict[str, int] = {}
    for line in calls.read_text().splitlines():
        thread = line.split(maxsplit=1)[0]
        is_log = re.search(r"<[^>]*/data/log/[0-9a-f]{8}-[0-9a-f]{8}\.log>", line) is not None
        if is_log and "pwrite" in line:
            written += 1
        elif is_log and "fdatasync(" in line:
            waiting[thread] = written
            if "unfinished" not in line:
                synced = waiting.pop(thread)
        elif "<... fdatasync resumed" in line and thread in waiting:
            synced = waiting.pop(thread)
        elif "HTTP/1.1 200" in line:
            answered += 1
            assert synced >= answered and synced == written, (line, written, synced, answered)
    assert answered > EVENTS and written >= answered
