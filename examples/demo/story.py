"""What happens after the comparison: more apps fail, an issue is resolved and comes back, and someone is told."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from apps import LOOKING_UP, SHOPPING, fastapi, fastify, flask, run_programs, running

from server import Json, Server, wait_until

__all__ = ["Pager", "Told", "arrived", "events", "project", "tell"]


class Pager:
    """A receiver of webhooks: whoever is on call."""

    def __init__(self) -> None:
        #: What it was told: an alert each.
        self.alerts: list[Json] = []
        pager = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                pager.alerts += json.loads(body)["alerts"]
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> "Pager":
        threading.Thread(target=self._server.serve_forever, name="pager", daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()


#: What the scripts capture; a group of errors is only there from Python 3.11 on.
NIGHTLY = 13 if sys.version_info >= (3, 11) else 12


class Told(NamedTuple):
    """What came of it."""

    #: Payloads of all events that were not compared.
    events: list[Json]
    issues: int


def _made(server: Server, path: str, **body: Any) -> Json:
    answer = server.api("POST", path, body)
    if answer.status != 201:
        raise SystemExit(f"POST {path}: {answer.status} {answer.body.decode(errors='replace')}")
    made: Json = answer.json()
    return made


def project(server: Server, name: str) -> tuple[int, str]:
    """A new project: its number and DSN."""
    made = _made(server, "/api/v1/projects", name=name, slug=name.lower())
    return made["project"]["id"], made["keys"][0]["dsn"]


def _page(server: Server, project: int, pager: Pager) -> None:
    """Whoever is on call hears of what is new and of what came back."""
    channel = _made(
        server,
        f"/api/v1/projects/{project}/channels",
        name="On call",
        kind="webhook",
        url=pager.url,
        secret="a secret of the demo",
    )
    rule = {"name": "New or back", "triggers": ["new", "regressed", "spike"], "channels": [channel["id"]]}
    answer = server.api("PUT", f"/api/v1/projects/{project}/rules", {"items": [rule]})
    if answer.status != 200:
        raise SystemExit(f"the rule was refused: {answer.body.decode(errors='replace')}")


def events(server: Server, project: int) -> set[str]:
    """The ids of all events of a project."""
    path = f"/api/v1/projects/{project}/issues"
    lists = (server.pages(f"{path}/{issue['id']}/occurrences") for issue in server.pages(path))
    return {occurrence["event_id"] for list in lists for occurrence in list}


def arrived(server: Server, project: int, count: int) -> None:
    """Waits for as many events, and looks whether more come."""
    wait_until(lambda: len(events(server, project)) >= count, what=f"{count} events of project {project}")
    server.settle()
    if len(events(server, project)) != count:
        raise SystemExit(f"{len(events(server, project))} events arrived in project {project}, not {count}")


def tell(server: Server, pager: Pager) -> Told:
    """The story."""
    shop = 1
    server.api("PATCH", f"/api/v1/projects/{shop}", {"name": "Shop"})
    server.post(f"/api/v1/projects/{shop}/deploys", release="shop@1.4.2")
    _page(server, shop, pager)
    compared = events(server, shop)

    accounts, dsn = project(server, "Accounts")
    _page(server, accounts, pager)
    with running(flask(dsn), fastify(dsn)) as apps:
        for request in LOOKING_UP:
            for app in apps:
                app.ask(request)
        arrived(server, accounts, sum(request.fails for request in LOOKING_UP) * len(apps))
    nightly, dsn = project(server, "Nightly")
    run_programs(dsn)
    arrived(server, nightly, NIGHTLY)

    # Someone says that it is mended, and it is not.
    by_place = {(issue["culprit"], issue["platform"]): issue["id"] for issue in server.issues()}
    order = next(number for (place, platform), number in by_place.items() if platform == "python" and "order" in place)
    server.move(order, "resolve")
    again = [request for request in SHOPPING if request.path.startswith("/orders/")]
    with running(fastapi(server.dsn)) as (app,):
        for request in again:
            app.ask(request)
        arrived(server, shop, len(compared) + len(again))
    heard = lambda: any(alert["event"] == "regressed" and alert["issue"] == order for alert in pager.alerts)  # noqa: E731
    wait_until(heard, what="whoever is on call to hear that it is back")
    rest = [number for number in by_place.values() if number != order]
    server.move(rest[0], "acknowledge")
    server.move(rest[-1], "ignore_until_next_release")

    numbers = {project: events(server, project) - compared for project in (shop, accounts, nightly)}
    paths = [f"/api/v1/projects/{project}/events/{number}" for project, own in numbers.items() for number in own]
    issues = sum(len(list(server.pages(f"/api/v1/projects/{project}/issues"))) for project in (accounts, nightly))
    return Told([server.get(path)["payload"] for path in paths], issues)
