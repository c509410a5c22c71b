"""ASGI: any application that is a coroutine function of `scope`, `receive` and `send`.

    app = FaultwireAsgiMiddleware(app)

Covers `http` and `websocket`. Of `lifespan` it sees the end: what is on its way is sent before the server hears of it,
for at most `shutdown_timeout`. Uvicorn then ends its process by the signal that it was told with, and no handler of
`atexit` runs.
"""

from __future__ import annotations

import asyncio

from .._engine import native
from .._guard import note, quietly
from .._scope import ISOLATION, leave
from ._body import BodyRecorder, is_recordable
from ._request import MARKER, Extras, request_cell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from typing import Any

    from .._native import ScopeCell

    AsgiScope = dict[str, Any]
    Receive = Callable[[], Awaitable[dict[str, Any]]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]
    AsgiApp = Callable[[AsgiScope, Receive, Send], Awaitable[None]]

MECHANISM = "auto.http.asgi"


class FaultwireAsgiMiddleware:
    """Covers an ASGI application: one isolation scope a request, failures captured and raised on.

    An application that is wrapped twice, or that an integration covers as well, is covered once.
    """

    def __init__(self, app: AsgiApp) -> None:
        self.app = app

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        await run(self.app, scope, receive, send)


async def run(
    app: AsgiApp,
    scope: AsgiScope,
    receive: Receive,
    send: Send,
    extra: Callable[[], Mapping[str, Any]] | None = None,
) -> None:
    """Calls `app` for one request, or for its lifespan; `extra` adds `transaction` and `user` when an event needs
    them."""
    if scope.get("type") == "lifespan":
        send = _flushing(send)
    begun = quietly("asgi", _begin, scope, receive, extra)
    if begun is None:
        await app(scope, receive, send)
        return
    cell, receive = begun
    token = ISOLATION.set(cell)
    try:
        await app(scope, receive, send)
    except Exception as error:
        try:
            native.capture_exception(error, handled=False, mechanism=MECHANISM)
        except Exception as failure:
            note("asgi", failure)
        raise
    finally:
        leave(ISOLATION, token)


def _begin(
    scope: AsgiScope, receive: Receive, extra: Callable[[], Mapping[str, Any]] | None
) -> tuple[ScopeCell, Receive] | None:
    """Cell and channel of a new request; None for what is not ours to cover."""
    if scope["type"] not in ("http", "websocket"):
        return None
    around = scope.get(MARKER)
    if isinstance(around, Extras):
        if extra is not None:
            around.sources.append(extra)
        return None
    if not native.is_enabled():
        return None
    extras = scope[MARKER] = Extras(extra)

    trace: bytes | None = None
    content_type = b""
    has_body = False
    # One pass: names are lower-case by the specification.
    for name, value in scope.get("headers") or ():
        if name == b"traceparent" or (name == b"sentry-trace" and trace is None):
            trace = value
        elif name == b"content-type":
            content_type = value
        elif name == b"content-length":
            has_body = value != b"0"
        elif name == b"transfer-encoding":
            has_body = True

    body: BodyRecorder | None = None
    if has_body and scope["type"] == "http":
        limit = native.option("max_request_body_size")
        kind = content_type.decode("latin-1")
        if limit and is_recordable(kind):
            body = BodyRecorder(limit, kind)
            receive = _recording(receive, body)

    # Frameworks change the scope while they route; what the client asked for is in it now.
    path, root_path = scope.get("path") or "", scope.get("root_path") or ""

    def source() -> dict[str, Any]:
        request = describe(scope, path, root_path)
        if body is not None:
            request["data"] = body.data()
        quietly("request", extras.put_into, request)
        return request

    return request_cell(source, None if trace is None else trace.decode("latin-1")), receive


def _flushing(send: Send) -> Send:
    async def flushing(message: dict[str, Any]) -> None:
        if message.get("type") in ("lifespan.shutdown.complete", "lifespan.shutdown.failed"):
            try:
                # In a thread: requests may still be answered. Other loops than that of asyncio have no such threads.
                await asyncio.get_running_loop().run_in_executor(None, native.flush)
            except Exception as failure:
                note("lifespan", failure)
        await send(message)

    return flushing


def _recording(receive: Receive, body: BodyRecorder) -> Receive:
    async def recording() -> dict[str, Any]:
        message = await receive()
        if message.get("type") == "http.request":
            quietly("receive", body.add, message.get("body") or b"")
        return message

    return recording


def describe(scope: Mapping[str, Any], path: str, root_path: str) -> dict[str, Any]:
    """The request of a scope, as the engine takes it; nothing is filtered yet."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope.get("headers") or ():
        name, value = raw_name.decode("latin-1").title(), raw_value.decode("latin-1")
        separator = "; " if name == "Cookie" else ", "
        headers[name] = headers[name] + separator + value if name in headers else value
    scheme = scope.get("scheme") or ("ws" if scope.get("type") == "websocket" else "http")
    server = scope.get("server")
    host = headers.get("Host")
    if not host and server:
        host = server[0] if server[1] in (None, 80, 443) else f"{server[0]}:{server[1]}"
    # `path` begins with `root_path` by the specification, but not from every server.
    full = path if path.startswith(root_path) else root_path + path
    client = scope.get("client")
    query = scope.get("query_string")
    return {
        "url": f"{scheme}://{host or 'localhost'}{full}",
        "method": scope.get("method"),
        "query_string": query.decode("latin-1") if query else None,
        "cookies": headers.pop("Cookie", None),
        "headers": headers,
        "env": {"REMOTE_ADDR": client[0]} if client else {},
    }
