"""Exceptions that reach the event loop: tasks and futures nobody awaited, failing callbacks.

The loop tells them to `call_exception_handler`, which asks the application's handler or writes to the
logger `asyncio`. We listen there and pass on, so the application's own handler means what it meant.
Loops that bring their own (uvloop) are heard through that logger, see `hooks.logging`.
"""

from __future__ import annotations

from asyncio import base_events
from contextvars import Context

from .._engine import native
from .._guard import note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_original: Callable[[Any, dict[str, Any]], None] | None = None
_patched: Callable[[Any, dict[str, Any]], None] | None = None


def setup_once() -> None:
    """Puts the hook on."""
    global _original, _patched
    if _patched is not None:
        return
    original = _original = base_events.BaseEventLoop.call_exception_handler

    def call_exception_handler(self: Any, context: dict[str, Any]) -> None:
        try:
            _seen(context)
        except Exception as error:
            note("asyncio", error)
        return original(self, context)

    _patched = call_exception_handler
    base_events.BaseEventLoop.call_exception_handler = call_exception_handler  # type: ignore[method-assign]


def remove() -> None:
    """Takes it off, unless somebody else has wrapped it since."""
    global _original, _patched
    if _original is not None and base_events.BaseEventLoop.call_exception_handler is _patched:
        base_events.BaseEventLoop.call_exception_handler = _original  # type: ignore[method-assign]
        _original = _patched = None


def _seen(context: dict[str, Any]) -> None:
    error = context.get("exception")
    if error is None or not isinstance(error, Exception) or not native.is_enabled():
        return
    message = context.get("message")
    extra = {"asyncio": message} if isinstance(message, str) else None

    def capture() -> None:
        native.capture_exception(error, extra=extra, handled=False, mechanism="auto.asyncio")

    try:
        _origin(context).run(capture)
    except RuntimeError:
        # That context is running right now, so it is the one we are in.
        capture()


def _origin(context: dict[str, Any]) -> Context:
    """The context of what failed, or an empty one: never that of whoever happens to run now."""
    for key in ("task", "future"):
        get_context = getattr(context.get(key), "get_context", None)  # tasks, from Python 3.12
        if get_context is not None:
            found = get_context()
            if isinstance(found, Context):
                return found
    found = getattr(context.get("handle"), "_context", None)
    return found if isinstance(found, Context) else Context()
