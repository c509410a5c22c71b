"""A server that stalls, refuses or says no: the application does not notice."""

import json
import statistics

import pytest
from conftest import BUSY, Run
from sink import Sink

CRASHING = """
import sys
if "--bare" not in sys.argv:
    import faultwire
    faultwire.init(shutdown_timeout=1.0)

def fail(number):
    raise ValueError(f"order {number} failed")

for number in range(20):
    try:
        fail(number)
    except ValueError as error:
        if "--bare" not in sys.argv:
            faultwire.capture_exception(error)
print("done")
fail(20)
"""

TIMED = """
import faultwire, json, time
faultwire.init(storm_folding=False, shutdown_timeout=0.1)

def fail(number):
    raise ValueError(f"order {number} failed")

times = []
for number in range(2000):
    try:
        fail(number)
    except ValueError as error:
        began = time.perf_counter_ns()
        faultwire.capture_exception(error)
        times.append(time.perf_counter_ns() - began)
    if number % 20 == 0:
        time.sleep(0.001)
times.sort()
print(json.dumps({"p50": times[1000], "threads": len(__import__("os").listdir("/proc/self/task"))}))
"""

FAULTS = {
    "stall": {"mode": "stall"},
    "refuse": {"mode": "refuse"},
    "429": {"mode": "status", "status": 429, "headers": {"Retry-After": "60"}},
    "503": {"mode": "status", "status": 503},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_exit_is_bounded_and_exit_code_and_stderr_are_unchanged(program: Run, sink: Sink, fault: str) -> None:
    bare = program(CRASHING.replace('"--bare" not in sys.argv', "False"))
    sink.mode(**FAULTS[fault])  # type: ignore[arg-type]
    ended = program(CRASHING, dsn=sink.dsn)
    assert (ended.code, ended.out) == (bare.code, bare.out) == (1, "done\n")
    # The only difference is the line that differs in the source itself.
    normal = list(ended.err.splitlines())
    assert normal == bare.err.splitlines()
    assert ended.seconds < bare.seconds + 1.0 + BUSY


@pytest.mark.parametrize("fault", FAULTS)
def test_capture_costs_the_same(program: Run, sink: Sink, fault: str) -> None:
    """Of the order of a healthy server's: a capture that waited would cost a thousand times as much."""
    healthy = statistics.median(json.loads(program(TIMED, dsn=sink.dsn).out)["p50"] for _ in range(3))
    sink.mode(**FAULTS[fault])  # type: ignore[arg-type]
    found = [json.loads(program(TIMED, dsn=sink.dsn).out) for _ in range(3)]
    assert statistics.median(f["p50"] for f in found) < 5 * healthy + 20_000
    # The app, the worker, the shipper, and for moments one that looks up a host with a deadline; one more of
    # these may be on its way out.
    assert max(f["threads"] for f in found) <= 5


def test_a_pause_is_waited_out_while_the_outbox_holds(program: Run, sink: Sink) -> None:
    headers = {"X-Sentry-Rate-Limits": "1:error:organization"}
    sink.mode("status", status=429, headers=headers, for_requests=1)
    ended = program(
        """
import faultwire, json
faultwire.init()
for number in range(10):
    faultwire.capture_message(f"message {number}")
    if number == 0:
        faultwire.flush(10)
assert faultwire.flush(20)
print(json.dumps(faultwire.stats()))
""",
        dsn=sink.dsn,
    )
    stats = json.loads(ended.out)
    assert (stats["delivered"], stats["dropped"]) == (10, {})
    assert len({event["event_id"] for event in sink.events()}) == 10


def test_a_quota_is_a_no_at_the_gate(program: Run, sink: Sink) -> None:
    sink.mode("status", status=429, headers={"X-Sentry-Rate-Limits": "3600::organization"})
    ended = program(
        """
import faultwire, json
faultwire.init()
faultwire.capture_message("first")
faultwire.flush(10)
for number in range(10):
    assert faultwire.capture_message("later") is None
print(json.dumps(faultwire.stats()))
""",
        dsn=sink.dsn,
    )
    stats = json.loads(ended.out)
    assert (stats["spooled"], stats["dropped"]) == (1, {"ratelimit_backoff": 10})
    assert ended.seconds < 8, "neither the flush nor the end waits for what cannot come"
    assert len(sink.requests()) == 1
