"""An interpreter that dies by a signal: it looks as it would without Faultwire, and the next start tells."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Ended, Run
from sink import Sink

SECRET = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"

#: `{how}` crashes it; `capture` is what is under test.
CRASHES = """
import ctypes, faulthandler, os, sys, threading
capture = os.environ["CAPTURE"] == "yes"
if "first" in os.environ["FAULTHANDLER"]:
    faulthandler.enable()
import faultwire
faultwire.init(capture_crashes=capture, release="first")
if "after" in os.environ["FAULTHANDLER"]:
    faulthandler.enable()
if "between" in os.environ["FAULTHANDLER"]:
    faulthandler.enable()
    faultwire.init(capture_crashes=capture, release="first")
faultwire.set_tag("service", "billing")
faultwire.set_user({{"id": "u-1"}})
faultwire.set_extra("token", "{secret}")
faultwire.add_breadcrumb("signed in with {secret}")


def crash():
    {how}


def in_thread():
    crash()


crash()
"""

#: The start after it, which captures nothing itself.
REPORTS = """
import faultwire, time
faultwire.init(capture_crashes=True, release="second")
assert faultwire.flush(10)
deadline = time.monotonic() + 30
while (recovered := faultwire.stats()["recovered"])["delivered"] != recovered["found"]:
    assert time.monotonic() < deadline, recovered
    time.sleep(0.005)
print(recovered["found"])
"""


def crash(program: Run, sink: Sink, how: str, faulthandler: str = "") -> Ended:
    """Crashes twice, without and with capture, and gives the second."""
    source = CRASHES.format(how=how, secret=SECRET)
    without = program(source, dsn=sink.dsn, CAPTURE="no", FAULTHANDLER=faulthandler)
    ended = program(source, dsn=sink.dsn, CAPTURE="yes", FAULTHANDLER=faulthandler)
    assert ended.code == without.code
    assert (ended.out, alike(ended.err)) == (without.out, alike(without.err))
    return ended


def alike(text: str) -> str:
    """Without the number of the thread and of places in C."""
    return re.sub(r"0x[0-9a-f]+", "0x", text)


def report(program: Run, sink: Sink, state: Path) -> dict[str, Any]:
    """The one event that the next start sends; nothing is left, and nothing said a secret."""
    left = [path for path in state.rglob("*") if path.is_file()]
    assert sorted(path.suffix for path in left) == [".crash", ".scope"]
    for path in left:
        assert SECRET.encode()[:12] not in path.read_bytes()
        assert path.stat().st_mode & 0o777 == 0o600
    for expected in ("1\n", "0\n"):
        next_start = program(REPORTS, dsn=sink.dsn)
        assert (next_start.code, next_start.out, next_start.err) == (0, expected, "")
    assert not any(path.is_file() for path in state.rglob("*"))
    (event,) = sink.wait(1)
    assert (event["level"], event["release"], event["platform"]) == ("fatal", "first", "native")
    assert (event["tags"]["service"], event["user"]["id"]) == ("billing", "u-1")
    assert event["breadcrumbs"]["values"][0]["message"].startswith("signed in with [Filtered")
    assert SECRET.encode() not in sink.raw()
    return event


def raised(event: dict[str, Any]) -> dict[str, Any]:
    return event["exception"]["values"][-1]


def parted(error: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The frames of Python and the native ones, which stand below them."""
    frames = error["stacktrace"]["frames"]
    count = sum(frame.get("platform") == "python" for frame in frames)
    assert all(frame.get("platform") == "python" for frame in frames[:count])
    return frames[:count], frames[count:]


def functions(frames: list[dict[str, Any]]) -> list[str | None]:
    return [frame.get("function") for frame in frames]


@pytest.mark.parametrize("faulthandler", ["", "first", "after", "between"])
def test_a_null_pointer(program: Run, sink: Sink, state_of_its_own: Path, faulthandler: str) -> None:
    ended = crash(program, sink, "ctypes.string_at(0)", faulthandler)
    assert ended.code == -signal.SIGSEGV
    assert ("Segmentation fault" in ended.err and "in crash" in ended.err) == bool(faulthandler)
    event = report(program, sink, state_of_its_own)
    error = raised(event)
    assert (error["type"], error["mechanism"]["type"]) == ("SIGSEGV", "signalhandler")
    assert error["mechanism"]["handled"] is False
    if faulthandler not in ("after", "between"):
        # Otherwise the fault came to faulthandler, and what we see is the signal that it sends on.
        assert error["value"] == "Segfault: invalid memory access at 0x0"
    ours, native = parted(error)
    assert functions(ours) == ["<module>", "crash", "string_at"]
    packages = {os.path.basename(f.get("package", "")) for f in native}
    assert any(name.startswith("libc.") for name in packages) and any("ctypes" in name for name in packages), packages
    assert not {"Py_BytesMain", "_PyEval_EvalFrameDefault"} & set(functions(native)), functions(native)
    assert event["threads"]["values"][0]["crashed"] is True
    assert event["contexts"]["faultwire"]["stack"] == "unwind tables"


@pytest.mark.parametrize("faulthandler", ["", "first", "after", "between"])
def test_an_abort(program: Run, sink: Sink, state_of_its_own: Path, faulthandler: str) -> None:
    ended = crash(program, sink, "os.abort()", faulthandler)
    assert ended.code == -signal.SIGABRT
    assert raised(report(program, sink, state_of_its_own))["type"] == "SIGABRT"


def test_a_thread(program: Run, sink: Sink, state_of_its_own: Path) -> None:
    how = "threading.Thread(target=lambda: ctypes.string_at(0), name='ledger').start()"
    assert crash(program, sink, how).code == -signal.SIGSEGV
    event = report(program, sink, state_of_its_own)
    assert event["threads"]["values"][0]["id"] == raised(event)["thread_id"]
    # `crash` started it and is on another thread.
    assert functions(parted(raised(event))[0])[-2:] == ["<lambda>", "string_at"]
    assert "crash" not in functions(parted(raised(event))[0])


@pytest.mark.parametrize("number", [signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP])
def test_signals_that_are_sent(program: Run, sink: Sink, state_of_its_own: Path, number: signal.Signals) -> None:
    assert crash(program, sink, f"os.kill(os.getpid(), {int(number)})").code == -number
    error = raised(report(program, sink, state_of_its_own))
    assert (error["type"], error["mechanism"]["meta"]["signal"]["code_name"]) == (number.name, "SI_USER")


#: Code made at run time that is a breakpoint and a return: `int3; ret`, or `brk #1; ret`.
BREAKPOINT = """import mmap
    code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(bytes.fromhex("cc c3" if os.uname().machine == "x86_64" else "20 00 20 d4 c0 03 5f d6"))
    ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory cannot be written and run")
def test_a_breakpoint(program: Run, sink: Sink, state_of_its_own: Path) -> None:
    assert crash(program, sink, BREAKPOINT).code == -signal.SIGTRAP
    error = raised(report(program, sink, state_of_its_own))
    assert (error["type"], error["value"]) == ("SIGTRAP", "Trap: breakpoint")
    ours, native = parted(error)
    assert functions(ours) == ["<module>", "crash"]
    # The breakpoint is in no module; who called it is known.
    assert any("libffi" in frame.get("package", "") for frame in native), native


def test_an_overflow_of_the_main_thread(program: Run, sink: Sink, state_of_its_own: Path) -> None:
    """The stack for handlers that `init` gives the thread is all there is left to stand on."""
    # A comparator that sorts: recursion in C, of which the interpreter does not know.
    how = (
        "c = ctypes.CDLL(None); f = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p); "
        "a = (ctypes.c_long * 2)(2, 1); sys.setrecursionlimit(10**8); "
        "g = f(lambda x, y: c.qsort(a, 2, 8, g) or 0); g(0, 0)"
    )
    ended = crash(program, sink, how)
    if ended.code != -signal.SIGSEGV:
        pytest.skip("this interpreter counts such recursion, too")
    assert raised(report(program, sink, state_of_its_own))["value"].startswith("Stack overflow")


def test_a_good_end_leaves_nothing(program: Run, sink: Sink, state_of_its_own: Path) -> None:
    ended = crash(program, sink, "pass")
    assert (ended.code, ended.err) == (0, "")
    assert not any(path.is_file() for path in state_of_its_own.rglob("*"))
