"""What ends a process of `multiprocessing`: an event, and all else as without Faultwire."""

import os
import sys

import pytest

from conftest import raised

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

METHODS = ["fork", "forkserver", "spawn"]
INIT = "faultwire.init()\n"

#: The line of `init` is the fourth, whatever it is, so that places are the same with and without it.
PROGRAM = """import multiprocessing, os, sys, threading, traceback
import faultwire

{init}
context = multiprocessing.get_context({method!r})
{children}
if __name__ == "__main__":
    try:
        raise LookupError("the parent's, which each child is born with")
    except LookupError:
        for child in {which}:
            child.start()
            child.join()
            print(child.exitcode, flush=True)
"""

CHILDREN = """
def fail(n):
    raise ValueError(f"what ended child {n}")

def chained(n):
    try:
        fail(n)
    except ValueError as error:
        raise KeyError("its consequence") from error

def fine(n): pass
def leave(n): sys.exit(n)
def leave_saying(n): sys.exit("goodbye")
def interrupted(n): raise KeyboardInterrupt

class Unusual(BaseException): pass
def unusual(n): raise Unusual("no Exception")

class Own(context.Process):
    def run(self):
        super().run()
        raise KeyError("a class of its own")
"""

TARGETS = "fine, leave, leave_saying, interrupted, fail, chained, unusual"
ALL = f"[*(context.Process(target=t, args=(3,), name=t.__name__) for t in ({TARGETS})), Own(name='own')]"


def twins(run, sink, method, children, which, init=INIT):
    """The program without and with Faultwire in it, which nobody can tell from what they do; its events."""
    source = PROGRAM.format(init="{init}", method=method, children=children, which=which)
    bare = run(source.replace("{init}", "\n"))
    with_us = run(source.replace("{init}", init), dsn=sink.dsn)
    assert (with_us.returncode, with_us.stdout, with_us.stderr) == (bare.returncode, bare.stdout, bare.stderr)
    assert bare.stdout != "", bare.stderr
    return with_us, sink.events()


@pytest.mark.parametrize("method", METHODS)
def test_the_error_that_ends_a_child_is_one_fatal_event(sink, run, method):
    ended, events = twins(run, sink, method, CHILDREN, ALL)
    assert ended.stdout.split() == ["0", "3", "1", "1", "1", "1", "1", "1"]
    assert [event["level"] for event in events] == ["fatal"] * 4
    told = {raised(event)["value"]: raised(event) for event in events}
    assert set(told) == {"what ended child 3", "'its consequence'", "no Exception", "'a class of its own'"}
    for error in told.values():
        assert (error["mechanism"]["type"], error["mechanism"]["handled"]) == ("auto.multiprocessing", False)
        assert not any("faultwire" in frame.get("module", "") for frame in error["stacktrace"]["frames"])
    assert told["what ended child 3"]["stacktrace"]["frames"][-1]["function"] == "fail"
    assert told["'a class of its own'"]["stacktrace"]["frames"][-1]["function"] in ("run", "Own.run")


@pytest.mark.parametrize("method", METHODS)
def test_a_child_that_switches_faultwire_on_by_itself(sink, run, method):
    children = """
def work(n):
    if os.environ.get("FAULTWIRE_DSN"): faultwire.init()
    try:
        raise IndexError("handled and printed, which is nobody's end")
    except IndexError:
        traceback.print_exc()
    raise ValueError(f"what ended child {n}")
"""
    _, events = twins(run, sink, method, children, "[context.Process(target=work, args=(3,))]", init="\n")
    assert [raised(event)["value"] for event in events] == ["what ended child 3"]
    assert raised(events[0])["mechanism"]["type"] == "auto.multiprocessing"


@pytest.mark.parametrize("method", METHODS)
def test_who_has_told_of_the_error_before(sink, run, method):
    """The application itself, within the child: it stays one event."""
    children = """
def work(n):
    try:
        raise ValueError("told")
    except ValueError as error:
        faultwire.capture_exception(error)
        raise
"""
    _, events = twins(run, sink, method, children, "[context.Process(target=work, args=(3,))]")
    assert [raised(event)["value"] for event in events] == ["told"]
    assert raised(events[0])["mechanism"]["handled"] is True


@pytest.mark.parametrize("method", METHODS)
def test_a_child_that_sends_itself_to_a_child_of_its_own(sink, run, method):
    """A process object is pickled for `spawn`: nothing of ours is in it."""
    children = """
class Own(context.Process):
    def run(self):
        print(sorted(vars(self)), self.run.__func__ is Own.run, len(traceback.extract_stack()), flush=True)
        child = multiprocessing.get_context("spawn").Process(target=self.further, name="further")
        child.start()
        child.join()
        raise ValueError("the child")

    def further(self):
        raise ValueError(f"the child of {self.name}")
"""
    _, events = twins(run, sink, method, children, "[Own(name='own')]")
    assert sorted(raised(event)["value"] for event in events) == ["the child", "the child of own"]


@pytest.mark.parametrize("method", METHODS)
def test_a_run_that_is_set_on_the_object(sink, run, method):
    children = """
def run(n):
    raise ValueError(f"what ended child {n}")

def process():
    import functools
    child = context.Process()
    child.run = functools.partial(run, 3)
    return child
"""
    _, events = twins(run, sink, method, children, "[process()]")
    assert [raised(event)["value"] for event in events] == ["what ended child 3"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.skipif(sys.version_info < (3, 13), reason="nothing is patched here")
def test_only_children_are_patched(sink, run, method):
    """And there whoever prints gets what they ask for."""
    children = """
def work(n):
    assert traceback.print_exc.__module__ == ("faultwire.hooks._chain" if faultwire.is_enabled() else "traceback")
    try:
        raise ValueError("printed")
    except ValueError:
        traceback.print_exc(0, sys.stdout, chain=False)
        traceback.print_exc(file=sys.stdout)

assert __name__ == "__mp_main__" or traceback.print_exc.__module__ == "traceback"
"""
    ended, events = twins(run, sink, method, children, "[context.Process(target=work, args=(3,))]")
    assert ended.stdout.endswith("ValueError: printed\n0\n")
    assert events == []


@pytest.mark.parametrize("init", ["disabled_integrations=['processes']", "auto_integrations=False"])
def test_the_hook_switched_off(sink, run, init):
    _, events = twins(run, sink, "fork", CHILDREN, ALL, init=f"faultwire.init({init})\n")
    assert events == []


def test_switched_off_and_on_again(sink, run):
    init = f"{INIT[:-1]}; faultwire.init(auto_integrations=False); {INIT}"
    _, events = twins(run, sink, "fork", CHILDREN, ALL, init=init)
    assert len(events) == 4
