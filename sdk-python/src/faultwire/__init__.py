"""Faultwire: an error tracker. `faultwire.init(dsn=...)` once, and failures are captured.

    what happens            who sees it                                  what it becomes
    uncaught exception  ->  hooks/ (excepthook, threads, asyncio, ...)   \\
    failing request     ->  integrations/ (wsgi, asgi, flask, ...)        >  capture_*  ->  event
    your own call       ->  capture_exception, capture_message, ...      /
    context             ->  set_tag, set_user, new_scope, isolation_scope, add_breadcrumb

Captures go straight into the native engine (`_native`): they never raise, never block, and send from
another thread. `_engine` puts a stand-in that does nothing in its place where it cannot load.
"""

from __future__ import annotations

from ._client import init
from ._engine import native
from ._scope import (
    AMBIENT,
    Scope,
    global_scope,
    isolation_scope,
    last_event_id,
    new_scope,
)

__version__ = native.VERSION

# Straight from the engine: no Python frame stands between a call and the capture.
capture_exception = native.capture_exception
capture_message = native.capture_message
capture_event = native.capture_event
explain = native.explain
flush = native.flush
close = native.close
stats = native.stats
is_enabled = native.is_enabled

FaultwireError = native.FaultwireError
InvalidOptionError = native.InvalidOptionError
InvalidDsnError = native.InvalidDsnError
InvalidPayloadError = native.InvalidPayloadError
InternalError = native.InternalError

# The functions that write to the isolation scope of whoever calls them.
add_breadcrumb = AMBIENT.add_breadcrumb
clear_breadcrumbs = AMBIENT.clear_breadcrumbs
continue_trace = AMBIENT.continue_trace
remove_tag = AMBIENT.remove_tag
set_context = AMBIENT.set_context
set_extra = AMBIENT.set_extra
set_fingerprint = AMBIENT.set_fingerprint
set_level = AMBIENT.set_level
set_session = AMBIENT.set_session
set_tag = AMBIENT.set_tag
set_tags = AMBIENT.set_tags
set_transaction = AMBIENT.set_transaction
set_user = AMBIENT.set_user

# The name that people know from elsewhere.
with_scope = new_scope

__all__ = [
    "FaultwireError",
    "InternalError",
    "InvalidDsnError",
    "InvalidOptionError",
    "InvalidPayloadError",
    "Scope",
    "__version__",
    "add_breadcrumb",
    "capture_event",
    "capture_exception",
    "capture_message",
    "clear_breadcrumbs",
    "close",
    "continue_trace",
    "explain",
    "flush",
    "global_scope",
    "init",
    "is_enabled",
    "isolation_scope",
    "last_event_id",
    "new_scope",
    "remove_tag",
    "set_context",
    "set_extra",
    "set_fingerprint",
    "set_level",
    "set_session",
    "set_tag",
    "set_tags",
    "set_transaction",
    "set_user",
    "stats",
    "with_scope",
]
