"""Web servers fork: the child has an engine of its own, and sends nothing of its parent's."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from conftest import DEADLINE, Run
from sink import Json, Sink
from test_lives import RECOVERS, files

FORKING = """
import os, faultwire
faultwire.init()
faultwire.set_tag("who", "master")
faultwire.capture_message("from the master")
if {flush_first}:
    assert faultwire.flush(10)

def fail(worker, number):
    raise ValueError(f"worker {{worker}} request {{number}}")

children = []
for worker in range(8):
    child = os.fork()
    if child == 0:
        assert faultwire.stats()["captured"] == 0, "counters are the child's own"
        for number in range(50):
            try:
                fail(worker, number)
            except ValueError as error:
                assert faultwire.capture_exception(error) is not None
        if {server_is_up}:
            assert faultwire.flush(20)
            stats = faultwire.stats()
            assert stats["captured"] == stats["delivered"] == 50, stats
        else:
            while faultwire.stats()["spooled"] < 50:
                os.sched_yield()
        os._exit(0)
    children.append(child)
for child in children:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
if {server_is_up}:
    assert faultwire.flush(10)
    assert faultwire.stats()["delivered"] == 1
"""

FOUR_HUNDRED_AND_ONE = sorted(
    ["from the master", *(f"worker {worker} request {number}" for worker in range(8) for number in range(50))]
)


def said(events: list[Json], in_flight: Set[str] = frozenset()) -> list[str]:
    """What arrived: the text of a message, or the value of the exception that was raised.

    What may have been `in_flight` at a kill may repeat, under its id: it counts once. Nothing else arrives twice.
    """
    texts = [
        event["exception"]["values"][-1]["value"] if "exception" in event else event["logentry"]["formatted"]
        for event in events
    ]
    once = {event["event_id"]: text for event, text in zip(events, texts)}
    repeated = Counter(texts) - Counter(once.values())
    assert set(repeated) <= in_flight, repeated
    return sorted(once.values())


@pytest.mark.parametrize("flush_first", [True, False])
def test_a_master_that_captured_and_eight_workers(
    program: Run, sink: Sink, state_of_its_own: Path, flush_first: bool
) -> None:
    ended = program(FORKING.format(flush_first=flush_first, server_is_up=True), dsn=sink.dsn)
    assert (ended.code, ended.out) == (0, ""), ended.err
    assert said(sink.events()) == FOUR_HUNDRED_AND_ONE
    # Nine processes never share a connection.
    assert len({event["_envelope"]["connection"] for event in sink.events()}) >= 9
    # Workers that left by `os._exit` leave files in which all is done: they bring nothing again.
    assert program(RECOVERS, dsn=sink.dsn).code == 0
    assert len(sink.events()) == 401
    assert files(state_of_its_own) == []


def test_a_master_and_eight_workers_whose_server_is_down_for_their_whole_life(
    program: Run, sink: Sink, state_of_its_own: Path
) -> None:
    sink.mode("status", status=503)
    ended = program(FORKING.format(flush_first=False, server_is_up=False), dsn=sink.dsn)
    assert (ended.code, ended.out) == (0, ""), ended.err
    sink.reset()
    assert program(RECOVERS, dsn=sink.dsn).code == 0
    assert said(sink.events()) == FOUR_HUNDRED_AND_ONE
    assert files(state_of_its_own) == []


UNDER_LOAD = """
import faultwire, json, os, threading, time
faultwire.init(storm_folding=False, max_queue_events=65536, max_queue_bytes=1 << 30)
stop = threading.Event()
captured = [0] * 4

def load(thread):
    while not stop.is_set():
        faultwire.set_tag("a", "b")
        assert faultwire.capture_exception(ValueError(f"thread {{thread}} number {{captured[thread]}}"))
        captured[thread] += 1
        time.sleep(0.001)

threads = [threading.Thread(target=load, args=(n,)) for n in range(4)]
for thread in threads:
    thread.start()
for number in range({forks}):
    child = os.fork()
    if child == 0:
        faultwire.capture_exception(KeyError(f"child {{number}}"))
        assert faultwire.flush(20)
        stats = faultwire.stats()
        os._exit(0 if stats["captured"] == stats["delivered"] == 1 else 1)
    assert os.waitpid(child, 0)[1] == 0, number
stop.set()
for thread in threads:
    thread.join()
assert faultwire.flush(50)
print(json.dumps([captured, faultwire.stats()]))
"""


def test_forks_under_load_neither_hang_nor_lose_nor_double(program: Run, sink: Sink, state_of_its_own: Path) -> None:
    """Four threads that capture about once a millisecond each, and forks meanwhile."""
    forks = 200 if os.environ.get("FAULTWIRE_TORTURE") else 60
    ended = program(UNDER_LOAD.format(forks=forks), dsn=sink.dsn)
    assert ended.code == 0, ended.err
    captured, stats = json.loads(ended.out)
    assert stats["captured"] == stats["delivered"] == sum(captured), stats
    parent = [f"thread {thread} number {number}" for thread in range(4) for number in range(captured[thread])]
    assert said(sink.events()) == sorted([*parent, *(f"'child {number}'" for number in range(forks))])
    assert program(RECOVERS, dsn=sink.dsn).code == 0
    assert len(sink.events()) == len(parent) + forks
    assert files(state_of_its_own) == []


WSGI = """
import os, signal
import faultwire, faultwire.integrations.wsgi
faultwire.init()
faultwire.capture_message("loaded")

def app(environ, start_response):
    what = environ["PATH_INFO"]
    if what == "/fail":
        raise ValueError("request " + environ["QUERY_STRING"])
    if what == "/die":
        faultwire.capture_message("request " + environ["QUERY_STRING"])
        while faultwire.stats()["pending"]:
            pass
        os.kill(os.getpid(), signal.SIGKILL)
    start_response("200 OK", [])
    return [str(os.getpid()).encode()]

captured = faultwire.integrations.wsgi.FaultwireWsgiMiddleware(app)

def app(environ, start_response):
    try:
        return captured(environ, start_response)
    except ValueError:  # uWSGI would end the connection without an answer.
        start_response("500 Internal Server Error", [])
        return []
"""

ASGI = """
import os, signal
import faultwire
faultwire.init()
faultwire.capture_message("loaded")
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

async def fail(request):
    raise ValueError("request " + request.url.query)

async def die(request):
    faultwire.capture_message("request " + request.url.query)
    while faultwire.stats()["pending"]:
        pass
    os.kill(os.getpid(), signal.SIGKILL)

async def fine(request):
    return PlainTextResponse(str(os.getpid()))

app = Starlette(routes=[Route("/fail", fail), Route("/die", die), Route("/", fine)])
"""


def is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


class Server:
    """A server of ours with workers, and what can be asked of it."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process, self._port = process, port

    def ask(self, path: str) -> str | None:
        """The text of an answer of 200; None for any other answer, and when the worker went away."""
        until = time.monotonic() + DEADLINE
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=DEADLINE) as answer:
                    return answer.read().decode()
            except urllib.error.HTTPError:
                return None
            except urllib.error.URLError as error:
                # Nobody listens yet, or nobody accepted: nobody has read the request.
                if not isinstance(error.reason, ConnectionRefusedError):
                    return None
                assert time.monotonic() < until and self.process.poll() is None, "the server did not start"
                time.sleep(0.02)
            except OSError:
                return None

    def fail(self, numbers: range) -> None:
        """Requests that fail, several at once, each in the application: a connection that ends otherwise is no failure
        that anyone could have captured."""
        with ThreadPoolExecutor(6) as executor:
            answers = list(executor.map(self._status, [f"/fail?{number}" for number in numbers]))
        assert answers == [500] * len(numbers)

    def _status(self, path: str) -> int | str:
        """The status of the answer, or what became of the connection instead."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=DEADLINE) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError as error:
            return f"{path}: {error!r}"

    def workers(self, count: int, *, after: Set[str] = frozenset()) -> set[str]:
        """The workers, once so many answer and those of before are gone: one that ends may take a connection yet, and
        close it unread."""
        seen: set[str] = set()
        until = time.monotonic() + DEADLINE
        while len(seen - after) < count or any(is_there(int(worker)) for worker in after):
            assert time.monotonic() < until, seen
            worker = self.ask("/")
            if worker is not None:
                seen.add(worker)
        return seen - after


@contextmanager
def serving(folder: Path, dsn: str, source: str, command: Callable[[int], list[str]]) -> Iterator[Server]:
    """A server of `source` in `folder`, which ends as its operator would end it."""
    (folder / "shop.py").write_text(source)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        command(port),
        cwd=folder,
        env={**os.environ, "FAULTWIRE_DSN": dsn},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield Server(process, port)
        process.send_signal(signal.SIGTERM)
        process.wait(DEADLINE)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def gunicorn(worker: str, preload: bool) -> Callable[[int], list[str]]:
    def command(port: int) -> list[str]:
        options = f"shop:app --workers 3 --bind 127.0.0.1:{port} --log-level critical --worker-class {worker}"
        options += " --threads 2" if worker == "gthread" else ""
        options += " --preload" if preload else ""
        return [sys.executable, "-m", "gunicorn", *options.split()]

    return command


CLASSES = {"sync": WSGI, "gthread": WSGI, "uvicorn_worker.UvicornWorker": ASGI}


@pytest.mark.parametrize("preload", [True, False], ids=["preloaded", "loaded by each"])
@pytest.mark.parametrize("worker", CLASSES)
def test_gunicorn(program: Run, sink: Sink, tmp_path: Path, state_of_its_own: Path, worker: str, preload: bool) -> None:
    """Requests fail, a worker is killed, the server is reloaded, requests fail, and it is told to end."""
    pytest.importorskip("gunicorn")
    pytest.importorskip(worker.partition(".")[0] if "." in worker else "gunicorn")
    with serving(tmp_path, sink.dsn, CLASSES[worker], gunicorn(worker, preload)) as server:
        first = server.workers(3)
        server.fail(range(30))
        # Killed while its server is away: no answer can have reached it.
        sink.wait(30 + (1 if preload else 3), timeout=DEADLINE)
        sink.mode("status", status=503)
        assert server.ask("/die?30") is None
        sink.mode()
        second = server.workers(3)
        assert len(first & second) == 2
        server.process.send_signal(signal.SIGHUP)
        server.workers(3, after=second)
        server.fail(range(31, 61))
    assert program(RECOVERS, dsn=sink.dsn).code == 0
    events = said(sink.events(), in_flight={"request 30"})
    # One for each time that the application was loaded: workers, the one after the killed one, and those of the reload.
    assert events.count("loaded") == (1 if preload else 7)
    assert [text for text in events if text != "loaded"] == sorted(f"request {number}" for number in range(61))
    assert files(state_of_its_own) == []


#: uWSGI ready built (`pyuwsgi`), or compiled by `pip install uwsgi` where there is no such build.
UWSGI = Path(sys.executable).with_name("uwsgi")


@pytest.mark.skipif(sys.platform != "linux" and not UWSGI.exists(), reason="no uWSGI ready built for this platform")
@pytest.mark.parametrize("threads", ["", "--enable-threads", "--threads 2"])
@pytest.mark.parametrize("lazy", [False, True], ids=["preloaded", "loaded by each"])
def test_uwsgi(program: Run, sink: Sink, tmp_path: Path, state_of_its_own: Path, lazy: bool, threads: str) -> None:
    """It forks without asking Python, and needs no option for us: the engine's threads are no threads of Python.

    So `enable-threads` is not needed; with it, and with requests in threads, the same holds. A worker that it takes to
    be busy it ends without a word to Python: what was in flight then may repeat.
    """

    def command(port: int) -> list[str]:
        options = f"--http-socket 127.0.0.1:{port} --master --workers 3 --die-on-term --need-app {threads}"
        options += " --lazy-apps" if lazy else ""
        return [str(UWSGI), *options.split(), "--virtualenv", sys.prefix, "--wsgi", "shop:app", "--disable-logging"]

    with serving(tmp_path, sink.dsn, WSGI, command) as server:
        server.workers(3)
        server.fail(range(30))
        sink.wait(30 + (3 if lazy else 1), timeout=DEADLINE)
        sink.mode("status", status=503)
        assert server.ask("/die?30") is None
        sink.mode()
        server.workers(3)
        server.fail(range(31, 61))
    assert program(RECOVERS, dsn=sink.dsn).code == 0
    events = said(sink.events(), in_flight={f"request {number}" for number in range(30, 61)})
    assert events.count("loaded") == (4 if lazy else 1)
    assert [text for text in events if text != "loaded"] == sorted(f"request {number}" for number in range(61))
    assert files(state_of_its_own) == []


@pytest.mark.parametrize("covered", ["", "app = faultwire.integrations.asgi.FaultwireAsgiMiddleware(app)\n"])
def test_a_server_that_ends_by_the_signal_it_was_told_with(sink: Sink, tmp_path: Path, covered: str) -> None:
    """Uvicorn shuts down, then raises the SIGTERM that it caught: no handler of `atexit` runs. Nothing is on disk."""
    pytest.importorskip("uvicorn")
    init = "import faultwire.integrations.asgi\nfaultwire.init(spool=False)"
    source = ASGI.replace("faultwire.init()", init) + covered

    def command(port: int) -> list[str]:
        return [sys.executable, "-m", "uvicorn", "shop:app", "--port", str(port), "--log-level", "critical"]

    sink.mode(delay_ms=20)
    with serving(tmp_path, sink.dsn, source, command) as server:
        server.workers(1)
        server.fail(range(20))
    assert server.process.returncode == -signal.SIGTERM
    assert said(sink.events()) == sorted(["loaded", *(f"request {number}" for number in range(20))])
