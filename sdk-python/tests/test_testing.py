"""`faultwire.testing`: what users get for their own tests."""

import json
import sys

import pytest

import faultwire
from faultwire.integrations import registry
from faultwire.testing import capture_events


def test_events_and_envelopes_are_kept_until_cleared():
    with capture_events(release="r") as captured:
        assert captured.events == []
        faultwire.capture_message("one")
        faultwire.capture_message("two")
        assert [e["logentry"]["formatted"] for e in captured.events] == ["one", "two"]
        assert [e["logentry"]["formatted"] for e in captured.events] == ["one", "two"]
        items = [item for _, items in captured.envelopes for item in items]
        assert {h["type"] for h, _ in items} == {"event"}
        assert json.loads(items[0][1])["release"] == "r"
        captured.clear()
        faultwire.capture_message("three")
        assert [e["logentry"]["formatted"] for e in captured.events] == ["three"]


def test_scopes_start_empty_and_do_not_leak_into_the_next_block():
    with faultwire.isolation_scope():
        faultwire.set_tag("outer", "1")
        with capture_events() as captured:
            faultwire.set_tag("inner", "1")
            faultwire.capture_message("m")
            assert captured.events[0]["tags"] == {"inner": "1"}
        with capture_events() as captured:
            faultwire.capture_message("m")
            assert not captured.events[0].get("tags")


def test_afterwards_everything_is_as_before():
    hook = sys.excepthook
    assert not faultwire.is_enabled()
    with capture_events():
        assert faultwire.is_enabled() and "logging" in registry.enabled()
        assert sys.excepthook is not hook
    assert not faultwire.is_enabled() and registry.enabled() == ()
    assert sys.excepthook is hook
    assert faultwire.capture_message("m") is None


def test_nested_blocks_put_back_the_outer_options():
    with capture_events(release="outer"):
        with capture_events(release="inner") as inner:
            faultwire.capture_message("m")
            assert inner.events[0]["release"] == "inner"


def test_a_bad_option_is_the_tests_error():
    with pytest.raises(faultwire.InvalidOptionError):
        with capture_events(sample_rate=3):
            pass
    assert not faultwire.is_enabled()


def test_hooks_that_somebody_wrapped_only_pass_on(capsys):
    def outer(*args):
        inner(*args)

    before = sys.excepthook
    with capture_events() as captured:
        inner, sys.excepthook = sys.excepthook, outer
    try:
        assert sys.excepthook is outer
        sys.excepthook(ValueError, ValueError("x"), None)
        assert "ValueError: x" in capsys.readouterr().err
        assert captured.events == []
    finally:
        sys.excepthook = before
