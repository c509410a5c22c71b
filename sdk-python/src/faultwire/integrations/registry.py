"""Everything that switches on by itself: name, the module it waits for, and our module that does it.

Order matters at `init` only: hooks before frameworks.
"""

from __future__ import annotations

import sys

from .._engine import native
from .._guard import note, say
from .._imports import forget, when_imported
from . import DidNotEnable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

# (name, trigger, module). A trigger of None is at once: the host's own hooks, there from the start.
# Modules of the standard library that an application may do without are waited for like a framework,
# because importing them would cost every start of every application.
ROWS: tuple[tuple[str, str | None, str], ...] = (
    ("atexit", None, "faultwire.hooks.atexit"),
    ("fork", None, "faultwire.hooks.fork"),
    ("excepthook", None, "faultwire.hooks.excepthook"),
    ("unraisablehook", None, "faultwire.hooks.unraisable"),
    ("threading", "threading", "faultwire.hooks.threads"),
    ("multiprocessing", "multiprocessing.util", "faultwire.hooks.multiprocessing"),
    ("processes", "multiprocessing.util", "faultwire.hooks.processes"),
    ("logging", "logging", "faultwire.hooks.logging"),
    ("asyncio", "asyncio.base_events", "faultwire.hooks.asyncio"),
    ("flask", "flask.app", "faultwire.integrations.flask"),
    ("starlette", "starlette.applications", "faultwire.integrations.starlette"),
    ("fastapi", "fastapi.applications", "faultwire.integrations.fastapi"),
)

NAMES = tuple(name for name, _, _ in ROWS)

# Delivery, not capture: events are sent before the process ends, and forks print what they always did,
# whatever is switched off.
ALWAYS = ("atexit", "fork", "multiprocessing")

_on: dict[str, Any] = {}
_pending: dict[str, tuple[str, Callable[[], object]]] = {}


def enable(automatic: bool, disabled: Collection[str]) -> None:
    """Brings what is switched on in line with the options of `init`. May be called again."""
    for name, trigger, module in ROWS:
        if name in disabled or not (automatic or name in ALWAYS):
            _switch_off(name)
        elif name in _on:
            native.add_integration(name)
        elif name not in _pending:
            _switch_on(name, trigger, module)


def remove_all() -> None:
    """Switches everything off again."""
    for name in NAMES:
        _switch_off(name)


def enabled() -> tuple[str, ...]:
    """The names of what is switched on now."""
    return tuple(_on)


def _switch_on(name: str, trigger: str | None, module: str) -> None:
    def set_up() -> None:
        _pending.pop(name, None)
        try:
            __import__(module)
            ours = sys.modules[module]
            ours.setup_once()
        except DidNotEnable as reason:
            say(f"integration {name} is off: {reason}")
        except Exception as error:
            note(f"integration {name}", error)
        else:
            _on[name] = ours
            native.add_integration(name)

    if trigger is None:
        set_up()
    else:
        _pending[name] = (trigger, set_up)
        when_imported(trigger, set_up)


def _switch_off(name: str) -> None:
    waiting = _pending.pop(name, None)
    if waiting is not None:
        forget(*waiting)
    module = _on.pop(name, None)
    if module is not None:
        try:
            module.remove()
        except Exception as error:
            note(f"integration {name}", error)
