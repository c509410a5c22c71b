"""Every way to the server, and a fork in the midst of it: the child keeps nothing of its parent's connection."""

from __future__ import annotations

import os
import select
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from conftest import DEADLINE
from sink import Sink

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="what is open can be seen on Linux only")

#: What a way in does with a new connection: the connection to go on with, and where to; None is the sink.
Greet = Callable[[socket.socket], "tuple[socket.socket, tuple[str, int] | None]"]

USER, PASSWORD = "me", "swordfish"

FORKS = """
import json, os, sys
def sockets():
    links = []
    for name in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink(f"/proc/self/fd/{name}"))
        except FileNotFoundError:
            pass  # that of the listing
    return [link for link in links if link.startswith("socket:")]

import faultwire
before = sockets()
faultwire.init(shutdown_timeout=20.0, **json.loads(sys.argv[1]))
faultwire.capture_message("before the fork")
assert faultwire.flush(20), faultwire.stats()
assert len(sockets()) == len(before) + 1, sockets()
child = os.fork()
if child == 0:
    assert sockets() == before, sockets()
    sys.stdin.read()
    assert sockets() == before, sockets()
    faultwire.capture_message("the child")
    assert faultwire.flush(20), faultwire.stats()
    os._exit(0)
faultwire.capture_message("the parent goes on")
assert faultwire.flush(20), faultwire.stats()
faultwire.close()
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


class Way:
    """A listener on loopback that greets each connection and then carries bytes to the sink, or where it is asked."""

    def __init__(self, sink: Sink, greet: Greet) -> None:
        self._greet, self._sink = greet, ("127.0.0.1", urllib.parse.urlsplit(sink.url).port or 0)
        self._changed = threading.Condition()
        self.opened = self.ended = 0
        self.targets: list[tuple[str, int]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def wait_for_ended(self, count: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.ended >= count, 20.0)

    def close(self) -> None:
        # Wakes the thread that accepts, which closing alone does not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                self.opened += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        client, target = self._greet(raw)
        if target is not None:
            self.targets.append(target)
        # The sink is on IPv4 only, whatever name it goes by.
        port = self._sink[1] if target is None else target[1]
        with client, socket.create_connection(("127.0.0.1", port)) as server:
            other = {client: server, server: client}
            while True:
                has_more = isinstance(client, ssl.SSLSocket) and client.pending()
                for side in [client] if has_more else select.select([client, server], [], [])[0]:
                    data = side.recv(65536)
                    if not data:
                        with self._changed:
                            self.ended += 1
                            self._changed.notify_all()
                        return
                    other[side].sendall(data)


def exactly(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = connection.recv(length - len(data))
        assert more, "the connection ended in the greeting"
        data += more
    return data


def until(connection: socket.socket, end: bytes) -> bytes:
    data = b""
    while not data.endswith(end):
        data += exactly(connection, 1)
    return data[: -len(end)]


def port_of(two: bytes) -> int:
    return int.from_bytes(two, "big")


def straight(connection: socket.socket) -> tuple[socket.socket, None]:
    return connection, None


def http_proxy(connection: socket.socket) -> tuple[socket.socket, tuple[str, int]]:
    method, target, _ = until(connection, b"\r\n\r\n").split(b"\r\n")[0].decode().split(" ")
    assert method == "CONNECT"
    host, port = target.rsplit(":", 1)
    connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
    return connection, (host, int(port))


def socks4_proxy(connection: socket.socket) -> tuple[socket.socket, tuple[str, int]]:
    version, command, *rest = exactly(connection, 8)
    assert (version, command) == (4, 1)
    assert until(connection, b"\0") == b"", "no user"
    address = bytes(rest[2:])
    host = until(connection, b"\0").decode() if address == b"\0\0\0\1" else socket.inet_ntoa(address)
    connection.sendall(b"\0\x5a" + bytes(6))
    return connection, (host, port_of(bytes(rest[:2])))


def socks5_proxy(connection: socket.socket) -> tuple[socket.socket, tuple[str, int]]:
    version, count = exactly(connection, 2)
    assert version == 5
    if 2 in exactly(connection, count):
        connection.sendall(b"\5\2")
        _, length = exactly(connection, 2)
        user = exactly(connection, length).decode()
        password = exactly(connection, exactly(connection, 1)[0]).decode()
        is_known = (user, password) == (USER, PASSWORD)
        connection.sendall(b"\1\0" if is_known else b"\1\1")
    else:
        connection.sendall(b"\5\0")
    *head, kind = exactly(connection, 4)
    assert head == [5, 1, 0]
    if kind == 3:
        host = exactly(connection, exactly(connection, 1)[0]).decode()
    else:
        host = socket.inet_ntop(*{1: (socket.AF_INET, exactly(connection, 4))}[kind])
    port = port_of(exactly(connection, 2))
    # The address that the proxy connects from, as a name.
    connection.sendall(b"\5\0\0\3\5proxy\0\0")
    return connection, (host, port)


class Ways:
    """Ways to the sink that end with the test."""

    def __init__(self, sink: Sink, folder: Path, stack: ExitStack) -> None:
        self._sink, self._folder, self._stack = sink, folder, stack
        self.certificate = folder / "certificate.pem"

    def open(self, greet: Greet) -> Way:
        way = Way(self._sink, greet)
        self._stack.callback(way.close)
        return way

    def under_tls(self, greet: Greet) -> Greet:
        if not self.certificate.exists():
            if not shutil.which("openssl"):
                pytest.skip("nothing here makes a certificate")
            command = "req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 2 -subj /CN=faultwire"
            names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
            kind = ["-addext", "basicConstraints=critical,CA:FALSE"]
            files = ["-keyout", str(self._folder / "key.pem"), "-out", str(self.certificate)]
            subprocess.run(["openssl", *command.split(), *names, *kind, *files], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self._folder / "key.pem")
        return lambda connection: greet(context.wrap_socket(connection, server_side=True))


@pytest.fixture
def ways(sink: Sink, tmp_path: Path) -> Iterator[Ways]:
    with ExitStack() as stack:
        yield Ways(sink, tmp_path, stack)


#: The proxy, its URL, the host of the DSN, and what the proxy is asked for.
PROXIES: dict[str, tuple[Greet, str, str, str]] = {
    "http": (http_proxy, "http://127.0.0.1:{port}", "localhost", "localhost"),
    "socks4": (socks4_proxy, "socks4://127.0.0.1:{port}", "localhost", "127.0.0.1"),
    "socks4a": (socks4_proxy, "socks4a://127.0.0.1:{port}", "localhost", "localhost"),
    "socks5": (socks5_proxy, "socks5://127.0.0.1:{port}", "127.0.0.1", "127.0.0.1"),
    "socks5 with a password": (
        socks5_proxy,
        f"socks5h://{USER}:{PASSWORD}@localhost:{{port}}",
        "localhost",
        "localhost",
    ),
}


def said(sink: Sink) -> list[str]:
    """What arrived, in order: the text of a message, or what ended a process that should not have ended so."""
    events = sink.events()
    return [e["exception"]["values"][-1]["value"] if "exception" in e else e["logentry"]["formatted"] for e in events]


def run(way: Way, dsn: str, options: str, folder: Path, sink: Sink) -> None:
    """The story: what is sent before the fork, by the parent after it, and by the child once the parent has closed."""
    (folder / "forks.py").write_text(FORKS)
    env = {k: v for k, v in os.environ.items() if not k.upper().endswith("_PROXY")}
    running = subprocess.Popen(
        [sys.executable, str(folder / "forks.py"), options],
        env={**env, "FAULTWIRE_DSN": dsn},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        closed = way.wait_for_ended(1)
        so_far = said(sink)
        out, err = running.communicate(timeout=DEADLINE)
    finally:
        running.kill()
        running.wait()
    assert (running.returncode, out, err) == (0, "", "")
    assert closed, "the server does not see the end of a connection that the parent closed"
    assert so_far == ["before the fork", "the parent goes on"]
    assert said(sink) == [*so_far, "the child"]
    assert way.opened == 2, "one connection a process"


def dsn_of(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://abc123@{host}:{port}/7"


def test_straight(ways: Ways, sink: Sink, tmp_path: Path) -> None:
    way = ways.open(straight)
    run(way, dsn_of("http", "127.0.0.1", way.port), "{}", tmp_path, sink)


def test_tls(ways: Ways, sink: Sink, tmp_path: Path) -> None:
    way = ways.open(ways.under_tls(straight))
    run(way, dsn_of("https", "localhost", way.port), f'{{"ca_certs": "{ways.certificate}"}}', tmp_path, sink)


@pytest.mark.parametrize("proxy", PROXIES)
def test_proxy(ways: Ways, sink: Sink, tmp_path: Path, proxy: str) -> None:
    greet, url, host, asked = PROXIES[proxy]
    way = ways.open(greet)
    port = urllib.parse.urlsplit(sink.url).port
    assert port
    options = f'{{"http_proxy": "{url.format(port=way.port)}"}}'
    run(way, dsn_of("http", host, port), options, tmp_path, sink)
    assert way.targets == [(asked, port)] * 2


@pytest.mark.parametrize("proxy", PROXIES)
def test_tls_through_a_proxy(ways: Ways, sink: Sink, tmp_path: Path, proxy: str) -> None:
    greet, url, host, asked = PROXIES[proxy]
    server, way = ways.open(ways.under_tls(straight)), ways.open(greet)
    options = f'{{"https_proxy": "{url.format(port=way.port)}", "ca_certs": "{ways.certificate}"}}'
    run(way, dsn_of("https", host, server.port), options, tmp_path, sink)
    assert way.targets == [(asked, server.port)] * 2


def test_a_proxy_behind_tls(ways: Ways, sink: Sink, tmp_path: Path) -> None:
    way = ways.open(ways.under_tls(http_proxy))
    port = urllib.parse.urlsplit(sink.url).port
    assert port
    options = f'{{"http_proxy": "https://127.0.0.1:{way.port}", "ca_certs": "{ways.certificate}"}}'
    run(way, dsn_of("http", "127.0.0.1", port), options, tmp_path, sink)


def test_a_server_that_nobody_vouches_for_gets_nothing(ways: Ways) -> None:
    greet = ways.under_tls(straight)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(DEADLINE)
        dsn = dsn_of("https", "localhost", listener.getsockname()[1])
        code = f"import faultwire as f; f.init(dsn={dsn!r}, debug=True, spool=False, shutdown_timeout=0.0); "
        running = subprocess.Popen(
            [sys.executable, "-c", code + "f.capture_message('a secret'); print(f.flush(2))"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        connection, _ = listener.accept()
        with connection, pytest.raises(ssl.SSLError):
            greet(connection)
        out, err = running.communicate(timeout=DEADLINE)
    assert (running.returncode, out) == (0, "False\n")
    assert "no answer from the server: TLS: the server's certificate is not trusted" in err
