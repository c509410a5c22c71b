"""Sends what is on its way before a forked worker of `multiprocessing` ends.

Such a child leaves by `os._exit`, without the handlers of `atexit`; it runs the finalizers of
`multiprocessing.util` instead, of which it forgets those that the parent made.
"""

from __future__ import annotations

import multiprocessing.util as util

from .._engine import native
from .._guard import quietly

_registered = False
_on = False

# Finalizers with a priority run at exit, the highest first: after those of the application.
LAST = -1000


def setup_once() -> None:
    """Has each child make its finalizer."""
    global _registered, _on
    _on = True
    if not _registered:
        _registered = True
        # Kept while its key lives, as this function does.
        util.register_after_fork(_in_child, _in_child)


def remove() -> None:
    """Children make none from now on."""
    global _on
    _on = False


def _in_child(_: object) -> None:
    if _on:
        util.Finalize(None, quietly, args=("exit", native.close), exitpriority=LAST)
