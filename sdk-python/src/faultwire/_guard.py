"""Keeps mistakes of Faultwire away from the application.

Everything that runs inside the application's own calls (hooks, middleware, setters) ends in `note`
instead of an exception. It tells the class of what went wrong, and only with the option `debug`:
a message could hold the content of an event.
"""

from __future__ import annotations

import sys

from ._engine import native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def note(where: str, error: BaseException) -> None:
    """Says on stderr, with the option `debug`, that something in `where` went wrong. Never raises."""
    try:
        if native.option("debug") and sys.stderr is not None:
            sys.stderr.write(f"faultwire: {where}: {type(error).__name__}\n")
    except Exception:
        pass


def say(line: str) -> None:
    """Writes a line on stderr with the option `debug`. Never raises; never give it content of the application."""
    try:
        if native.option("debug") and sys.stderr is not None:
            sys.stderr.write(f"faultwire: {line}\n")
    except Exception:
        pass


def quietly(where: str, function: Callable[..., Any], *args: Any) -> Any:
    """`function(*args)`, or None and a note where that raises."""
    try:
        return function(*args)
    except Exception as error:
        note(where, error)
        return None
