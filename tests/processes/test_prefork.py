"""Web servers fork: the child has an engine of its own, and sends nothing of its parent's."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from conftest import DEADLINE, Run
from sink import Sink

FORKING = """
import os, sys, faultwire
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
        for number in range(20):
            try:
                fail(worker, number)
            except ValueError as error:
                assert faultwire.capture_exception(error) is not None
        assert faultwire.flush(20)
        stats = faultwire.stats()
        assert stats["captured"] == stats["delivered"] == 20, stats
        os._exit(0)
    children.append(child)
for child in children:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert faultwire.flush(10)
assert faultwire.stats()["delivered"] == 1
"""


@pytest.mark.parametrize("flush_first", [True, False])
def test_a_master_that_captured_and_eight_workers(program: Run, sink: Sink, flush_first: bool) -> None:
    ended = program(FORKING.format(flush_first=flush_first), dsn=sink.dsn)
    assert (ended.code, ended.out) == (0, ""), ended.err
    events = sink.events()
    assert len(events) == len({event["event_id"] for event in events}) == 161
    texts = [e["exception"]["values"][-1]["value"] for e in events if "exception" in e]
    assert len(set(texts)) == 160
    # Nine processes never share a connection.
    assert len({event["_envelope"]["connection"] for event in events}) >= 9


def test_forks_under_load_never_hang(program: Run, sink: Sink) -> None:
    ended = program(
        """
import faultwire, os, threading
faultwire.init(storm_folding=False)
stop = threading.Event()

def load():
    while not stop.is_set():
        faultwire.set_tag("a", "b")
        faultwire.capture_exception(ValueError("load"))

threads = [threading.Thread(target=load) for _ in range(4)]
for thread in threads:
    thread.start()
for _ in range(40):
    child = os.fork()
    if child == 0:
        faultwire.capture_exception(KeyError("child"))
        faultwire.flush(10)
        os._exit(faultwire.stats()["captured"] - 1)
    assert os.waitpid(child, 0)[1] == 0
stop.set()
for thread in threads:
    thread.join()
faultwire.close(10)
""",
        dsn=sink.dsn,
    )
    assert ended.code == 0, ended.err
    children = [e for e in sink.events() if e["exception"]["values"][-1]["type"] == "KeyError"]
    assert len(children) == len({e["event_id"] for e in children}) == 40


APP = """
import faultwire
faultwire.init()
faultwire.capture_message("preloaded")

def app(environ, start_response):
    if environ["PATH_INFO"] == "/fail":
        raise ValueError("request " + environ["QUERY_STRING"])
    start_response("200 OK", [])
    return [b"ok"]

app = faultwire.integrations.wsgi.FaultwireWsgiMiddleware(app)
"""


@pytest.mark.parametrize("preload", [True, False])
def test_gunicorn(tmp_path: Path, sink: Sink, preload: bool) -> None:
    pytest.importorskip("gunicorn")
    source = APP.replace(
        "import faultwire\n",
        "import faultwire\nimport faultwire.integrations.wsgi\n",
        1,
    )
    (tmp_path / "shop.py").write_text(source)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "shop:app",
        "--workers",
        "3",
        "--bind",
        f"127.0.0.1:{port}",
    ]
    command += ["--log-level", "critical", *(["--preload"] if preload else [])]
    server = subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, "FAULTWIRE_DSN": sink.dsn},
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + DEADLINE
        for number in range(30):
            while True:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/fail?{number}", timeout=10)
                except urllib.error.HTTPError:
                    break
                except OSError:
                    assert time.monotonic() < until and server.poll() is None, "gunicorn did not start"
                    time.sleep(0.05)
        messages = 1 if preload else 3
        events = sink.wait(30 + messages, timeout=DEADLINE)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(DEADLINE)
    texts = sorted(e["exception"]["values"][-1]["value"] for e in events if "exception" in e)
    assert texts == sorted(f"request {number}" for number in range(30))
    assert len(sink.events()) == 30 + messages, json.dumps(sink.stats())
