"""Flask: each app is covered, without a line of code in it.

`Flask.__call__` is where a server enters, whatever the application put around `wsgi_app`. An error
that an `errorhandler` of the application answers is the application's business; what ends in Flask's
own 500 is announced by the signal `got_request_exception`.
"""

from __future__ import annotations

import sys

# From its parts: this runs right after `flask.app`, when the package itself is not complete yet.
from flask import signals
from flask.app import Flask
from flask.ctx import has_request_context
from flask.globals import g, request, session

from .._engine import native
from .._guard import note
from . import DidNotEnable, wsgi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

MECHANISM = "auto.http.flask"

_original: Any = None
_patched: Any = None


def setup_once() -> None:
    """Puts the WSGI middleware around every app and listens to the signal. Needs Flask 2.0 with blinker."""
    global _original, _patched
    if _patched is not None:
        return
    if not hasattr(signals.got_request_exception, "connect") or not getattr(signals, "signals_available", True):
        raise DidNotEnable("signals are not available, it needs Flask 2.0 and blinker")
    original = _original = Flask.__call__

    def __call__(self: Flask, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            return original(self, environ, start_response)  # type: ignore[no-any-return]

        return wsgi.run(app, environ, start_response, _extra)

    _patched = __call__
    Flask.__call__ = __call__
    signals.got_request_exception.connect(_failed)


def remove() -> None:
    """Undoes it."""
    global _original, _patched
    if _patched is None:
        return
    signals.got_request_exception.disconnect(_failed)
    if Flask.__call__ is _patched:
        Flask.__call__ = _original
        _original = _patched = None


def _failed(sender: Any, exception: BaseException | None = None, **_: Any) -> None:
    if exception is None:
        return
    try:
        native.capture_exception(exception, handled=False, mechanism=MECHANISM)
    except Exception as error:
        note("flask", error)


def _extra() -> dict[str, Any]:
    """The route and user of the request being handled, where it has come that far."""
    if not has_request_context():
        return {}
    rule = request.url_rule
    return {
        "transaction": (rule.rule if rule is not None else None) or request.endpoint,
        "user": _login_user(),
    }


def _login_user() -> dict[str, Any] | None:
    """The id that flask_login found for this request; nothing is loaded or asked of a model for it."""
    if "flask_login" not in sys.modules:
        return None
    user = g.get("_login_user")
    if user is None or not has_request_context():
        return None
    current = session._get_current_object() if hasattr(session, "_get_current_object") else session
    # Straight from the mapping: the session's own methods note an access, which changes the response.
    found = dict.get(current, "_user_id") if isinstance(current, dict) else None
    if found is None:
        # Attributes that are there; a property or a column could start a query.
        found = getattr(user, "__dict__", {}).get("id")
    return None if found is None else {"id": str(found)}
