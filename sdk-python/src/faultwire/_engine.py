"""Finds the engine: the native library, or a stand-in that does nothing where it cannot load."""

from __future__ import annotations

import sys

# `typing.TYPE_CHECKING` without the milliseconds that importing `typing` costs an application.
TYPE_CHECKING = False

LOAD_ERROR: str | None = None
"""Why the native library did not load; None when it did."""

if TYPE_CHECKING:
    from . import _native as native
else:
    try:
        # Not `from . import _native`: where there is none, its error speaks of a circular import.
        import faultwire._native as native
    except Exception as error:
        # Any failure, not ImportError alone: a half-installed library must not stop an application.
        from . import _noop as native

        LOAD_ERROR = f"{type(error).__name__}: {error}"
        # Not `warnings.warn`: it prints two lines, and under `-W error` it would fail the import.
        if sys.stderr is not None:
            try:
                sys.stderr.write(f"faultwire: nothing is captured, the native library did not load ({LOAD_ERROR})\n")
            except Exception:
                pass

__all__ = ["LOAD_ERROR", "native"]
