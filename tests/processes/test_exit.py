"""The end of the interpreter: as it would be without us, in bounded time, whatever the server does."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import BUSY, DEADLINE, Run
from sink import Sink
from test_lives import RECOVERS, files

TIMEOUT = 0.5
#: What leaving may take beyond a run without us and `shutdown_timeout`, in seconds.
BEYOND = 0.2

#: The first line of each story, without us and with us.
BARE = "capture = flush = lambda *_: None\n"
OURS = (
    f"import faultwire; faultwire.init(shutdown_timeout={TIMEOUT}, storm_folding=False); "
    "capture, flush = faultwire.capture_message, faultwire.flush\n"
)

ON_DISK = "import sys, time\nwhile 'faultwire' in sys.modules and faultwire.stats()['pending']: time.sleep(0.001)\n"

#: Ends, and the messages that must arrive; None where it depends on the moment which do.
ENDS: dict[str, tuple[str, list[str] | None]] = {
    "daemon threads capture": (
        """
import threading, time
def work():
    while True:
        try:
            raise ValueError("x")
        except ValueError:
            capture("from a daemon")
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.05)
""",
        None,
    ),
    "daemon threads capture now and then": (
        """
import threading, time
def work():
    while True:
        capture("from a daemon")
        time.sleep(0.0001)
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.05)
""",
        None,
    ),
    "daemon threads wait in flush": (
        """
import threading, time
def work():
    while True:
        capture("from a daemon")
        flush(20)
        time.sleep(0.0001)
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.05)
""",
        None,
    ),
    "threads that go on": (
        """
import threading, time
def work():
    time.sleep(0.2)
    capture("after the main thread")
threading.Thread(target=work).start()
""",
        ["after the main thread"],
    ),
    "handlers that capture": (
        "import atexit\natexit.register(print, 'handler')\natexit.register(capture, 'in a handler')\n",
        ["in a handler"],
    ),
    "an exception in a handler": (
        "import atexit\ndef handler():\n    capture('in a handler')\n    raise ValueError('handler')\n"
        "atexit.register(handler)\n",
        ["in a handler"],
    ),
    "objects that die with their module": (
        "class A:\n    def __del__(self, capture=capture, flush=flush, print=print):\n"
        "        capture('too late'); flush(1); print('gone')\n"
        "a = A()\nimport sys\nsys.a = a\ncapture('in time')\n",
        ["in time"],
    ),
    "a generator that was never finished": (
        "def g():\n    try:\n        yield\n    finally:\n        capture('too late')\n"
        "it = g()\nnext(it)\nimport sys\nsys.it = it\ncapture('in time')\n",
        ["in time"],
    ),
    "sys.exit in a thread": (
        "import sys, threading\ndef work():\n    capture('in the thread')\n    sys.exit(5)\n"
        "threading.Thread(target=work).start()\n",
        ["in the thread"],
    ),
    "sys.exit with a code": ("import sys\ncapture('one')\nsys.exit(7)\n", ["one"]),
    "an interrupt": (
        "import os, signal, time\ncapture('one')\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(20)\n",
        ["one"],
    ),
    "os._exit": (f"capture('one')\n{ON_DISK}import os\nos._exit(6)\n", ["one"]),
    "a signal that kills": (
        f"capture('one')\n{ON_DISK}import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
        ["one"],
    ),
    "a forked child leaves by sys.exit": (
        "import os, sys\ncapture('parent')\nchild = os.fork()\n"
        "if not child:\n    capture('child')\n    sys.exit(4)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) + 10)\n",
        ["child", "parent"],
    ),
    "a forked child of a thread leaves by os._exit": (
        f"import os, sys, threading\ndef work():\n    child = os.fork()\n    if not child:\n        capture('child')\n"
        f"        {ON_DISK.replace(chr(10), chr(10) + '        ').rstrip()}\n        os._exit(0)\n"
        "    os.waitpid(child, 0)\nt = threading.Thread(target=work)\nt.start()\nt.join()\n",
        ["child"],
    ),
    "closed before the end": ("capture('one')\nif 'faultwire' in dir(): faultwire.close()\ncapture('two')\n", ["one"]),
    "the standard streams are closed": (
        "import os, sys\ncapture('one')\nsys.stdout.close()\nsys.stderr = None\nos.close(2)\n",
        ["one"],
    ),
}


def messages(sink: Sink) -> list[str]:
    """The texts of the messages that arrived, once for each id."""
    return sorted({e["event_id"]: e["logentry"]["formatted"] for e in sink.events() if "logentry" in e}.values())


def without_numbers(text: str) -> str:
    """Addresses and process ids differ from one run to the next."""
    return re.sub(r"0x[0-9a-f]+|pid=\d+", "N", text)


@pytest.mark.parametrize("server", ["up", "down"])
@pytest.mark.parametrize("end", ENDS)
def test_the_end_is_what_it_is_without_us(
    program: Run, sink: Sink, state_of_its_own: Path, end: str, server: str
) -> None:
    source, expected = ENDS[end]
    bare = program(BARE + source)
    if server == "down":
        sink.mode("stall")
    # What depends on the moment is tried at several.
    for _ in range(1 if expected else 4):
        ended = program(OURS + source, dsn=sink.dsn)
        assert (ended.code, ended.out) == (bare.code, bare.out)
        assert without_numbers(ended.err) == without_numbers(bare.err)
        assert ended.seconds < bare.seconds + TIMEOUT + BUSY
    if expected is None:
        return
    sink.mode()
    assert program(RECOVERS, dsn=sink.dsn).code == 0
    assert messages(sink) == expected
    # Only a request that was on its way when the process was gone without a word may be made again.
    assert len(sink.events()) == len({e["event_id"] for e in sink.events()}) or end in (
        "os._exit",
        "a signal that kills",
    )
    assert files(state_of_its_own) == []


def test_a_handler_from_before_init_runs_after_ours_and_captures_nothing(program: Run, sink: Sink) -> None:
    """Handlers run last in, first out: this one comes when all has been sent."""
    source = "import atexit\natexit.register(lambda: print(faultwire.capture_message('too late')))\n"
    ended = program(source + OURS + "capture('in time')\n", dsn=sink.dsn)
    assert (ended.code, ended.out, ended.err) == (0, "None\n", "")
    assert messages(sink) == ["in time"]


SUBINTERPRETERS = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
inside = '''
import faultwire
faultwire.init()
faultwire.capture_message("inside")
faultwire.flush(5)
faultwire.stats()
'''
capture("before")
for where in ("destroyed", "left"):
    interpreter = interpreters.create()
    failed = interpreters.run_string(interpreter, inside)
    assert failed is None, failed
    if where == "destroyed":
        interpreters.destroy(interpreter)
capture("after")
print("fine")
"""


@pytest.mark.parametrize("server", ["up", "down"])
@pytest.mark.parametrize("first", [OURS, BARE], ids=["with us in the main one", "not in the main one"])
def test_interpreters_within_the_interpreter(program: Run, sink: Sink, first: str, server: str) -> None:
    """The engine serves one interpreter; in others Faultwire does nothing, and says so at most."""
    if server == "down":
        sink.mode("stall")
    ended = program(first + SUBINTERPRETERS, dsn=sink.dsn)
    assert (ended.code, ended.out) == (0, "fine\n"), ended.err
    assert all(line.startswith("faultwire") for line in ended.err.splitlines()), ended.err
    sink.mode()
    assert program(RECOVERS, dsn=sink.dsn).code == 0
    assert {"after", "before"} <= set(messages(sink)) or first is BARE


def seconds_to_leave(folder: Path, source: str, dsn: str) -> float:
    """From the last line of a program, which says when it runs, to the end of its process."""
    path = folder / "leaves.py"
    path.write_text(source + "import time\nprint(time.monotonic(), flush=True)\n")
    process = subprocess.Popen(
        [sys.executable, str(path)], env={**os.environ, "FAULTWIRE_DSN": dsn}, stdout=subprocess.PIPE, text=True
    )
    process.wait(DEADLINE)
    ended = time.monotonic()
    assert process.returncode == 0 and process.stdout is not None
    return ended - float(process.stdout.read())


@pytest.mark.parametrize("outbox", ["disk", "memory"])
@pytest.mark.parametrize("count", [1, 200])
def test_a_server_that_never_answers_is_left_in_time(
    program: Run, sink: Sink, tmp_path: Path, count: int, outbox: str
) -> None:
    captures = f"for n in range({count}): capture(f'message {{n}}')\n"
    bare = statistics.median(seconds_to_leave(tmp_path, BARE + captures, "") for _ in range(3))
    sink.mode("stall")
    ours = OURS.replace("init(", f"init(spool={outbox == 'disk'}, ")
    # At one of several tries: what a busy machine adds, it does not always add.
    limit = bare + TIMEOUT + BEYOND
    assert any(seconds_to_leave(tmp_path, ours + captures, sink.dsn) < limit for _ in range(6))


STEADY = """
import faultwire, json, os, time
faultwire.init(storm_folding=False, shutdown_timeout=0.1, max_outbox_bytes=500_000)

def fail(number):
    raise ValueError(f"order {number} failed")

def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

def round(count):
    times = []
    for number in range(count):
        try:
            fail(number)
        except ValueError as error:
            began = time.perf_counter_ns()
            assert faultwire.capture_exception(error)
            times.append(time.perf_counter_ns() - began)
        if number % 10 == 0:
            time.sleep(0.001)
    while faultwire.stats()["pending"]:
        time.sleep(0.001)
    times.sort()
    return {"p50": times[count // 2], "threads": len(os.listdir("/proc/self/task")), "kb": resident()}

print(json.dumps([round(200), round(2000), round(2000), faultwire.stats()]))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc")
def test_two_thousand_captures_against_a_server_that_never_answers_change_nothing(program: Run, sink: Sink) -> None:
    """Cost, threads and memory after 2,000 more are what they were, and the cost is that of a healthy server."""
    healthy = json.loads(program(STEADY, dsn=sink.dsn).out)
    sink.mode("stall")
    first, second, later, stats = json.loads(program(STEADY, dsn=sink.dsn).out)
    assert stats["captured"] == stats["spooled"] == 4200 and stats["dropped"] == {}
    assert later["threads"] <= first["threads"]
    assert later["p50"] < 3 * max(first["p50"], healthy[1]["p50"])
    # Memory holds `max_outbox_bytes` of what waits, which the first rounds have filled, and the place of the rest:
    # 2,000 events themselves are over 3,000 KB.
    assert later["kb"] - second["kb"] < 1500, (first, second, later, healthy)
