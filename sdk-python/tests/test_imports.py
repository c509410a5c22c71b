"""Meeting frameworks: in either order of imports, without importing one, without being noticed."""

import importlib
import importlib.util
import sys

import pytest

from faultwire import _imports

SOURCE = "import sys\nloader_while_running = __loader__\nspec_loader = __spec__.loader\nvalue = 1\n"


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "some_framework.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "some_framework"
    sys.modules.pop("some_framework", None)
    for callbacks in list(_imports._waiting):
        if callbacks.startswith("some_"):
            del _imports._waiting[callbacks]
    _imports._retire()


def test_called_after_an_import_that_comes_later(module):
    seen = []
    _imports.when_imported(module, lambda: seen.append(sys.modules[module].value))
    assert seen == []
    importlib.import_module(module)
    assert seen == [1]


def test_called_at_once_for_what_is_already_there(module):
    importlib.import_module(module)
    seen = []
    _imports.when_imported(module, lambda: seen.append(1))
    assert seen == [1]


def test_the_module_never_sees_our_loader(module):
    _imports.when_imported(module, lambda: None)
    loaded = importlib.import_module(module)
    kind = importlib.machinery.SourceFileLoader
    assert type(loaded.__loader__) is type(loaded.__spec__.loader) is kind
    assert type(loaded.loader_while_running) is type(loaded.spec_loader) is kind


def test_looking_for_a_module_does_not_count_as_an_import(module):
    seen = []
    _imports.when_imported(module, lambda: seen.append(1))
    spec = importlib.util.find_spec(module)
    # What tools ask of a loader works on the wrapped one.
    assert "value = 1" in spec.loader.get_source(module)
    assert seen == []
    importlib.import_module(module)
    assert seen == [1]


def test_what_a_callback_raises_does_not_reach_the_import(module):
    def fail():
        raise RuntimeError("integration")

    _imports.when_imported(module, fail)
    assert importlib.import_module(module).value == 1


def test_what_the_module_raises_does(module, tmp_path):
    (tmp_path / "some_framework.py").write_text("raise KeyError('broken framework')")
    importlib.invalidate_caches()
    seen = []
    _imports.when_imported(module, lambda: seen.append(1))
    with pytest.raises(KeyError, match="broken framework"):
        importlib.import_module(module)
    assert seen == [] and module not in sys.modules


def test_a_module_that_is_not_there_stays_so(module):
    _imports.when_imported("some_missing_framework", lambda: None)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("some_missing_framework")
    assert importlib.util.find_spec("some_missing_framework") is None


def test_other_finders_decide(module, monkeypatch):
    class Refusing:
        def find_spec(self, name, path=None, target=None):
            if name == module:
                raise ImportError("refused by policy")

    _imports.when_imported(module, lambda: None)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path[:1], Refusing(), *sys.meta_path[1:]])
    with pytest.raises(ImportError, match="refused by policy"):
        importlib.import_module(module)


def test_the_finder_leaves_when_nobody_waits(module):
    before = list(_imports._waiting)
    _imports.when_imported(module, lambda: None)
    importlib.import_module(module)
    assert list(_imports._waiting) == before
    assert (_imports._FINDER in sys.meta_path) == bool(before)


def test_taken_back(module):
    seen = []

    def callback():
        seen.append(1)

    _imports.when_imported(module, callback)
    _imports.forget(module, callback)
    importlib.import_module(module)
    assert seen == []


ORDERS = {
    "init first": "import faultwire; faultwire.init()\nimport {framework}\n",
    "framework first": "import {framework}\nimport faultwire; faultwire.init()\n",
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("framework", ["flask", "starlette.applications", "fastapi"])
def test_a_framework_switches_on_in_either_order(run, order, framework):
    name = framework.partition(".")[0]
    pytest.importorskip(name)
    source = ORDERS[order].format(framework=framework) + (
        "from faultwire.integrations import registry\n"
        f"assert {name!r} in registry.enabled(), registry.enabled()\n"
        "assert 'logging' in registry.enabled() and 'threading' in registry.enabled()\n"
    )
    ended = run(source, dsn="http://key@127.0.0.1:9/1")
    assert (ended.returncode, ended.stderr) == (0, "")


def test_no_framework_is_ever_imported_by_us(run):
    source = (
        "import sys, faultwire; faultwire.init()\n"
        "faultwire.capture_message('m')\n"
        "assert not {'flask', 'starlette', 'fastapi', 'asyncio', 'logging', 'multiprocessing'} & set(sys.modules)\n"
    )
    ended = run(source, dsn="http://key@127.0.0.1:9/1")
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_framework_of_an_unknown_kind_is_left_alone(run):
    """A package of the right name with nothing of the right kind in it: imported as it is, one debug line."""
    source = (
        "import sys, types, faultwire; faultwire.init(debug=True)\n"
        "import importlib.abc, importlib.machinery\n"
        "class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'flask':\n"
        "            return importlib.machinery.ModuleSpec(name, self, is_package=True)\n"
        "    def exec_module(self, module): module.mine = True\n"
        "sys.meta_path.insert(0, Finder())\n"
        "import flask.app\n"
        "assert flask.app.mine\n"
        "from faultwire.integrations import registry\n"
        "assert 'flask' not in registry.enabled()\n"
    )
    ended = run(source, dsn="http://key@127.0.0.1:9/1")
    assert ended.returncode == 0, ended.stderr
