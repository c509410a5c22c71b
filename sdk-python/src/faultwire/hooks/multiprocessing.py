"""Sends what is on its way before a forked worker of `multiprocessing` ends.

Such a child, also one of a fork server, leaves by `os._exit`, without the handlers of `atexit`; it runs the
finalizers of `multiprocessing.util` instead, of which it forgets those that the parent made. A spawned child
leaves as any program does.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.util as util
import threading

from .._engine import native
from .._guard import quietly

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_registered = False
_on = False

# Finalizers with a priority run at exit, the highest first: after those of the application.
LAST = -1000


def setup_once() -> None:
    """Has this process, should it be such a child, and each one forked from it make its finalizer."""
    global _registered, _on
    _on = True
    if not _registered:
        _registered = True
        in_each_child(_make_finalizer)


def in_each_child(make: Callable[[object], None]) -> None:
    """Calls `make` here and in each forked child, which forgets its parent's finalizers."""
    # Kept while its key lives, as a function of a module does.
    util.register_after_fork(make, make)
    make(None)


def remove() -> None:
    """Children leave without waiting from now on."""
    global _on
    _on = False


def _make_finalizer(_: object) -> None:
    util.Finalize(None, quietly, args=("exit", _leave), exitpriority=LAST)


def _leave() -> None:
    # `hooks.atexit` follows in these two, after handlers that may capture.
    if not _on or multiprocessing.parent_process() is None or multiprocessing.get_start_method(True) == "spawn":
        return
    here = threading.current_thread()
    others = [thread for thread in threading.enumerate() if thread is not here and not thread.daemon]
    if others:
        # Python waits for these next, and for this one with them: they may capture until they end.
        threading.Thread(target=_close_after, args=(others,), name="faultwire-exit").start()
    else:
        native.close()


def _close_after(others: list[threading.Thread]) -> None:
    for thread in others:
        thread.join()
    quietly("exit", native.close)
