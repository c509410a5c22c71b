"""What the stories share: captured events, a real sink, and real processes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "conformance"))

from sink import Sink  # noqa: E402
from state import state_of_its_own  # noqa: E402, F401

from faultwire.testing import capture_events  # noqa: E402

# Seconds that any story may wait for a condition: far beyond what it takes on a busy machine.
DEADLINE = 30.0


@pytest.fixture
def captured():
    with capture_events() as events:
        yield events


@pytest.fixture(scope="session")
def one_sink():
    with Sink() as sink:
        yield sink


@pytest.fixture
def sink(one_sink):
    """The shared test sink, a real server, empty and in its ordinary mode."""
    one_sink.reset()
    return one_sink


@pytest.fixture
def run(tmp_path):
    """Runs a script in a process of its own, as a user would; `dsn` goes into its environment."""

    def run(source: str, *arguments: str, dsn: str = "", python: tuple[str, ...] = (), **environment: str):
        script = tmp_path / "story.py"
        script.write_text(source)
        return run_file(script, *arguments, dsn=dsn, python=python, **environment)

    return run


def run_file(path: Path, *arguments: str, dsn: str = "", python: tuple[str, ...] = (), **environment: str):
    base = {k: v for k, v in os.environ.items() if not k.startswith(("FAULTWIRE_", "SENTRY_", "PYTEST"))}
    if dsn:
        base["FAULTWIRE_DSN"] = dsn
    return subprocess.run(
        [sys.executable, *python, str(path), *arguments],
        env={**base, **environment},
        capture_output=True,
        text=True,
        timeout=DEADLINE * 2,
    )


@contextlib.contextmanager
def serving(app):
    """An ASGI app under a real server; gives its URL."""
    import uvicorn

    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(DEADLINE)


@contextlib.contextmanager
def serving_wsgi(app):
    """A WSGI app under a real server with a thread a request; gives its URL."""
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(DEADLINE)


def wait_until(condition) -> None:
    until = time.monotonic() + DEADLINE
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < until, "waited too long"
        pause.wait(0.005)


def raised(event: dict) -> dict:
    """The exception that was raised: the last of the chain."""
    return event["exception"]["values"][-1]
