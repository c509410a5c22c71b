"""The document of the API against the binary: schemathesis makes requests of it, right ones and wrong ones."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from server import Server, envelope, new_id

#: Seconds of each run. The longer the run, the stranger what is sent.
SECONDS = int(os.environ.get("FAULTWIRE_SCHEMATHESIS_SECONDS", "25"))
#: What has to hold of every answer.
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
]
#: They have no end.
ENDLESS = ["stream_all", "stream_one"]
#: They end the session that asks.
ENDING = ["entrance_logout", "users_close_sessions"]


def run(server: Server, folder: Path, checks: list[str], *options: str) -> None:
    """Asks for everything that `options` choose; fails with the requests that did not hold."""
    config = folder / "schemathesis.toml"
    config.write_text(things(server))
    command = [str(Path(sys.executable).with_name("schemathesis")), "--no-color", "--config-file", str(config), "run"]
    command += [f"{server.url}/api/v1/openapi.json", "--checks", ",".join(checks), "--max-time", str(SECONDS)]
    command += ["--warnings", "off", "--continue-on-failure", *options]
    for name in ENDLESS:
        command += ["--exclude-operation-id", name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS * 3 + 120)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "Test cases:" in done.stdout, done.stdout
    # It is still there, and what it logged is no fault of its own.
    assert server.request("GET", "/readyz").status == 200
    assert "panicked" not in server.log.read_text()


def things(server: Server) -> str:
    """What parameters of paths name, so that not all that is asked for is missing."""
    event = {"event_id": new_id(), "timestamp": time.time(), "platform": "python", "message": "m"}
    assert server.send(envelope(("event", event))).status == 200
    server.settle()
    (issue, *_) = server.issues()
    hook = {"kind": "webhook", "url": "http://127.0.0.1:9/", "secret": "0123456789abcdef"}
    channel = server.api("POST", "/api/v1/projects/1/channels", hook).json()["id"]
    values = {"project": 1, "issue": issue["id"], "channel": channel, "event": f'"{event["event_id"]}"', "user": 1}
    return "[parameters]\n" + "".join(f'"path.{name}" = {value}\n' for name, value in values.items())


@pytest.fixture
def noisy(serve) -> Server:  # type: ignore[no-untyped-def]
    """A server whose log is read afterwards."""
    started: Server = serve()
    return started


def test_by_a_token(noisy: Server, tmp_path: Path) -> None:
    """What an admin's token may ask for; what breaks the document is refused."""
    token = server_token(noisy)
    run(noisy, tmp_path, [*CHECKS, "negative_data_rejection"], "--header", f"Authorization: Bearer {token}")


def test_by_a_session(noisy: Server, tmp_path: Path) -> None:
    """What only people may ask for: it is in the document by having no other way in than a session."""
    options = []
    for name, value in noisy.credentials.items():
        options += ["--header", f"{name}: {value}"]
    document = noisy.request("GET", "/api/v1/openapi.json").json()
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    personal = [o for o in operations if o["security"] and not any("token" in way for way in o["security"])]
    chosen = [o["operationId"] for o in personal if o["operationId"] not in ENDING]
    assert len(chosen) > 15
    for name in chosen:
        options += ["--include-operation-id", name]
    run(noisy, tmp_path, CHECKS, *options)


def server_token(server: Server) -> str:
    answer = server.api("POST", "/api/v1/tokens", {"name": "schemathesis", "access": "write"})
    return str(answer.json()["secret"])
