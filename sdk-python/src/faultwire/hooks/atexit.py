"""Sends what is on its way before the process ends, for at most `shutdown_timeout`.

Handlers run last in, first out: this one runs after all that the application registers later, and
non-daemon threads have ended by then. It also runs in a forked child that leaves by `sys.exit`.
"""

from __future__ import annotations

import atexit

from .._engine import native
from .._guard import quietly

_installed = False


def setup_once() -> None:
    """Registers the handler."""
    global _installed
    if not _installed:
        _installed = True
        atexit.register(_leave)


def remove() -> None:
    """Takes it back."""
    global _installed
    if _installed:
        _installed = False
        atexit.unregister(_leave)


def _leave() -> None:
    quietly("exit", native.close)
