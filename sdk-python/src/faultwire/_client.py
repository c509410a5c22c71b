"""`init`: checks what only Python knows, hands the rest to the engine, and switches the hooks on."""

from __future__ import annotations

from . import _levels
from ._engine import LOAD_ERROR, native
from .integrations import registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Literal, NoReturn

    from ._types import BeforeBreadcrumb, BeforeSend, ErrorSampler

# What `init` was last told, for `faultwire.testing` to put back. Holds no more than the engine does.
last_call: dict[str, Any] | None = None

_PYTHON_ONLY = ("auto_integrations", "disabled_integrations", "log_event_level", "log_breadcrumb_level")
_HOOKS = ("before_send", "before_breadcrumb", "error_sampler")


def init(
    *,
    dsn: str | None = None,
    release: str | None = None,
    environment: str | None = None,
    dist: str | None = None,
    server_name: str | None = None,
    sample_rate: float | None = None,
    exception_sample_rates: Mapping[str, float] | None = None,
    ignore_errors: Sequence[str] | None = None,
    max_breadcrumbs: int | None = None,
    attach_stacktrace: bool | None = None,
    send_default_pii: bool | None = None,
    include_local_variables: bool | None = None,
    run_user_repr: bool | None = None,
    include_source_context: bool | None = None,
    in_app_include: Sequence[str] | None = None,
    in_app_exclude: Sequence[str] | None = None,
    frame_blocklist: Sequence[str] | None = None,
    debug: bool | None = None,
    http_proxy: str | None = None,
    https_proxy: str | None = None,
    ca_certs: str | None = None,
    shutdown_timeout: float | None = None,
    flush_on_sigterm: bool | None = None,
    max_request_body_size: Literal["never", "small", "medium", "always"] | None = None,
    max_value_length: int | None = None,
    sanitize_keys: Sequence[str] | None = None,
    sanitize_patterns: Mapping[str, str] | None = None,
    fingerprint_mode: Literal["context", "override"] | None = None,
    storm_folding: bool | None = None,
    storm_burst: int | None = None,
    storm_window: float | None = None,
    max_queue_events: int | None = None,
    max_queue_bytes: int | None = None,
    max_outbox_bytes: int | None = None,
    spool: bool | None = None,
    spool_dir: str | None = None,
    spool_max_bytes: int | None = None,
    spool_max_age: float | None = None,
    spool_sync: bool | None = None,
    capture_crashes: bool | None = None,
    before_send: BeforeSend | None = None,
    before_breadcrumb: BeforeBreadcrumb | None = None,
    error_sampler: ErrorSampler | None = None,
    auto_integrations: bool = True,
    disabled_integrations: Sequence[str] = (),
    log_event_level: int | str | None = "error",
    log_breadcrumb_level: int | str | None = "info",
    **unknown: NoReturn,
) -> None:
    """Makes the client of the process and switches on the hooks and integrations.

    Call it once, as early as possible. A second call replaces the client; events of the first one
    are still sent. None means unset, which takes the default.

    Where events go, and what they say of the application:
        dsn: `SCHEME://KEY@HOST/PROJECT`. Unset: the environment's FAULTWIRE_DSN, then SENTRY_DSN; without
            any, Faultwire is disabled and costs nothing.
        release: version of the application. Environment: FAULTWIRE_RELEASE, then SENTRY_RELEASE.
        environment: default `production`. Environment: FAULTWIRE_ENVIRONMENT, then SENTRY_ENVIRONMENT.
        dist: build of the release.
        server_name: default: the host's name.

    What is captured:
        sample_rate: share of events kept, 0.0 to 1.0, default 1.0.
        exception_sample_rates: shares by exception type, which go before `sample_rate`.
        ignore_errors: names of exception types, with their subclasses, that are never captured.
        attach_stacktrace: the caller's stack on messages, default False.
        include_local_variables: locals of each frame, sanitized; default True.
        run_user_repr: show objects by their own `__repr__`, default False: it can block or raise.
        include_source_context: source lines around each frame, default True.
        max_breadcrumbs: default 100, 0 to 1000.
        max_request_body_size: `never`, `small` (1 KiB), `medium` (10 KiB, the default), `always` (100 KiB).
        max_value_length: characters kept of a value, default 1024, 16 to 65536.
        error_sampler: `f(hint) -> float | None`: a share for this very exception, None for the usual one.
        before_send: `f(event, hint) -> event | None`: changes an event, or drops it with None. One that
            raises drops the event.
        before_breadcrumb: `f(breadcrumb) -> breadcrumb | None`, likewise.
        auto_integrations: hooks and frameworks switch on by themselves, default True. When False, nothing
            is captured that the application does not capture itself.
        disabled_integrations: names of some that shall stay off, see `faultwire.integrations.registry`.
        log_event_level: level from which a log record becomes an event, default `error`; None: never.
        log_breadcrumb_level: level from which a record becomes a breadcrumb, default `info`; None: never.

    What is filtered:
        send_default_pii: send e-mail and IP addresses, user names and cookies; default False.
        sanitize_keys: names whose values are filtered, besides the built-in ones.
        sanitize_patterns: kind to regular expression; what matches is shown as `[Filtered:kind]`.

    How events are grouped:
        in_app_include, in_app_exclude: prefixes of modules that are, or are not, the application's own.
        frame_blocklist: frames to drop: `module`, `module:function` or `platform|module:function`.
        fingerprint_mode: `context` (default) leaves the backend's grouping alone, `override` replaces it.
        storm_folding: count repetitions exactly instead of sending each; default True.
        storm_burst: full events a place and window before that, default 100.
        storm_window: seconds, default 60.

    How they are sent:
        http_proxy, https_proxy: URL; default: the environment's.
        ca_certs: path of a PEM file of authorities to trust besides the system's.
        shutdown_timeout: seconds that leaving the process may wait, default 2.0.
        flush_on_sigterm: send what is on its way before SIGTERM ends the process, unless the application
            handles it; default False.
        max_queue_events, max_queue_bytes, max_outbox_bytes: bounds of what waits in memory, default 4096,
            32 MiB, 32 MiB.
        spool: keep events on disk until they are delivered, so that they outlive the process; default True.
        spool_dir: where; default `$XDG_STATE_HOME/faultwire` or the platform's like.
        spool_max_bytes: default 64 MiB, all processes together; the oldest events go first.
        spool_max_age: seconds after which an event is not sent any more, default 3 days.
        spool_sync: have the disk confirm each event, default False.
        capture_crashes: record native crashes (SIGSEGV and the like) beside the spool, to be reported by the next
            start; default False.
        debug: say on stderr what goes on, never the content of an event; default False.

    Raises InvalidOptionError or InvalidDsnError, both FaultwireError and ValueError, naming the option.
    """
    given = locals()
    options = given.pop("unknown")
    # First what came under another name: the engine knows whether it is close to one of its own.
    start({**options, **given})


def start(given: Mapping[str, Any], *, capture_transport: bool = False) -> None:
    """What `init` does, from a mapping."""
    global last_call
    if LOAD_ERROR is not None:
        return
    automatic, disabled, event_level, breadcrumb_level = _check(given)
    options = {k: v for k, v in given.items() if v is not None and k not in _PYTHON_ONLY and k not in _HOOKS}
    for name, value in options.items():
        if not _is_plain(value):
            raise option_error(name, "expected a text, a number, true or false, or a list or map of them")
    native.init(
        options,
        before_send=given.get("before_send"),
        before_breadcrumb=given.get("before_breadcrumb"),
        error_sampler=given.get("error_sampler"),
        capture_transport=capture_transport,
    )
    last_call = dict(given)
    if native.is_enabled():
        _levels.thresholds.event, _levels.thresholds.breadcrumb = event_level, breadcrumb_level
        registry.enable(automatic, disabled)


def restore(call: Mapping[str, Any] | None) -> None:
    """Puts back the client of an earlier call of `init`; with None, the state before any."""
    global last_call
    if call is not None:
        start(call)
        return
    last_call = None
    registry.remove_all()


def _check(given: Mapping[str, Any]) -> tuple[bool, Sequence[str], int | None, int | None]:
    automatic = given.get("auto_integrations", True)
    if not isinstance(automatic, bool):
        raise option_error("auto_integrations", "expected true or false")
    disabled = given.get("disabled_integrations", ())
    if isinstance(disabled, (str, bytes)) or not hasattr(disabled, "__iter__"):
        raise option_error("disabled_integrations", "expected a list of texts")
    disabled = tuple(disabled)
    for name in disabled:
        if name not in registry.NAMES:
            shown = name if isinstance(name, str) else type(name).__name__
            raise option_error(
                "disabled_integrations", f"unknown integration {shown}, expected some of {', '.join(registry.NAMES)}"
            )
    numbers = []
    for option, default in (("log_event_level", "error"), ("log_breadcrumb_level", "info")):
        try:
            numbers.append(_levels.number(given.get(option, default)))
        except ValueError as error:
            raise option_error(option, str(error)) from None
    return automatic, disabled, numbers[0], numbers[1]


def _is_plain(value: Any) -> bool:
    """True for what an option can be made of; the engine would show anything else as a text and take that."""
    if hasattr(value, "items"):
        return all(isinstance(k, str) and _is_plain(v) for k, v in value.items())
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (str, bool, int, float))


def option_error(field: str, message: str) -> ValueError:
    """An InvalidOptionError as the engine makes them."""
    error = native.InvalidOptionError(f"{field}: {message}")
    error.kind = "invalid_option"
    error.field = field
    return error
