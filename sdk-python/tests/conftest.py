"""What the stories share: captured events, a real sink, and real processes."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from faultwire.testing import capture_events

# Seconds that any story may wait for a condition: far beyond what it takes on a busy machine.
DEADLINE = 30.0


@pytest.fixture
def captured():
    with capture_events() as events:
        yield events


class Sink:
    """A server that takes envelopes and keeps what is in them."""

    def __init__(self) -> None:
        self.items: list[tuple[dict, bytes]] = []
        self._changed = threading.Condition(threading.RLock())
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                sink.take(body)
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def dsn(self) -> str:
        return f"http://publickey@127.0.0.1:{self._server.server_port}/1"

    def take(self, body: bytes) -> None:
        _, _, rest = body.partition(b"\n")
        with self._changed:
            while rest:
                line, _, rest = rest.partition(b"\n")
                header = json.loads(line)
                self.items.append((header, rest[: header["length"]]))
                rest = rest[header["length"] :].lstrip(b"\n")
            self._changed.notify_all()

    @property
    def events(self) -> list[dict]:
        with self._changed:
            return [json.loads(payload) for header, payload in self.items if header["type"] == "event"]

    def wait_for(self, count: int) -> list[dict]:
        """The events, once there are `count` of them."""
        until = time.monotonic() + DEADLINE
        with self._changed:
            while len(self.events) < count:
                left = until - time.monotonic()
                assert left > 0, f"{len(self.events)} of {count} events arrived"
                self._changed.wait(left)
        return self.events

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()




@pytest.fixture
def sink():
    server = Sink()
    yield server
    server.close()


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
