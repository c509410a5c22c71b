"""The clock of the wall is set while a process runs, or between two: nothing is lost, repeated or held up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from clock import wrong_clock
from conftest import Run
from sink import Sink
from test_lives import RECOVERS

DAY = 86_400


@pytest.fixture
def clock(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A file that says how wrong the clock is, and the environment in which it counts."""
    return wrong_clock(tmp_path)


@pytest.mark.parametrize("step", [-DAY, DAY])
def test_a_step_within_a_life(
    program: Run, sink: Sink, clock: tuple[Path, dict[str, str]], state_of_its_own: Path, step: int
) -> None:
    offset, environment = clock
    sink.mode("status", status=503, for_requests=2)
    ended = program(
        f"""
import faultwire, time
before = time.time()
faultwire.init()
for n in range(20):
    faultwire.capture_message(f"number {{n}}")
open({str(offset)!r}, "w").write("{step}")
assert abs(time.time() - before - {step}) < 60, "the shim works"
for n in range(20, 40):
    faultwire.capture_message(f"number {{n}}")
began = time.monotonic()
assert faultwire.flush(30), faultwire.stats()
assert time.monotonic() - began < 15
""",
        dsn=sink.dsn,
        **environment,
    )
    assert (ended.code, ended.err) == (0, "")
    assert sorted(e["logentry"]["formatted"] for e in sink.events()) == sorted(f"number {n}" for n in range(40))
    assert not any(path.is_file() for path in state_of_its_own.rglob("*"))


@pytest.mark.parametrize(("step", "arrive"), [(-DAY, 20), (DAY, 20), (4 * DAY, 0)])
def test_a_step_between_two_lives(
    program: Run, sink: Sink, clock: tuple[Path, dict[str, str]], step: int, arrive: int
) -> None:
    """Beyond `spool_max_age`, the events are counted."""
    offset, environment = clock
    sink.mode("status", status=503)
    source = "import faultwire\nfaultwire.init()\nfor n in range(20): faultwire.capture_message(f'number {n}')\n"
    program(source, dsn=sink.dsn)
    sink.reset()
    offset.write_text(str(step))
    recovered = json.loads(program(RECOVERS, dsn=sink.dsn, **environment).out)["recovered"]
    dropped = {} if arrive else {"spool_expired": 20}
    assert recovered == {"found": 20, "delivered": arrive, "dropped": dropped}
    assert len(sink.events()) == arrive
