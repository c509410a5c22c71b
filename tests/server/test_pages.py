"""What browsers are told of pages and of answers, with content that wants to be more than text."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from server import Json, Server, find_binary, new_id

SCRIPT = "<script>alert(1)</script>"
BREAK = "\"' onmouseover='alert(2)' x=\""
LINK = "javascript:alert(3)"
IMAGE = "<img src=x onerror=alert(4)>"


def hostile() -> Json:
    frame = {"function": SCRIPT, "filename": LINK, "lineno": 1, "in_app": True, "context_line": IMAGE}
    return {
        "event_id": new_id(),
        "timestamp": time.time(),
        "platform": "python",
        "transaction": BREAK,
        "release": IMAGE,
        "environment": BREAK,
        "tags": {"note": LINK, "other": SCRIPT},
        "exception": {"values": [{"type": SCRIPT, "value": BREAK + IMAGE, "stacktrace": {"frames": [frame]}}]},
    }


@pytest.mark.parametrize("path", ["/", "/setup", "/join", "/projects/1/issues/1"])
def test_pages_run_nothing_but_their_own(server: Server, path: str) -> None:
    """Even if a text became markup: browsers are told to run nothing but the page's own files, in nobody's frame."""
    headers = server.request("GET", path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["base-uri"] == "'self'" and policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"


def test_answers_are_no_pages(server: Server) -> None:
    """What the API answers is never taken for a page, whatever stands in it."""
    server.event(hostile())
    server.settle()
    for path in ["/api/v1/projects/1/issues", "/api/v1/projects/1/issues/x" + SCRIPT, "/api/v1/projects/1/feed"]:
        answer = server.api("GET", path.replace("<", "%3C").replace(">", "%3E"))
        assert answer.headers["content-type"] == "application/json", path


def test_the_binary_is_small(tmp_path: Path) -> None:
    """With all pages in it, and without what only debuggers read."""
    strip = shutil.which("strip")
    if strip is None or find_binary().parent.name == "debug":
        pytest.skip("needs strip, and a release build")
    stripped = tmp_path / "stripped"
    subprocess.run([strip, "-o", str(stripped), str(find_binary())], check=True)
    assert b"<!doctype html>" in stripped.read_bytes(), "the pages are in it"
    assert stripped.stat().st_size <= 30_000_000
