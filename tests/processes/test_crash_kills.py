"""Crashes cut short by a kill, and reports of crashes cut short: what is told is whole, and told of one death once."""

from __future__ import annotations

import collections
import json
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import DEADLINE, Run
from sink import Json, Sink
from test_lives import files, start
from torture import TORTURE

pytestmark = pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="crashes are not captured here")

#: Says which of its events are complete, and crashes. A tag that is new at the crash makes the handler wait for the
#: worker to write it, which takes longer than anything else it does.
CRASHES = """
import ctypes, faultwire, time
faultwire.init(capture_crashes=True, storm_folding=False, release="first")
faultwire.set_tag("life", "{life}")
ids = [faultwire.capture_message(f"life {life} number {{n}}") for n in range(5)]
while {settled} and (stats := faultwire.stats())["delivered"] + stats["spooled"] < 5:
    time.sleep(0.001)
stats = faultwire.stats()
print(*ids[: stats["delivered"] + stats["spooled"]], flush=True)
faultwire.set_tag("said", "just now" if {says} else None)
ctypes.string_at(0)
"""

#: A life that has nothing to say but what others left.
REPORTS = """
import faultwire, time
faultwire.init(capture_crashes=True, release="second")
print("ready", flush=True)
time.sleep(60)
"""

#: The last start: ends when nothing is left of those before it, whose crashes become records of its own.
TAKES_OVER = """
import faultwire, json, os, pathlib, time
left = [path for path in pathlib.Path(os.environ["XDG_STATE_HOME"]).rglob("*") if path.is_file()]
faultwire.init()
deadline = time.monotonic() + 30
while any(path.exists() for path in left) and time.monotonic() < deadline:
    time.sleep(0.01)
assert faultwire.close(10)
print(json.dumps(faultwire.stats()))
"""

#: Seconds from the crash to the kill: none, and what the record and the worker's turn may take.
MOMENTS = [0.0, 0.001, 0.003, 0.01, 0.03, 0.1]


def crashed(dsn: str, folder: Path, life: int, after: float) -> tuple[int, int, list[str]]:
    """Crashes, and is killed that many seconds later, if it still lives.

    Its process id, its exit code, and which events were complete.
    """
    source = CRASHES.format(life=life, settled=life % 2 == 0, says=life % 3 == 0)
    process = start(source, dsn, folder)
    assert process.stdout is not None
    complete = process.stdout.readline().split()
    time.sleep(after)
    process.kill()
    _, errors = process.communicate(timeout=DEADLINE)
    assert errors == ""
    return process.pid, process.returncode, complete


def report_killed(dsn: str, folder: Path, after: float) -> None:
    """A start that reports, killed some seconds after `init`."""
    process = start(REPORTS, dsn, folder)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    time.sleep(after)
    process.kill()
    process.communicate(timeout=DEADLINE)


def told(sink: Sink) -> dict[str, int]:
    """Of each event of a crash, by its id, the process that it is of. All are whole, and repeats say the same."""
    lives: dict[str, int] = {}
    for event in sink.events():
        if event["level"] == "fatal":
            life = whole(event)
            assert lives.setdefault(event["event_id"], life) == life
    return lives


def whole(event: Json) -> int:
    error = event["exception"]["values"][-1]
    assert (error["type"], event["release"], event["platform"]) == ("SIGSEGV", "first", "native"), event
    assert error["value"] == "Segfault: invalid memory access at 0x0"
    assert (error["mechanism"]["type"], error["mechanism"]["handled"]) == ("signalhandler", False)
    assert event["contexts"]["registers"]
    # A handler that was killed while it walked the stack has told of the rest.
    for frame in (error.get("stacktrace") or {}).get("frames", []):
        assert frame.get("platform") == "python" or int(frame["instruction_addr"], 16) > 0
    # What was said last is there if the kill left time to write it.
    assert set(event.get("tags", {})) <= {"life", "said"}
    return error["thread_id"]


@pytest.mark.parametrize("reporters", ["live", "are killed"])
def test_a_crash_is_told_once_or_not_at_all_and_costs_no_other_event(
    program: Run,
    sink: Sink,
    tmp_path: Path,
    state_of_its_own: Path,
    figure: Callable[[str], None],
    reporters: str,
) -> None:
    turns = 300 if TORTURE else 24
    complete: list[str] = []
    ends: collections.Counter[int] = collections.Counter()
    lives: set[int] = set()
    survivors: set[int] = set()
    for life in range(turns):
        # Each is also a start, which tells of those before it, and which may be killed while it does.
        sink.mode(**[{}, {"mode": "status", "status": 503}, {"delay_ms": 5}][life % 3])
        moment = random.choice(MOMENTS) * random.random()
        pid, code, ids = crashed(sink.dsn, tmp_path, life, moment)
        assert code in (-signal.SIGKILL, -signal.SIGSEGV)
        complete += ids
        lives.add(pid)
        ends[code] += 1
        if code == -signal.SIGSEGV:
            survivors.add(pid)
        if reporters == "are killed":
            report_killed(sink.dsn, tmp_path, random.random() * 0.03)
    sink.mode()
    recovered = json.loads(program(TAKES_OVER, dsn=sink.dsn).out)["recovered"]
    assert files(state_of_its_own) == [], "nothing is left, nothing is in the way of others"
    # A record torn by a kill is counted; nothing else may be.
    assert set(recovered["dropped"]) <= {"spool_damaged"}

    crashes = told(sink)
    assert len(set(crashes.values())) == len(crashes), "one event a life, though it may have come twice"
    assert survivors <= set(crashes.values()) <= lives, "who died of the signal has told"
    assert set(complete) <= {event["event_id"] for event in sink.events()}
    fatal = [event["event_id"] for event in sink.events() if event["level"] == "fatal"]
    figure(
        f"{turns} crashes, {ends[-signal.SIGKILL]} of them killed within, reporters {reporters}: "
        f"{len(crashes)} told, {len(fatal) - len(crashes)} of them twice; {len(complete)} other records, none missing"
    )
