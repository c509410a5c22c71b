"""Starlette: each app is covered, without a line of code in it; FastAPI's apps are Starlette's.

`Starlette.__call__` gets the ASGI middleware, sub-apps that are mounted count to the request around
them. `ExceptionMiddleware` tells us of exceptions that a handler answered: one whose answer is a 500
or above is a failure, one below is the application's business.
"""

from __future__ import annotations

import sys

from starlette.applications import Starlette
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.routing import Match

from .._engine import native
from .._guard import note, quietly
from . import DidNotEnable, asgi

# From 3.14 on Python warns of the one of asyncio, which until 3.11 knows more: what is marked as such a function.
if sys.version_info >= (3, 12):
    from inspect import iscoroutinefunction
else:
    from asyncio import iscoroutinefunction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

MECHANISM = "auto.http.starlette"

# Mounted apps inside mounted apps looked into for the route; a cycle ends here too.
_MAX_DEPTH = 8

_patches: list[tuple[Any, str, Any, Any]] = []

# Marks a handler that is watched already, and what an ExceptionMiddleware of ours was told.
_WATCHED = "__faultwire_watched__"


def setup_once() -> None:
    """Patches the two classes. Needs a Starlette that keeps its handlers as it does since 0.13."""
    if _patches:
        return
    if not all("__call__" in vars(owner) for owner in (Starlette, ExceptionMiddleware)):
        raise DidNotEnable("this version of Starlette is not known")
    _patch(Starlette, _cover)
    _patch(ExceptionMiddleware, _watch)


def remove() -> None:
    """Undoes it."""
    while _patches:
        owner, name, original, patched = _patches.pop()
        if getattr(owner, name) is patched:
            setattr(owner, name, original)


def _patch(owner: Any, make: Callable[[Any], Any]) -> None:
    original = owner.__call__
    patched = make(original)
    owner.__call__ = patched
    _patches.append((owner, "__call__", original, patched))


def _cover(original: Any) -> Any:
    async def __call__(self: Any, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if not _patches:
            await original(self, scope, receive, send)
            return
        asked = {key: scope.get(key) for key in ("type", "method", "path", "root_path", "headers")}

        def extra() -> dict[str, Any]:
            return {"transaction": route_template(self, scope, asked), "user": _user(scope)}

        async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
            await original(self, scope, receive, send)

        await asgi.run(app, scope, receive, send, extra)

    return __call__


def route_template(app: Any, scope: Mapping[str, Any], asked: Mapping[str, Any]) -> str | None:
    """The path of the route as the application wrote it, with the prefixes of mounted apps.

    Found by matching again what the client asked for: only an event needs it, an error before the
    routing has one too, and the versions differ in what they leave in the scope.
    """
    found = quietly("route", _match, getattr(app, "routes", None) or (), dict(asked, path_params={}), 0)
    if found:
        return str(found)
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else None


def _match(routes: Any, scope: dict[str, Any], depth: int) -> str | None:
    partial: str | None = None
    for route in routes:
        match, child = route.matches(dict(scope))
        if match is Match.NONE:
            continue
        path = getattr(route, "path_format", None) or getattr(route, "path", None) or ""
        inner = getattr(route, "routes", None)
        if inner and depth < _MAX_DEPTH:
            prefix = getattr(route, "path", "")
            below = _match(inner, {**scope, **child}, depth + 1)
            if below is not None:
                return prefix + below
            path = prefix
        if match is Match.FULL:
            return path
        if partial is None:
            partial = path
    return partial


def _user(scope: Mapping[str, Any]) -> dict[str, Any] | None:
    """The id of the user that AuthenticationMiddleware found."""
    user = scope.get("user")
    if user is None or not getattr(user, "is_authenticated", False):
        return None
    try:
        found = user.identity
    except Exception:
        # Starlette's own user classes have none.
        found = getattr(user, "__dict__", {}).get("id")
    return {"id": str(found)} if isinstance(found, (str, int)) or type(found).__name__ == "UUID" else None


def _watch(original: Any) -> Any:
    async def __call__(self: Any, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if _patches and _WATCHED not in self.__dict__:
            quietly("starlette", _watch_handlers, self)
        await original(self, scope, receive, send)

    return __call__


def _watch_handlers(middleware: Any) -> None:
    """Puts a watcher before each exception handler of the app, once."""
    middleware.__dict__[_WATCHED] = True
    for handlers in (middleware._exception_handlers, middleware._status_handlers):
        for key, handler in list(handlers.items()):
            handlers[key] = _watched(handler)


def _watched(handler: Any) -> Any:
    # As Starlette asks: it runs what is no coroutine function in a thread.
    call = getattr(handler, "__call__", None)  # noqa: B004 - the method is looked at, not whether there is one
    if iscoroutinefunction(handler) or iscoroutinefunction(call):

        async def watched_async(request: Any, error: Exception) -> Any:
            response = await handler(request, error)
            _answered(error, response)
            return response

        return watched_async

    def watched(request: Any, error: Exception) -> Any:
        response = handler(request, error)
        _answered(error, response)
        return response

    return watched


def _answered(error: Exception, response: Any) -> None:
    try:
        status = getattr(response, "status_code", None)
        if isinstance(status, int) and status >= 500:
            native.capture_exception(error, handled=True, mechanism=MECHANISM)
    except Exception as failure:
        note("starlette", failure)
