"""The life of an issue over HTTP: from new to resolved and back, ignored, merged."""

from __future__ import annotations

import time
from typing import Any

import pytest

from server import Json, Server


def occurs(server: Server, name: str = "fault", **more: Any) -> Json:
    """One occurrence of the fault; its issue afterwards."""
    number = server.event({"message": f"{name} happened", "logger": name, **more})
    server.settle()
    found = server.find(number)
    assert found
    return server.issue(found["issue"])


def status(issue: Json) -> str:
    return str(issue["status"]["status"])


def told(issue: Json) -> list[str]:
    """What happened to the issue, the oldest first."""
    return [entry["event"] for entry in reversed(issue["details"]["history"])]


def test_new_resolved_regressed(server: Server) -> None:
    """It opens, is resolved, occurs again and is regressed; what happened before it was resolved changes nothing."""
    issue = occurs(server)
    assert (status(issue), told(issue)) == ("unresolved", ["new"])
    before = time.time() - 0.001
    assert status(server.move(issue["id"], "resolve")) == "resolved"
    assert server.issues(status="resolved")[0]["id"] == issue["id"]
    late = occurs(server, timestamp=before)
    assert (status(late), late["raw"]) == ("resolved", 2)
    back = occurs(server)
    assert (status(back), back["raw"]) == ("regressed", 3)
    assert told(back) == ["new", "changed", "regressed"]
    again = occurs(server)
    assert told(again) == told(back), "told once"


def test_resolved_in_a_release(server: Server) -> None:
    """Older releases are still out there: their events count and do not reopen it; that release's and later ones do."""
    issue = occurs(server, release="shop@1.0.0")
    server.move(issue["id"], "resolve_in_release", release="shop@1.2.0")
    for release in ("shop@1.0.0", "shop@1.1.9", "shop@1.2.0-rc.1"):
        assert status(occurs(server, release=release)) == "resolved", release
    back = occurs(server, release="shop@1.10.0")
    assert (status(back), back["raw"]) == ("regressed", 5)


def test_resolved_in_the_next_release(server: Server) -> None:
    """Next is later than the newest at that moment, by version and not by when it came."""
    occurs(server, release="shop@2.0.0")
    issue = occurs(server, release="shop@1.0.0")
    server.move(issue["id"], "resolve_in_next_release")
    for release in ("shop@1.0.0", "shop@2.0.0", "shop@1.9.9"):
        assert status(occurs(server, release=release)) == "resolved", release
    assert status(occurs(server, release="shop@2.0.1")) == "regressed"


def test_releases_that_are_no_versions_go_by_their_deploys(server: Server) -> None:
    """Commit hashes: what was deployed later is later."""
    now = int(time.time() * 1000)
    for number, release in enumerate(["f00dbabe", "0ddba11", "decade5"]):
        server.post("/api/v1/projects/1/deploys", release=release, time=now - 10_000 + number * 1000)
    issue = occurs(server, release="0ddba11")
    server.move(issue["id"], "resolve_in_release", release="0ddba11")
    assert status(occurs(server, release="f00dbabe")) == "resolved"
    assert status(occurs(server, release="decade5")) == "regressed"


def test_ignored_for_good(server: Server) -> None:
    issue = occurs(server)
    server.move(issue["id"], "ignore")
    for _ in range(20):
        server.event({"message": "fault happened", "logger": "fault", "release": "shop@9.0.0"})
    silent = occurs(server)
    assert (status(silent), silent["raw"]) == ("ignored", 22)
    assert told(silent) == ["new", "changed"]


def test_ignored_until_the_next_release(server: Server) -> None:
    issue = occurs(server, release="shop@1.0.0")
    server.move(issue["id"], "ignore_until_next_release")
    assert status(occurs(server, release="shop@1.0.0")) == "ignored"
    assert status(occurs(server)) == "ignored"
    back = occurs(server, release="shop@1.0.1")
    assert (status(back), told(back)[-1]) == ("unresolved", "unignored")


def test_ignored_until_so_many_more(server: Server) -> None:
    issue = occurs(server)
    server.move(issue["id"], "ignore_until_count", count=5)
    statuses = [status(occurs(server)) for _ in range(6)]
    assert statuses == ["ignored"] * 4 + ["unresolved"] * 2


def test_ignored_until_a_time(server: Server) -> None:
    issue = occurs(server)
    until = time.time() + 1.5
    server.move(issue["id"], "ignore_until_time", time=int(until * 1000))
    assert status(occurs(server)) == "ignored"
    while time.time() < until + 0.05:
        time.sleep(0.05)
    assert status(occurs(server, timestamp=until - 0.5)) == "ignored", "one from before that time"
    assert status(occurs(server)) == "unresolved"


def test_acknowledged_and_opened_by_hand(server: Server) -> None:
    issue = occurs(server)
    server.move(issue["id"], "acknowledge")
    assert status(occurs(server)) == "acknowledged"
    assert status(server.move(issue["id"], "reopen")) == "unresolved"


def test_merged_issues_stay_merged(server: Server) -> None:
    """One list entry with the counts of both, also for later events; the target's status wins; undone, each has its
    own again, with what came meanwhile."""
    one, two = occurs(server, "one"), occurs(server, "two")
    server.event({"message": "two happened", "logger": "two"})
    server.settle()
    server.move(one["id"], "acknowledge")
    merged = server.move(one["id"], "merge", issues=[two["id"]])
    assert (merged["raw"], status(merged)) == (3, "acknowledged")
    assert [issue["id"] for issue in server.issues()] == [one["id"]]
    later = occurs(server, "two")
    assert (later["id"], later["raw"], status(later)) == (one["id"], 4, "acknowledged")
    assert len(server.occurrences(one["id"])) == 4
    server.kill()
    server.start()
    assert occurs(server, "two")["id"] == one["id"], "also after a start"
    back = server.move(one["id"], "unmerge")
    assert back["raw"] == 1
    other = server.issue(two["id"])
    assert other["raw"] == 4
    assert occurs(server, "two")["id"] == two["id"]
    assert sorted((issue["id"], issue["raw"]) for issue in server.issues()) == [(one["id"], 1), (two["id"], 5)]


def test_merging_what_cannot_be(server: Server) -> None:
    one = occurs(server)
    for issues in ([one["id"]], [999]):
        answer = server.api("POST", f"/api/v1/projects/1/issues/{one['id']}", {"move": "merge", "issues": issues})
        assert (answer.status, answer.json()["reason"]) == (400, "invalid")


def test_two_people_at_once(server: Server) -> None:
    """The second one's change is refused with the issue as it is now; the tag of that lets it pass."""
    path = f"/api/v1/projects/1/issues/{occurs(server)['id']}"
    tag = server.api("GET", path).headers["etag"]
    first = server.api("POST", path, {"move": "acknowledge"}, {"if-match": tag})
    assert first.status == 200 and first.headers["etag"] != tag
    second = server.api("POST", path, {"move": "ignore"}, {"if-match": tag})
    assert (second.status, second.json()["reason"]) == (412, "stale")
    assert status(second.json()["current"]) == "acknowledged"
    assert status(server.get(path)["issue"]) == "acknowledged"
    assert server.api("POST", path, {"move": "ignore"}, {"if-match": first.headers["etag"]}).status == 200
    # Occurrences are no changes of people.
    tag = server.api("GET", path).headers["etag"]
    occurs(server)
    assert server.api("POST", path, {"move": "reopen"}, {"if-match": tag}).status == 200


@pytest.mark.parametrize(
    "body",
    [{}, {"move": "explode"}, {"move": "ignore_until_count", "count": -1}, {"move": 7}],
)
def test_moves_that_are_none(server: Server, body: Json) -> None:
    """4xx with a reason, and nothing changed."""
    issue = occurs(server)
    answer = server.api("POST", f"/api/v1/projects/1/issues/{issue['id']}", body)
    assert 400 <= answer.status < 500
    assert server.issue(issue["id"])["version"] == issue["version"]


def test_what_was_done_survives_a_kill(server: Server) -> None:
    """A change is on disk before it is answered."""
    issue = occurs(server)
    server.move(issue["id"], "resolve_in_release", release="shop@3.0.0")
    server.kill()
    server.start()
    assert server.issue(issue["id"])["status"]["status"] == "resolved"
    assert told(server.issue(issue["id"])) == ["new", "changed"]
