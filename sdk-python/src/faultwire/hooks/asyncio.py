"""Exceptions that reach the event loop: tasks and futures nobody awaited, failing callbacks.

The loop tells them to `call_exception_handler`, which asks the application's handler or writes to the
logger `asyncio`. We listen there and pass on, so the application's own handler means what it meant.
Loops that bring their own (uvloop) are heard through that logger, see `hooks.logging`.
"""

from __future__ import annotations

from asyncio import base_events
from contextvars import Context

from .._engine import native
from ._chain import Chain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _seen(loop: Any, context: dict[str, Any]) -> None:
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


_chain = Chain(base_events.BaseEventLoop, "call_exception_handler", _seen)
setup_once = _chain.put_on
remove = _chain.take_off
