"""The exception that ends the program: `sys.excepthook`."""

from __future__ import annotations

import sys

from .._engine import native
from ._chain import Chain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType


def _seen(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    # Somebody wanted the program to end: no failure of the program.
    if issubclass(kind, (KeyboardInterrupt, SystemExit)):
        return
    native.capture_exception((kind, error, traceback), level="fatal", handled=False, mechanism="auto.excepthook")


_chain = Chain(sys, "excepthook", _seen)
setup_once = _chain.put_on
remove = _chain.take_off
