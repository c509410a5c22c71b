"""The wheel without the native library: every public call does nothing and gives its documented nothing."""

import asyncio
import importlib.util
import sys

import faultwire
import faultwire.testing
from faultwire.integrations.asgi import FaultwireAsgiMiddleware
from faultwire.integrations.wsgi import FaultwireWsgiMiddleware

assert sys.prefix in faultwire.__file__, faultwire.__file__
assert importlib.util.find_spec("faultwire._native") is None
hooks = (sys.excepthook, sys.unraisablehook)
ERROR = ValueError("lost")

# Every public function, how it is called, and the nothing it gives.
CALLS = [
    ("init", lambda f: f(dsn="nonsense", environment="x", before_send=lambda event, hint: event), None),
    ("is_enabled", lambda f: f(), False),
    ("capture_exception", lambda f: f(), None),
    ("capture_exception", lambda f: f(ERROR, level="fatal", tags={"a": "b"}, handled=False), None),
    ("capture_message", lambda f: f("m", "error", extra={"a": 1}), None),
    ("capture_event", lambda f: f({"message": "m"}), None),
    ("explain", lambda f: f(ERROR), {}),
    ("add_breadcrumb", lambda f: f("b", category="c", data={"a": 1}), None),
    ("clear_breadcrumbs", lambda f: f(), None),
    ("continue_trace", lambda f: f("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), False),
    ("remove_tag", lambda f: f("a"), None),
    ("set_context", lambda f: f("c", {"a": 1}), None),
    ("set_extra", lambda f: f("a", object()), None),
    ("set_fingerprint", lambda f: f(["a"]), None),
    ("set_level", lambda f: f("error"), None),
    ("set_session", lambda f: f("s"), None),
    ("set_tag", lambda f: f("a", "b"), None),
    ("set_tags", lambda f: f({"a": "b"}), None),
    ("set_transaction", lambda f: f("t"), None),
    ("set_user", lambda f: f({"id": 1}), None),
    ("last_event_id", lambda f: f(), None),
    ("stats", lambda f: f(), {}),
    ("flush", lambda f: f(1.0), False),
    ("close", lambda f: f(1.0), False),
]
for name, call, nothing in CALLS:
    given = call(getattr(faultwire, name))
    assert given == nothing and type(given) is type(nothing), (name, given)

SCOPES = ["global_scope", "isolation_scope", "new_scope", "with_scope"]
faultwire.global_scope().set_tag("a", "b")
for name in SCOPES[1:]:
    layer = getattr(faultwire, name)
    with layer() as scope:
        assert isinstance(scope, faultwire.Scope)
        for method in [n for n in dir(faultwire.Scope) if not n.startswith("_")]:
            [call] = [call for called, call, _ in CALLS if called == method] or [lambda f: f()]
            assert not call(getattr(scope, method)), method
    assert layer()(lambda: 7)() == 7

    async def inside(layer=layer):
        async with layer():
            return 8

    assert asyncio.run(inside()) == 8

ERRORS = ["InternalError", "InvalidDsnError", "InvalidOptionError", "InvalidPayloadError", "FaultwireError"]
assert all(issubclass(getattr(faultwire, name), faultwire.FaultwireError) for name in ERRORS)

# A public name that is not tried above is a gap in this file.
tried = {name for name, _, _ in CALLS} | {*SCOPES, *ERRORS, "Scope", "__version__"}
assert tried == set(faultwire.__all__), tried ^ set(faultwire.__all__)

with faultwire.testing.capture_events() as captured:
    faultwire.capture_message("m")
    assert captured.events == [] and captured.envelopes == []

assert FaultwireWsgiMiddleware(lambda environ, start: [b"ok"])({}, None) == [b"ok"]


async def application(scope, receive, send):
    await send("ok")


async def request():
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {}

    await FaultwireAsgiMiddleware(application)({"type": "http"}, receive, send)
    return sent


assert asyncio.run(request()) == ["ok"]
assert (sys.excepthook, sys.unraisablehook) == hooks
print("nothing happened")
