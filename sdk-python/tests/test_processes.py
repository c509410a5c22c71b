"""Real processes: what ends a program or a thread, and how it ends with Faultwire in it."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from conftest import raised

INIT = "import faultwire; faultwire.init()\n"

# Programs that end badly, each in its own way.
ENDINGS = {
    "uncaught": "def f(x): return 1 / x\nf(0)\n",
    "chained": "try:\n    {}['k']\nexcept KeyError as e:\n    raise ValueError('bad') from e\n",
    "exit code": "import sys; print('err', file=sys.stderr); sys.exit(7)\n",
    "exit text": "import sys; sys.exit('goodbye')\n",
    "interrupt": "raise KeyboardInterrupt\n",
    "own hook": "import sys\nsys.excepthook = lambda *a: print('mine', a[1], file=sys.stderr)\nraise ValueError('x')\n",
    "hook that fails": "import sys\ndef h(*a): raise KeyError('h')\nsys.excepthook = h\nraise ValueError('x')\n",
    "thread": "import threading\nt = threading.Thread(target=lambda: 1 / 0, name='worker')\nt.start(); t.join()\n",
    "thread exit": "import threading, sys\nt = threading.Thread(target=sys.exit)\nt.start(); t.join()\n",
    "unraisable": "class A:\n    def __del__(self): raise ValueError('del')\na = A(); del a\n",
    "lost task": "import asyncio\nasync def f(): raise ValueError('lost')\n"
    "async def main():\n    t = asyncio.create_task(f()); await asyncio.sleep(0); await asyncio.sleep(0); del t\n"
    "asyncio.run(main())\n",
    "last resort log": "import logging\nlogging.getLogger('a').error('%s', 'x'); logging.getLogger('a').info('y')\n",
    "atexit": "import atexit\natexit.register(print, 'bye')\nraise ValueError\n",
    "SystemExit in atexit": "import atexit, sys\natexit.register(sys.exit, 3)\n",
}


def without_places(stderr: str) -> str:
    """Addresses and thread ids differ from one run to the next; so do line numbers by the line of `init`."""
    return re.sub(r"0x[0-9a-f]+|line \d+|:\d+", "N", stderr)


@pytest.mark.parametrize("name", ENDINGS)
def test_output_and_exit_code_are_those_of_a_run_without_faultwire(sink, run, name):
    bare = run("\n" + ENDINGS[name])
    with_us = run(INIT + ENDINGS[name], dsn=sink.dsn)
    assert with_us.returncode == bare.returncode
    assert with_us.stdout == bare.stdout
    if name == "unraisable" or name == "lost task":
        assert without_places(with_us.stderr) == without_places(bare.stderr)
    else:
        assert with_us.stderr == bare.stderr


@pytest.mark.parametrize(
    ("name", "kind", "mechanism"),
    [
        ("uncaught", "ZeroDivisionError", "auto.excepthook"),
        ("chained", "ValueError", "auto.excepthook"),
        ("thread", "ZeroDivisionError", "auto.threading"),
        ("unraisable", "ValueError", "auto.unraisablehook"),
        ("lost task", "ValueError", "auto.asyncio"),
        ("atexit", "ValueError", "auto.excepthook"),
    ],
)
def test_each_end_is_one_unhandled_event(sink, run, name, kind, mechanism):
    run(INIT + ENDINGS[name], dsn=sink.dsn)
    [event] = sink.wait(1)
    assert raised(event)["type"] == kind
    assert raised(event)["mechanism"]["type"] == mechanism
    assert raised(event)["mechanism"]["handled"] is False


@pytest.mark.parametrize("name", ["exit code", "exit text", "interrupt", "thread exit"])
def test_leaving_on_purpose_is_no_event(sink, run, name):
    run(INIT + ENDINGS[name] + "\n", dsn=sink.dsn)
    assert sink.events() == []


def test_an_uncaught_exception_is_fatal(sink, run):
    run(INIT + "raise ValueError('x')", dsn=sink.dsn)
    [event] = sink.wait(1)
    assert event["level"] == "fatal"


@pytest.mark.parametrize("mode", ["refuse", "reset", "stall", "status"])
def test_the_end_does_not_wait_longer_than_told_for_a_server_that_is_ill(sink, run, mode):
    sink.mode(mode, **({"status": 503} if mode == "status" else {}))
    started = time.monotonic()
    bare = run("\nraise ValueError('x')\n")
    took_bare = time.monotonic() - started
    started = time.monotonic()
    with_us = run("import faultwire; faultwire.init(shutdown_timeout=1.0)\nraise ValueError('x')\n", dsn=sink.dsn)
    took = time.monotonic() - started
    assert (with_us.returncode, with_us.stderr) == (bare.returncode, bare.stderr)
    # What starting costs on a busy machine varies; a hang would be far beyond this.
    assert took - took_bare < 1.0 + 3.0


def test_nobody_listens(run):
    ended = run(INIT + "faultwire.capture_message('x')\n", dsn="http://key@127.0.0.1:9/1")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_handlers_of_the_application_run_before_the_last_flush(sink, run):
    run(INIT + "import atexit\natexit.register(faultwire.capture_message, 'late')\n", dsn=sink.dsn)
    [event] = sink.wait(1)
    assert event["logentry"]["formatted"] == "late"


def test_without_a_dsn_nothing_is_touched(run):
    source = (
        "import sys, logging, threading\n"
        "before = sys.excepthook, logging.Logger.callHandlers, threading.excepthook, list(sys.meta_path)\n"
        "import faultwire; faultwire.init()\n"
        "assert before == (sys.excepthook, logging.Logger.callHandlers, threading.excepthook, list(sys.meta_path))\n"
        "assert not faultwire.is_enabled()\n"
    )
    ended = run(source)
    assert ended.returncode == 0, ended.stderr


def test_init_again_hooks_once(sink, run):
    run(INIT * 3 + "import logging; logging.error('one'); raise ValueError('two')\n", dsn=sink.dsn)
    events = sink.wait(2)
    assert len(events) == 2


def test_init_again_loses_nothing_though_the_process_ends_at_once(sink, run):
    sink.mode("ok", delay_ms=300)
    two = "faultwire.init(); faultwire.capture_message('one'); faultwire.capture_message('two')\n"
    run("import faultwire\n" + two + "import time; time.sleep(0.05)\nfaultwire.init()\n", dsn=sink.dsn)
    assert [event["logentry"]["formatted"] for event in sink.events()] == ["one", "two"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_does_not_wait_for_what_a_replaced_client_of_its_parent_has(sink, run):
    sink.mode("stall")
    again = "faultwire.init(spool=False, shutdown_timeout=0.2)\n"
    source = (
        f"import faultwire, os, time\n{again}faultwire.capture_message('x'); time.sleep(0.2)\n{again}"
        "if os.fork() == 0:\n"
        "    began = time.monotonic()\n"
        "    print(faultwire.flush(20), time.monotonic() - began < 10, flush=True)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
    )
    ended = run(source, dsn=sink.dsn)
    assert (ended.returncode, ended.stdout.strip()) == (0, "True True"), ended.stderr


def test_hooks_can_be_switched_off_by_name_or_all_together(sink, run):
    rest = "import logging; logging.error('logged'); faultwire.capture_message('said'); raise ValueError('raised')\n"
    run("import faultwire; faultwire.init(disabled_integrations=['logging', 'excepthook'])\n" + rest, dsn=sink.dsn)
    [event] = sink.wait(1)
    assert event["logentry"]["formatted"] == "said"
    sink.reset()
    run("import faultwire; faultwire.init(auto_integrations=False)\n" + rest, dsn=sink.dsn)
    [event] = sink.wait(1)
    assert event["logentry"]["formatted"] == "said"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_multiprocessing_send_before_they_leave(sink, run, method):
    source = (
        "import faultwire, multiprocessing, sys\n"
        "faultwire.init()\n"
        "def work(n): faultwire.capture_message(f'm{n}')\n"
        "if __name__ == '__main__':\n"
        "    context = multiprocessing.get_context(sys.argv[1])\n"
        "    children = [context.Process(target=work, args=(n,)) for n in range(3)]\n"
        "    for c in children: c.start()\n"
        "    for c in children: c.join()\n"
        "    assert [c.exitcode for c in children] == [0, 0, 0]\n"
    )
    ended = run(source, method, dsn=sink.dsn)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert {e["logentry"]["formatted"] for e in sink.wait(3)} == {"m0", "m1", "m2"}


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_interrupted_from_outside(sink, tmp_path):
    script = tmp_path / "story.py"
    # Short sleeps: a signal that comes just before one is seen after it.
    script.write_text(INIT + "import time\nprint('ready', flush=True)\nwhile True: time.sleep(0.05)\n")
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "FAULTWIRE_DSN": sink.dsn},
        # Whoever runs the tests in the background ignores this signal, and what they start inherits that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert stderr.endswith(b"KeyboardInterrupt\n")
    assert sink.events() == []


def test_the_import_is_light(run):
    """Nothing is imported that start-up can do without; what is heavy is waited for instead."""
    source = (
        "import sys\nbefore = set(sys.modules)\n"
        "import faultwire; faultwire.init()\n"
        "assert faultwire.is_enabled()\n"
        "new = {n.partition('.')[0] for n in set(sys.modules) - before}\n"
        "print(sorted(new - {'faultwire'}))\n"
    )
    ended = run(source, dsn="http://key@127.0.0.1:9/1")
    heavy = {"typing", "logging", "asyncio", "threading", "inspect", "dataclasses", "json", "flask", "starlette"}
    assert ended.returncode == 0, ended.stderr
    assert not heavy & set(eval(ended.stdout)), ended.stdout
