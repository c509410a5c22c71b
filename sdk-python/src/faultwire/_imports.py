"""Runs a function when a module has been imported: now if it already is, else right after its import.

This is how Faultwire meets frameworks without ever importing one. A finder at the head of
`sys.meta_path` lets the other finders do their work and only wraps the loader they found, for the
few names somebody waits for. The wrapper takes itself out before the module's code runs, so that
the module, and everybody after, sees the loader that would have been there without us.
"""

from __future__ import annotations

import sys

from ._guard import quietly, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

_waiting: dict[str, list[Callable[[], object]]] = {}


def when_imported(name: str, callback: Callable[[], object]) -> None:
    """Calls `callback` once, as soon as the module `name` is imported. What it raises goes nowhere."""
    if _is_loaded(name):
        quietly(f"after import of {name}", callback)
        return
    _waiting.setdefault(name, []).append(callback)
    if not any(finder is _FINDER for finder in sys.meta_path):
        sys.meta_path.insert(0, _FINDER)


def forget(name: str, callback: Callable[[], object]) -> None:
    """Takes back a `when_imported` that did not happen yet."""
    callbacks = _waiting.get(name)
    if callbacks and callback in callbacks:
        callbacks.remove(callback)
        if not callbacks:
            del _waiting[name]
    _retire()


def _is_loaded(name: str) -> bool:
    module = sys.modules.get(name)
    # A module that is being imported right now is there, but not yet what it will be.
    spec = getattr(module, "__spec__", None)
    return module is not None and not getattr(spec, "_initializing", False)


def _retire() -> None:
    """Leaves `sys.meta_path` when nobody waits any more."""
    if not _waiting:
        try:
            sys.meta_path.remove(_FINDER)
        except ValueError:
            pass


def _imported(name: str) -> None:
    for callback in _waiting.pop(name, ()):
        quietly(f"after import of {name}", callback)
    _retire()


class _Finder:
    """Asks the other finders, and wraps the loader of modules somebody waits for."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in _waiting:
            return None
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            # What another finder raises, it would have raised without us.
            spec: ModuleSpec | None = find(name, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader, name)  # type: ignore[assignment]
                else:
                    say(f"{name} has a loader of an unknown kind, no integration with it")
                return spec
        return None


class _Loader:
    """Stands before the real loader until the module's code starts to run."""

    def __init__(self, loader: Any, name: str) -> None:
        self._faultwire_loader = loader
        self._faultwire_name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._faultwire_loader, attribute)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        create = getattr(self._faultwire_loader, "create_module", None)
        return None if create is None else create(spec)

    def exec_module(self, module: ModuleType) -> None:
        loader = self._faultwire_loader
        spec = getattr(module, "__spec__", None)
        if spec is not None and spec.loader is self:
            spec.loader = loader
        if getattr(module, "__loader__", None) is self:
            module.__loader__ = loader
        loader.exec_module(module)
        _imported(self._faultwire_name)


_FINDER = _Finder()
