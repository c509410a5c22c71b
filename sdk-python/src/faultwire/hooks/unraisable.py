"""The exception that nobody could get: `sys.unraisablehook`, as raised in `__del__`."""

from __future__ import annotations

import sys

from .._engine import native
from ._chain import Chain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _seen(unraisable: Any) -> None:
    kind, error = unraisable.exc_type, unraisable.exc_value
    if error is None or issubclass(kind, (KeyboardInterrupt, SystemExit, GeneratorExit)) or sys.is_finalizing():
        return
    # The object may be half torn down: its class is named, it is neither shown nor kept.
    where = unraisable.object
    name = getattr(where, "__qualname__", None) if where is not None else None
    native.capture_exception(
        (kind, error, unraisable.exc_traceback),
        handled=False,
        mechanism="auto.unraisablehook",
        contexts={
            "unraisable": {
                "message": unraisable.err_msg or "Exception ignored in",
                "object": name if isinstance(name, str) else type(where).__name__,
            }
        },
    )


_chain = Chain(sys, "unraisablehook", _seen)
setup_once = _chain.put_on
remove = _chain.take_off
