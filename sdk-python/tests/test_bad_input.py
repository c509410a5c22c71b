"""Nothing that an application holds or raises makes a capture raise, hang or stay away without a trace."""

import asyncio
import sys

import pytest

import faultwire
from conftest import raised


class Hostile:
    """Raises, recurses or claims to be something else, wherever Python lets it."""

    def __repr__(self):
        raise RuntimeError("repr")

    def __str__(self):
        return str(self)

    def __getattr__(self, name):
        raise ValueError(name)

    def __eq__(self, other):
        raise TypeError("eq")

    __hash__ = None

    def __bool__(self):
        raise SystemExit("bool")

    def __len__(self):
        raise KeyboardInterrupt

    def __iter__(self):
        raise MemoryError

    @property
    def __class__(self):
        raise RuntimeError("class")


class LyingClass(Exception):
    @property
    def __class__(self):
        return int


class RaisingStr(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class RecursingStr(Exception):
    def __str__(self):
        return str(self)


class ExitingStr(Exception):
    def __str__(self):
        sys.exit(3)


def cyclic():
    ring = []
    ring.append({"ring": ring})
    return ring


VALUES = {
    "lone surrogate": "a\ud800b\udfff",
    "not UTF-8": b"\xff\xfe\x00",
    "cyclic": cyclic(),
    "10 MB text": "x" * 10_000_000,
    "10 MB bytes": b"x" * 10_000_000,
    "huge int": 10**5000,
    "nan": float("nan"),
    "infinite": float("inf"),
    "deep": eval("[" * 80 + "]" * 80),
    "wide": list(range(100_000)),
    "hostile": Hostile(),
    "hostile key": {1: 2, None: 3, (1, 2): 4, b"x": 5, "\ud800": 6},
    "module": sys,
    "class": Hostile,
}


@pytest.mark.parametrize("name", VALUES)
def test_any_value_may_be_a_local_or_go_with_a_call(captured, name):
    value = VALUES[name]
    try:
        local = value  # noqa: F841 - it is what the frame holds
        raise ValueError("m")
    except ValueError as error:
        given = {"v": value}
        assert faultwire.capture_exception(error, tags=given, extra=given, contexts={"c": given}, user=given)
    faultwire.set_tag("v", value)
    faultwire.set_extra("v", value)
    faultwire.set_context("v", given)
    faultwire.set_user(given)
    faultwire.add_breadcrumb("m", data=given)
    assert faultwire.capture_message("m", params=value, extra=given)
    assert len(captured.events) == 2
    for _, items in captured.envelopes:
        for _, payload in items:
            assert len(payload) < 1024 * 1024


@pytest.mark.parametrize("text", ["\ud800", "nul \0", "x" * 10_000_000, "", "%s %d %"])
def test_any_text_may_be_a_message(captured, text):
    assert faultwire.capture_message(text)
    try:
        raise ValueError(text)
    except ValueError as error:
        assert faultwire.capture_exception(error)
    assert len(captured.events) == 2


@pytest.mark.parametrize("kind", [LyingClass, RaisingStr, RecursingStr, ExitingStr])
def test_any_exception_may_be_captured(captured, kind):
    try:
        raise kind("x")
    except Exception as error:
        assert faultwire.capture_exception(error)
    [event] = captured.events
    assert raised(event)["type"] == kind.__name__


def test_an_exception_that_was_never_raised(captured):
    assert faultwire.capture_exception(ValueError("made, not raised"))
    [event] = captured.events
    assert raised(event)["value"] == "made, not raised"


def test_a_chain_that_leads_back_to_itself(captured):
    first, second = ValueError("1"), ValueError("2")
    first.__cause__, second.__cause__ = second, first
    assert faultwire.capture_exception(first)
    assert len(captured.events) == 1


@pytest.mark.parametrize("nothing", [None, 3, "text", object(), (1, 2), (None, None, None), ValueError])
def test_what_is_no_exception_is_no_error(captured, nothing):
    faultwire.capture_exception(nothing)
    assert faultwire.capture_message("still here")
    assert captured.events[-1]["logentry"]["formatted"] == "still here"


@pytest.mark.parametrize("event", [{}, {"message": 3}, {"level": object()}, {"exception": "x"}, None, [], "x"])
def test_events_of_any_shape(captured, event):
    faultwire.capture_event(event)
    assert faultwire.capture_message("still here")
    assert captured.events[-1]["logentry"]["formatted"] == "still here"


@pytest.mark.parametrize(
    "name",
    [
        *("tags", "extra", "contexts", "user", "fingerprint"),
        *("level", "transaction", "logger"),
    ],
)
def test_keyword_arguments_of_the_wrong_type(captured, name):
    for value in (3, object(), Hostile(), ["x"], "\ud800"):
        try:
            raise ValueError(name)
        except ValueError as error:
            faultwire.capture_exception(error, **{name: value})
        faultwire.capture_message("m", **{name: value})
    assert faultwire.capture_message("still here")


def test_a_deep_recursion(captured):
    def down(n):
        return down(n + 1)

    try:
        down(0)
    except RecursionError as error:
        assert faultwire.capture_exception(error)
    [event] = captured.events
    assert raised(event)["type"] == "RecursionError"


def test_capturing_at_the_very_end_of_the_stack(captured):
    """A capture where no Python frame is left still comes back, with or without an event."""

    def down():
        try:
            down()
        except RecursionError as error:
            faultwire.capture_exception(error)
            raise

    with pytest.raises(RecursionError):
        down()
    assert faultwire.capture_message("still here")


def test_capturing_while_cancelled(captured):
    async def main():
        task = asyncio.current_task()
        task.cancel()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            faultwire.capture_exception(error)
            task.uncancel() if hasattr(task, "uncancel") else None

    asyncio.run(main())
    assert len(captured.events) == 1


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with 3.11")
def test_groups_notes_and_contexts(captured):
    namespace = {}
    exec(
        "def fail():\n"
        "    error = ExceptionGroup('several', [ValueError('a'), ExceptionGroup('in', [KeyError('b')])])\n"
        "    error.add_note('a note')\n"
        "    error.__notes__.append(3)\n"
        "    raise error\n",
        namespace,
    )
    try:
        namespace["fail"]()
    except Exception as error:
        assert faultwire.capture_exception(error)
    [event] = captured.events
    assert {v["type"] for v in event["exception"]["values"]} == {"ExceptionGroup", "ValueError", "KeyError"}
