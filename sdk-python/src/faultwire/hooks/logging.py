"""Log records: from ERROR on an event, from INFO on a breadcrumb.

`Logger.callHandlers` is where every record passes that its logger lets through, whatever handlers
there are and also with `propagate = False`. A handler of our own would change what `logging.lastResort`
and `basicConfig` do; this changes nothing.
"""

from __future__ import annotations

import logging
from _thread import get_ident
from contextvars import Context

from .._engine import native
from .._levels import name as level_name
from .._levels import thresholds
from .._scope import AMBIENT
from ._chain import Chain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# Threads inside `_seen`: a record that is logged while one is looked at (by the `__str__` of an
# argument, by before_send) is not ours to look at. A set's methods are atomic.
_busy: set[int] = set()

# Servers that write the traceback of a failed request as a text: the failure itself was captured where
# it happened. (logger, beginning of the message)
_ECHOES = (("werkzeug", "Error on request:"),)

# What every record has; anything else came by `extra=`.
_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def _seen(self: logging.Logger, record: logging.LogRecord) -> None:
    level = record.levelno
    is_event = thresholds.event is not None and level >= thresholds.event
    is_breadcrumb = thresholds.breadcrumb is not None and level >= thresholds.breadcrumb
    if not (is_event or is_breadcrumb) or not native.is_enabled():
        return
    name = record.name
    if name == "faultwire" or name.startswith("faultwire."):
        return
    thread = get_ident()
    if thread in _busy:
        return
    _busy.add(thread)
    try:
        message = _message(record)
        if is_event and not any(name == logger and message.startswith(start) for logger, start in _ECHOES):
            _event(record, message)
        # After the event, which shall not have itself among its breadcrumbs.
        if is_breadcrumb:
            AMBIENT.add_breadcrumb(message, category=name, level=level_name(level), timestamp=record.created)
    finally:
        _busy.discard(thread)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:
        # Arguments that do not fit, or that cannot be shown: the handlers will say so, or not.
        return record.msg if isinstance(record.msg, str) else type(record.msg).__name__


def _event(record: logging.LogRecord, message: str) -> None:
    extra: dict[str, Any] = {key: value for key, value in vars(record).items() if key not in _ORDINARY}
    error = record.exc_info
    if error and error[1] is not None:
        extra["log_message"] = message
        lost_task = record.name == "asyncio"
        # The event loop reports a task that failed long ago from wherever the garbage collector ran:
        # possibly in the middle of another request, whose scope says nothing about it.
        call = Context().run if lost_task else _call
        call(
            _capture_exception,
            error,
            level_name(record.levelno),
            record.name,
            extra,
            not lost_task,
            "auto.asyncio" if lost_task else "auto.logging",
        )
        return
    native.capture_message(
        message,
        level_name(record.levelno),
        logger=record.name,
        template=record.msg if isinstance(record.msg, str) else None,
        params=record.args or None,
        extra=extra or None,
    )


def _call(function: Callable[..., object], *args: object) -> object:
    return function(*args)


def _capture_exception(error: Any, level: str, logger: str, extra: dict[str, Any], handled: bool, how: str) -> None:
    native.capture_exception(error, level=level, logger=logger, extra=extra, handled=handled, mechanism=how)


_chain = Chain(logging.Logger, "callHandlers", _seen)
setup_once = _chain.put_on
remove = _chain.take_off
