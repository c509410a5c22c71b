"""Log records: which become events, which breadcrumbs, and that logging goes on as before."""

import logging

import pytest

import faultwire
from conftest import raised
from faultwire.testing import capture_events

log = logging.getLogger("shop.cart")


@pytest.fixture(autouse=True)
def all_levels():
    log.setLevel(logging.DEBUG)
    yield
    log.setLevel(logging.NOTSET)


def test_an_error_is_an_event_with_its_template_and_arguments(captured):
    log.error("order %d of %s", 7, "acme", extra={"tenant": "t1"})
    [event] = captured.events
    assert event["level"] == "error" and event["logger"] == "shop.cart"
    assert event["logentry"] == {"message": "order %d of %s", "params": [7, "acme"], "formatted": "order 7 of acme"}
    assert event["extra"]["tenant"] == "t1"


def test_levels_of_the_wire(captured):
    log.critical("c")
    log.error("e")
    log.log(45, "between")
    assert [e["level"] for e in captured.events] == ["fatal", "error", "error"]


def test_info_is_a_breadcrumb_and_debug_is_not(captured):
    log.debug("d")
    log.info("i %s", 1)
    log.warning("w")
    faultwire.capture_message("m")
    crumbs = captured.events[-1]["breadcrumbs"]["values"]
    assert [(c["message"], c.get("level", "info"), c["category"]) for c in crumbs] == [
        ("i 1", "info", "shop.cart"),
        ("w", "warning", "shop.cart"),
    ]


def test_an_event_is_a_breadcrumb_of_the_next_but_not_of_itself(captured):
    log.error("first")
    log.error("second")
    first, second = captured.events
    assert not first.get("breadcrumbs", {}).get("values")
    assert [c["message"] for c in second["breadcrumbs"]["values"]] == ["first"]


def test_exception_then_raised_on_is_one_event(captured):
    try:
        try:
            raise ValueError("x")
        except ValueError:
            log.exception("it failed for %s", "acme")
            raise
    except ValueError as error:
        again = faultwire.capture_exception(error)
    [event] = captured.events
    assert event["event_id"] == again
    assert raised(event)["type"] == "ValueError" and event["logger"] == "shop.cart"
    assert raised(event)["mechanism"]["type"] == "auto.logging"
    assert event["extra"]["log_message"] == "it failed for acme"


def test_loggers_that_do_not_propagate_or_have_no_handler_are_seen(captured):
    quiet = logging.getLogger("quiet")
    quiet.propagate = False
    quiet.addHandler(logging.NullHandler())
    try:
        quiet.error("seen")
    finally:
        quiet.propagate = True
    assert [e["logentry"]["formatted"] for e in captured.events] == ["seen"]


def test_what_the_application_switched_off_stays_off(captured):
    log.setLevel(logging.CRITICAL)
    log.error("not logged")
    log.setLevel(logging.DEBUG)
    logging.disable(logging.CRITICAL)
    try:
        log.error("not logged either")
    finally:
        logging.disable(logging.NOTSET)
    assert captured.events == []


def test_our_own_loggers_are_ignored(captured):
    logging.getLogger("faultwire").error("x")
    logging.getLogger("faultwire.more").error("x")
    logging.getLogger("faultwireless").error("y")
    assert [e["logger"] for e in captured.events] == ["faultwireless"]


@pytest.mark.parametrize(("level", "count"), [("warning", 3), (logging.CRITICAL, 1), (None, 0), ("ERROR", 2)])
def test_the_level_of_events_is_an_option(level, count):
    with capture_events(log_event_level=level) as captured:
        log.warning("w")
        log.error("e")
        log.critical("c")
        assert len(captured.events) == count


def test_the_level_of_breadcrumbs_is_an_option():
    with capture_events(log_breadcrumb_level=None) as captured:
        log.warning("w")
        faultwire.capture_message("m")
        assert not captured.events[0].get("breadcrumbs", {}).get("values")


def test_logging_from_inside_our_hooks_does_not_recurse():
    def before_send(event, hint):
        log.error("inside before_send")
        return event

    def before_breadcrumb(crumb):
        log.info("inside before_breadcrumb")
        return crumb

    with capture_events(before_send=before_send, before_breadcrumb=before_breadcrumb) as captured:
        log.info("i")
        log.error("e")
        faultwire.capture_message("m")
        messages = [e["logentry"]["formatted"] for e in captured.events]
    assert messages == ["e", "m"]


def test_arguments_that_cannot_be_shown_are_the_handlers_business(captured, monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", False)

    class Loud:
        def __str__(self):
            log.error("while shown")
            raise RuntimeError("no")

    log.error("a %s", Loud())
    log.error("b %d", "not a number")
    log.error(object())
    assert {e["logentry"]["formatted"] for e in captured.events} >= {"a %s", "b %d"}
    assert len([e for e in captured.events if e["logentry"]["formatted"] == "a %s"]) == 1


def test_a_handler_that_raises_still_does(captured):
    class Broken(logging.Handler):
        def emit(self, record):
            raise KeyError("handler")

    handler = Broken()
    log.addHandler(handler)
    try:
        with pytest.raises(KeyError):
            log.error("x")
    finally:
        log.removeHandler(handler)
    assert len(captured.events) == 1
