"""The exception that ends a thread: `threading.excepthook`."""

from __future__ import annotations

import threading

from .._engine import native
from ._chain import Chain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _seen(args: Any) -> None:
    # SystemExit ends a thread silently by design.
    if args.exc_type is None or issubclass(args.exc_type, (KeyboardInterrupt, SystemExit)):
        return
    native.capture_exception(
        (args.exc_type, args.exc_value, args.exc_traceback), handled=False, mechanism="auto.threading"
    )


_chain = Chain(threading, "excepthook", _seen)
setup_once = _chain.put_on
remove = _chain.take_off
