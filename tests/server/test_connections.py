"""Connections: how long they live, and encrypted ones with the clients that people have."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from server import Server, envelope, find_binary, new_id, wait_until

#: Seconds that the head of a request may take, from its first byte on.
HEAD = 10.0
#: How long an unused connection lives at least.
IDLE = 75.0


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=30)


def ask(connection: socket.socket) -> bytes:
    """One request; the first bytes of the answer, of which the rest is read as well."""
    connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
    response = http.client.HTTPResponse(connection)
    response.begin()
    response.read()
    return b"%d" % response.status


def dribble(connection: socket.socket) -> float:
    """Sends a head that never ends, two bytes a second; seconds until the server has enough."""
    connection.settimeout(0.5)
    began = time.monotonic()
    try:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nx: ")
        while time.monotonic() - began < IDLE:
            try:
                if not connection.recv(1):
                    break
            except TimeoutError:
                connection.sendall(b"x")
    except OSError:
        pass
    return time.monotonic() - began


def test_an_unused_connection_is_kept_and_a_slow_head_is_not(server: Server) -> None:
    """A load balancer's connection answers after a pause in which a slow head would have been cut off; then it is
    cut off itself when its next head is slow."""
    with connect(server) as kept, connect(server) as silent:
        assert ask(kept) == b"200"
        # Nothing was ever said there.
        began = time.monotonic()
        assert silent.recv(1) == b""
        assert HEAD - 1 < time.monotonic() - began < HEAD + 5
        time.sleep(3)
        assert ask(kept) == b"200", "it was kept for longer than a head may take"
        assert ask(kept) == b"200"
        assert HEAD - 1 < dribble(kept) < HEAD + 5


# With a certificate.


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A folder with `ca.pem`, and `cert.pem` and `key.pem` signed by it, for localhost and 127.0.0.1."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl")

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=tmp_path, check=True, capture_output=True)

    new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    run(*new, "-subj", "/CN=test authority", "-keyout", "ca-key.pem", "-out", "ca.pem")
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"]
    signed = ["-CA", "ca.pem", "-CAkey", "ca-key.pem"]
    run(*new, "-subj", "/CN=localhost", *names, *signed, "-keyout", "key.pem", "-out", "cert.pem")
    return tmp_path


class Encrypted(Server):
    """Its harness speaks TLS and trusts the authority."""

    def __init__(self, authority: Path) -> None:
        self.authority = authority
        flags = ("--tls-certificate", str(authority / "cert.pem"), "--tls-key", str(authority / "key.pem"))
        super().__init__(*flags, folder=authority)

    def _connection(self) -> http.client.HTTPConnection:
        context = ssl.create_default_context(cafile=str(self.authority / "ca.pem"))
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=context)


@pytest.fixture
def encrypted(authority: Path) -> Iterator[Encrypted]:
    with Encrypted(authority) as server:
        yield server


def test_a_certificate_of_its_own(encrypted: Encrypted) -> None:
    """DSN, link and cookie say https; events come in; who does not trust the authority stays out; `ready` knows it."""
    assert urllib.parse.urlsplit(encrypted.dsn).scheme == "https"
    assert (encrypted.setup_link or "").startswith("https://")
    assert "__Host-" in encrypted.credentials["cookie"]
    event = {"event_id": new_id(), "message": "m", "timestamp": time.time()}
    assert encrypted.send(envelope(("event", event))).status == 200
    encrypted.settle()
    assert encrypted.find(event["event_id"])
    stranger = http.client.HTTPSConnection("127.0.0.1", encrypted.port, timeout=10)
    with pytest.raises(ssl.SSLCertVerificationError):
        stranger.request("GET", "/healthz")
    command = [str(find_binary()), "ready", "--listen", f"127.0.0.1:{encrypted.port}"]
    assert subprocess.run([*command, *encrypted.flags], capture_output=True).returncode == 0
    refused = subprocess.run(command, capture_output=True, text=True)
    assert refused.returncode == 1 and str(encrypted.port) in refused.stderr, refused


@pytest.mark.parametrize("protocol", ["1.1", "2"])
def test_curl(encrypted: Encrypted, protocol: str) -> None:
    """Both protocols, as another implementation of TLS speaks them."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("there is no curl")
    known = subprocess.run([curl, "--version"], capture_output=True, text=True).stdout
    if protocol == "2" and "HTTP2" not in known:
        pytest.skip("this curl has no HTTP/2")
    command = [curl, "--silent", "--cacert", str(encrypted.authority / "ca.pem"), f"--http{protocol}"]
    address = f"https://localhost:{encrypted.port}/readyz"
    done = subprocess.run(
        [*command, "-w", "%{http_code} %{http_version}", "-o", "/dev/null", address], capture_output=True
    )
    assert done.stdout.decode() == f"200 {protocol}", done


SDK = """
import faultwire, json
faultwire.init(release="shop@1.2.3")
try:
    raise ValueError("over TLS")
except ValueError:
    faultwire.capture_exception()
assert faultwire.flush(60), faultwire.stats()
print(json.dumps(faultwire.stats()))
"""


def test_our_client_over_tls(encrypted: Encrypted, tmp_path: Path) -> None:
    """The Python SDK trusts what the system trusts."""
    pytest.importorskip("faultwire")
    program = tmp_path / "program.py"
    program.write_text(SDK)
    environment = {**os.environ, "FAULTWIRE_DSN": encrypted.dsn, "SSL_CERT_FILE": str(encrypted.authority / "ca.pem")}
    done = subprocess.run([sys.executable, str(program)], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["delivered"] == 1
    encrypted.settle()
    assert [issue["title"] for issue in encrypted.issues()] == ["ValueError: over TLS"]


def test_a_new_certificate_is_shown(encrypted: Encrypted) -> None:
    """It was renewed: the running server shows it."""
    openssl = shutil.which("openssl")
    assert openssl
    address = ("127.0.0.1", encrypted.port)
    before = ssl.get_server_certificate(address)
    new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    files = ["-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([openssl, *new, *files], cwd=encrypted.authority, check=True, capture_output=True)
    wait_until(lambda: ssl.get_server_certificate(address) != before, 30, "the new certificate")


def test_files_that_are_wrong_are_named(authority: Path) -> None:
    """It does not start, and says which setting it is."""
    command = [str(find_binary()), "--data-dir", str(authority / "data"), "--listen", "127.0.0.1:0"]
    certificate = ["--tls-certificate", str(authority / "cert.pem")]
    for flags, named in [
        (certificate, "tls_certificate, tls_key"),
        ([*certificate, "--tls-key", str(authority / "nowhere.pem")], f"tls_key {authority / 'nowhere.pem'}"),
        ([*certificate, "--tls-key", str(authority / "ca-key.pem")], f"tls_key {authority / 'ca-key.pem'}"),
    ]:
        done = subprocess.run([*command, *flags], capture_output=True, text=True, timeout=30)
        assert done.returncode == 1 and named in done.stderr, done
