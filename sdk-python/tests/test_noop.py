"""A platform without the native library: everything is there and nothing happens."""

import ast
from pathlib import Path

import pytest

import faultwire

PACKAGE = Path(faultwire.__file__).parent

# Makes the library as absent as on a platform without a wheel.
BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name == "faultwire._native":
            raise ImportError("no library for this platform")
sys.meta_path.insert(0, Block())
"""


def test_import_says_so_once_and_every_call_does_nothing(run):
    ended = run(
        BLOCK
        + """
import faultwire, faultwire.testing
before = sys.excepthook
faultwire.init(dsn="nonsense", environment="x", before_send=lambda e, h: e)
assert sys.excepthook is before
assert faultwire.is_enabled() is False
try:
    1 / 0
except ZeroDivisionError as error:
    assert faultwire.capture_exception() is None
    assert faultwire.capture_exception(error, tags={"a": "b"}, handled=False) is None
assert faultwire.capture_message("m", "error") is None
assert faultwire.capture_event({}) is None
assert faultwire.stats() == {} and faultwire.explain() == {}
assert faultwire.flush(1.0) is False and faultwire.close() is False
faultwire.set_user({"id": 1}); faultwire.set_tag("a", "b"); faultwire.set_tags({"a": "b"})
faultwire.add_breadcrumb("b", category="c")
faultwire.global_scope().set_extra("a", 1)
with faultwire.isolation_scope(), faultwire.new_scope() as scope:
    scope.set_context("a", {})
    assert faultwire.last_event_id() is None
    assert scope.continue_trace("x") is False
with faultwire.testing.capture_events() as captured:
    assert captured.events == [] and captured.envelopes == []
from faultwire.integrations.wsgi import FaultwireWsgiMiddleware
assert FaultwireWsgiMiddleware(lambda e, s: [b"x"])({}, None) == [b"x"]
assert issubclass(faultwire.InvalidDsnError, faultwire.FaultwireError)
print("done")
""",
        python=("-W", "error"),
    )
    assert (ended.returncode, ended.stdout) == (0, "done\n"), ended.stderr
    [line] = ended.stderr.splitlines()
    assert line == (
        "faultwire: nothing is captured, the native library did not load (ImportError: no library for this platform)"
    )


@pytest.mark.parametrize("stderr", ["None", "Broken()"])
def test_import_succeeds_without_a_stderr(run, stderr):
    ended = run(
        BLOCK
        + f"""
class Broken:
    def write(self, text): raise OSError("gone")
    def flush(self): pass
sys.stderr = {stderr}
import faultwire
assert faultwire.capture_message("m") is None
print("done")
"""
    )
    assert (ended.returncode, ended.stdout) == (0, "done\n")


def shape(body):
    """Names and parameters of what a module or class offers."""
    found = {}
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name not in ("__init__", "__new__"):
            a = node.args
            found[node.name] = (
                [x.arg for x in a.args],
                [x.arg for x in a.kwonlyargs],
                [ast.unparse(d) for d in [*a.defaults, *filter(None, a.kw_defaults)]],
            )
        elif isinstance(node, ast.ClassDef):
            methods = {} if node.name.endswith("Error") else shape(node.body)
            found[node.name] = [n for n in methods if not n.startswith("_")] and {
                name: rest for name, rest in methods.items() if not name.startswith("_")
            }
    return found


def test_the_stand_in_has_the_interface_of_the_library():
    native = shape(ast.parse((PACKAGE / "_native.pyi").read_text()).body)
    noop = shape(ast.parse((PACKAGE / "_noop.py").read_text()).body)
    assert native and noop == native


def test_the_library_has_the_interface_it_declares():
    from faultwire import _native

    declared = shape(ast.parse((PACKAGE / "_native.pyi").read_text()).body)
    assert [name for name in declared if not hasattr(_native, name)] == []
    assert [n for n in declared["ScopeCell"] if not hasattr(_native.ScopeCell, n)] == []
