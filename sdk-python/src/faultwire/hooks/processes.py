"""The exception that ends a process of `multiprocessing`.

Before Python 3.13 such a process runs the finalizers of `multiprocessing.util` while the exception passes
through, before it is printed: a finalizer can see it, and nothing needs to be patched. Later Pythons print it
first, by `traceback.print_exc`, before which a look at it is put, in such children only. (A `run` of ours would be
a frame in what is printed, and a spawned child could not be given one.) There an exception is not seen if the
child's `sys.stderr` cannot be written: then Python does not come to print it.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.util as util
import sys

from .._engine import native
from .._guard import quietly
from ._chain import Chain
from .multiprocessing import LAST, in_each_child

_registered = False
_on = False
_printing: Chain | None = None


def setup_once() -> None:
    """Has this process, should it be such a child, and each one forked from it tell what ends it."""
    global _registered, _on
    _on = True
    if not _registered:
        _registered = True
        in_each_child(_make_finalizer if sys.version_info < (3, 13) else _watch_printing)


def remove() -> None:
    """Captures nothing from now on."""
    global _on
    _on = False


def _make_finalizer(_: object) -> None:
    # A child forked within an `except` block lives its life in there: that exception is its parent's.
    inherited = sys.exc_info()[1] if multiprocessing.parent_process() is not None else None
    # Before what is on its way is sent.
    util.Finalize(None, quietly, args=("processes", _finalizing, inherited), exitpriority=LAST + 1)


def _finalizing(inherited: BaseException | None) -> None:
    error = sys.exc_info()[1]
    if multiprocessing.parent_process() is not None and error is not None and error is not inherited:
        _ended_by(error)


def _watch_printing(_: object) -> None:
    global _printing
    # A spawned child that is still importing has no parent yet, but its name.
    is_child = multiprocessing.parent_process() is not None or multiprocessing.current_process().name != "MainProcess"
    if is_child and _printing is None:
        import traceback

        _printing = Chain(traceback, "print_exc", _printed)
        _printing.put_on()


def _printed(*_: object, **__: object) -> None:
    error = sys.exc_info()[1]
    # Who caught it, as its traceback says: the application prints some, too.
    caught = error.__traceback__.tb_frame if error is not None and error.__traceback__ is not None else None
    if error is not None and caught is not None and caught.f_globals.get("__name__") == "multiprocessing.process":
        _ended_by(error)


def _ended_by(error: BaseException) -> None:
    # KeyboardInterrupt, SystemExit: somebody wanted the process to end, no failure of it.
    if not _on or isinstance(error, (KeyboardInterrupt, SystemExit)):
        return
    native.capture_exception(
        (type(error), error, error.__traceback__), level="fatal", handled=False, mechanism="auto.multiprocessing"
    )
