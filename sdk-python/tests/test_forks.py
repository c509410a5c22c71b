"""Forks: each process sends what is its own, once, and the fork prints what it prints without Faultwire."""

import os
import sys

import pytest

from conftest import raised

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

# Every warning is shown, or made an error, which the fork itself shows and survives.
STRICT = [("-W", "always"), ("-W", "error")]
# A thread that is sending while the process forks is not waited for, and Python may warn of it.
BUT_FOR_A_REQUEST = ("-W", "ignore:This process:DeprecationWarning")

INIT = "import faultwire, os, sys; faultwire.init()\n"

PREFORK = """
children = []
for n in range(8):
    pid = os.fork()
    if not pid:
        for i in range(20): faultwire.capture_message(f'worker {n} {i}')
        raise SystemExit(0)
    children.append(pid)
for pid in children: assert os.waitpid(pid, 0)[1] == 0
"""

MULTIPROCESSING = """
import multiprocessing
def work(n): faultwire.capture_message(f'm{n}')
context = multiprocessing.get_context('fork')
for n in range(3):
    faultwire.capture_message(f'parent {n}')
    assert faultwire.flush(20)
    child = context.Process(target=work, args=(n,))
    child.start()
    child.join()
    assert child.exitcode == 0
"""


def texts(events):
    assert len({e["event_id"] for e in events}) == len(events)
    return sorted(raised(e)["value"] if "exception" in e else e["logentry"]["formatted"] for e in events)


@pytest.mark.parametrize("python", STRICT)
def test_a_prefork_server_loses_doubles_and_prints_nothing(sink, run, python):
    # A raised exception can become a storm, for which the threads start again after each fork.
    fail = "try: raise ValueError('master')\nexcept ValueError: faultwire.capture_exception()\n"
    ended = run(INIT + fail + "assert faultwire.flush(20)\n" + PREFORK, dsn=sink.dsn, python=python)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert len(set(texts(sink.wait(161)))) == 161


def test_what_is_on_its_way_at_a_fork_arrives_once(sink, run):
    source = INIT + "for n in range(100): faultwire.capture_message(f'master {n}')\n" + PREFORK
    ended = run(source, dsn=sink.dsn, python=BUT_FOR_A_REQUEST)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert len(set(texts(sink.wait(260)))) == 260


@pytest.mark.parametrize("python", STRICT)
def test_parent_and_child_capture_between_forks(sink, run, python):
    source = INIT + (
        "for n in range(5):\n"
        "    faultwire.capture_message(f'parent {n}')\n"
        "    assert faultwire.flush(20)\n"
        "    pid = os.fork()\n"
        "    if not pid:\n"
        "        faultwire.capture_message(f'child {n}')\n"
        "        assert faultwire.flush(20)\n"
        "        grandchild = os.fork()\n"
        "        faultwire.capture_message(f'grandchild {n}' if not grandchild else f'child again {n}')\n"
        "        if grandchild: assert os.waitpid(grandchild, 0)[1] == 0\n"
        "        raise SystemExit(0)\n"
        "    faultwire.capture_message(f'parent after {n}')\n"
        "    assert os.waitpid(pid, 0)[1] == 0\n"
        "    stats = faultwire.stats()\n"
        "    assert stats['captured'] == 2 * (n + 1), stats\n"
    )
    ended = run(source, dsn=sink.dsn, python=python)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    who = ["child", "child again", "grandchild", "parent", "parent after"]
    assert texts(sink.wait(25)) == sorted(f"{w} {n}" for w in who for n in range(5))


@pytest.mark.parametrize("python", STRICT)
def test_multiprocessing_that_forks_prints_nothing(sink, run, python):
    ended = run(INIT + MULTIPROCESSING, dsn=sink.dsn, python=python)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert texts(sink.wait(6)) == ["m0", "m1", "m2", "parent 0", "parent 1", "parent 2"]


@pytest.mark.parametrize("flush", ["", "; assert faultwire.flush(20)"])
def test_a_hook_of_the_application_captures_within_the_fork(sink, run, flush):
    """Such hooks run the other way round: registered before ours, this one finds the threads ended."""
    source = (
        "import faultwire, os\n"
        f"def before(): faultwire.capture_message('forking'){flush}\n"
        "os.register_at_fork(before=before)\n"
        "faultwire.init()\n"
        "for n in range(3):\n"
        "    pid = os.fork()\n"
        "    if not pid: os._exit(faultwire.stats()['captured'])\n"
        "    assert os.waitpid(pid, 0)[1] == 0\n"
        "    assert faultwire.flush(20)\n"
    )
    ended = run(source, dsn=sink.dsn, python=("-W", "always"))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert texts(sink.wait(3)) == ["forking"] * 3


FORKING_THREAD = """
import faultwire, os, threading, time
os.register_at_fork(before=lambda: faultwire.capture_message('forking'))
faultwire.init()
def fork():
    pid = os.fork()
    if not pid: os._exit(0)
    until = time.monotonic() + 20
    while not faultwire.stats()['delivered']:
        assert time.monotonic() < until
        time.sleep(0.005)
    assert os.waitpid(pid, 0)[1] == 0
"""


@pytest.mark.parametrize("where", ["fork()", "t = threading.Thread(target=fork); t.start(); t.join()"])
def test_what_waits_is_sent_after_the_fork_without_another_call(sink, run, where):
    """Also while the main thread waits for something: Python warns then of the application's own thread."""
    python = ("-W", "always") if where == "fork()" else BUT_FOR_A_REQUEST
    ended = run(FORKING_THREAD + where, dsn=sink.dsn, python=python)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert texts(sink.wait(1)) == ["forking"]


UNDER_LOAD = """
import threading
stop = threading.Event()
raised = [0] * 4
def load(n):
    while not stop.wait(0.001):
        faultwire.capture_message('load')
        raised[n] += 1
threads = [threading.Thread(target=load, args=(n,)) for n in range(4)]
for thread in threads: thread.start()
for n in range(40):
    pid = os.fork()
    if not pid:
        faultwire.capture_message(f'child {n}')
        os._exit(0 if faultwire.flush(20) and faultwire.stats()['delivered'] == 1 else 1)
    assert os.waitpid(pid, 0)[1] == 0
stop.set()
for thread in threads: thread.join()
assert faultwire.flush(40)
stats = faultwire.stats()
assert stats['captured'] == sum(raised) == stats['delivered'] + sum(stats['dropped'].values()), stats
print(stats['delivered'])
"""


def test_forks_while_other_threads_capture_lose_and_double_nothing(sink, run):
    ended = run(INIT + UNDER_LOAD, dsn=sink.dsn, python=BUT_FOR_A_REQUEST)
    assert (ended.returncode, ended.stderr) == (0, "")
    arrived = texts(sink.wait(40 + int(ended.stdout)))
    assert len(arrived) == 40 + int(ended.stdout)
    assert {t for t in arrived if t != "load"} == {f"child {n}" for n in range(40)}


def test_a_server_that_does_not_answer_delays_no_fork(sink, run):
    """The thread in the request stays, and a fork costs what it costs."""
    sink.mode("stall")
    source = (
        "import faultwire, os, time\n"
        "faultwire.init(shutdown_timeout=0.1)\n"
        "faultwire.capture_message('stuck')\n"
        "faultwire.flush(0.2)\n"
        "began = time.monotonic()\n"
        "for n in range(10):\n"
        "    pid = os.fork()\n"
        "    if not pid: os._exit(0)\n"
        "    os.waitpid(pid, 0)\n"
        "assert time.monotonic() - began < 5.0\n"
    )
    ended = run(source, dsn=sink.dsn, python=BUT_FOR_A_REQUEST)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.skipif(
    sys.version_info < (3, 12) or sys.platform not in ("linux", "darwin"), reason="counts no threads at a fork"
)
def test_without_the_hook_python_warns(sink, run):
    """What the other stories could not see if it were not so."""
    source = (
        "import faultwire, os\n"
        "faultwire.init(disabled_integrations=['fork'])\n"
        "faultwire.capture_message('x')\n"
        "assert faultwire.flush(20)\n"
        "if not os.fork(): os._exit(0)\n"
        "os.wait()\n"
    )
    ended = run(source, dsn=sink.dsn, python=("-W", "always"))
    assert "multi-threaded" in ended.stderr
