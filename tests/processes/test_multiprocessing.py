"""`multiprocessing` and what is built on it: what children capture arrives."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import DEADLINE, Run
from sink import Sink
from test_lives import RECOVERS, files

METHODS = ["fork", "forkserver", "spawn"]


def said(sink: Sink) -> list[str]:
    """What arrived, each once: the text of a message, or the value of the exception that was raised."""
    events = sink.events()
    assert len({event["event_id"] for event in events}) == len(events), "nothing arrives twice"
    return sorted(
        e["exception"]["values"][-1]["value"] if "exception" in e else e["logentry"]["formatted"] for e in events
    )


def main(children: str, body: str, method: str, init: str = "faultwire.init(storm_folding=False)") -> str:
    """A program that can be imported by its children, as `spawn` does."""
    return f"""
import atexit, faultwire, multiprocessing, sys, threading, time
{init}
{children}
if __name__ == "__main__":
    context = multiprocessing.get_context({method!r})
{body}
"""


WORKERS = """
def work(n):
    for i in range(10):
        try:
            raise ValueError(f"worker {n} error {i}")
        except ValueError as error:
            assert faultwire.capture_exception(error)
"""

EIGHT_WORKERS = """
    faultwire.capture_message("master")
    children = [context.Process(target=work, args=(n,)) for n in range(8)]
    for child in children: child.start()
    for child in children: child.join()
    assert [child.exitcode for child in children] == [0] * 8
"""

EIGHTY_ONE = sorted(["master"] + [f"worker {n} error {i}" for n in range(8) for i in range(10)])


@pytest.mark.parametrize("method", METHODS)
def test_what_children_capture_arrives_with_the_end_of_the_program(
    program: Run, sink: Sink, state_of_its_own: Path, method: str
) -> None:
    ended = program(main(WORKERS, EIGHT_WORKERS, method), dsn=sink.dsn)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert said(sink) == EIGHTY_ONE
    assert files(state_of_its_own) == []


@pytest.mark.parametrize("method", METHODS)
def test_with_the_server_down_it_arrives_at_the_next_start(
    program: Run, sink: Sink, state_of_its_own: Path, method: str
) -> None:
    sink.mode("status", status=503)
    ended = program(main(WORKERS, EIGHT_WORKERS, method), dsn=sink.dsn)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    sink.reset()
    assert program(RECOVERS, dsn=sink.dsn).code == 0
    assert said(sink) == EIGHTY_ONE
    assert files(state_of_its_own) == []


@pytest.mark.parametrize("method", METHODS)
def test_a_child_that_switches_faultwire_on_by_itself(program: Run, sink: Sink, method: str) -> None:
    children = "def work(n):\n    faultwire.init()\n    faultwire.capture_message(f'child {n}')\n"
    body = EIGHT_WORKERS.replace('faultwire.capture_message("master")', "pass")
    ended = program(main(children, body, method, init=""), dsn=sink.dsn)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert said(sink) == [f"child {n}" for n in range(8)]


THREADS_AND_HANDLERS = """
def say_later():
    time.sleep(0.2)
    faultwire.capture_message("from a thread that outlives the target")

def work(n):
    multiprocessing.util.Finalize(None, faultwire.capture_message, ("from a finalizer",), exitpriority=0)
    atexit.register(faultwire.capture_message, "from a handler")
    threading.Thread(target=say_later).start()
"""


@pytest.mark.parametrize("method", METHODS)
def test_the_last_words_of_a_child(program: Run, sink: Sink, method: str) -> None:
    body = """
    import multiprocessing.util
    child = context.Process(target=work, args=(0,))
    child.start()
    child.join()
    assert child.exitcode == 0
"""
    ended = program(main("import multiprocessing.util\n" + THREADS_AND_HANDLERS, body, method), dsn=sink.dsn)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    expected = ["from a thread that outlives the target"]
    # Children that leave by `os._exit` ran no handlers of `atexit` before Python 3.13.
    if method == "spawn" or sys.version_info >= (3, 13):
        expected.append("from a handler")
    # Since then finalizers are such a handler themselves, which in these two is older than ours and runs after it.
    if method == "fork" or sys.version_info < (3, 13):
        expected.append("from a finalizer")
    assert said(sink) == sorted(expected)


def test_a_pool_that_is_closed_sends_and_one_that_is_terminated_leaves_it_on_disk(
    program: Run, sink: Sink, state_of_its_own: Path
) -> None:
    """`with Pool()` ends in `terminate`, which is SIGTERM: what is on disk then is sent by whoever lives next."""
    children = """
def work(n):
    faultwire.capture_message(f"task {n}")
    while faultwire.stats()["pending"]:
        time.sleep(0.001)
"""
    body = """
    with context.Pool(3) as pool:
        pool.map(work, range(30), chunksize=1)
        if %s:
            pool.close()
            pool.join()
"""
    ended = program(main(children, body % True, "fork"), dsn=sink.dsn)
    assert (ended.code, ended.err) == (0, "")
    assert said(sink) == sorted(f"task {n}" for n in range(30))

    sink.mode("status", status=503)
    ended = program(main(children, body % False, "fork"), dsn=sink.dsn)
    assert (ended.code, ended.err) == (0, "")
    sink.reset()
    assert program(RECOVERS, dsn=sink.dsn).code == 0
    assert said(sink) == sorted(f"task {n}" for n in range(30))
    assert files(state_of_its_own) == []


@pytest.mark.parametrize("method", METHODS)
def test_an_executor_of_processes(program: Run, sink: Sink, method: str) -> None:
    """Tasks capture in the workers; what a task raises is the caller's, where it ends the program."""
    children = """
import concurrent.futures
def work(n):
    faultwire.capture_message(f"task {n}")

def fail():
    raise ValueError("raised in a worker")
"""
    body = """
    with concurrent.futures.ProcessPoolExecutor(3, mp_context=context) as executor:
        list(executor.map(work, range(30)))
        executor.submit(fail).result()
"""
    ended = program(main(children, body, method), dsn=sink.dsn)
    assert ended.code == 1 and ended.err.endswith("ValueError: raised in a worker\n")
    assert said(sink) == sorted(["raised in a worker", *(f"task {n}" for n in range(30))])


@pytest.mark.parametrize("method", METHODS)
def test_a_child_that_is_killed_loses_nothing_that_was_on_disk(
    program: Run, sink: Sink, state_of_its_own: Path, method: str
) -> None:
    children = """
import os, signal
def work(n):
    for i in range(20):
        faultwire.capture_message(f"message {i}")
    while faultwire.stats()["pending"]:
        time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    body = "    child = context.Process(target=work, args=(0,)); child.start(); child.join(); print(child.exitcode)\n"
    sink.mode("status", status=503)
    ended = program(main(children, body, method), dsn=sink.dsn)
    assert (ended.code, ended.out, ended.err) == (0, "-9\n", "")
    sink.reset()
    assert program(RECOVERS, dsn=sink.dsn).code == 0
    assert said(sink) == sorted(f"message {i}" for i in range(20))
    assert files(state_of_its_own) == []


TASKS = """
import faultwire
faultwire.init()
from celery import Celery

app = Celery("tasks", broker="filesystem://", backend="file://{folder}/results")
app.conf.update(
    broker_transport_options={{"data_folder_in": "{folder}/queue", "data_folder_out": "{folder}/queue",
                               "control_folder": "{folder}/control"}},
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=False,
)
faultwire.capture_message("in the master")

@app.task
def note(number):
    faultwire.capture_message(f"task {{number}}")

@app.task
def fail(number):
    raise ValueError(f"failed {{number}}")
"""

ASK = """
import os
os.environ["FAULTWIRE_DSN"] = ""
import tasks
results = [tasks.note.delay(n) for n in range(20)] + [tasks.fail.delay(n) for n in range(5)]
print([type(result.get(timeout=30, propagate=False)).__name__ for result in results].count("ValueError"))
"""


@pytest.mark.parametrize("server", ["up", "down"])
def test_celery_with_forked_workers(
    program: Run, sink: Sink, tmp_path: Path, state_of_its_own: Path, server: str
) -> None:
    """What tasks capture, and tasks that fail, which Celery logs. Its workers end by `os._exit` without a hook."""
    pytest.importorskip("celery")
    (tmp_path / "queue").mkdir()
    (tmp_path / "results").mkdir()
    (tmp_path / "tasks.py").write_text(TASKS.format(folder=tmp_path))
    if server == "down":
        sink.mode("status", status=503)
    command = "-q -A tasks worker --pool prefork --concurrency 3 --loglevel error --without-gossip --without-mingle"
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", *command.split(), "--without-heartbeat"],
        cwd=tmp_path,
        env={**os.environ, "FAULTWIRE_DSN": sink.dsn},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        asked = program(ASK)
        assert (asked.code, asked.out) == (0, "5\n"), asked.err
        worker.terminate()
        # Its own way out takes seconds, and not always the same one: the exit code says nothing about us.
        worker.wait(DEADLINE)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    if server == "down":
        sink.reset()
    # What was sent before `os._exit` does not come again.
    assert program(RECOVERS, dsn=sink.dsn).code == 0
    failed = [f"failed {n}" for n in range(5)]
    assert said(sink) == sorted(["in the master", *failed, *(f"task {n}" for n in range(20))])
    assert files(state_of_its_own) == []
