"""The engine's interface where the native library cannot load: every call does nothing.

The same names and parameters as `_native.pyi` (a test compares them), so that nothing else in the
package needs to know. Captures give None, questions give False, descriptions give {}.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextvars import ContextVar
    from typing import Any

VERSION = "0.1.0"


class FaultwireError(ValueError):
    """Base of every error Faultwire raises. `kind` is a stable name, `field` the option or field at fault."""

    kind = ""
    field = ""


class InvalidOptionError(FaultwireError):
    """An option is unknown, ill-typed or out of range."""


class InvalidDsnError(FaultwireError):
    """A DSN does not parse."""


class InvalidPayloadError(FaultwireError):
    """An envelope, event or item does not parse."""


class InternalError(FaultwireError):
    """The engine could not do its work."""


class ScopeCell:
    """Remembers nothing but whether it is shared."""

    __slots__ = ("_shared", "request_source")

    def __init__(self, parent: ScopeCell | None = None, *, shared: bool = True, current: bool = False) -> None:
        self._shared = shared
        self.request_source: Callable[[], Mapping[str, Any] | None] | None = None

    @property
    def shared(self) -> bool:
        return self._shared

    @property
    def last_event_id(self) -> str | None:
        return None

    def set_tag(self, key: str, value: object) -> None: ...
    def remove_tag(self, key: str) -> None: ...
    def set_user(self, user: Mapping[str, Any] | None) -> None: ...
    def set_session(self, session_id: str | None) -> None: ...
    def set_context(self, key: str, value: Mapping[str, Any] | None) -> None: ...
    def set_extra(self, key: str, value: object) -> None: ...
    def set_level(self, level: str | None) -> None: ...
    def set_transaction(self, name: str | None) -> None: ...
    def set_fingerprint(self, fingerprint: Sequence[str] | None) -> None: ...

    def continue_trace(self, header: str | None) -> bool:
        return False

    def add_breadcrumb(
        self,
        message: str | None = None,
        *,
        category: str | None = None,
        level: str | None = None,
        type: str | None = None,
        data: Mapping[str, Any] | None = None,
        timestamp: float | None = None,
    ) -> None: ...
    def clear_breadcrumbs(self) -> None: ...
    def clear(self) -> None: ...


def init(
    options: Mapping[str, Any],
    *,
    before_send: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any] | None] | None = None,
    before_breadcrumb: Callable[[dict[str, Any]], dict[str, Any] | None] | None = None,
    error_sampler: Callable[[dict[str, Any]], float | None] | None = None,
    capture_transport: bool = False,
) -> None:
    """Does nothing."""


def bind_context(
    current: ContextVar[ScopeCell | None], isolation: ContextVar[ScopeCell | None], everywhere: ScopeCell
) -> None:
    """Does nothing."""


def is_enabled() -> bool:
    """False."""
    return False


def option(name: str) -> Any:
    """None: there is no client."""
    return None


def add_integration(name: str) -> None:
    """Does nothing."""


def capture_exception(
    error: Any = None,
    *,
    level: str | None = None,
    tags: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
    contexts: Mapping[str, Mapping[str, Any]] | None = None,
    user: Mapping[str, Any] | None = None,
    fingerprint: Sequence[str] | None = None,
    transaction: str | None = None,
    logger: str | None = None,
    handled: bool = True,
    mechanism: str = "generic",
) -> str | None:
    """Captures nothing."""
    return None


def capture_message(
    message: str,
    level: str | None = None,
    *,
    tags: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
    contexts: Mapping[str, Mapping[str, Any]] | None = None,
    user: Mapping[str, Any] | None = None,
    fingerprint: Sequence[str] | None = None,
    transaction: str | None = None,
    logger: str | None = None,
    template: str | None = None,
    params: object = None,
) -> str | None:
    """Captures nothing."""
    return None


def capture_event(event: Mapping[str, Any]) -> str | None:
    """Captures nothing."""
    return None


def explain(error: Any = None) -> dict[str, Any]:
    """Has nothing to explain."""
    return {}


def flush(timeout: float | None = None) -> bool:
    """False: nothing is ever delivered."""
    return False


def close(timeout: float | None = None) -> bool:
    """False: nothing is ever delivered."""
    return False


def pause_threads() -> None:
    """Does nothing."""


def resume_threads() -> None:
    """Does nothing."""


def stats() -> dict[str, Any]:
    """Counts nothing."""
    return {}


def taken_envelopes() -> list[tuple[dict[str, Any], list[tuple[dict[str, Any], bytes]]]]:
    """Has none."""
    return []


def vector(topic: str, input: Any) -> Any:
    """Runs nothing."""
    return None
