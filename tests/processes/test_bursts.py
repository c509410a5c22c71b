"""Thousands of errors in one go: exact counts, bounded memory, nothing unaccounted for."""

import json

import pytest
from conftest import Run
from sink import Sink

IDENTICAL = """
import faultwire, json
faultwire.init()

def fail(number):
    raise ValueError(f"order {number} failed")

for number in range(10_000):
    try:
        fail(number)
    except ValueError as error:
        assert faultwire.capture_exception(error) is not None
assert faultwire.flush(30)
print(json.dumps(faultwire.stats()))
"""

DISTINCT = """
import faultwire, json, resource
faultwire.init(max_queue_bytes=4_000_000, max_outbox_bytes=4_000_000)

def memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

functions = []
for number in range(10_000):
    space = {}
    exec(compile(f"def fail_{number}(): raise ValueError({number})", f"/app/module_{number}.py", "exec"), space)
    functions.append(space[f"fail_{number}"])
before = memory()
for function in functions:
    try:
        function()
    except ValueError as error:
        faultwire.capture_exception(error)
faultwire.flush(50)
print(json.dumps({**faultwire.stats(), "grown_mb": memory() - before}))
"""


def law(stats: dict) -> bool:
    settled = stats["delivered"] + stats["spooled"] + stats["pending"] + stats["folded"]
    return bool(stats["captured"] == settled + sum(stats["dropped"].values()))


def test_identical_errors_are_counted_exactly_by_a_stranger(program: Run, sink: Sink) -> None:
    ended = program(IDENTICAL, dsn=sink.dsn)
    assert (ended.code, ended.err) == (0, "")
    stats = json.loads(ended.out)
    assert (stats["captured"], stats["delivered"], stats["folded"]) == (
        10_000,
        100,
        9_900,
    )
    assert law(stats)
    assert len(sink.events()) == 100
    told = [entry for item in sink.items("client_report") for entry in item["payload"]["discarded_events"]]
    assert [(e["reason"], e["category"]) for e in told] == [("sample_rate", "error")] * len(told)
    assert sum(entry["quantity"] for entry in told) == 9_900


def test_identical_errors_are_counted_exactly_by_our_own_server(program: Run) -> None:
    with Sink(server_header=True) as sink:
        # The server says who it is with its first answer: let that come before the storm.
        source = IDENTICAL.replace(
            "faultwire.init()",
            "faultwire.init(); faultwire.capture_message('hello'); faultwire.flush(10)",
        )
        ended = program(source, dsn=sink.dsn)
        assert (ended.code, ended.err) == (0, "")
        stats = json.loads(ended.out)
        events = [event for event in sink.events() if "exception" in event]
        counts = [item["payload"] for item in sink.items("faultwire_counts")]
        assert len(events) + sum(item["count"] for item in counts) == 10_000
        assert stats["folded"] == sum(item["count"] for item in counts)
        fingerprints = {event["contexts"]["faultwire"]["fingerprint"] for event in events}
        assert {item["fingerprint"] for item in counts} == fingerprints
        assert len({item["id"] for item in counts}) == len(counts)
        assert not sink.items("client_report")


def test_distinct_errors_are_accounted_for_to_the_last_one(program: Run, sink: Sink) -> None:
    ended = program(DISTINCT, dsn=sink.dsn)
    assert (ended.code, ended.err) == (0, "")
    stats = json.loads(ended.out)
    assert stats["captured"] == 10_000
    assert stats["pending"] == 0
    assert law(stats)
    arrived = sink.events()
    assert len({event["event_id"] for event in arrived}) == len(arrived) == stats["delivered"]
    told = [entry for item in sink.items("client_report") for entry in item["payload"]["discarded_events"]]
    assert sum(entry["quantity"] for entry in told) == sum(stats["dropped"].values())
    assert stats["grown_mb"] < 64


@pytest.mark.parametrize("reason", ["before_send"])
def test_folds_of_events_that_were_all_dropped_take_their_reason(program: Run, sink: Sink, reason: str) -> None:
    source = IDENTICAL.replace("faultwire.init()", "faultwire.init(before_send=lambda event, hint: None)")
    source = source.replace(
        "assert faultwire.capture_exception(error) is not None",
        "faultwire.capture_exception(error)",
    )
    ended = program(source, dsn=sink.dsn)
    stats = json.loads(ended.out)
    assert stats["dropped"] == {reason: 10_000}
    assert law(stats)
