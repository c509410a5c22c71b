"""The public surface: a name that appears or goes away is a decision, made here."""

import inspect

import faultwire
import faultwire.testing

PUBLIC = [
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


def test_the_names_of_the_package():
    assert faultwire.__all__ == PUBLIC
    assert all(hasattr(faultwire, name) for name in PUBLIC)


def test_every_function_says_what_it_does():
    silent = [n for n in PUBLIC if callable(getattr(faultwire, n)) and not inspect.getdoc(getattr(faultwire, n))]
    assert silent == []


def test_the_names_for_tests():
    assert faultwire.testing.__all__ == ["CapturedEvents", "capture_events"]


def test_errors_are_value_errors_of_one_family():
    for name in PUBLIC:
        if name.endswith("Error"):
            assert issubclass(getattr(faultwire, name), faultwire.FaultwireError)
    assert issubclass(faultwire.FaultwireError, ValueError)
