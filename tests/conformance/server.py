"""The tracker as a process, for tests, the demo and the benchmarks; standard library only.

    with Server() as server:
        client.init(dsn=server.dsn)
        ...
        server.settle()
        issue, = server.issues()

All of them start the binary, send to it and read from it through this one class: what the API asks of who reads is
said here once. The binary is `$FAULTWIRE_SERVER`, or the newer of target/release and target/debug. Its data are in a
folder of its own unless one is named. The address stays the same when it is started again.
"""

from __future__ import annotations

import atexit
import gzip
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

__all__ = ["HOST", "Answer", "Json", "Server", "ServerError", "envelope", "find_binary", "new_id", "wait_until"]

Json = dict[str, Any]
T = TypeVar("T")

_ROOT = Path(__file__).resolve().parents[2]
_NAME = "faultwire-server"
#: Seconds; a debug binary on a loaded machine. One that needs longer is broken.
_START_LIMIT = 30.0
#: Seconds for a request, and for the end of a server that was asked to end.
_LIMIT = 30.0
#: Seconds that a connection is kept unused; the server closes it after more.
_KEPT = 3.0
#: What the binary prints, line by line: the text before what is wanted.
_LISTENS, _DSN, _SETUP = "faultwire-server listens on ", "DSN of the first project: ", "The first person comes in here"
#: Who reads: the first person, who may do everything. On loopback, with data that go with the test.
HOST = {"email": "host@example.com", "name": "Host", "password": "correct horse battery"}


class ServerError(Exception):
    """The server did not start, or refused what a test relies on; the message has what it said."""


class Answer(NamedTuple):
    """A response."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def find_binary() -> Path:
    """`$FAULTWIRE_SERVER`, or the newer of the release and the debug binary under the target folder."""
    named = os.environ.get("FAULTWIRE_SERVER")
    if named:
        return Path(named).resolve()
    target = Path(os.environ.get("CARGO_TARGET_DIR") or _ROOT / "target")
    built = [path for path in (target / "release" / _NAME, target / "debug" / _NAME) if path.is_file()]
    if not built:
        raise ServerError(f"no {_NAME} in {target}/release or {target}/debug: build it with `make server`")
    return max(built, key=lambda path: path.stat().st_mtime).resolve()


def new_id() -> str:
    """An id as events and count items have."""
    return uuid.uuid4().hex


def envelope(*items: tuple[str, Json | bytes], **header: Any) -> bytes:
    """An envelope of `(type, payload)`; header members by name, an event's id among them if there is an event."""
    for kind, payload in items:
        if kind == "event" and isinstance(payload, dict) and "event_id" in payload:
            header.setdefault("event_id", payload["event_id"])
    lines = [json.dumps(header).encode()]
    for kind, payload in items:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        lines += [json.dumps({"type": kind, "length": len(body)}).encode(), body]
    return b"\n".join(lines) + b"\n"


def wait_until(condition: Callable[[], T], limit: float = _LIMIT, what: str = "it") -> T:
    """The first true answer of `condition`.

    Raises `TimeoutError` when none comes within `limit` seconds.
    """
    deadline = time.monotonic() + limit
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {limit} s for {what}; last: {answer!r}")
        time.sleep(0.01)


class Server:
    """One running server. Its methods may be called from several threads; `start`, `kill` and `stop` from one."""

    def __init__(
        self, *flags: str, folder: Path | None = None, environment: Mapping[str, str] | None = None, quiet: bool = True
    ) -> None:
        """`flags` as on the command line; `folder` is where the data directory is made; not `quiet`: its log on
        stderr."""
        self._temporary = folder is None
        self.folder = Path(tempfile.mkdtemp(prefix="faultwire-server-")) if folder is None else folder
        self.data = self.folder / "data"
        self.flags = list(flags)
        self._environment = dict(environment or {})
        self._quiet = quiet
        self.port = 0
        self.dsn = ""
        self.setup_link: str | None = None
        #: What the API wants of who may do everything.
        self.credentials: dict[str, str] = {}
        #: What the last process wrote to its log, if it was `quiet`.
        self.log = self.folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None
        #: How often it was started: a connection belongs to one process.
        self._life = 0
        self._local = threading.local()
        atexit.register(self.close)
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    # The process.

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def key(self) -> str:
        """The public key of the first project."""
        return urllib.parse.urlsplit(self.dsn).username or ""

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Starts it; again on the same data and address. Returns when it is ready."""
        assert self._process is None, "it runs"
        command = [str(find_binary()), "--data-dir", str(self.data), "--listen", f"127.0.0.1:{self.port}", *self.flags]
        env = {k: v for k, v in os.environ.items() if not k.startswith("FAULTWIRE_")}
        self._life += 1
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder,
                env={**env, **self._environment},
                stdout=subprocess.PIPE,
                stderr=log if self._quiet else None,
            )
        watchdog = threading.Timer(_START_LIMIT, self._process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            self._read_lines()
        finally:
            watchdog.cancel()
        wait_until(self._is_ready, _START_LIMIT, "readyz")
        if not self.credentials:
            self._set_up()

    def _set_up(self) -> None:
        """Comes in as the first person, by the link that the first start prints."""
        token = (self.setup_link or "").rpartition("#")[2]
        answer = self.api("POST", "/api/v1/setup", {"token": token, **HOST})
        if answer.status != 201:
            raise ServerError(f"setup: {answer.status} {answer.body.decode(errors='replace')}")
        cookie = answer.headers["set-cookie"].split(";")[0]
        self.credentials = {"cookie": cookie, "x-faultwire-csrf": answer.json()["csrf"]}

    def _is_ready(self) -> bool:
        try:
            return self.request("GET", "/readyz").status == 200
        except OSError:
            if self._process is not None and self._process.poll() is not None:
                raise ServerError(f"it ended with {self._process.returncode}: {self.said()}") from None
            return False

    def _read_lines(self) -> None:
        """What it says of itself until it listens, then, at its first start, what is needed to use it."""
        assert self._process is not None and self._process.stdout is not None
        is_first = not self.dsn
        while not (self.port and (not is_first or (self.dsn and self.setup_link))):
            line = self._process.stdout.readline().decode()
            if not line:
                code = self._process.wait()
                raise ServerError(f"it ended with {code} before it listened: {self.said()}")
            self._note(line)
        threading.Thread(target=self._drain, args=(self._process.stdout,), name="server-output", daemon=True).start()

    def _note(self, line: str) -> None:
        if line.startswith(_LISTENS):
            self.port = int(line.rsplit(":", 1)[1])
        elif line.startswith(_DSN):
            self.dsn = line[len(_DSN) :].strip()
        elif line.startswith(_SETUP):
            self.setup_link = line.split()[-1]

    def _drain(self, stream: Any) -> None:
        for line in stream:
            self._note(line.decode())
        stream.close()

    def said(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""

    def kill(self) -> None:
        """SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM: it ends when all that was accepted is consumed. Its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(how)
        try:
            return process.wait(_LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise ServerError(f"it did not end within {_LIMIT} s: {self.said()}") from None

    def close(self) -> None:
        """Ends it, and takes its data away if nobody named their place."""
        atexit.unregister(self.close)
        try:
            self._end(signal.SIGKILL)
        finally:
            if self._temporary:
                shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Requests.

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request as it is, on a connection that each thread keeps.

        Raises `OSError` or `http.client.HTTPException` when the connection breaks: then nobody knows whether it was
        taken.
        """
        connection = self._connection()
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException):
            self._forget()
            raise
        if response.will_close:
            self._forget()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, answer)

    def _connection(self) -> http.client.HTTPConnection:
        kept: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        now = time.monotonic()
        is_fresh = kept is not None and self._local.life == self._life and now - self._local.used < _KEPT
        self._local.used = now
        if kept is not None and is_fresh:
            return kept
        self._forget()
        life = self._life
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_LIMIT)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._local.connection, self._local.life = connection, life
        return connection

    def _forget(self) -> None:
        connection = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection is not None:
            connection.close()

    def api(self, method: str, path: str, body: Json | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """A request of the API, as one who may do everything."""
        head = {"content-type": "application/json", **self.credentials, **(headers or {})}
        return self.request(method, path, None if body is None else json.dumps(body).encode(), head)

    def get(self, path: str, **query: Any) -> Any:
        """What the API answers; raises when it is not 200."""
        text = urllib.parse.urlencode({name: value for name, value in query.items() if value is not None})
        return self._good(self.api("GET", f"{path}?{text}" if text else path), path)

    def post(self, path: str, **body: Any) -> Any:
        """What the API answers to an object; raises when it is not 200."""
        return self._good(self.api("POST", path, body), path)

    def _good(self, answer: Answer, path: str) -> Any:
        if answer.status != 200:
            raise ServerError(f"{path}: {answer.status} {answer.body.decode(errors='replace')}")
        return answer.json()

    # Sending.

    def send(
        self, body: bytes, *, path: str = "/api/1/envelope/", headers: Mapping[str, str] | None = None, key: str = ""
    ) -> Answer:
        """Posts a body to ingestion with the first project's key, or another."""
        head = {"x-sentry-auth": f"Sentry sentry_version=7, sentry_key={key or self.key}", **(headers or {})}
        return self.request("POST", path, body, head)

    def event(self, event: Json, **header: Any) -> str:
        """Sends an event; its id."""
        whole = {"event_id": new_id(), "timestamp": time.time(), "platform": "python", **event}
        body = gzip.compress(envelope(("event", whole), **header), 1)
        self._good(self.send(body, headers={"content-encoding": "gzip"}), "envelope")
        return str(whole["event_id"])

    def settle(self, limit: float = _LIMIT) -> None:
        """Returns when all that was accepted before is consumed.

        The log keeps the order: an event that is none comes out as an outcome after all that was there.
        """
        marker = new_id()
        self._good(self.send(envelope(("event", b'{"exception": 7, "timestamp": {}}'), event_id=marker)), "marker")
        wait_until(lambda: self.outcomes(marker)["last"], limit, "the log to be consumed")

    # Reading.

    def pages(self, path: str, **query: Any) -> Iterator[Json]:
        """All items of a list, page by page."""
        after = None
        while True:
            page = self.get(path, limit=100, after=after, **query)
            yield from page["items"]
            after = page.get("next")
            if after is None:
                return

    def issues(self, **query: Any) -> list[Json]:
        """The issues of the first project, all pages."""
        return list(self.pages("/api/v1/projects/1/issues", **query))

    def issue(self, number: int) -> Json:
        """One issue as the list has it, and its `details`."""
        whole = self.get(f"/api/v1/projects/1/issues/{number}")
        return {**whole["issue"], "details": whole["details"]}

    def move(self, number: int, move: str, **more: Any) -> Json:
        """Does something to an issue; the issue after it."""
        answer: Json = self.post(f"/api/v1/projects/1/issues/{number}", move=move, **more)["issue"]
        return answer

    def occurrences(self, number: int) -> list[Json]:
        """The stored occurrences of an issue."""
        return list(self.pages(f"/api/v1/projects/1/issues/{number}/occurrences"))

    def find(self, event_id: str) -> Json | None:
        """An event by its id: `issue`, and `payload` if that was stored. None if it was not counted."""
        answer = self.api("GET", f"/api/v1/projects/1/events/{event_id}")
        if answer.status == 404:
            return None
        found: Json = self._good(answer, event_id)
        return found

    def outcomes(self, event_id: str | None = None) -> Json:
        """Why events are not here."""
        answer: Json = self.get("/api/v1/projects/1/outcomes", event_id=event_id)
        return answer

    def metrics(self) -> dict[str, float]:
        """Every sample: `name{labels}` to its value."""
        text = self.api("GET", "/metrics").body.decode()
        pairs = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, value in pairs}
