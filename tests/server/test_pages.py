"""The server's own pages, with content that wants to be more than text."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server import Json, Server, new_id

SCRIPT = "<script>alert(1)</script>"
BREAK = "\"' onmouseover='alert(2)' x=\""
LINK = "javascript:alert(3)"
IMAGE = "<img src=x onerror=alert(4)>"
#: What the pages are made of.
TAGS = {
    "a",
    "button",
    "dd",
    "div",
    "dl",
    "dt",
    "form",
    "h1",
    "h2",
    "input",
    "li",
    "main",
    "option",
    "p",
    "pre",
    "section",
}
TAGS |= {"select", "span", "table", "tbody", "td", "th", "thead", "time", "tr", "ul"}
CLASSES = {"", "faint", "number", "frame", "frame ours", "info", "low", "medium", "high", "critical"}
ATTRIBUTES = {"aria-label", "class", "href", "name", "placeholder", "role", "selected", "title", "type", "value"}


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


def shown(server: Server, place: str) -> Json:
    """What the page makes of a place."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    script = server.request("GET", "/issues.js").body
    command = [node, str(Path(__file__).with_name("page.mjs")), server.url, json.dumps(server.credentials), place]
    done = subprocess.run(command, input=script, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    page: Json = json.loads(done.stdout)
    return page


def elements(node: Any) -> Iterator[Json]:
    if isinstance(node, dict):
        yield node
        for child in node["children"]:
            yield from elements(child)


def texts(node: Any) -> str:
    return node if isinstance(node, str) else "".join(texts(child) for child in node["children"])


def test_what_events_say_is_text(server: Server) -> None:
    """Titles, places, tags, frames and releases are shown as they are; none becomes an element, a handler or a link."""
    server.event(hostile())
    server.settle()
    (issue,) = server.issues()
    for place in ["#/p/1", f"#/p/1/i/{issue['id']}", "#/p/1?query=%22%3E%3Cscript%3E"]:
        page = shown(server, place)
        assert page["failed"] == []
        for element in elements(page["main"]):
            assert element["tag"] in TAGS, element["tag"]
            assert set(element["attributes"]) <= ATTRIBUTES, element["attributes"]
            assert element["attributes"].get("href", "#").startswith("#"), element["attributes"]
            assert element["attributes"].get("class", "") in CLASSES, element["attributes"]
    listed, whole = texts(shown(server, "#/p/1")["main"]), texts(shown(server, f"#/p/1/i/{issue['id']}")["main"])
    assert SCRIPT in listed and BREAK in listed
    for text in [SCRIPT, BREAK, IMAGE, LINK]:
        assert text in whole, text


@pytest.mark.parametrize("path", ["/", "/issues.js", "/issues.css", "/setup", "/join", "/entrance.js"])
def test_pages_run_nothing_but_their_own(server: Server, path: str) -> None:
    """Even if a text became markup: browsers are told to run nothing but the page's own files, in nobody's frame."""
    headers = server.request("GET", path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["script-src"] == "'self'"
    assert policy["base-uri"] == "'none'" and policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"


def test_answers_are_no_pages(server: Server) -> None:
    """What the API answers is never taken for a page, whatever stands in it."""
    server.event(hostile())
    server.settle()
    for path in ["/api/v1/projects/1/issues", "/api/v1/projects/1/issues/x" + SCRIPT, "/api/v1/projects/1/feed"]:
        answer = server.api("GET", path.replace("<", "%3C").replace(">", "%3E"))
        assert answer.headers["content-type"] == "application/json", path
