"""The sink from Python, for the tests of other packages; standard library only.

    with Sink() as sink:
        client.init(dsn=sink.dsn)
        ...
        event, = sink.wait(1)
        assert b"hunter2" not in sink.raw()

The binary is `$FAULTWIRE_SINK`, or the newer of target/release and target/debug. It ends with the `with` block,
at the exit of this process, and when this process is killed: its standard input closes then.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

__all__ = ["Json", "Mode", "Sink", "SinkError", "SinkMissing", "SinkTimeout"]

Json = dict[str, Any]
Mode = Literal["ok", "stall", "refuse", "reset", "status"]

_ROOT = Path(__file__).resolve().parents[2]
_NAME = "faultwire-sink.exe" if os.name == "nt" else "faultwire-sink"
# A debug binary on a loaded machine; a sink that needs longer is broken.
_START_TIMEOUT_S = 20.0
# Above the longest answer of the control API other than `wait`.
_ANSWER_TIMEOUT_S = 30.0
# After its standard input has closed.
_END_TIMEOUT_S = 5.0


class SinkError(Exception):
    """The control API refused an order; the message names the field at fault."""


class SinkMissing(SinkError):
    """The binary has not been built."""


class SinkTimeout(SinkError, TimeoutError):
    """What was waited for did not come; `stats` says what did."""

    def __init__(self, waited_for: str, timeout: float, stats: Json) -> None:
        super().__init__(f"waited {timeout} s for {waited_for}; the sink has {json.dumps(stats)}")
        self.stats = stats


def find_binary() -> Path:
    """`$FAULTWIRE_SINK`, or the newer of the release and the debug binary under the target folder."""
    named = os.environ.get("FAULTWIRE_SINK")
    if named:
        if not Path(named).is_file():
            raise SinkMissing(f"FAULTWIRE_SINK: no file {named}")
        return Path(named)
    target = Path(os.environ.get("CARGO_TARGET_DIR") or _ROOT / "target")
    built = [path for path in (target / "release" / _NAME, target / "debug" / _NAME) if path.is_file()]
    if not built:
        raise SinkMissing(f"no {_NAME} in {target}/release or {target}/debug: build it with `make sink`")
    return max(built, key=lambda path: path.stat().st_mtime)


class Sink:
    """One running sink. Safe to use from several threads; a forked child may ask it, but never ends it."""

    def __init__(self, *, server_header: bool = False, report: bool = False, port: int = 0) -> None:
        """`server_header`: say `X-Faultwire` as our own server does. `report`: print each event on stderr."""
        arguments = [str(find_binary()), "--until-stdin-closes", "--port", str(port)]
        arguments += ["--server-header"] if server_header else []
        arguments += [] if report else ["--quiet"]
        self._owner = os.getpid()
        self._process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        atexit.register(self.close)
        # The sink is on loopback: no proxy of the environment stands between.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            self.url, self.dsn, self.control_url = self._first_lines()
        except BaseException:
            self.close()
            raise
        threading.Thread(target=self._relay, args=(report,), name="sink-report", daemon=True).start()

    # What was received.

    def events(self, *, all: bool = False) -> list[Json]:
        """Accepted events as sent, each with its `_envelope`; `all` adds those that were not accepted."""
        return self._list("/_sink/events", {"all": int(all)})

    def items(self, type: str | None = None, *, all: bool = False) -> list[Json]:
        """Accepted items (`type`, `header`, `payload`, `_envelope`), of one type if named."""
        return self._list("/_sink/items", {"all": int(all), **({"type": type} if type else {})})

    def requests(self) -> list[Json]:
        """Every request on the data port: what it was, the mode it met, what was answered (`status` null: nothing)."""
        return self._list("/_sink/requests", {})

    def reports(self, *, width: int) -> dict[str, str]:
        """Accepted events as people read them, by event id, in lines of about `width` columns."""
        return {report["event_id"]: report["text"] for report in self._list("/_sink/reports", {"width": width})}

    def raw(self) -> bytes:
        """Heads and bodies of every request, as sent and decompressed: where no secret may be found."""
        return self._call("GET", "/_sink/raw")[1]

    def stats(self) -> Json:
        """Numbers of everything, and the mode in force."""
        return self._object("GET", "/_sink/stats")

    def page(self) -> str:
        """The HTML report."""
        return self._call("GET", "/")[1].decode()

    # Waiting.

    def wait(self, events: int = 1, *, timeout: float = 10.0) -> list[Json]:
        """The accepted events, once there are at least so many; `SinkTimeout` when they do not come."""
        self._wait({"events": events}, timeout)
        return self.events()

    def wait_for_items(self, type: str, count: int = 1, *, timeout: float = 10.0) -> list[Json]:
        """The accepted items of a type, once there are at least so many."""
        self._wait({"items": count, "type": type}, timeout)
        return self.items(type)

    def wait_for_requests(self, count: int = 1, *, timeout: float = 10.0) -> list[Json]:
        """The requests, once at least so many have been read, answered or not."""
        self._wait({"requests": count}, timeout)
        return self.requests()

    # What happens next.

    def mode(
        self,
        mode: Mode = "ok",
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        delay_ms: int | None = None,
        for_requests: int | None = None,
        server_version: str | None = None,
    ) -> Json:
        """How the next requests are treated; in force when this returns. Answers the stats."""
        order: Json = {
            "mode": mode,
            "status": status,
            "headers": None if headers is None else dict(headers),
            "delay_ms": delay_ms,
            "for_requests": for_requests,
            "server_version": server_version,
        }
        return self._object(
            "POST",
            "/_sink/mode",
            {key: value for key, value in order.items() if value is not None},
        )

    def reset(self) -> None:
        """Forgets what was received and goes back to `ok`."""
        self._object("POST", "/_sink/reset")

    def close(self) -> None:
        """Ends the sink; again is harmless, and a forked child does nothing."""
        if os.getpid() != self._owner:
            return
        atexit.unregister(self.close)
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            # A forked child may still hold the other end of the pipe.
            self._process.terminate()
            self._process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Sink:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # Inside.

    def _first_lines(self) -> tuple[str, str, str]:
        watchdog = threading.Timer(_START_TIMEOUT_S, self._process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            url, dsn, control = (self._line(name) for name in ("listening", "dsn", "control"))
        finally:
            watchdog.cancel()
        return url, dsn, control

    def _line(self, name: str) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().decode()
        if not line.startswith(f"{name} "):
            raise SinkError(f"the sink did not start: expected a line `{name} ...`, found {line!r}")
        return line[len(name) + 1 :].strip()

    def _relay(self, report: bool) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if report:
                os.write(2, line)
        self._process.stdout.close()

    def _wait(self, query: Json, timeout: float) -> None:
        path = "/_sink/wait?" + urllib.parse.urlencode({**query, "timeout_s": timeout})
        status, body = self._call("GET", path, timeout=timeout + _ANSWER_TIMEOUT_S)
        if status == 408:
            raise SinkTimeout(
                " ".join(f"{value} {key}" for key, value in query.items()),
                timeout,
                json.loads(body),
            )

    def _list(self, path: str, query: Json) -> list[Json]:
        answer: list[Json] = json.loads(self._call("GET", f"{path}?{urllib.parse.urlencode(query)}")[1])
        return answer

    def _object(self, method: str, path: str, body: Json | None = None) -> Json:
        answer: Json = json.loads(self._call(method, path, body)[1])
        return answer

    def _call(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        timeout: float = _ANSWER_TIMEOUT_S,
    ) -> tuple[int, bytes]:
        data = None if method == "GET" else json.dumps(body or {}).encode()
        request = urllib.request.Request(self.control_url + path, data=data, method=method)
        try:
            with self._opener.open(request, timeout=timeout) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                text = error.read()
            if error.code == 408:
                return error.code, text
            raise SinkError(f"{method} {path}: {error.code} {text.decode(errors='replace')}") from None
