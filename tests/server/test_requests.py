"""What the log says of requests."""

from __future__ import annotations

import json
from collections.abc import Callable

from server import Json, Server


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
