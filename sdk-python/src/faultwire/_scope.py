"""Scopes: what the application says about where it is, and who sees it.

Three layers go over each event: global < isolation < current. Two context variables hold cells of
the engine. A cell that `isolation_scope` or `new_scope` made is *shared*: writes go into it, so that
a `set_user` in a worker thread that runs in a copy of the request's context is seen by the request.
Without one, the isolation variable holds an *unshared* cell that nobody ever changes: a write makes
a new cell from it and puts that in its place. A task or thread therefore starts with what was there
when it was made, and never sees what others say later.

Setters never raise: telling an error tracker something must not be a way to fail.
"""

from __future__ import annotations

from contextvars import ContextVar

from ._engine import native
from ._guard import quietly

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextvars import Token
    from types import TracebackType
    from typing import Any, Callable, TypeVar

    from ._native import ScopeCell

    Function = TypeVar("Function", bound=Callable[..., Any])

CURRENT: ContextVar[ScopeCell | None] = ContextVar("faultwire_current", default=None)
ISOLATION: ContextVar[ScopeCell | None] = ContextVar("faultwire_isolation", default=None)
EVERYWHERE: ScopeCell = native.ScopeCell()

native.bind_context(CURRENT, ISOLATION, EVERYWHERE)

# Flag of a code object whose function gives a coroutine; `inspect` is too slow to import for it.
CO_COROUTINE = 0x80


def writable_isolation() -> ScopeCell:
    """The cell that this context may write to: the shared one, or a new private one in its place."""
    cell = ISOLATION.get()
    if cell is not None and cell.shared:
        return cell
    fresh = native.ScopeCell(cell, shared=False)
    ISOLATION.set(fresh)
    return fresh


class Scope:
    """One layer of what is said about coming events. Made by `new_scope`, `isolation_scope`, `global_scope`.

    Values are copied, within limits, when they are set; no object of the application is kept.
    """

    __slots__ = ("_cell",)

    def __init__(self, cell: ScopeCell | None) -> None:
        self._cell = cell

    def _target(self) -> ScopeCell:
        return EVERYWHERE if self._cell is None else self._cell

    def set_tag(self, key: str, value: object) -> None:
        """Sets a searchable text: key of at most 200 of `[a-zA-Z0-9_.:-]`, value of at most 200 characters."""
        quietly("set_tag", self._target().set_tag, key, value)

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Sets several tags, as `set_tag` does one."""

        def each() -> None:
            target = self._target()
            for key, value in tags.items():
                target.set_tag(key, value)

        quietly("set_tags", each)

    def remove_tag(self, key: str) -> None:
        """Forgets a tag of this layer; one of another layer stays."""
        quietly("remove_tag", self._target().remove_tag, key)

    def set_user(self, user: Mapping[str, Any] | None) -> None:
        """Says who is hit: `{"id", "email", "username", "ip_address", ...}`; None forgets.

        All but `id` is sent only with the option `send_default_pii`.
        """
        quietly("set_user", self._target().set_user, user)

    def set_session(self, session_id: str | None) -> None:
        """Names the session of the user, to count how many are hit; None forgets."""
        quietly("set_session", self._target().set_session, session_id)

    def set_context(self, key: str, value: Mapping[str, Any] | None) -> None:
        """Sets a named object, shown with the event: at most 8 kB; None forgets."""
        quietly("set_context", self._target().set_context, key, value)

    def set_extra(self, key: str, value: object) -> None:
        """Sets free detail, at most 16 KiB a value."""
        quietly("set_extra", self._target().set_extra, key, value)

    def set_level(self, level: str | None) -> None:
        """Sets the level of coming events whose call says none; None forgets.

        `fatal`, `error`, `warning`, `info` or `debug`.
        """
        quietly("set_level", self._target().set_level, level)

    def set_transaction(self, name: str | None) -> None:
        """Names the route or job, at most 200 characters; None forgets."""
        quietly("set_transaction", self._target().set_transaction, name)

    def set_fingerprint(self, fingerprint: Sequence[str] | None) -> None:
        """Groups coming events by these texts; `{{ default }}` stands for the usual grouping; None forgets."""
        quietly("set_fingerprint", self._target().set_fingerprint, fingerprint)

    def continue_trace(self, header: str | None) -> bool:
        """Takes a `traceparent` or `sentry-trace` header into `contexts.trace`; False where it is neither."""
        return bool(quietly("continue_trace", self._target().continue_trace, header))

    def add_breadcrumb(
        self,
        message: str | None = None,
        *,
        category: str | None = None,
        level: str | None = None,
        type: str | None = None,
        data: Mapping[str, Any] | None = None,
        timestamp: float | None = None,
    ) -> None:
        """Remembers that something happened, for events to come; the oldest goes beyond `max_breadcrumbs`.

        `category` is a dotted source (`sql.query`), `level` as in `set_level` (default `info`), `type` how
        a viewer shows it (`http`, `query`, ...), `data` detail, `timestamp` Unix seconds (default: now).
        """

        def add() -> None:
            self._target().add_breadcrumb(
                message, category=category, level=level, type=type, data=data, timestamp=timestamp
            )

        quietly("add_breadcrumb", add)

    def clear_breadcrumbs(self) -> None:
        """Forgets the breadcrumbs of this layer."""
        quietly("clear_breadcrumbs", self._target().clear_breadcrumbs)

    def clear(self) -> None:
        """Forgets everything that this layer says."""
        quietly("clear", self._target().clear)


class _Ambient(Scope):
    """The isolation layer of whoever calls: what the functions of the package write to."""

    __slots__ = ()

    def _target(self) -> ScopeCell:
        return writable_isolation()


AMBIENT = _Ambient(None)


class ScopeManager:
    """Opens a layer for a `with` or `async with` block, or for each call of a function it decorates."""

    __slots__ = ("_token", "_variable")

    def __init__(self, variable: ContextVar[ScopeCell | None]) -> None:
        self._variable = variable
        self._token: Token[ScopeCell | None] | None = None

    def __enter__(self) -> Scope:
        parent = self._variable.get()
        cell = native.ScopeCell(parent, current=self._variable is CURRENT)
        self._token = self._variable.set(cell)
        return Scope(cell)

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        token, self._token = self._token, None
        if token is not None:
            leave(self._variable, token)

    async def __aenter__(self) -> Scope:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.__exit__()

    def __call__(self, function: Function) -> Function:
        import functools

        variable = self._variable
        code = getattr(function, "__code__", None)
        if code is not None and code.co_flags & CO_COROUTINE:

            @functools.wraps(function)
            async def call_async(*args: Any, **kwargs: Any) -> Any:
                with ScopeManager(variable):
                    return await function(*args, **kwargs)

            return call_async  # type: ignore[return-value]

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with ScopeManager(variable):
                return function(*args, **kwargs)

        return call  # type: ignore[return-value]


def leave(variable: ContextVar[ScopeCell | None], token: Token[ScopeCell | None]) -> None:
    """Puts back what the variable held before."""
    try:
        variable.reset(token)
    except (ValueError, RuntimeError):
        # Closed in another context than it was opened in (a generator that was collected elsewhere):
        # that context never held our cell, so there is nothing to put back.
        pass


def new_scope() -> ScopeManager:
    """A layer for one block: `with new_scope() as scope: scope.set_tag("step", "import")`.

    What `scope` is told counts for events captured inside the block. Works in async code, and as a
    decorator of functions and coroutine functions.
    """
    return ScopeManager(CURRENT)


def isolation_scope() -> ScopeManager:
    """A layer of its own for one unit of work: a request, a job, a message off a queue.

    `set_tag` and the others write to it from anywhere inside the block, threads and tasks that were
    started there included, and nothing of it is left after the block. It starts from what was there.
    """
    return ScopeManager(ISOLATION)


def global_scope() -> Scope:
    """The layer under all others, seen by every thread and task of the process."""
    return Scope(EVERYWHERE)


def last_event_id() -> str | None:
    """Id (32 hex digits) of the last event captured in this isolation scope, or None."""
    cell = ISOLATION.get()
    if cell is not None and cell.shared:
        return cell.last_event_id
    return (cell.last_event_id if cell is not None else None) or EVERYWHERE.last_event_id
