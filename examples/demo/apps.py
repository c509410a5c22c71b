"""The example apps as processes, and what their users do: real requests, of which many fail."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Request(NamedTuple):
    """What someone does, how it is answered, and whether it is an event."""

    method: str
    path: str
    headers: dict[str, str]
    body: object
    answer: int
    fails: bool


#: What the shop's customers do: the same in every language.
SHOPPING = [
    Request("GET", "/", {}, None, 200, False),
    Request(
        "GET",
        "/orders/7?token=tok_live_5ecret",
        {"Authorization": "Bearer s3ss10n-t0ken-abcdef", "X-Customer": "acme"},
        None,
        500,
        True,
    ),
    Request(
        "GET",
        "/orders/8?token=tok_live_5ecret",
        {"Cookie": "sessionid=c00kie-5ecret; theme=dark", "X-Customer": "acme"},
        None,
        500,
        True,
    ),
    Request(
        "POST",
        "/checkout",
        {"Content-Type": "application/json"},
        {"item": "tea", "card": "4111 1111 1111 1111"},
        500,
        True,
    ),
    Request("GET", "/stock/tea", {"Referer": "https://shop.example/cart?session=r3ferer-5ecret"}, None, 500, True),
    Request("GET", "/quote/0", {}, None, 200, True),
    Request("POST", "/newsletter", {}, {}, 200, True),
    Request("GET", "/category/tea", {}, None, 500, True),
    Request("GET", "/missing", {}, None, 404, False),
]
#: What is asked of the service of accounts.
LOOKING_UP = [
    Request("GET", "/", {}, None, 200, False),
    Request("GET", "/users/7?api_key=key_live_5ecret", {"Cookie": "session=c00kie-5ecret"}, None, 500, True),
    Request("GET", "/users/9?api_key=key_live_5ecret", {}, None, 500, True),
    Request("GET", "/report", {}, None, 500, True),
]
#: Texts of those requests, and of the apps' local variables and messages, that must not arrive.
SECRETS = [
    "tok_live_5ecret", "s3ss10n-t0ken", "c00kie-5ecret", "4111 1111", "4111111111111111", "r3ferer-5ecret", "hunter2",
    "key_live_5ecret", "s3cret-Passw0rd",
]  # fmt: skip
#: Seconds for an app to start, and for a program to end.
LIMIT = 60


class App:
    """A web app of the examples, running. It knows the tracker by `FAULTWIRE_DSN` alone."""

    def __init__(self, command: list[str], port: int, dsn: str, make: str) -> None:
        """`make` is the target that builds what the app needs."""
        self._port = port
        environment = {**os.environ, "FAULTWIRE_DSN": dsn, "PORT": str(port)}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, env=environment, **quiet)  # type: ignore[call-overload]
        self._wait(make)

    def _wait(self, make: str) -> None:
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"the example app did not start; try: make {make}")

    def ask(self, request: Request) -> None:
        """Does what someone does."""
        data = None if request.body is None else json.dumps(request.body).encode()
        url = f"http://127.0.0.1:{self._port}{request.path}"
        call = urllib.request.Request(url, data=data, headers=request.headers, method=request.method)
        try:
            with urllib.request.urlopen(call, timeout=30) as answer:
                status = int(answer.status)
        except urllib.error.HTTPError as answer:
            answer.close()
            status = answer.code
        if status != request.answer:
            raise SystemExit(f"{request.method} {request.path} was answered {status}, not {request.answer}")

    def stop(self) -> None:
        """Ends it: what it captured is delivered."""
        self._process.terminate()
        self._process.wait(LIMIT)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def node(name: str) -> list[str]:
    """How an example in Node is started."""
    return [shutil.which("node") or "node", str(ROOT / "examples/node" / name)]


def fastapi(dsn: str) -> App:
    """The shop in Python."""
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", "fastapi_app:app", "--app-dir", str(ROOT / "examples/python")]
    return App([*command, "--host", "127.0.0.1", "--port", str(port), "--log-level", "critical"], port, dsn, "python")


def express(dsn: str) -> App:
    """The shop in Node."""
    return App(node("express_app.js"), _free_port(), dsn, "examples")


def flask(dsn: str) -> App:
    """The accounts in Python."""
    port = _free_port()
    command = [sys.executable, "-m", "flask", "--app", str(ROOT / "examples/python/flask_app.py"), "run"]
    return App([*command, "--host", "127.0.0.1", "--port", str(port)], port, dsn, "python")


def fastify(dsn: str) -> App:
    """The accounts in Node."""
    return App(node("fastify_app.js"), _free_port(), dsn, "examples")


def run_programs(dsn: str) -> None:
    """The scripts, which end by what they did not catch."""
    for command in ([sys.executable, str(ROOT / "examples/python/script.py")], node("script.js")):
        environment = {**os.environ, "FAULTWIRE_DSN": dsn}
        subprocess.run(command, env=environment, capture_output=True, timeout=LIMIT, check=False)


def target() -> Path:
    """Where Rust programs are built."""
    return Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")


@contextlib.contextmanager
def running(*apps: App) -> Iterator[tuple[App, ...]]:
    """Ends them afterwards."""
    try:
        yield apps
    finally:
        for app in apps:
            app.stop()
