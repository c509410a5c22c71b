"""WSGI: any application that is a function of `environ` and `start_response`.

    app = FaultwireWsgiMiddleware(app)

An ordinary request costs a scope cell and a closure; its URL, headers and body are put together only
when there is an event.
"""

from __future__ import annotations

from .._engine import native
from .._guard import note, quietly
from .._scope import ISOLATION, leave
from ._body import BodyRecorder, is_recordable
from ._request import MARKER, Extras, request_cell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from .._native import ScopeCell

    Environ = dict[str, Any]
    StartResponse = Callable[..., Any]
    WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

MECHANISM = "auto.http.wsgi"

# Server variables worth showing; the others repeat the request or are the process's own environment.
_ENV = ("REMOTE_ADDR", "SERVER_NAME", "SERVER_PORT")


class FaultwireWsgiMiddleware:
    """Covers a WSGI application: one isolation scope a request, failures captured and raised on.

    An application that is wrapped twice, or that an integration covers as well, is covered once.
    """

    def __init__(self, app: WsgiApp) -> None:
        self.app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return run(self.app, environ, start_response)


def run(
    app: WsgiApp,
    environ: Environ,
    start_response: StartResponse,
    extra: Callable[[], Mapping[str, Any]] | None = None,
) -> Iterable[bytes]:
    """Calls `app` for one request; `extra` adds `transaction` and `user` when an event needs them."""
    cell = quietly("wsgi", _begin, environ, extra)
    if cell is None:
        return app(environ, start_response)
    token = ISOLATION.set(cell)
    try:
        response = app(environ, start_response)
    except Exception as error:
        _capture(error)
        raise
    finally:
        leave(ISOLATION, token)
    # Nothing of the application runs when these are iterated, and the server may have a faster way
    # with them than iterating.
    if type(response) in (list, tuple) or isinstance(response, environ.get("wsgi.file_wrapper") or ()):
        return response
    return _Response(response, cell)


def _begin(environ: Environ, extra: Callable[[], Mapping[str, Any]] | None) -> ScopeCell | None:
    """The cell of a new request; None for one that is covered already or while nothing is captured."""
    around = environ.get(MARKER)
    if isinstance(around, Extras):
        if extra is not None:
            around.sources.append(extra)
        return None
    if not native.is_enabled():
        return None
    extras = environ[MARKER] = Extras(extra)
    body = _record_body(environ)

    def source() -> dict[str, Any]:
        request = describe(environ)
        if body is not None:
            request["data"] = body.data()
        quietly("request", extras.put_into, request)
        return request

    return request_cell(source, environ.get("HTTP_TRACEPARENT") or environ.get("HTTP_SENTRY_TRACE"))


def _capture(error: Exception) -> None:
    try:
        native.capture_exception(error, handled=False, mechanism=MECHANISM)
    except Exception as failure:
        note("wsgi", failure)


def describe(environ: Mapping[str, Any]) -> dict[str, Any]:
    """The request of an environ, as the engine takes it; nothing is filtered yet."""
    headers = {}
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            headers[key[5:].replace("_", "-").title()] = value
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(key):
            headers[key.replace("_", "-").title()] = environ[key]
    scheme = environ.get("wsgi.url_scheme") or "http"
    host = environ.get("HTTP_HOST")
    if not host:
        host = environ.get("SERVER_NAME") or "localhost"
        port = str(environ.get("SERVER_PORT") or "")
        if port and port != {"http": "80", "https": "443"}.get(scheme):
            host = f"{host}:{port}"
    path = (environ.get("SCRIPT_NAME") or "") + (environ.get("PATH_INFO") or "")
    return {
        # WSGI carries UTF-8 bytes as Latin-1 texts.
        "url": f"{scheme}://{host}" + path.encode("latin-1", "replace").decode("utf-8", "replace"),
        "method": environ.get("REQUEST_METHOD"),
        "query_string": environ.get("QUERY_STRING") or None,
        "cookies": headers.pop("Cookie", None),
        "headers": headers,
        "env": {key: environ[key] for key in _ENV if environ.get(key)},
    }


def _record_body(environ: Environ) -> BodyRecorder | None:
    """Has the application's reads of the body recorded, where there is a body that a report can show."""
    stream = environ.get("wsgi.input")
    if stream is None or ((environ.get("CONTENT_LENGTH") or "0") == "0" and not environ.get("HTTP_TRANSFER_ENCODING")):
        return None
    content_type = environ.get("CONTENT_TYPE") or ""
    limit = native.option("max_request_body_size")
    if not limit or not is_recordable(content_type):
        return None
    recorder = BodyRecorder(limit, content_type)
    environ["wsgi.input"] = _Input(stream, recorder)
    return recorder


class _Input:
    """The server's stream; what is read from it is also told to the recorder."""

    def __init__(self, stream: Any, recorder: BodyRecorder) -> None:
        self._stream = stream
        self._recorder = recorder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _seen(self, chunk: Any) -> Any:
        quietly("wsgi.input", self._recorder.add, chunk)
        return chunk

    def read(self, *args: Any) -> Any:
        return self._seen(self._stream.read(*args))

    def readline(self, *args: Any) -> Any:
        return self._seen(self._stream.readline(*args))

    def readlines(self, *args: Any) -> Any:
        lines = self._stream.readlines(*args)
        for line in lines:
            self._seen(line)
        return lines

    def readinto(self, buffer: Any) -> Any:
        count = self._stream.readinto(buffer)
        if count:
            self._seen(memoryview(buffer)[:count])
        return count

    def __iter__(self) -> Iterator[Any]:
        for line in self._stream:
            yield self._seen(line)


class _Response:
    """The application's response; each step of it runs in the scope of the request.

    Step by step, not from start to end: between steps the thread is the server's.
    """

    def __init__(self, response: Iterable[bytes], cell: ScopeCell) -> None:
        self._response = response
        self._cell = cell
        self._iterator: Iterator[bytes] | None = None
        if hasattr(response, "__len__"):
            # Servers ask for it to send a Content-Length; absent must stay absent.
            self.__class__ = _SizedResponse

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        token = ISOLATION.set(self._cell)
        try:
            if self._iterator is None:
                self._iterator = iter(self._response)
            return next(self._iterator)
        except StopIteration:
            raise
        except Exception as error:
            _capture(error)
            raise
        finally:
            leave(ISOLATION, token)

    def close(self) -> None:
        close = getattr(self._response, "close", None)
        if close is None:
            return
        token = ISOLATION.set(self._cell)
        try:
            close()
        except Exception as error:
            _capture(error)
            raise
        finally:
            leave(ISOLATION, token)


class _SizedResponse(_Response):
    def __len__(self) -> int:
        return len(self._response)  # type: ignore[arg-type]
