"""Every way in which clients say the same: encodings, the older endpoint, where the key is, browsers."""

from __future__ import annotations

import gzip
import importlib
import json
import sqlite3
import time
import zlib
from typing import Any

import pytest

from server import Json, Server, envelope, new_id

SHOP = "https://shop.example"


def an_event(**members: Any) -> Json:
    return {"event_id": new_id(), "timestamp": time.time(), "platform": "python", "message": "m", **members}


def deflated(body: bytes, bits: int) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, bits)
    return packer.compress(body) + packer.flush()


def with_library(name: str, body: bytes) -> bytes:
    """Compressed by a library that Python does not bring."""
    library = pytest.importorskip({"br": "brotli", "zstd": "zstandard"}[name])
    return bytes(library.compress(body))


ENCODINGS: dict[str, Any] = {
    "identity": lambda body: body,
    "gzip": gzip.compress,
    "deflate": lambda body: deflated(body, 15),
    "deflate, bare": lambda body: deflated(body, -15),
    "br": lambda body: with_library("br", body),
    "zstd": lambda body: with_library("zstd", body),
}


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("path", ["envelope", "store"])
@pytest.mark.parametrize("slash", ["/", ""])
def test_encodings(server: Server, name: str, path: str, slash: str) -> None:
    """What was compressed reads as what was not, at both endpoints; the answer names the event."""
    event = an_event(extra={"notes": ["ä" * 100] * 20})
    plain = envelope(("event", event)) if path == "envelope" else json.dumps(event).encode()
    headers = {"content-encoding": name.split(",")[0]}
    answer = server.send(ENCODINGS[name](plain), path=f"/api/1/{path}{slash}", headers=headers)
    assert (answer.status, answer.json()) == (200, {"id": event["event_id"]})
    server.settle()
    found = server.find(event["event_id"])
    assert found and found["payload"]["extra"] == event["extra"]


def test_where_the_key_is(server: Server) -> None:
    """In a header, in Authorization, in the query, in the DSN of the envelope's header: all are the same."""
    key = server.key
    ways = [
        ({"x-sentry-auth": f"Sentry sentry_version=7, sentry_key={key}, sentry_client=x/1"}, "", {}),
        ({"authorization": f"Sentry sentry_key={key},sentry_version=7"}, "", {}),
        ({}, f"?sentry_version=7&sentry_key={key}&sentry_client=x", {}),
        ({}, "", {"dsn": server.dsn}),
    ]
    numbers = []
    for headers, query, header in ways:
        event = an_event()
        body = envelope(("event", event), **header)
        answer = server.request("POST", f"/api/1/envelope/{query}", body, headers)
        assert answer.status == 200, (headers, query, header, answer)
        numbers.append(event["event_id"])
    server.settle()
    assert all(server.find(number) for number in numbers)
    nobody = server.request("POST", "/api/1/envelope/", envelope(("event", an_event())))
    assert (nobody.status, nobody.json()["reason"]) == (401, "invalid_key")
    wrong = server.dsn.replace(key, "0" * 32)
    answer = server.request("POST", "/api/1/envelope/", envelope(("event", an_event()), dsn=wrong))
    assert (answer.status, answer.json()["reason"]) == (401, "invalid_key")


def test_the_key_only_ingests(server: Server) -> None:
    """With the DSN's key nothing is read, and nothing without any."""
    for path in ("/api/v1/projects", "/api/v1/projects/1/issues", "/metrics"):
        for headers in ({"x-sentry-auth": f"Sentry sentry_key={server.key}"}, {}):
            assert server.request("GET", path, headers=headers).status == 401, path
        assert server.api("GET", path).status == 200, path


def test_kinds_of_items(server: Server) -> None:
    """Client reports and counts are understood; sessions are taken; an envelope without an event has no id."""
    event = an_event(contexts={"faultwire": {"fingerprint": "ab" * 32}})
    report = {"timestamp": time.time(), "discarded_events": [{"reason": "q", "category": "error", "quantity": 3}]}
    counts = {"id": new_id(), "fingerprint": "ab" * 32, "count": 5, "first": time.time(), "last": time.time()}
    session = {"sid": new_id(), "started": "2026-01-01T00:00:00Z", "status": "ok", "init": True}
    items: list[tuple[str, Any]] = [
        ("event", event), ("client_report", report), ("faultwire_counts", counts), ("session", session),
    ]  # fmt: skip
    assert server.send(envelope(*items)).status == 200
    assert server.send(envelope(("faultwire_counts", counts))).status == 200
    answer = server.send(envelope(("client_report", report)))
    assert (answer.status, answer.json()) == (200, {})
    server.settle()
    (issue,) = server.issues()
    assert issue["raw"] == 6
    assert server.outcomes()["not_sent_by_clients"] == {"q": 6}


def test_counts_before_their_event_wait_for_it(server: Server) -> None:
    """They open no issue, and are shown as what belongs to none; when the event comes they are its."""
    mark = "cd" * 32
    counts = {"id": new_id(), "fingerprint": mark, "count": 7, "first": time.time(), "last": time.time()}
    for _ in range(2):
        assert server.send(envelope(("faultwire_counts", counts))).status == 200
    server.settle()
    assert server.issues() == []
    server.kill()
    server.start()
    assert server.outcomes()["not_counted"]["unattributed"] == 7
    (line,) = [line for line in server.outcomes()["last"] if line["reason"] == "unattributed"]
    assert line["quantity"] == 7 and mark in line["detail"]
    server.event(an_event(contexts={"faultwire": {"fingerprint": mark}}))
    server.settle()
    (issue,) = server.issues()
    assert issue["raw"] == 8
    assert "unattributed" not in server.outcomes()["not_counted"]
    assert not [line for line in server.outcomes()["last"] if line["reason"] == "unattributed"]
    assert sum(hour["raw"] for hour in server.issue(issue["id"])["details"]["hours"]) == 8


# Browsers.


def with_keys(server: Server) -> tuple[str, str]:
    """A browser key for the shop's pages, and a revoked one."""
    browser, revoked = new_id(), new_id()
    server.stop()
    with sqlite3.connect(server.data / "faultwire.db") as database:
        insert = "INSERT INTO keys (public, project, browser, origins, created, revoked) VALUES (?, 1, ?, ?, 0, ?)"
        database.execute(insert, (browser, 1, json.dumps([SHOP, "https://*.shop.example"]), None))
        database.execute(insert, (revoked, 0, "[]", 1))
    database.close()
    server.start()
    return browser, revoked


def test_browsers(server: Server) -> None:
    """A preflight is answered; the page's origin decides; the page may read the answer and its limits."""
    browser, revoked = with_keys(server)
    asked = {"origin": SHOP, "access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    preflight = server.request("OPTIONS", "/api/1/envelope/", headers=asked)
    assert preflight.status in (200, 204)
    assert preflight.headers["access-control-allow-origin"] in (SHOP, "*")
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "content-type" in preflight.headers["access-control-allow-headers"]
    for origin, status in [
        (SHOP, 200), ("https://www.shop.example", 200), ("https://evil.example", 403),
        ("https://shop.example.evil", 403), ("null", 403),
    ]:  # fmt: skip
        # As browsers send it: no header that needs a preflight.
        headers = {"origin": origin, "content-type": "text/plain;charset=UTF-8"}
        path = f"/api/1/envelope/?sentry_key={browser}&sentry_version=7"
        answer = server.request("POST", path, envelope(("event", an_event())), headers)
        assert answer.status == status, (origin, answer)
        assert answer.headers["access-control-allow-origin"] == origin
        assert "x-sentry-rate-limits" in answer.headers["access-control-expose-headers"]
        if status != 200:
            assert answer.json()["reason"] == "forbidden_origin"
    server.settle()
    assert sum(issue["raw"] for issue in server.issues()) == 2
    assert server.outcomes()["not_counted"]["forbidden_origin"] == 3
    answer = server.send(envelope(("event", an_event())), key=revoked)
    assert (answer.status, answer.json()["reason"]) == (401, "revoked_key")


def test_a_browser_key_is_trusted_less(server: Server) -> None:
    """Anyone may have it: no count items or sums of sessions, no weight or fingerprint of its own choice, a limit an
    address."""
    browser, _ = with_keys(server)
    counts = {"id": new_id(), "fingerprint": "ab" * 32, "count": 5, "first": time.time(), "last": time.time()}
    event = an_event(
        contexts={"error_sampling": {"client_sample_rate": 0.001}, "faultwire": {"fingerprint": "ab" * 32}}
    )
    sums = {"aggregates": [{"started": time.time(), "exited": 1000}], "attrs": {"release": "shop@1"}}
    answer = server.send(envelope(("event", event), ("faultwire_counts", counts), ("sessions", sums)), key=browser)
    assert answer.status == 200
    server.settle()
    (issue,) = server.issues()
    assert (issue["raw"], issue["estimated"]) == (1, 1)
    whole = server.issue(issue["id"])
    assert whole["details"]["patterns"][0]["fingerprint"] != "ab" * 32
    assert server.outcomes()["not_counted"]["forbidden_item"] == 2
    assert server.api("GET", "/api/v1/projects/1/releases").json()["items"] == []
    statuses = {server.send(envelope(("event", an_event())), key=browser).status for _ in range(700)}
    assert statuses == {200, 429}
    assert server.send(envelope(("event", an_event()))).status == 200, "a server's key has no such limit"


def test_both_libraries_are_there() -> None:
    """The encodings above are not all skipped: what the development needs has both."""
    for name in ("brotli", "zstandard"):
        importlib.import_module(name)
