"""Finds the engine: the native library, or a stand-in that does nothing where it cannot load."""

from __future__ import annotations

import sys

# `typing.TYPE_CHECKING` without the milliseconds that importing `typing` costs an application.
TYPE_CHECKING = False

LOAD_ERROR: str | None = None
"""Why the native library did not load; None when it did."""


def _refuse_subinterpreter() -> None:
    """Raises ImportError in any interpreter but the main one, as Python does by itself from 3.12 on.

    The library's state would be shared with that interpreter and outlive it.
    """
    if sys.version_info < (3, 12):
        try:
            import _xxsubinterpreters as interpreters  # type: ignore[import-not-found]
        except ImportError:
            return
        if interpreters.get_current() != interpreters.get_main():
            raise ImportError("it does not support loading in subinterpreters")


if TYPE_CHECKING:
    from . import _native as native
else:
    try:
        _refuse_subinterpreter()
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
