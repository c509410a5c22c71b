"""The native engine, as Python sees it. Nothing here decides: defaults live in the package, policy in core."""

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Optional, Union

ExcInfo = tuple[Optional[type[BaseException]], Optional[BaseException], Any]

VERSION: str

class FaultwireError(ValueError):
    """Base of every error Faultwire raises. `kind` is a stable name, `field` the option or field at fault."""

    kind: str
    field: str

class InvalidOptionError(FaultwireError): ...
class InvalidDsnError(FaultwireError): ...
class InvalidPayloadError(FaultwireError): ...
class InternalError(FaultwireError): ...

class ScopeCell:
    """A place that holds a current, immutable scope snapshot; a change swaps the snapshot.

    `ScopeCell(parent)` starts from the parent's snapshot and request source. `shared` is only remembered: the package
    marks with it the cells that descendants of a context write to. `current`: a layer within a request, not a request's.
    Values are copied, bounded, on the spot: no object of the application is kept.
    Setters never raise for what a value is; a key of another type than str is an error.
    """

    def __new__(
        cls, parent: Optional[ScopeCell] = None, *, shared: bool = True, current: bool = False
    ) -> ScopeCell: ...
    @property
    def shared(self) -> bool: ...
    @property
    def last_event_id(self) -> Optional[str]: ...
    request_source: Optional[Callable[[], Optional[Mapping[str, Any]]]]
    """Called on the app thread by captures that go on: gives `{url, method, query_string, headers, cookies,
    data, env}` and optionally `user` and `transaction`, which count where the scope itself says nothing."""

    def set_tag(self, key: str, value: object) -> None: ...
    def remove_tag(self, key: str) -> None: ...
    def set_user(self, user: Optional[Mapping[str, Any]]) -> None: ...
    def set_session(self, session_id: Optional[str]) -> None: ...
    def set_context(self, key: str, value: Optional[Mapping[str, Any]]) -> None: ...
    def set_extra(self, key: str, value: object) -> None: ...
    def set_level(self, level: Optional[str]) -> None: ...
    def set_transaction(self, name: Optional[str]) -> None: ...
    def set_fingerprint(self, fingerprint: Optional[Sequence[str]]) -> None: ...
    def continue_trace(self, header: Optional[str]) -> bool:
        """Takes a W3C `traceparent` or a `sentry-trace` header; False when it fits neither."""
    def add_breadcrumb(
        self,
        message: Optional[str] = None,
        *,
        category: Optional[str] = None,
        level: Optional[str] = None,
        type: Optional[str] = None,
        data: Optional[Mapping[str, Any]] = None,
        timestamp: Optional[float] = None,
    ) -> None: ...
    def clear_breadcrumbs(self) -> None: ...
    def clear(self) -> None: ...

def init(
    options: Mapping[str, Any],
    *,
    before_send: Optional[Callable[[dict[str, Any], dict[str, Any]], Optional[dict[str, Any]]]] = None,
    before_breadcrumb: Optional[Callable[[dict[str, Any]], Optional[dict[str, Any]]]] = None,
    error_sampler: Optional[Callable[[dict[str, Any]], Optional[float]]] = None,
    capture_transport: bool = False,
) -> None:
    """Makes the process-wide client and closes an earlier one without waiting. `options` are those of
    docs/options.md; None values count as unset. `capture_transport` keeps envelopes in memory for
    `taken_envelopes` instead of sending them.

    before_send(event, hint): hint has `exc_info` for exceptions. Raises FaultwireError naming the option.
    """

def bind_context(
    current: ContextVar[Optional[ScopeCell]], isolation: ContextVar[Optional[ScopeCell]], everywhere: ScopeCell
) -> None:
    """Tells captures where scopes are found: global `everywhere` < isolation < current < call."""

def is_enabled() -> bool: ...
def option(name: str) -> Any:
    """The value of an option of the current client (None when there is no client), for the few the package
    itself needs: send_default_pii, max_request_body_size (bytes here), max_breadcrumbs, shutdown_timeout (seconds), debug."""

def add_integration(name: str) -> None:
    """Names an integration that is switched on, for `sdk.integrations`."""

def capture_exception(
    error: Union[BaseException, ExcInfo, None] = None,
    *,
    level: Optional[str] = None,
    tags: Optional[Mapping[str, Any]] = None,
    extra: Optional[Mapping[str, Any]] = None,
    contexts: Optional[Mapping[str, Mapping[str, Any]]] = None,
    user: Optional[Mapping[str, Any]] = None,
    fingerprint: Optional[Sequence[str]] = None,
    transaction: Optional[str] = None,
    logger: Optional[str] = None,
    handled: bool = True,
    mechanism: str = "generic",
) -> Optional[str]:
    """Captures `error`, or the exception being handled. Never raises and never blocks."""

def capture_message(
    message: str,
    level: Optional[str] = None,
    *,
    tags: Optional[Mapping[str, Any]] = None,
    extra: Optional[Mapping[str, Any]] = None,
    contexts: Optional[Mapping[str, Mapping[str, Any]]] = None,
    user: Optional[Mapping[str, Any]] = None,
    fingerprint: Optional[Sequence[str]] = None,
    transaction: Optional[str] = None,
    logger: Optional[str] = None,
    template: Optional[str] = None,
    params: object = None,
) -> Optional[str]: ...
def capture_event(event: Mapping[str, Any]) -> Optional[str]: ...
def explain(error: Union[BaseException, Mapping[str, Any], None] = None) -> dict[str, Any]:
    """The fingerprint of an exception or event and the record of what was hashed; nothing is sent."""

def flush(timeout: Optional[float] = None) -> bool:
    """Releases the GIL while it waits. None: `shutdown_timeout`."""

def close(timeout: Optional[float] = None) -> bool: ...
def pause_threads() -> None:
    """Ends the engine's threads, for a fork: at most 250 ms, normally far below one, and not a thread in a request."""

def resume_threads() -> None:
    """Takes back the last `pause_threads` of this thread; harmless without one. The threads start again once the call
    that forked has returned, if anything waits for them, or with the next capture."""

def stats() -> dict[str, Any]: ...
def taken_envelopes() -> list[tuple[dict[str, Any], list[tuple[dict[str, Any], bytes]]]]:
    """Envelopes since the last call, with `capture_transport`: (header, [(item header, payload)])."""

def vector(topic: str, input: Any) -> Any:
    """Runs one shared vector of tests/vectors/<topic>; raises FaultwireError where the vector expects an error."""
