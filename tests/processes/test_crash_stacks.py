"""The stack of Python in a crash: written by `faulthandler`, of which the application notices nothing."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import DEADLINE, TAKES_PIPES, Run
from sink import Sink

pytestmark = pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="no crashes are captured")

SECRET = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"

#: Nobody sends it: `faulthandler` is registered for it.
UNUSED = 16 if sys.platform == "linux" else 7

REPORTS = """
import faultwire, time
faultwire.init(capture_crashes=True)
assert faultwire.flush(10)
deadline = time.monotonic() + 30
while (recovered := faultwire.stats()["recovered"])["delivered"] != recovered["found"]:
    assert time.monotonic() < deadline, recovered
    time.sleep(0.005)
"""

#: What every program below begins with.
BEGINS = f"""
import atexit, ctypes, faulthandler, os, signal, stat, sys, threading, time
import faultwire
libc = ctypes.CDLL(None)
UNUSED = {UNUSED}

def dispositions():
    "What is blocked, ignored or caught, as the kernel says."
    if sys.platform != "linux":
        return [str(signal.getsignal(s)) for s in (UNUSED, signal.SIGUSR1)]
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    # But for those that are recorded, and two of the C library's that come with the first thread.
    others = sum(1 << s - 1 for s in (4, 5, 6, 7, 8, 11, 32, 33))
    return [int(status[name], 16) & ~others for name in ("SigBlk", "SigIgn", "SigCgt")]

"""


def reported(program: Run, sink: Sink, count: int = 1) -> list[dict[str, Any]]:
    """The events that the next start sends, which are of crashes."""
    ended = program(REPORTS, dsn=sink.dsn)
    assert (ended.code, ended.err) == (0, "")
    return sink.wait(count)


def frames(event: dict[str, Any], platform: str | None = "python") -> list[dict[str, Any]]:
    (error,) = event["exception"]["values"]
    return [frame for frame in error["stacktrace"]["frames"] if frame.get("platform") == platform]


def functions(event: dict[str, Any]) -> list[str | None]:
    return [frame.get("function") for frame in frames(event)]


def fingerprint(event: dict[str, Any]) -> str:
    text: str = event["contexts"]["faultwire"]["fingerprint"]
    return text


CHAIN = """
faultwire.init(capture_crashes=True)
{noise}
def pay(order):
    ctypes.string_at(0)

class Shop:
    def sell(self):
        pay(1)

def {caller}():
    Shop().sell()

{caller}()
"""


def test_the_frames_are_those_of_the_application(program: Run, sink: Sink, tmp_path: Path) -> None:
    assert program(BEGINS + CHAIN.format(caller="main", noise=""), dsn=sink.dsn).code == -signal.SIGSEGV
    (event,) = reported(program, sink)
    assert functions(event) == ["<module>", "main", "sell", "pay", "string_at"]
    (pay,) = [f for f in frames(event) if f["function"] == "pay"]
    assert (pay["abs_path"], pay["filename"], pay["in_app"]) == (str(tmp_path / "program.py"), "program.py", True)
    assert pay["lineno"] == (BEGINS + CHAIN).split("\n").index("    ctypes.string_at(0)") + 1
    string_at = frames(event)[-1]
    assert (string_at["module"], string_at["in_app"]) == ("ctypes", False)
    assert event["platform"] == "native" and frames(event, None), "what Python called stands below"
    assert "in_app" not in frames(event, None)[-1]


def test_source_lines_are_there_where_the_file_still_is(program: Run, sink: Sink, tmp_path: Path) -> None:
    module = tmp_path / "deep.py"
    module.write_text("import ctypes\n\n\ndef fall():\n    ctypes.string_at(0)  # down\n")
    source = f"sys.path.insert(0, {str(tmp_path)!r}); import deep; faultwire.init(capture_crashes=True); deep.fall()"
    assert program(BEGINS + source, dsn=sink.dsn).code == -signal.SIGSEGV
    (event,) = reported(program, sink)
    (fall,) = [f for f in frames(event) if f["function"] == "fall"]
    assert fall["context_line"] == "    ctypes.string_at(0)  # down"


def test_the_fault_is_named_by_them(program: Run, sink: Sink) -> None:
    """Addresses and lines differ from run to run; who called does not."""
    for source in [("main", ""), ("main", "\n\nblocks = [bytearray(1 << 20) for _ in range(9)]"), ("other", "")]:
        assert program(BEGINS + CHAIN.format(caller=source[0], noise=source[1]), dsn=sink.dsn).code == -signal.SIGSEGV
    events = reported(program, sink, 3)
    kinds = {fingerprint(event): functions(event)[1] for event in events}
    assert sorted(map(str, kinds.values())) == ["main", "other"]


def test_what_paths_say_is_filtered(program: Run, sink: Sink) -> None:
    source = f"""
faultwire.init(capture_crashes=True)
exec(compile("def f():\\n ctypes.string_at(0)\\nf()", "/srv/{SECRET}/caf\\xe9.py", "exec"))
"""
    assert program(BEGINS + source, dsn=sink.dsn).code == -signal.SIGSEGV
    (event,) = reported(program, sink)
    (f,) = [f for f in frames(event) if f["function"] == "f"]
    assert "[Filtered" in f["abs_path"] and f["abs_path"].endswith("/café.py")
    assert SECRET.encode() not in sink.raw()


@pytest.mark.parametrize("enabled", ["", "faulthandler.enable()", "faulthandler.enable(all_threads=False)"])
@pytest.mark.parametrize("environment", [{}, {"PYTHONFAULTHANDLER": "1"}])
def test_the_dump_of_the_application_is_the_same(
    program: Run, sink: Sink, enabled: str, environment: dict[str, str]
) -> None:
    source = BEGINS + enabled + CHAIN.format(caller="main", noise="").replace("ctypes.string_at(0)", "os.abort()")
    without = program(source.replace("capture_crashes=True", ""), dsn=sink.dsn, **environment)
    ended = program(source, dsn=sink.dsn, **environment)
    assert ended.code == without.code == -signal.SIGABRT
    # But for the numbers of threads.
    assert re.sub("0x[0-9a-f]+", "", ended.err) == re.sub("0x[0-9a-f]+", "", without.err)
    assert ("Fatal Python error: Aborted" in ended.err) == bool(enabled or environment)
    (event,) = reported(program, sink)
    assert functions(event) == ["<module>", "main", "sell", "pay"]


def test_without_the_option_nothing_is_registered(program: Run, sink: Sink) -> None:
    source = """
before = dispositions(), len(os.listdir("/dev/fd"))
faultwire.init(capture_crashes=False, spool=False)
assert not faulthandler.unregister(UNUSED)
assert (dispositions(), len(os.listdir("/dev/fd"))) == before
"""
    ended = program(BEGINS + source, dsn=sink.dsn)
    assert (ended.code, ended.err) == (0, "")


def test_signals_are_as_they_were(program: Run, sink: Sink) -> None:
    source = """
before = dispositions()
faultwire.init(capture_crashes=True)
assert dispositions() == before
# A second client uses what the first has learned; one without the option takes it back.
faultwire.init(capture_crashes=True)
assert dispositions() == before
faultwire.init()
assert not faulthandler.unregister(UNUSED) and dispositions() == before
faultwire.init(capture_crashes=True)
signal.signal(UNUSED, lambda *_: print("mine"))
faultwire.close()
assert not faulthandler.unregister(UNUSED)
os.kill(os.getpid(), UNUSED)
"""
    ended = program(BEGINS + source, dsn=sink.dsn)
    assert (ended.code, ended.out, ended.err) == (0, "mine\n", "")


@pytest.mark.parametrize(
    "uses", ["signal.signal(UNUSED, lambda *_: None)", "faulthandler.register(UNUSED, all_threads=False)"]
)
def test_a_signal_in_use_is_left_alone(program: Run, sink: Sink, uses: str) -> None:
    source = f"""
{uses}
before = dispositions()
faultwire.init(capture_crashes=True)
assert dispositions() == before
os.kill(os.getpid(), UNUSED)
os.abort()
"""
    ended = program(BEGINS + source, dsn=sink.dsn)
    assert ended.code == -signal.SIGABRT
    assert ("most recent call first" in ended.err) == ("faulthandler" in uses), "its own handler is in place"
    (event,) = reported(program, sink)
    assert frames(event) == [] and frames(event, None)


def test_a_thread_has_its_own(program: Run, sink: Sink) -> None:
    source = """
faultwire.init(capture_crashes=True)
def settle():
    os.abort()
def waits():
    thread = threading.Thread(target=settle)
    thread.start()
    thread.join()
waits()
"""
    assert program(BEGINS + source, dsn=sink.dsn).code == -signal.SIGABRT
    (event,) = reported(program, sink)
    assert functions(event)[-1] == "settle" and "waits" not in functions(event)


def test_a_thread_that_python_does_not_know_has_none(program: Run, sink: Sink) -> None:
    source = """
faultwire.init(capture_crashes=True)
libc.pthread_create(ctypes.byref(ctypes.c_void_p()), None, libc.abort, None)
time.sleep(60)
"""
    assert program(BEGINS + source, dsn=sink.dsn).code == -signal.SIGABRT
    (event,) = reported(program, sink)
    assert frames(event) == [] and frames(event, None)


def test_a_forked_child_has_its_own(program: Run, sink: Sink) -> None:
    """Both crash at once, each with a text in a pipe: the two are not mixed."""
    source = """
faultwire.init(capture_crashes=True)
def in_child():
    ctypes.string_at(0)
def in_parent():
    os.abort()
reads, writes = os.pipe()
child = os.fork()
if child == 0:
    faultwire.set_tag("who", "child")
    faultwire.flush(30)
    os.write(writes, b"!")
    in_child()
os.read(reads, 1)
in_parent()
"""
    assert program(BEGINS + source, dsn=sink.dsn).code == -signal.SIGABRT
    # The output of both was waited for, so both have ended.
    events = reported(program, sink, 2)
    stacks = {event["exception"]["values"][0]["type"]: functions(event) for event in events}
    assert stacks == {"SIGSEGV": ["<module>", "in_child", "string_at"], "SIGABRT": ["<module>", "in_parent"]}


def test_a_child_that_never_uses_faultwire_leaves_nothing(program: Run, sink: Sink, state_of_its_own: Path) -> None:
    source = """
faultwire.init(capture_crashes=True)
child = os.fork()
if child == 0:
    os.abort()
assert os.waitpid(child, 0)[1] & 0x7f == signal.SIGABRT
print("fine")
"""
    ended = program(BEGINS + source, dsn=sink.dsn)
    assert (ended.code, ended.out, ended.err) == (0, "fine\n", "")
    assert not any(path.is_file() for path in state_of_its_own.rglob("*"))


@pytest.mark.parametrize("how", ["abort()", "string_at(0)"])
@pytest.mark.parametrize(
    ("before", "after"),
    [("atexit.register(crash)", ""), ("", "keeps = Keeps()"), ("", "faultwire.close(); crash()")],
    ids=["atexit", "finalisation", "close"],
)
def test_a_crash_at_the_very_end_ends_the_process(program: Run, sink: Sink, how: str, before: str, after: str) -> None:
    """What was registered before us runs after us, and then the interpreter destroys what is left."""
    source = f"""
def crash(abort=os.abort, string_at=ctypes.string_at):
    {how}
class Keeps:
    def __del__(self, crash=crash):
        crash()
{before}
faultwire.init(capture_crashes=True)
{after}
"""
    ended = program(BEGINS + source, dsn=sink.dsn)
    assert ended.code in (-signal.SIGABRT, -signal.SIGSEGV)
    assert ended.seconds < DEADLINE / 2


def test_what_took_the_place_of_the_pipe_is_not_written_to(program: Run, sink: Sink, tmp_path: Path) -> None:
    """A daemon closes all it does not know, and opens files under the same numbers."""
    kept = tmp_path / "kept"
    source = f"""
faultwire.init(capture_crashes=True)
theirs = os.open({str(kept)!r}, os.O_RDWR | os.O_CREAT)
{TAKES_PIPES}
os.abort()
"""
    assert program(BEGINS + source, dsn=sink.dsn).code == -signal.SIGABRT
    (event,) = reported(program, sink)
    assert frames(event) == []
    assert b"File" not in kept.read_bytes()


def test_a_crash_after_the_interpreter_has_gone(program: Run, sink: Sink) -> None:
    """Nobody closed the client: what is called writes nothing any more, or fails, and the rest is told."""
    source = """
faultwire.init(capture_crashes=True, disabled_integrations=["atexit"])
getattr(libc, "__cxa_atexit")(libc.abort, None, None)
"""
    assert program(BEGINS + source, dsn=sink.dsn).code == -signal.SIGABRT
    (event,) = reported(program, sink)
    assert event["exception"]["values"][0]["type"] == "SIGABRT"
    assert frames(event) == [] and frames(event, None)


def test_what_was_written_before_it_failed_counts(program: Run, sink: Sink) -> None:
    """A broken interpreter: the name of an outer function leads nowhere, and whoever reads it fails in turn."""
    source = """
faultwire.init(capture_crashes=True)
def inner():
    os.abort()
def outer():
    inner()
def breaks(code):
    words = ctypes.cast(id(code), ctypes.POINTER(ctypes.c_size_t))
    words[next(n for n in range(2, 40) if words[n] == id(code.co_name))] = 8
breaks(outer.__code__)
outer()
"""
    assert program(BEGINS + source, dsn=sink.dsn).code == -signal.SIGABRT, "the first signal counts"
    (event,) = reported(program, sink)
    assert functions(event) == ["inner"]
    assert event["exception"]["values"][0]["type"] == "SIGABRT"


def test_more_frames_than_a_pipe_takes(program: Run, sink: Sink) -> None:
    """The innermost ones are there, whole."""
    source = """
faultwire.init(capture_crashes=True)
text = "def g(n): f(n)\\n"
name = "/" + "\\U0001f40d" * 300 + ".py"
code = compile(text, name, "exec")
def f(n):
    os.abort() if n == 0 else g(n - 1)
exec(code)
f(90)
"""
    assert program(BEGINS + source, dsn=sink.dsn).code == -signal.SIGABRT
    (event,) = reported(program, sink)
    assert functions(event)[-1] == "f" and frames(event)[-1]["filename"] == "program.py"
    assert {f["filename"] for f in frames(event)} <= {"program.py", "\U0001f40d" * 300 + ".py"}
