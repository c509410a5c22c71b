"""The exception that ends a process of `multiprocessing`.

Before Python 3.13 such a process runs the finalizers of `multiprocessing.util` while the exception passes
through, before it is printed: a finalizer can see it, and nothing needs to be patched. Later Pythons print it
first, and then nobody can see it any more.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.util as util
import sys

from .._engine import native
from .._guard import quietly
from ..integrations import DidNotEnable
from .multiprocessing import LAST, in_each_child

_registered = False
_on = False


def setup_once() -> None:
    """Has this process, should it be such a child, and each one forked from it make its finalizer."""
    global _registered, _on
    if sys.version_info >= (3, 13):
        raise DidNotEnable("this Python tells nobody of an exception that ends such a process")
    _on = True
    if not _registered:
        _registered = True
        in_each_child(_make_finalizer)


def remove() -> None:
    """Captures nothing from now on."""
    global _on
    _on = False


def _make_finalizer(_: object) -> None:
    # A child forked within an `except` block lives its life in there: that exception is its parent's.
    inherited = sys.exc_info()[1] if multiprocessing.parent_process() is not None else None
    # Before what is on its way is sent.
    util.Finalize(None, quietly, args=("processes", _seen, inherited), exitpriority=LAST + 1)


def _seen(inherited: BaseException | None) -> None:
    kind, error, traceback = sys.exc_info()
    if not _on or multiprocessing.parent_process() is None or error is None or error is inherited:
        return
    # Somebody wanted the process to end: no failure of it.
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        return
    native.capture_exception((kind, error, traceback), level="fatal", handled=False, mechanism="auto.multiprocessing")
