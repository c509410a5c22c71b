"""What the server says of itself: a line a request, and metrics."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable

from server import Json, Server, envelope, wait_until


def lines(server: Server) -> list[Json]:
    found = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    return [line for line in found if line.get("message") == "request"]


def test_each_request_has_a_line(serve: Callable[..., Server]) -> None:
    """Method, route, status and time under the id that was answered; nothing of query, path and headers, where secrets
    are."""
    server = serve()
    secret = "s3cr3t-in-the-query"
    answer = server.api("GET", f"/api/v1/projects/1/issues?user={secret}")
    refused = server.request("GET", f"/api/v1/projects/1/events/{secret}", headers={"x-request-id": "mine-1"})
    nowhere = server.request("GET", f"/{secret}")
    by_id = {line["request_id"]: line for line in lines(server)}
    line = by_id[answer.headers["x-request-id"]]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/api/v1/projects/{project}/issues", 200)
    assert 0 < line["seconds"] < 30 and line["level"] == "INFO"
    assert by_id["mine-1"]["status"] == refused.status == 401
    assert by_id[nowhere.headers["x-request-id"]]["route"] == "none"
    assert secret not in server.log.read_text()
    # Probes and what is ingested are in the metrics; thousands of lines a second would say no more.
    assert not any(line["route"] in {"/readyz", "/healthz"} for line in by_id.values())


def test_every_line_is_json(serve: Callable[..., Server]) -> None:
    """Whatever is logged, at its most talkative, with events that would break lines; their content is in none."""
    server = serve("--log", "trace,hyper=info,h2=info")
    secret = "c0ntent-of-an-event"
    server.event({"message": f'{secret}\n{{"level": "ERROR"}}', "extra": {secret: secret}})
    server.send(envelope(("event", f'{{"message": "{secret}'.encode())))
    server.send(envelope(("event", f'{{"exception": "{secret}"}}'.encode())))
    server.settle()
    assert server.stop() == 0
    found = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert len(found) > 5
    for line in found:
        assert line["level"] in {"TRACE", "DEBUG", "INFO", "WARN", "ERROR"} and line["timestamp"] and line["target"]
    assert secret not in server.log.read_text()


def test_what_is_measured(serve: Callable[..., Server]) -> None:
    """Each thing that whoever runs a server has to know moves as it happens, and is what happened."""
    server = serve("--webhook-allow", "127.0.0.1", "--alert-digest-seconds", "0")
    # Nobody listens there.
    hook = {"kind": "webhook", "name": "hook", "url": "http://127.0.0.1:9/", "secret": "0123456789abcdef"}
    assert server.api("POST", "/api/v1/projects/1/channels", hook).status == 201
    before = server.metrics()
    for n in range(10):
        server.event({"message": f"m{n}", "logger": f"l{n}"})
    server.send(b"nonsense")
    server.settle()
    stream = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    stream.request("GET", "/api/v1/projects/1/stream", headers=server.credentials)
    assert stream.getresponse().status == 200

    def grew(start: str) -> float:
        now = server.metrics()
        return sum(value - before.get(name, 0) for name, value in now.items() if name.startswith(start))

    # The marker of `settle` is accepted, and an outcome.
    assert grew("faultwire_ingest_accepted_total") == 11
    assert grew('faultwire_ingest_refused_total{reason="invalid_envelope"}') == 1
    assert grew("faultwire_ingest_seconds_count") == 12
    assert grew("faultwire_consume_counted_total") == 10
    assert grew('faultwire_outcomes_total{reason="invalid_event"}') == 1
    # Of records: the ten and the marker.
    assert grew("faultwire_consume_lag_seconds_count") == 11
    assert 0 < grew("faultwire_consume_lag_seconds_sum") < 11 * 10
    assert 1 <= grew("faultwire_consume_batch_seconds_count") <= 11
    assert server.metrics()["faultwire_live_streams"] == 1
    stream.close()
    for task in ("log-commit", "store", "consume"):
        assert grew(f'faultwire_task_seconds_count{{task="{task}",result="ok"}}') > 0, task
    wait_until(lambda: grew("faultwire_alert_seconds_count") > 0, what="an attempt to send")
    assert any('channel="webhook"' in name for name in server.metrics() if "alert_seconds_count" in name)
    assert server.metrics()["faultwire_log_bytes"] > 0
    # A reader who left is noticed when there is something to tell.
    deadline = time.monotonic() + 30
    while server.metrics()["faultwire_live_streams"] and time.monotonic() < deadline:
        server.event({"message": "m", "logger": "l"})
        time.sleep(0.2)
    assert server.metrics()["faultwire_live_streams"] == 0
