"""A bug in Faultwire is Faultwire's own affair."""

import json

import pytest
from conftest import Run
from sink import Sink


@pytest.mark.parametrize(("place", "captured"), [("submit", 2), ("worker", 2)])
def test_a_panic_in_core_surfaces_nowhere(program: Run, sink: Sink, place: str, captured: int) -> None:
    ended = program(
        f"""
import faultwire, json
from faultwire import _native
faultwire.init()
_native._arm_panic("{place}")
faultwire.capture_message("this one meets the bug")
faultwire.flush(5 if "{place}" == "worker" else 0.2)
assert faultwire.capture_message("this one does not") is not None
faultwire.flush(5 if "{place}" == "worker" else 0.2)
print(json.dumps(faultwire.stats()))
""",
        dsn=sink.dsn,
    )
    assert (ended.code, ended.err) == (0, "")
    stats = json.loads(ended.out)
    assert stats["captured"] == captured
    assert stats["delivered"] == 1 and stats["pending"] == 0
    assert stats["dropped"] == {"internal_sdk_error": 1}
    (event,) = sink.wait(1)
    assert event["logentry"]["formatted"] == "this one does not"
