"""`init`: every option of the engine is there by name, and a bad one is an error that names it."""

import inspect
import re
from pathlib import Path

import pytest

import faultwire
from faultwire.testing import capture_events

OPTIONS_RS = Path(__file__).resolve().parents[2] / "core" / "src" / "options.rs"


@pytest.mark.skipif(not OPTIONS_RS.exists(), reason="not in the repository")
def test_init_knows_every_option_of_the_engine():
    table = OPTIONS_RS.read_text().partition("\noptions! {\n")[2].partition("\n}\n")[0]
    engine = re.findall(r"^    (\w+): ", table, re.MULTILINE)
    assert engine
    signature = inspect.signature(faultwire.init).parameters
    assert [name for name in engine if name not in signature] == []
    own = {
        "before_send",
        "before_breadcrumb",
        "error_sampler",
        "auto_integrations",
        "disabled_integrations",
        "log_event_level",
        "log_breadcrumb_level",
        "unknown",
    }
    assert set(signature) - set(engine) == own
    undocumented = [name for name in engine if not re.search(rf"\b{name}\b", faultwire.init.__doc__)]
    assert undocumented == []


BAD = [
    ({"dsn": "nonsense"}, "dsn", faultwire.InvalidDsnError),
    ({"dsn": 3}, "dsn", faultwire.InvalidDsnError),
    ({"sample_rate": 2.0}, "sample_rate", faultwire.InvalidOptionError),
    ({"sample_rate": "half"}, "sample_rate", faultwire.InvalidOptionError),
    ({"sample_rate": float("nan")}, "sample_rate", faultwire.InvalidOptionError),
    ({"max_breadcrumbs": -1}, "max_breadcrumbs", faultwire.InvalidOptionError),
    ({"max_breadcrumbs": 1.5}, "max_breadcrumbs", faultwire.InvalidOptionError),
    ({"debug": "yes"}, "debug", faultwire.InvalidOptionError),
    ({"release": b"bytes"}, "release", faultwire.InvalidOptionError),
    ({"environment": object()}, "environment", faultwire.InvalidOptionError),
    ({"ignore_errors": "ValueError"}, "ignore_errors", faultwire.InvalidOptionError),
    ({"ignore_errors": [ValueError]}, "ignore_errors", faultwire.InvalidOptionError),
    ({"max_request_body_size": "huge"}, "max_request_body_size", faultwire.InvalidOptionError),
    ({"fingerprint_mode": "none"}, "fingerprint_mode", faultwire.InvalidOptionError),
    ({"http_proxy": "proxy:80"}, "http_proxy", faultwire.InvalidOptionError),
    ({"shutdown_timeout": "2s"}, "shutdown_timeout", faultwire.InvalidOptionError),
    ({"before_send": "function"}, "before_send", faultwire.InvalidOptionError),
    ({"before_breadcrumb": 3}, "before_breadcrumb", faultwire.InvalidOptionError),
    ({"error_sampler": 0.5}, "error_sampler", faultwire.InvalidOptionError),
    ({"auto_integrations": "no"}, "auto_integrations", faultwire.InvalidOptionError),
    ({"disabled_integrations": "flask"}, "disabled_integrations", faultwire.InvalidOptionError),
    ({"disabled_integrations": ["flusk"]}, "disabled_integrations", faultwire.InvalidOptionError),
    ({"disabled_integrations": [3]}, "disabled_integrations", faultwire.InvalidOptionError),
    ({"log_event_level": "loud"}, "log_event_level", faultwire.InvalidOptionError),
    ({"log_breadcrumb_level": 1.5}, "log_breadcrumb_level", faultwire.InvalidOptionError),
]


@pytest.mark.parametrize(("options", "field", "kind"), BAD, ids=lambda v: repr(v) if isinstance(v, dict) else "")
def test_a_bad_option_is_named(options, field, kind):
    with pytest.raises(kind) as caught:
        faultwire.init(**{"dsn": "http://key@127.0.0.1:9/1", **options})
    assert caught.value.field == field
    assert caught.value.kind in ("invalid_option", "invalid_dsn")
    assert field in str(caught.value)
    assert isinstance(caught.value, faultwire.FaultwireError) and isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("max_breadcrumb", "max_breadcrumbs"), ("sampleRate", "sample_rate"), ("beforesend", None), ("xyz", None)],
)
def test_an_unknown_option_is_named_with_the_one_that_was_meant(name, meant):
    with pytest.raises(faultwire.InvalidOptionError) as caught:
        faultwire.init(dsn="http://key@127.0.0.1:9/1", **{name: 1})
    assert caught.value.field == name
    assert meant is None or meant in str(caught.value)


def test_a_bad_dsn_does_not_show_its_key():
    with pytest.raises(faultwire.InvalidDsnError) as caught:
        faultwire.init(dsn="https://verysecretkey@/1")
    assert "verysecretkey" not in str(caught.value)


def test_a_failed_init_leaves_the_client_as_it_was(captured):
    with pytest.raises(faultwire.InvalidOptionError):
        faultwire.init(sample_rate=7)
    faultwire.capture_message("still here")
    assert len(captured.events) == 1


def test_options_reach_the_event():
    with capture_events(
        release="shop@1",
        environment="staging",
        dist="7",
        server_name="web-1",
        ignore_errors=["LookupError"],
        exception_sample_rates={"TypeError": 0.0},
        max_breadcrumbs=2,
        include_local_variables=False,
    ) as captured:
        for n in range(5):
            faultwire.add_breadcrumb(str(n))
        for error in (KeyError("ignored"), TypeError("sampled out"), ValueError("kept")):
            try:
                local = 1  # noqa: F841
                raise error
            except Exception as caught:
                faultwire.capture_exception(caught)
        [event] = captured.events
    assert (event["release"], event["environment"], event["dist"]) == ("shop@1", "staging", "7")
    assert event["server_name"] == "web-1"
    assert [c["message"] for c in event["breadcrumbs"]["values"]] == ["3", "4"]
    assert "vars" not in event["exception"]["values"][0]["stacktrace"]["frames"][-1]


def test_the_environment_is_asked_for_what_is_not_said(run, sink):
    source = "import faultwire; faultwire.init(); faultwire.capture_message('m')"
    run(source, SENTRY_DSN=sink.dsn, SENTRY_RELEASE="r1", FAULTWIRE_ENVIRONMENT="e1", SENTRY_ENVIRONMENT="e2")
    [event] = sink.wait(1)
    assert (event["release"], event["environment"]) == ("r1", "e1")


# Hooks of the application.


def fail(kind=ValueError):
    try:
        raise kind("x")
    except kind as error:
        return faultwire.capture_exception(error)


def test_before_send_changes_an_event():
    hints = []

    def before_send(event, hint):
        hints.append(hint)
        event["tags"] = {"changed": "yes"}
        event["extra"] = {"more": {"a": [1, None, 2.5]}}
        return event

    with capture_events(before_send=before_send) as captured:
        fail()
        faultwire.capture_message("m")
        first, second = captured.events
    assert first["tags"] == second["tags"] == {"changed": "yes"}
    assert first["extra"] == {"more": {"a": [1, None, 2.5]}}
    assert hints[0]["exc_info"][0] is ValueError and "exc_info" not in hints[1]


def raising(event, hint):
    raise RuntimeError("hook")


async def asynchronous(event, hint):
    return event


@pytest.mark.filterwarnings("ignore:coroutine")
@pytest.mark.parametrize(
    "hook", [lambda e, h: None, raising, asynchronous, lambda e, h: "text", lambda e, h: 3, lambda: None]
)
def test_before_send_that_says_no_or_goes_wrong_drops_the_event(hook):
    with capture_events(before_send=hook) as captured:
        fail()
        assert captured.events == []
        assert faultwire.stats()["dropped"] == {"before_send": 1}


def test_what_before_send_captures_is_not_captured():
    def before_send(event, hint):
        assert faultwire.capture_message("inside") is None
        return event

    with capture_events(before_send=before_send) as captured:
        faultwire.capture_message("outside")
        assert [e["logentry"]["formatted"] for e in captured.events] == ["outside"]


def test_before_breadcrumb_changes_or_drops():
    def before_breadcrumb(crumb):
        if crumb["message"] == "secret":
            return None
        return {**crumb, "message": crumb["message"].upper()}

    with capture_events(before_breadcrumb=before_breadcrumb) as captured:
        for message in ("a", "secret", "b"):
            faultwire.add_breadcrumb(message)
        fail()
        assert [c["message"] for c in captured.events[0]["breadcrumbs"]["values"]] == ["A", "B"]


def test_the_sampler_is_told_what_the_event_would_say():
    asked = []

    def sampler(hint):
        asked.append((hint["exception_type"], hint["level"], hint["logger"], hint["transaction"]))
        return 1.0

    with capture_events(error_sampler=sampler) as captured:
        with faultwire.isolation_scope() as isolation:
            isolation.set_transaction("GET /orders")
            isolation.set_level("warning")
            fail()
            faultwire.capture_message("m", "debug")
            with faultwire.new_scope() as scope:
                scope.set_transaction("inner")
                faultwire.capture_message("m", logger="shop", transaction="call")
                faultwire.capture_message("m")
                faultwire.capture_event({"level": "fatal", "logger": "own", "exception": {"values": [{"type": "B"}]}})
        assert asked == [
            ("ValueError", "warning", None, "GET /orders"),
            (None, "debug", None, "GET /orders"),
            (None, "warning", "shop", "call"),
            (None, "warning", None, "inner"),
            ("B", "fatal", "own", "inner"),
        ]
        said = [(event["level"], event["transaction"]) for event in captured.events]
        assert said == [(level, transaction) for _, level, _, transaction in asked]


def test_the_sampler_goes_before_the_rates():
    with capture_events(sample_rate=0.0, error_sampler=lambda hint: 1.0) as captured:
        assert fail()
        assert len(captured.events) == 1
    with capture_events(error_sampler=lambda hint: 0.0) as captured:
        assert fail() is None
        assert captured.events == []
        assert faultwire.stats()["dropped"] == {"sample_rate": 1}
    with capture_events(error_sampler=lambda hint: 1 / 0) as captured:
        assert fail()
        assert len(captured.events) == 1
