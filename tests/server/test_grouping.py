"""What is one fault and what are two: by what is sent to the server and what it lists."""

from __future__ import annotations

import random
from typing import Any

import pytest

from server import Json, Server, new_id

Frames = list[Json]


def frame(function: str, module: str = "shop.cart", line: int = 10, **more: Any) -> Json:
    path = module.replace(".", "/") + ".py"
    return {
        "function": function, "module": module, "filename": path, "abs_path": f"/srv/app/{path}", "lineno": line,
        "in_app": True, **more,
    }  # fmt: skip


def error(kind: str, value: str, frames: Frames, **more: Any) -> Json:
    return {"exception": {"values": [{"type": kind, "value": value, "stacktrace": {"frames": frames}}]}, **more}


def noise(pick: random.Random) -> str:
    """What differs from one message of a fault to the next."""
    return (
        f"order {pick.randrange(10**9)} of user{pick.randrange(10**6)}@example.com at 0x{pick.randrange(2**48):012x} "
        f"from 10.{pick.randrange(256)}.{pick.randrange(256)}.7 in {pick.random():.3f} s, "
        f"request {pick.randbytes(16).hex()}, /tmp/upload-{pick.randrange(10**6)}/file.csv"
    )


def test_fifty_faults_with_noisy_messages_are_fifty_issues(server: Server) -> None:
    """Twenty occurrences of each, no two messages alike: fifty issues of twenty."""
    pick = random.Random(7)
    events = [(fault, n) for fault in range(50) for n in range(20)]
    pick.shuffle(events)
    for fault, _ in events:
        # Ten functions, each with five ways to fail.
        frames = [frame("main", "shop.main"), frame(f"step_{fault // 5}", "shop.steps", pick.randrange(1, 900))]
        kind = ["KeyError", "ValueError", "TypeError", "TimeoutError", "shop.errors.OutOfStock"][fault % 5]
        server.event(error(kind, noise(pick), frames))
    server.settle()
    issues = server.issues()
    assert sorted(issue["raw"] for issue in issues) == [20] * 50
    assert {issue["culprit"] for issue in issues} == {f"shop.steps in step_{n}" for n in range(10)}


def test_fifty_noisy_messages_without_a_stack_are_fifty_issues(server: Server) -> None:
    """Log messages: what is left of them when the noise is gone tells them apart."""
    pick = random.Random(8)
    words = ["payment", "refund", "invoice", "cart", "stock", "session", "upload", "mail", "search", "login"]
    verbs = ["failed", "stalled", "rejected", "expired", "overflowed"]
    for word in words:
        for verb in verbs:
            for _ in range(5):
                server.event({"message": f"{word} {verb}: {noise(pick)}", "logger": "shop"})
    server.settle()
    assert sorted(issue["raw"] for issue in server.issues()) == [5] * 50


LIBRARY = frame("get", "requests.sessions", in_app=False, abs_path="/usr/lib/python3/site-packages/requests/s.py")
BASE = [frame("main", "shop.main", 5), frame("pay", "shop.pay", 31), frame("charge", "shop.bank", 77)]
#: name -> the same fault, seen otherwise.
SAME: dict[str, Json] = {
    "line numbers": error("KeyError", "'sku'", [{**f, "lineno": f["lineno"] + 9} for f in BASE]),
    "addresses": error("KeyError", "'sku'", [{**f, "instruction_addr": hex(random.getrandbits(47))} for f in BASE]),
    "deploy path": error(
        "KeyError", "'sku'", [{**f, "abs_path": f["abs_path"].replace("/srv/app", "/releases/20260105")} for f in BASE]
    ),
    "local variables": error("KeyError", "'sku'", [{**f, "vars": {"a": new_id()}} for f in BASE]),
    "tenant": error("KeyError", "'sku'", BASE, tags={"tenant": "t9"}, server_name="web-77", user={"id": "9"}),
    "message": error("KeyError", "'sku-7781'", BASE),
    "library frames": error("KeyError", "'sku'", [BASE[0], LIBRARY, *BASE[1:]]),
    "release": error("KeyError", "'sku'", BASE, release="shop@9.9.9", environment="staging"),
}


@pytest.fixture(scope="module")
def base():
    with Server() as server:
        server.event(error("KeyError", "'sku'", BASE))
        server.settle()
        yield server


@pytest.mark.parametrize("name", SAME)
def test_the_same_fault_seen_otherwise_is_one_issue(base: Server, name: str) -> None:
    first = base.issues()[-1]
    number = base.event(SAME[name])
    base.settle()
    found = base.find(number)
    assert found and found["issue"] == first["id"], [issue["title"] for issue in base.issues()]


@pytest.mark.parametrize("depth", [2, 3, 50, 400])
def test_recursion_of_any_depth_is_one_issue(base: Server, depth: int) -> None:
    walk = [frame("walk", "shop.tree", 12), frame("child", "shop.tree", 19)]
    number = base.event(error("RecursionError", "too deep", [BASE[0], *walk * depth]))
    shallow = base.event(error("RecursionError", "too deep", [BASE[0], *walk * 2]))
    base.settle()
    one, other = base.find(number), base.find(shallow)
    assert one and other and one["issue"] == other["issue"]


#: name -> faults that share something with the base and are another.
OTHER: dict[str, Json] = {
    "type": error("ValueError", "'sku'", BASE),
    "place": error("KeyError", "'sku'", [*BASE[:2], frame("refund", "shop.bank", 77)]),
    "code": error("KeyError", "'sku'", [frame("worker", "jobs.main"), frame("mail", "jobs.mail")]),
    "no stack": error("KeyError", "'sku'", []),
}


def test_other_faults_are_other_issues(base: Server) -> None:
    """The same message from entirely other code is another issue."""
    numbers = [base.event(event) for event in [error("KeyError", "'sku'", BASE), *OTHER.values()]]
    base.settle()
    found = [base.find(number) for number in numbers]
    assert len({one["issue"] for one in found if one}) == len(OTHER) + 1


def test_an_event_names_its_fault(server: Server) -> None:
    """Its own `fingerprint` groups what the stack would not; `{{ default }}` splits by what is beside it."""

    def issue_of(fingerprint: list[str], place: str) -> int:
        number = server.event(error("E", "m", [frame(place)], fingerprint=fingerprint))
        server.settle()
        found = server.find(number)
        assert found
        return int(found["issue"])

    assert issue_of(["database is down"], "one") == issue_of(["database is down"], "two")
    assert issue_of(["database is down"], "one") != issue_of(["database is up"], "one")
    plain = issue_of([], "one")
    assert issue_of(["{{ default }}"], "one") == plain
    acme, other = issue_of(["{{ default }}", "acme"], "one"), issue_of(["{{ default }}", "other"], "one")
    assert len({plain, acme, other}) == 3
    assert issue_of(["{{ default }}", "acme"], "one") == acme
    assert issue_of(["{{ default }}", "acme"], "two") != acme
    assert issue_of(["ab", "c"], "one") != issue_of(["a", "bc"], "one")


def test_minified_bundles_without_maps(server: Server) -> None:
    """Rebuilt with another hash in its name and other columns: one issue."""
    for build, column in [("a81f3c9d", 18833), ("77be01aa", 20412)]:
        frames = [
            {"function": name, "filename": f"https://shop.example/static/main.{build}.js", "lineno": 1,
             "abs_path": f"https://shop.example/static/main.{build}.js", "colno": column + n, "in_app": True}
            for n, name in enumerate(["t", "n.render"])
        ]  # fmt: skip
        server.event(error("TypeError", "Cannot read properties of undefined", frames, platform="javascript"))
    server.settle()
    (issue,) = server.issues()
    assert issue["raw"] == 2


def test_counts_are_weighted(server: Server) -> None:
    """One of four was sent: the raw count is what came, the estimate what happened; a weight is at most 1000."""
    sampled = {"contexts": {"error_sampling": {"client_sample_rate": 0.25}}, "logger": "a"}
    for n in range(10):
        server.event({"message": f"sampled {n}", **sampled})
    server.event({"message": "not sampled 1", "logger": "b"})
    server.event({"message": "boast", "contexts": {"error_sampling": {"client_sample_rate": 1e-9}}, "logger": "c"})
    for rate in (0, -1, "x", None, 7):
        server.event(
            {"message": "nonsense", "contexts": {"error_sampling": {"client_sample_rate": rate}}, "logger": "d"}
        )
    server.settle()
    found = {issue["title"]: (issue["raw"], issue["estimated"]) for issue in server.issues()}
    assert sorted(found.values()) == [(1, 1), (1, 1000), (5, 5), (10, 40)], found


def test_people_customers_and_sessions_are_told_apart(server: Server) -> None:
    """Each counts once, however often they were hit; exact while they are few."""
    for n in range(60):
        server.event(
            {
                "message": "hit",
                "user": {"id": f"u{n % 12}", "email": f"x{n}@example.com"},
                "tags": {"customer": f"c{n % 3}"},
                "contexts": {"faultwire": {"session": f"s{n % 20}"}},
            }
        )
    server.settle()
    (issue,) = server.issues()
    assert issue["impact"] == {"users": 12, "sessions": 20, "customers": 3}
