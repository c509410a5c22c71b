"""The exception that ends a thread: `threading.excepthook`."""

from __future__ import annotations

import threading

from .._engine import native
from ._chain import Chain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_chain: Chain | None = None


def setup_once() -> None:
    """Puts the hook on."""
    global _chain
    if _chain is None:
        _chain = Chain(threading, "excepthook", _seen)


def remove() -> None:
    """Takes it off."""
    global _chain
    if _chain is not None:
        _chain.remove()
        _chain = None


def _seen(args: Any) -> None:
    # SystemExit ends a thread silently by design.
    if args.exc_type is None or issubclass(args.exc_type, (KeyboardInterrupt, SystemExit)):
        return
    native.capture_exception(
        (args.exc_type, args.exc_value, args.exc_traceback), handled=False, mechanism="auto.threading"
    )
