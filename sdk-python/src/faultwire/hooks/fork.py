"""Ends the engine's threads while the process forks, so that a fork prints what it always did.

From 3.12 on Python warns of a fork in a process with more than one thread, and counts those of native
libraries too: in the parent, after the fork. A thread that is sending just then is not waited for, and one
that a hook or a busy machine holds up not for long: it may still bring the warning about.

The child needs nothing: its first use of Faultwire makes an engine of its own.
"""

from __future__ import annotations

import os
import sys

from .._engine import native
from ..integrations import DidNotEnable

_registered = False
_on = False


def setup_once() -> None:
    """Registers what runs around a fork, which nothing can take back."""
    global _registered, _on
    # Elsewhere Python does not ask the system how many threads there are, or does not fork.
    if sys.version_info < (3, 12) or sys.platform not in ("linux", "darwin"):
        raise DidNotEnable("this Python does not mind the engine's threads")
    _on = True
    if not _registered:
        _registered = True
        # Straight from the engine: no signal handler of the application can come between and keep a
        # pause from its end.
        os.register_at_fork(before=_before, after_in_parent=native.resume_threads)


def remove() -> None:
    """Leaves the threads alone from now on."""
    global _on
    _on = False


def _before() -> None:
    if _on:
        native.pause_threads()
