"""From the first start to the last stop: what it makes, where settings come from, what of it survives."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from conftest import ROOT

from server import Json, Server, ServerError, envelope, find_binary, new_id, wait_until


def bare_environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAULTWIRE_")}
    return kept | more


def test_without_arguments(tmp_path: Path) -> None:
    """A folder that is its own alone, a project whose DSN takes events, a link, this machine only. The address is the
    one thing that a test has to choose."""
    process = subprocess.Popen(
        [str(find_binary())],
        cwd=tmp_path,
        env=bare_environment(FAULTWIRE_LISTEN="127.0.0.1:0"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout
        listens, dsn, link = (process.stdout.readline().split()[-1] for _ in range(3))
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", listens)
        parts = urllib.parse.urlsplit(dsn)
        assert f"{parts.scheme}://{parts.hostname}:{parts.port}" == listens and parts.path == "/1"
        event = json.dumps({"message": "m", "event_id": new_id()}).encode()
        request = urllib.request.Request(f"{listens}/api/1/store/?sentry_key={parts.username}", event)
        assert urllib.request.urlopen(request, timeout=30).status == 200
        assert re.fullmatch(re.escape(listens) + r"/setup#[0-9A-Za-z_-]{32,}", link)
        data = tmp_path / "faultwire-data"
        assert data.stat().st_mode & 0o777 == 0o700
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    help_text = subprocess.run([str(find_binary()), "--help"], capture_output=True, text=True, check=True).stdout
    assert "[env: FAULTWIRE_LISTEN=] [default: 127.0.0.1:" in " ".join(help_text.split()), "for this machine only"


def in_force(server: Server) -> Json:
    found: Json = server.get("/api/v1/projects/1/settings")["in_force"]
    return found


def test_where_a_setting_comes_from(tmp_path: Path, serve: Callable[..., Server]) -> None:
    """A flag wins over the environment, that over the file, that over the default; what is documented is the
    default."""
    plain = in_force(serve())
    assert (plain["hourly_new_issues"], plain["store_first"], plain["store_one_in"]) == (500, 1000, 10)
    assert (plain["auto_resolve_days"], plain["customer_tag"], plain["cleanup_quiet"]) == (7, "customer", False)
    (tmp_path / "other.toml").write_text(
        'store_first = 1\nstore_one_in = 2\ncustomer_tag = "shop"\nretention_days = 3\n'
    )
    environment = {"FAULTWIRE_STORE_FIRST": "10", "FAULTWIRE_CONFIG": str(tmp_path / "other.toml")}
    environment["FAULTWIRE_STORE_ONE_IN"] = "20"
    mixed = in_force(serve("--store-first", "100", environment=environment))
    assert (mixed["store_first"], mixed["store_one_in"]) == (100, 20)
    assert (mixed["customer_tag"], mixed["retention_days"]) == ("shop", 3)


def test_a_list_of_a_file(tmp_path: Path, serve: Callable[..., Server]) -> None:
    """faultwire.toml of the working directory, with a list: its proxies are believed."""
    folder = tmp_path / "server-0"
    folder.mkdir()
    (folder / "faultwire.toml").write_text('trusted_proxies = ["192.0.2.1", "127.0.0.1"]\nbrowser_address_quota = 1\n')
    server = Server(folder=folder)
    try:
        made = server.api("POST", "/api/v1/projects/1/keys", {"kind": "browser"}).json()
        key = made["key"]["public"]
        for n in range(5):
            answer = server.send(
                envelope(("event", {"message": "m"})), key=key, headers={"x-forwarded-for": f"8.8.8.{n}"}
            )
            assert answer.status == 200
    finally:
        server.close()


def test_data_of_a_newer_server_are_left_alone(server: Server) -> None:
    """It does not start, says why, and changes nothing."""
    server.event({"message": "m"})
    server.settle()
    assert server.stop() == 0
    path = server.data / "faultwire.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(ServerError, match="version 99.*newer server"):
        server.start()
    server.stop()
    assert path.read_bytes() == before and not (server.data / "backups").exists()


# The end.


def test_an_end_loses_nothing(server: Server) -> None:
    """What was answered is counted before the process ends: the log is not needed any more."""
    numbers = [server.event({"message": f"m{n}", "extra": {"x": "y" * 5000}}) for n in range(300)]
    assert server.stop() == 0
    shutil.rmtree(server.data / "log")
    server.start()
    lost = [number for number in numbers if server.find(number) is None]
    assert not lost, len(lost)


def test_an_end_waits_for_who_is_asking(server: Server) -> None:
    """A request that has begun is answered and counted; nobody new is let in."""
    number = new_id()
    body = envelope(("event", {"event_id": number, "message": "late", "timestamp": time.time()}))
    head = (
        f"POST /api/1/envelope/ HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n"
        f"x-sentry-auth: Sentry sentry_key={server.key}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
        connection.sendall(head.encode() + body[:10])
        # It is being read.
        wait_until(lambda: server.metrics()["faultwire_uptime_seconds"] > 0)
        time.sleep(0.3)
        ended: list[int] = []
        stopping = threading.Thread(target=lambda: ended.append(server.stop()))
        stopping.start()

        def is_closed() -> bool:
            try:
                socket.create_connection(("127.0.0.1", server.port), 1).close()
            except OSError:
                return True
            return False

        wait_until(is_closed, what="the door to be closed")
        connection.sendall(body[10:])
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        stopping.join(30)
    assert ended == [0]
    server.start()
    assert server.find(number)


# Copies.


def test_a_copy_while_events_come(server: Server, tmp_path: Path) -> None:
    """Made of a server under load: what was counted before is in it, with its payloads, and it agrees with itself."""
    before = [server.event({"message": f"m{n}", "logger": f"l{n % 5}"}) for n in range(100)]
    server.settle()
    is_over = threading.Event()
    sent: list[str] = []

    def send() -> None:
        while not is_over.is_set():
            sent.append(
                server.event({"message": "m", "logger": f"l{len(sent) % 7}", "extra": {"x": os.urandom(2000).hex()}})
            )

    senders = [threading.Thread(target=send) for _ in range(3)]
    for sender in senders:
        sender.start()
    copies = [tmp_path / f"copy-{n}" for n in range(3)]
    try:
        for copy in copies:
            at_begin = len(sent)
            subprocess.run([str(find_binary()), "backup", str(copy), "--data-dir", str(server.data)], check=True)
            wait_until(lambda begin=at_begin: len(sent) > begin + 5, what="events to come on")
    finally:
        is_over.set()
        for sender in senders:
            sender.join(30)
    server.settle()
    assert all(server.find(number) for number in [*before, *sent]), "the server itself has all"
    assert server.stop() == 0
    for copy in copies:
        assert {path.name for path in copy.iterdir()} == {"faultwire.db", "occurrences"}
        server.data = tmp_path / f"back-of-{copy.name}"
        subprocess.run([str(find_binary()), "restore", str(copy), "--data-dir", str(server.data)], check=True)
        server.start()
        found = [server.find(number) for number in before]
        assert all(event and event["payload"] for event in found)
        issues = server.issues()
        known = sum(server.find(number) is not None for number in [*before, *sent])
        assert sum(issue["raw"] for issue in issues) == known
        for issue in issues:
            hours = server.issue(issue["id"])["details"]["hours"]
            assert sum(hour["raw"] for hour in hours) == issue["raw"]
            for occurrence in server.occurrences(issue["id"])[:20]:
                event = server.find(occurrence["event_id"])
                assert event and event["payload"], occurrence
        # It goes on from there.
        after = server.event({"message": "after"})
        server.settle()
        assert server.find(after)
        assert server.stop() == 0


def test_a_copy_overwrites_nothing(server: Server, tmp_path: Path) -> None:
    """Neither is there a copy where something is, nor is one brought back over data."""
    binary = str(find_binary())
    (tmp_path / "taken").mkdir()
    backup = [binary, "backup", str(tmp_path / "taken"), "--data-dir", str(server.data)]
    done = subprocess.run(backup, capture_output=True, text=True)
    assert done.returncode == 1 and "taken" in done.stderr and list((tmp_path / "taken").iterdir()) == []
    backup[2] = str(tmp_path / "copy")
    subprocess.run(backup, check=True)
    done = subprocess.run(
        [binary, "restore", backup[2], "--data-dir", str(server.data)], capture_output=True, text=True
    )
    assert done.returncode == 1 and "not empty" in done.stderr
    nothing = [binary, "backup", str(tmp_path / "none"), "--data-dir", str(tmp_path / "nowhere")]
    done = subprocess.run(nothing, capture_output=True, text=True)
    assert done.returncode == 1 and "no database" in done.stderr and not (tmp_path / "none").exists()


# How it is installed.


def test_unit_and_image_name_what_there_is() -> None:
    """Flags, variables and commands in them are the binary's own."""
    help_text = subprocess.run([str(find_binary()), "--help"], capture_output=True, text=True, check=True).stdout
    known = set(re.findall(r"FAULTWIRE_[A-Z_]+|--[a-z-]+", help_text))
    texts = [(ROOT / "server" / "deploy" / name).read_text() for name in ("Dockerfile", "faultwire.service")]
    unit = texts[1]
    command = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
    named = set(re.findall(r"FAULTWIRE_[A-Z_]+[A-Z]", "\n".join(texts))) | set(re.findall(r"--[a-z-]+", command))
    assert {"FAULTWIRE_DATA_DIR", "FAULTWIRE_LISTEN", "--data-dir"} <= named <= known, named - known
    assert '"faultwire-server", "ready"' in texts[0] and re.search(r"^\s+ready ", help_text, re.M)
    analyze = shutil.which("systemd-analyze")
    if analyze:
        unit_file = str(ROOT / "server" / "deploy" / "faultwire.service")
        done = subprocess.run([analyze, "verify", unit_file], capture_output=True, text=True)
        # The binary is not installed here; all else has to be right.
        wrong = [line for line in done.stderr.splitlines() if "faultwire" in line and "is not executable" not in line]
        assert not wrong, wrong
