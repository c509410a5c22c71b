"""The native wheel in a clean environment: an exception arrives at a real server.

Arguments: the folder of `sink.py`.
"""

import sys
from importlib.metadata import distribution, requires

import faultwire
from faultwire import _engine, _native

sys.path.insert(0, sys.argv[1])
from sink import Sink  # noqa: E402

assert _engine.LOAD_ERROR is None
assert sys.prefix in faultwire.__file__ and sys.prefix in _native.__file__, faultwire.__file__
assert _native.__file__.endswith((".abi3.so", ".pyd")), _native.__file__
assert faultwire.__version__ == distribution("faultwire").version
assert all("extra ==" in requirement for requirement in requires("faultwire") or [])


# Put together here: the source lines around a frame are sent as they are.
SECRET = "hunter" + str(2)


def fail(password):
    number = 41
    return number / (number - 41)


with Sink() as sink:
    faultwire.init(dsn=sink.dsn, release="wheel@1")
    faultwire.set_tag("wheel", "native")
    try:
        fail(SECRET)
    except ZeroDivisionError:
        event_id = faultwire.capture_exception()
    assert event_id and faultwire.last_event_id() == event_id
    assert faultwire.close(10)
    [event] = sink.wait(1)
    assert SECRET.encode() not in sink.raw()

[error] = event["exception"]["values"]
frame = error["stacktrace"]["frames"][-1]
assert event["event_id"] == event_id and event["release"] == "wheel@1" and event["tags"] == {"wheel": "native"}
assert error["type"] == "ZeroDivisionError" and frame["function"] == "fail", error
assert frame["vars"]["number"] == 41 and frame["context_line"].strip() == "return number / (number - 41)", frame
print("an exception arrived")
