"""A program that becomes a daemon: it closes all descriptors after `init`, and opens files of its own."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from conftest import TAKES_PIPES, Run
from sink import Sink

#: Closes all, ours among it, and opens as many files as take all the numbers that we had.
DAEMON = """
import ctypes, faultwire, json, os, pathlib, sys, time
faultwire.init(capture_crashes="CRASH" in os.environ, storm_folding=False)
faultwire.capture_message("before")
assert faultwire.flush(10)
os.closerange(3, 4096)
folder = pathlib.Path(os.environ["FOLDER"])
files = [os.open(folder / f"{n}.log", os.O_RDWR | os.O_CREAT | os.O_APPEND) for n in range(64)]
for file in files:
    os.write(file, b"theirs")
for n in range(5):
    faultwire.capture_message(f"after {n}")
assert faultwire.flush(10)
"""

ENDS = """
assert faultwire.close(10)
for n, file in enumerate(files):
    assert os.path.sameopenfile(file, os.open(folder / f"{n}.log", os.O_RDONLY))
print(json.dumps(faultwire.stats()))
sys.exit(3)
"""

#: The start after it, which captures nothing itself.
REPORTS = """
import faultwire, time
faultwire.init(capture_crashes=True)
assert faultwire.flush(10)
deadline = time.monotonic() + 30
while (recovered := faultwire.stats()["recovered"])["delivered"] != recovered["found"]:
    assert time.monotonic() < deadline, recovered
    time.sleep(0.005)
print(recovered["found"])
"""

ALL = ["after 0", "after 1", "after 2", "after 3", "after 4", "before"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the program's own files are."""
    folder = tmp_path / "application"
    folder.mkdir()
    return folder


def untouched(folder: Path) -> None:
    contents = [path.read_bytes() for path in folder.iterdir()]
    assert contents == [b"theirs"] * 64


def texts(sink: Sink) -> list[str]:
    return sorted(event["logentry"]["formatted"] for event in sink.events() if event["level"] != "fatal")


def test_a_daemon_keeps_its_files_and_its_events(program: Run, sink: Sink, folder: Path) -> None:
    ended = program(DAEMON + ENDS, dsn=sink.dsn, FOLDER=str(folder))
    assert (ended.code, ended.err) == (3, "")
    stats = json.loads(ended.out)
    assert (stats["captured"], stats["delivered"], stats["dropped"]) == (6, 6, {})
    assert stats["outbox"] == "disk; the application had closed its files"
    assert texts(sink) == ALL
    untouched(folder)


def test_a_daemon_that_crashes(program: Run, sink: Sink, folder: Path, state_of_its_own: Path) -> None:
    ended = program(DAEMON + "ctypes.string_at(0)", dsn=sink.dsn, FOLDER=str(folder), CRASH="yes")
    assert (ended.code, ended.err) == (-signal.SIGSEGV, "")
    untouched(folder)
    ended = program(REPORTS, dsn=sink.dsn)
    assert (ended.code, ended.out, ended.err) == (0, "1\n", "")
    assert sum(event["level"] == "fatal" for event in sink.events()) == 1
    assert texts(sink) == ALL
    assert not any(path.is_file() for path in state_of_its_own.rglob("*"))


CRASHES_WITHOUT_PIPES = f"""
import faultwire, os, pathlib, resource, time
faultwire.init(capture_crashes=True, release="first")
(record,) = pathlib.Path(os.environ["STATE"]).rglob("*.crash")
theirs = os.open(os.devnull, os.O_RDWR)
{TAKES_PIPES}
{{until}}
os.abort()
"""


@pytest.mark.parametrize(
    "until",
    [
        pytest.param("while record.exists(): pass", id="until what was there has gone"),
        pytest.param(
            "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3)); time.sleep(1.5); assert record.exists()",
            id="where nothing new can be opened",
        ),
    ],
)
def test_a_crash_is_recorded_while_what_was_taken_is_opened_anew(
    program: Run, sink: Sink, state_of_its_own: Path, until: str
) -> None:
    """The worker notices it within a second, and does not give up what there is before it has something new."""
    source = CRASHES_WITHOUT_PIPES.format(until=until)
    ended = program(source, dsn=sink.dsn, STATE=str(state_of_its_own))
    assert (ended.code, ended.err) == (-signal.SIGABRT, "")
    ended = program(REPORTS, dsn=sink.dsn)
    assert (ended.code, ended.out, ended.err) == (0, "1\n", "")
    (event,) = sink.wait(1)
    assert (event["level"], event["release"]) == ("fatal", "first")


def test_a_crash_capture_that_stays_incomplete_is_said_once(program: Run, sink: Sink) -> None:
    source = f"""
import faultwire, os, pathlib, resource, time
faultwire.init(capture_crashes=True, debug=True)
theirs = os.open(os.devnull, os.O_RDWR)
{TAKES_PIPES}
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
time.sleep(3.5)
"""
    ended = program(source, dsn=sink.dsn)
    assert ended.code == 0, ended.err
    assert ended.err.count("crash capture is incomplete, and cannot be set up anew: ") == 1, ended.err
