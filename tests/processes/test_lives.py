"""Lives that end badly, and the ones after them: what was on disk arrives, once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import BUSY, DEADLINE, Run
from sink import Sink
from torture import TORTURE

#: Captures without an end, and says each id whose record is complete: what `stats()` counts as spooled or delivered
#: is so, in the order of capture, since one thread captures and one worker writes.
CAPTURES_ON = """
import faultwire, sys, time
faultwire.init(storm_folding=False, spool_max_bytes=1 << 30)
ids = []
said = 0


def capture(number):
    try:
        raise ValueError(f"number {number}")
    except ValueError as error:
        return faultwire.capture_exception(error)


while True:
    ids.append(capture(len(ids)))
    stats = faultwire.stats()
    complete = stats["delivered"] + stats["spooled"]
    if complete > said:
        sys.stdout.write("".join(id + "\\n" for id in ids[said:complete]))
        sys.stdout.flush()
        said = complete
    time.sleep(0.0005)
"""

#: A life that captures nothing itself, and ends when nothing is left on disk.
RECOVERS = """
import faultwire, json, os, pathlib, time
state = pathlib.Path(os.environ["XDG_STATE_HOME"])
faultwire.init()
deadline = time.monotonic() + 30
while any(path.is_file() for path in state.rglob("*")) and time.monotonic() < deadline:
    time.sleep(0.01)
assert faultwire.close(10)
print(json.dumps(faultwire.stats()))
"""


def start(source: str, dsn: str, folder: Path) -> subprocess.Popen:
    path = folder / "life.py"
    path.write_text(source)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("FAULTWIRE_", "SENTRY_"))}
    return subprocess.Popen(
        [sys.executable, str(path)],
        env={**env, "FAULTWIRE_DSN": dsn},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def killed(dsn: str, folder: Path, after: float) -> list[str]:
    """A life killed some time after its first complete record; the ids whose records were complete."""
    life = start(CAPTURES_ON, dsn, folder)
    assert life.stdout is not None
    first = life.stdout.readline()
    time.sleep(after)
    life.kill()
    rest, errors = life.communicate(timeout=DEADLINE)
    assert (life.returncode, errors) == (-signal.SIGKILL, "")
    # The last line may be torn.
    said = (first + rest).splitlines(keepends=True)
    return [line.strip() for line in said if line.endswith("\n")]


def files(state: Path) -> list[Path]:
    return [path for path in state.rglob("*") if path.is_file()]


def test_kills_at_random_moments_cost_nothing_that_was_complete(
    program: Run, sink: Sink, tmp_path: Path, state_of_its_own: Path, figure: Callable[[str], None]
) -> None:
    """With the server up, slow or down: what was complete arrives, and what arrives was captured, whole."""
    kills = 1000 if TORTURE else 50
    complete: list[str] = []
    for turn in range(kills):
        sink.mode(**[{}, {"mode": "status", "status": 503}, {"delay_ms": 20}][turn % 3])
        complete += killed(sink.dsn, tmp_path, random.random() * 0.1)
    sink.mode()
    torn = 0
    # As many as there was time for in one life.
    for _ in range(kills // 50):
        recovered = json.loads(program(RECOVERS, dsn=sink.dsn).out)["recovered"]
        torn += recovered["dropped"].pop("spool_damaged", 0)
        assert recovered["dropped"] == {}
        if not files(state_of_its_own):
            break
    assert files(state_of_its_own) == []
    arrived = {event["event_id"] for event in sink.events()}
    assert set(complete) <= arrived
    values = [event["exception"]["values"][0]["value"] for event in sink.events()]
    assert all(value.startswith("number ") for value in values)
    # Only what was on its way at a kill may have come twice: one request each.
    repeats = len(sink.events()) - len(arrived)
    assert repeats <= kills
    figure(
        f"{kills} lives killed: {len(complete)} records complete, none missing; {len(arrived)} arrived, "
        f"{repeats} of them twice, {torn} torn"
    )


def test_down_for_a_whole_life_and_up_for_the_next(program: Run, sink: Sink, state_of_its_own: Path) -> None:
    sink.mode("status", status=503)
    ended = program(
        """
import faultwire, json
faultwire.init()
for n in range(200):
    try:
        raise ValueError(f"number {n}")
    except ValueError as error:
        assert faultwire.capture_exception(error)
print(json.dumps(faultwire.stats()["captured"]))
""",
        dsn=sink.dsn,
    )
    assert (ended.out, ended.err) == ("200\n", "")
    sink.reset()
    stats = json.loads(program(RECOVERS, dsn=sink.dsn).out)
    assert (stats["captured"], stats["recovered"]["delivered"]) == (0, stats["recovered"]["found"])
    # The first hundred of a place are events, the others a count.
    assert (
        len({event["event_id"] for event in sink.events()}) == len(sink.events()) == stats["recovered"]["found"] >= 100
    )
    assert files(state_of_its_own) == []


@pytest.mark.parametrize("fault", [{"mode": "status", "status": 503}, {"mode": "stall"}], ids=["503", "stalled"])
def test_the_last_error_of_a_process_arrives_at_the_next_start(program: Run, sink: Sink, fault: dict) -> None:
    """An unhandled error while the server stalls: the end is as it would be without us, in bounded time."""
    source = "import faultwire\nfaultwire.init(shutdown_timeout=1.0)\nraise KeyError('the last one')\n"
    sink.mode(**fault)
    ended = program(source, dsn=sink.dsn)
    assert ended.code == 1 and ended.err.endswith("KeyError: 'the last one'\n")
    assert ended.seconds < 1.0 + BUSY
    sink.reset()
    program(RECOVERS, dsn=sink.dsn)
    [event] = sink.events()
    assert event["exception"]["values"][0]["value"] == "'the last one'"


def test_a_signal_by_default_ends_the_process_and_loses_nothing_complete(
    program: Run, sink: Sink, tmp_path: Path
) -> None:
    sink.mode("status", status=503)
    life = start(CAPTURES_ON, sink.dsn, tmp_path)
    assert life.stdout is not None
    first = life.stdout.readline()
    life.terminate()
    rest, _ = life.communicate(timeout=DEADLINE)
    assert life.returncode == -signal.SIGTERM
    complete = {line.strip() for line in (first + rest).splitlines(keepends=True) if line.endswith("\n")}
    sink.reset()
    program(RECOVERS, dsn=sink.dsn)
    assert complete <= {event["event_id"] for event in sink.events()}


@pytest.mark.parametrize("where", ["alone", "in a forked child"])
def test_flush_on_sigterm_sends_and_dies_of_the_signal(program: Run, sink: Sink, where: str) -> None:
    source = """
import faultwire, os, signal, sys, time
faultwire.init(flush_on_sigterm=True)
if "%s" != "alone":
    faultwire.capture_message("before the fork")
    faultwire.flush(10)
    if pid := os.fork():
        # One child does not use Faultwire at all, and dies of the signal all the same.
        if not (idle := os.fork()):
            time.sleep(60)
        time.sleep(0.1)
        os.kill(idle, signal.SIGTERM)
        assert os.waitstatus_to_exitcode(os.waitpid(idle, 0)[1]) == -signal.SIGTERM
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGTERM
        sys.exit(3)
for n in range(20):
    faultwire.capture_message(f"number {n}")
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(60)
"""
    ended = program(source % where, dsn=sink.dsn)
    assert (ended.code, ended.err) == (-signal.SIGTERM if where == "alone" else 3, "")
    texts = [event["logentry"]["formatted"] for event in sink.events()]
    assert sorted(text for text in texts if text != "before the fork") == sorted(f"number {n}" for n in range(20))


def test_flush_on_sigterm_leaves_the_handler_of_the_application_alone(program: Run, sink: Sink) -> None:
    ended = program(
        """
import faultwire, os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
faultwire.init(flush_on_sigterm=True)
faultwire.capture_message("one")
os.kill(os.getpid(), signal.SIGTERM)
""",
        dsn=sink.dsn,
    )
    assert ended.code == 5 and len(sink.events()) == 1


def test_os_exit_straight_after_a_flush_of_the_worker(program: Run, sink: Sink) -> None:
    """`os._exit` runs no hook of ours: what was on disk is sent by the next start."""
    sink.mode("status", status=503)
    ended = program(
        """
import faultwire, os, time
faultwire.init()
for n in range(50):
    faultwire.capture_message(f"number {n}")
while faultwire.stats()["spooled"] < 50:
    time.sleep(0.001)
os._exit(7)
""",
        dsn=sink.dsn,
    )
    assert ended.code == 7
    sink.reset()
    program(RECOVERS, dsn=sink.dsn)
    assert {event["logentry"]["formatted"] for event in sink.events()} == {f"number {n}" for n in range(50)}
