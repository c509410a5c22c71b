"""Bad input: a precise status and reason before the 200, an outcome under the event's id after it; and others go on."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import select
import socket
import statistics
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from server import Server, envelope, new_id, wait_until

#: Seconds within which good traffic is answered while bad input comes: far above what it takes (a few ms), far below
#: what any of the limits that bad input runs into would make of it.
CLASS = 0.5
#: Bytes of memory that the server never exceeds meanwhile: what it takes with three large requests at once, far below
#: what one of the bombs would make of it.
MEMORY = 400 << 20


def an_event(**members: Any) -> dict[str, Any]:
    return {"event_id": new_id(), "timestamp": time.time(), "platform": "python", **members}


def peak(server: Server) -> int:
    """The most memory that the server has had, in bytes."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) << 10  # type: ignore[index]


def refused(server: Server, reason: str) -> float:
    return server.metrics().get(f'faultwire_ingest_refused_total{{reason="{reason}"}}', 0)


def nested(depth: int) -> bytes:
    return b'{"event_id": "' + new_id().encode() + b'", "extra": {"a": ' + b"[" * depth + b"]" * depth + b"}}"


def bomb(size: int, bits: int = 31) -> bytes:
    """Gzip, or another form by zlib's `bits`, of `size` spaces, made in pieces."""
    packer = zlib.compressobj(9, zlib.DEFLATED, bits)
    piece = b" " * (1 << 20)
    return b"".join(packer.compress(piece) for _ in range(size >> 20)) + packer.flush()


def library_bomb(name: str) -> bytes:
    """Two hundred megabytes of spaces, in a few hundred bytes."""
    library = pytest.importorskip({"br": "brotli", "zstd": "zstandard"}[name])
    return bytes(library.compress(b" " * (200 << 20)))


#: A frame of zstd whose header asks for a window of 2 GB, and a block of it that repeats one byte.
WIDE = b"\x28\xb5\x2f\xfd" + b"\x00" + bytes([21 << 3]) + (1 | 1 << 1 | 100 << 3).to_bytes(3, "little") + b" "
EVENT = ("event", {"message": "m"})
#: name -> (body, headers, status, reason): what is refused before the 200.
REFUSED: dict[str, tuple[bytes | Callable[[], bytes], dict[str, str], int, str]] = {
    "no envelope": (b"hello", {}, 400, "invalid_envelope"),
    "nothing": (b"", {}, 400, "invalid_envelope"),
    "header is a list": (b"[]\n", {}, 400, "invalid_envelope"),
    "item header is no JSON": (b"{}\n{nope\n{}\n", {}, 400, "invalid_envelope"),
    "item without a type": (b'{}\n{"length": 2}\n{}\n', {}, 400, "invalid_envelope"),
    "length beyond the end": (b'{}\n{"type":"event","length":99}\n{}\n', {}, 400, "invalid_envelope"),
    "length too short": (b'{}\n{"type":"event","length":1}\n{}\n', {}, 400, "invalid_envelope"),
    "length below zero": (b'{}\n{"type":"event","length":-1}\n{}\n', {}, 400, "invalid_envelope"),
    "length that overflows": (b'{}\n{"type":"event","length":18446744073709551615}\n{}', {}, 400, "invalid_envelope"),
    "event is no JSON": (envelope(("event", b"{nope")), {}, 400, "invalid_json"),
    "event is a list": (envelope(("event", b"[]")), {}, 400, "invalid_json"),
    "event is cut": (envelope(("event", b'{"message": "half')), {}, 400, "invalid_json"),
    "invalid UTF-8": (envelope(("event", b'{"message": "\xff\xfe"}')), {}, 400, "invalid_json"),
    "half a surrogate in UTF-8": (envelope(("event", b'{"message": "\xed\xa0\x80"}')), {}, 400, "invalid_json"),
    "deep JSON": (envelope(("event", nested(100_000))), {}, 400, "invalid_json"),
    "deep envelope header": (b'{"trace":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", {}, 400, "invalid_envelope"),
    "event too large": (lambda: envelope(("event", {"m": "x" * (1 << 20)})), {}, 413, "too_large"),
    "a million tags": (
        lambda: envelope(("event", {"tags": {f"tag{n}": "v" for n in range(1_000_000)}})), {}, 413, "too_large",
    ),
    "client report too large": (
        envelope(("client_report", {"discarded_events": [], "x": "y" * (64 << 10)})), {}, 413, "too_large",
    ),
    "session is a list": (envelope(("session", b"[]")), {}, 400, "invalid_json"),
    "too many items": (envelope(*[EVENT] * 101), {}, 413, "too_many_items"),
    "body too large": (b" " * ((20 << 20) + 1), {}, 413, "too_large"),
    "zip bomb": (lambda: bomb(1 << 30), {"content-encoding": "gzip"}, 413, "too_large"),
    "zip bomb in deflate": (lambda: bomb(1 << 30, 15), {"content-encoding": "deflate"}, 413, "too_large"),
    "zip bomb in bare deflate": (lambda: bomb(1 << 30, -15), {"content-encoding": "deflate"}, 413, "too_large"),
    "zip bomb in br": (lambda: library_bomb("br"), {"content-encoding": "br"}, 413, "too_large"),
    "zip bomb in zstd": (lambda: library_bomb("zstd"), {"content-encoding": "zstd"}, 413, "too_large"),
    "a thousand times as large, within the limit": (
        lambda: bomb(15 << 20), {"content-encoding": "gzip"}, 413, "too_large",
    ),
    "bomb within a bomb": (lambda: gzip.compress(bomb(1 << 30)), {"content-encoding": "gzip"}, 400, "invalid_envelope"),
    "a window of 2 GB in zstd": (lambda: WIDE, {"content-encoding": "zstd"}, 400, "invalid_encoding"),
    "nothing in br": (b"", {"content-encoding": "br"}, 400, "invalid_encoding"),
    "gzip that is none": (envelope(EVENT), {"content-encoding": "gzip"}, 400, "invalid_encoding"),
    "gzip that is cut": (gzip.compress(envelope(EVENT))[:-9], {"content-encoding": "gzip"}, 400, "invalid_encoding"),
    "zstd that is none": (envelope(EVENT), {"content-encoding": "zstd"}, 400, "invalid_encoding"),
    "unknown encoding": (envelope(EVENT), {"content-encoding": "lzma"}, 400, "invalid_encoding"),
    "two encodings": (envelope(EVENT), {"content-encoding": "gzip, br"}, 400, "invalid_encoding"),
    "wrong key": (envelope(EVENT), {"x-sentry-auth": f"Sentry sentry_key={'0' * 32}"}, 401, "invalid_key"),
    "no key": (envelope(EVENT), {"x-sentry-auth": ""}, 401, "invalid_key"),
}  # fmt: skip


@pytest.fixture(scope="module")
def one() -> Iterator[Server]:
    """One server for all cases: none of them may disturb the next."""
    with Server() as server:
        yield server


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_a_reason(one: Server, name: str) -> None:
    """Status and reason say what is wrong; the metrics count it; the next event is fine."""
    body, headers, status, reason = REFUSED[name]
    before = refused(one, reason)
    answer = one.send(body() if callable(body) else body, headers=headers)
    said = answer.json()
    assert (answer.status, said["reason"]) == (status, reason), said
    assert said["detail"]
    assert refused(one, reason) == before + 1
    number = one.event({"message": "good"})
    one.settle()
    assert one.find(number)


def test_another_project(one: Server) -> None:
    """One that is not there, and one that the key is not of; with its own key that takes it."""
    made = one.api("POST", "/api/v1/projects", {"name": "Other"}).json()
    number, key = made["project"]["id"], made["keys"][0]["key"]["public"]
    cases: list[tuple[Any, int, str]] = [
        (number + 1, 404, "unknown_project"), ("x", 404, "unknown_project"), ("-1", 404, "unknown_project"),
        (number, 403, "wrong_project"), (f"0{number}", 403, "wrong_project"),
    ]  # fmt: skip
    for project, status, reason in cases:
        before = refused(one, reason)
        answer = one.send(envelope(EVENT), path=f"/api/{project}/envelope/")
        assert (answer.status, answer.json()["reason"]) == (status, reason), project
        assert answer.json()["detail"] and refused(one, reason) == before + 1
    assert one.send(envelope(EVENT), path=f"/api/{number}/envelope/", key=key).status == 200


def test_who_still_sends_sees_the_answer(one: Server) -> None:
    """A body that is refused before its end, its length told or in chunks: the answer, no broken connection."""
    wrong = {"x-sentry-auth": f"Sentry sentry_key={'0' * 32}"}
    answer = one.send(b" " * (15 << 20), headers=wrong)
    assert (answer.status, answer.json()["reason"]) == (401, "invalid_key")
    chunks: Any = (b" " * (1 << 16) for _ in range(330))
    answer = one.send(chunks)
    assert (answer.status, answer.json()["reason"]) == (413, "too_large")


def test_what_a_good_key_brings_is_listed(one: Server) -> None:
    """Refusals of a project are in its list of outcomes, with what was expected."""
    assert one.send(envelope(("event", b"{nope"))).status == 400
    one.settle()
    assert one.send(b"nope", headers={"content-encoding": "gzip"}).status == 400
    one.settle()
    last = one.outcomes()
    assert last["not_counted"]["invalid_json"] >= 1
    assert last["not_counted"]["invalid_encoding"] >= 1
    assert any(entry["reason"] == "invalid_json" and "JSON" in entry["detail"] for entry in last["last"])


#: JSON, and yet no event.
NO_EVENTS: dict[str, bytes] = {
    "exception is a number": b'{"exception": 7}',
}


@pytest.mark.parametrize("name", NO_EVENTS)
def test_what_is_no_event_is_an_outcome(one: Server, name: str) -> None:
    """After the 200: listed under the event's id, and counted by reason."""
    number = new_id()
    before = one.metrics().get('faultwire_outcomes_total{reason="invalid_event"}', 0)
    assert one.send(envelope(("event", NO_EVENTS[name]), event_id=number)).status == 200
    entry = wait_until(lambda: one.outcomes(number)["last"])[0]
    assert (entry["reason"], entry["event_id"]) == ("invalid_event", number)
    assert entry["detail"]
    assert one.find(number) is None
    assert one.metrics()['faultwire_outcomes_total{reason="invalid_event"}'] > before


def test_an_id_counts_once(one: Server) -> None:
    """The same id again, at once, in the same batch, dashed or in capitals: one event, and the others are a number."""
    number = new_id()
    dashed = f"{number[:8]}-{number[8:12]}-{number[12:16]}-{number[16:20]}-{number[20:]}"
    for spelling in (number, number, dashed, number.upper()):
        assert one.send(envelope(("event", an_event(message="twice", event_id=spelling)))).status == 200
    one.settle()
    assert one.send(envelope(("event", an_event(message="twice", event_id=number)))).status == 200
    one.settle()
    found = one.find(number)
    assert found and one.issue(found["issue"])["raw"] == 1
    assert one.outcomes()["not_counted"]["duplicate"] == 4
    assert one.metrics()['faultwire_outcomes_total{reason="duplicate"}'] >= 4


@pytest.mark.parametrize(
    "name, claimed, remark",
    [
        ("future", time.time() + 10 * 86_400, "future"),
        ("ancient", 5.0, "ancient"),
        ("before 1970", -1e11, "ancient"),
        ("no time at all", 1e15, "unreadable"),
        ("a word", "yesterday", "unreadable"),
        ("yesterday", time.time() - 86_400, None),
    ],
    # By their names alone: a time would be another in each process of a run.
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_times_are_corrected(one: Server, name: str, claimed: Any, remark: str | None) -> None:
    """Never refused: clamped to when it came, and marked; what can be is believed."""
    began = time.time()
    number = one.event({"message": name, "timestamp": claimed, "logger": f"times.{name}"})
    one.settle()
    found = one.find(number)
    assert found
    payload = found["payload"]
    (seen,) = one.occurrences(found["issue"])
    if remark is None:
        assert abs(seen["time"] / 1000 - claimed) < 1
        assert "timestamp" not in payload.get("contexts", {}).get("faultwire", {})
    else:
        assert began - 1 <= seen["time"] / 1000 <= time.time() + 1
        assert payload["contexts"]["faultwire"]["timestamp"]["corrected"] == remark


def test_a_clock_that_is_wrong_is_seen_by_sent_at(one: Server) -> None:
    """An hour fast, and captured ten minutes before it was sent: ten minutes ago."""
    ahead = time.time() + 3600
    sent = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ahead))
    number = one.event({"message": "fast", "timestamp": ahead - 600, "logger": "times.drift"}, sent_at=sent)
    one.settle()
    found = one.find(number)
    assert found
    (seen,) = one.occurrences(found["issue"])
    assert abs(seen["time"] / 1000 - (time.time() - 600)) < 10
    assert found["payload"]["contexts"]["faultwire"]["timestamp"]["corrected"] == "clock_drift"


def test_many_tags_are_bounded(one: Server) -> None:
    """As many as fit into an event: it is counted, and the issue's list of tags stays one that people can read."""
    number = one.event({"message": "tags", "logger": "tags", "tags": {f"tag{n}": "v" for n in range(40_000)}})
    one.settle()
    found = one.find(number)
    assert found
    assert len(one.issue(found["issue"])["details"]["tags"]) <= 1000


def test_what_is_not_kept_is_counted_and_dropped(one: Server) -> None:
    """An attachment beside an event: the event is here, the attachment is an outcome under its id."""
    event = an_event(message="with attachment")
    assert one.send(envelope(("attachment", b"\x00" * 5000), ("event", event), ("replay", b"x"))).status == 200
    one.settle()
    assert one.find(event["event_id"])
    wait_until(lambda: len(one.outcomes(event["event_id"])["last"]) == 2)
    assert {entry["reason"] for entry in one.outcomes(event["event_id"])["last"]} == {"unsupported_item"}
    assert one.metrics()['faultwire_outcomes_total{reason="unsupported_item"}'] >= 2


def test_an_envelope_has_one_event(one: Server) -> None:
    """The first counts, the second is an outcome: SDKs send one, and the envelope's id names one."""
    first, second = an_event(message="first of two"), an_event(message="second of two")
    assert one.send(envelope(("event", first), ("event", second))).status == 200
    one.settle()
    assert one.find(first["event_id"]) and one.find(second["event_id"]) is None
    (entry,) = wait_until(lambda: one.outcomes(first["event_id"])["last"])
    assert entry["reason"] == "unsupported_item" and "at most one event" in entry["detail"]
    # Of another event nothing is listed.
    assert one.outcomes(new_id())["last"] == []


# Slow clients.


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), 30)


def head(server: Server, length: int) -> bytes:
    return (
        f"POST /api/1/envelope/ HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n"
        f"x-sentry-auth: Sentry sentry_key={server.key}\r\n\r\n"
    ).encode()


def answered(connection: socket.socket, limit: float) -> bytes:
    """What comes until the server closes."""
    connection.settimeout(limit)
    out = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(4096):
            out += part
    return out


def test_slow_headers_are_cut_off(one: Server) -> None:
    """A byte now and then: closed within a dozen seconds."""
    with connect(one) as connection:
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            for byte in head(one, 10)[:60]:
                connection.sendall(bytes([byte]))
                connection.settimeout(0.5)
                try:
                    if not connection.recv(1):
                        break
                except TimeoutError:
                    continue
        assert time.monotonic() - began < 20


def test_a_slow_body_is_refused(one: Server) -> None:
    """Half a body, then nothing: 408 `timeout`, and the connection is closed."""
    with connect(one) as connection:
        connection.sendall(head(one, 1000) + b"{}\n")
        began = time.monotonic()
        said = answered(connection, 30)
        assert time.monotonic() - began < 25
    assert b" 408 " in said.split(b"\r\n", 1)[0] and b'"timeout"' in said, said


def test_a_body_that_breaks_off_is_not_counted(one: Server) -> None:
    """The client dies in the middle."""
    whole = envelope(("event", an_event(message="half")))
    with connect(one) as connection:
        connection.sendall(head(one, len(whole)) + whole[:-10])
    one.settle()
    assert one.event({"message": "good"})


def test_good_traffic_flows_beside_bad(serve: Callable[..., Server]) -> None:
    """Two hundred stalled connections, bombs, deep JSON and a million tags at once: good events are answered as
    quickly as without, and all are counted."""
    server = serve()
    good: list[str] = []
    times: dict[str, list[float]] = {"alone": [], "beside": []}

    def send_good(where: str, count: int) -> None:
        for n in range(count):
            began = time.monotonic()
            good.append(server.event({"message": f"good {n}", "logger": "good"}))
            times[where].append(time.monotonic() - began)
            time.sleep(0.005)

    send_good("alone", 50)
    stalled = [connect(server) for _ in range(200)]
    for number, connection in enumerate(stalled):
        connection.sendall(head(server, 1000)[: None if number % 2 else -10])
    is_over = threading.Event()
    bombs, deep = bomb(1 << 28), envelope(("event", nested(100_000)))
    tags = json.dumps({"event_id": new_id(), "tags": {f"t{n}": "v" for n in range(60_000)}}).encode()
    statuses: list[int] = []

    def attack(body: bytes, headers: dict[str, str]) -> None:
        while not is_over.is_set():
            statuses.append(server.send(body, headers=headers).status)

    attacks = [(bombs, {"content-encoding": "gzip"}), (deep, {}), (envelope(("event", tags)), {})]
    threads = [threading.Thread(target=attack, args=arguments, daemon=True) for arguments in attacks]
    for thread in threads:
        thread.start()
    try:
        send_good("beside", 200)
    finally:
        is_over.set()
        for thread in threads:
            thread.join(30)
        for connection in stalled:
            connection.close()
    assert len(statuses) > 20 and set(statuses) <= {200, 400, 413}, set(statuses)
    server.settle(120)
    assert all(server.find(number) for number in good)
    assert peak(server) < MEMORY
    beside = statistics.quantiles(times["beside"], n=20)[-1]
    assert beside < CLASS, (statistics.median(times["alone"]), statistics.median(times["beside"]), beside)


def test_a_full_house_says_come_again(serve: Callable[..., Server]) -> None:
    """More requests at once than allowed: 503 `overloaded` with the seconds to wait; room again when they end."""
    server = serve("--max-concurrent-requests", "4")
    stalled = [connect(server) for _ in range(12)]
    for connection in stalled:
        connection.sendall(head(server, 1000))
    # Those that are answered were refused; the others are waited for.
    wait_until(lambda: len(select.select(stalled, [], [], 0)[0]) == 8)
    answer = server.send(envelope(EVENT))
    assert (answer.status, answer.json()["reason"]) == (503, "overloaded")
    assert int(answer.headers["retry-after"]) > 0
    for connection in stalled:
        connection.close()
    wait_until(lambda: server.send(envelope(EVENT)).status == 200)


def test_a_quota_is_answered_as_sdks_read_it(serve: Callable[..., Server]) -> None:
    """429 with `X-Sentry-Rate-Limits` and `Retry-After` until the hour ends; listed as an outcome."""
    server = serve("--hourly-quota", "3")
    statuses = [server.send(envelope(("event", an_event(message="m")))).status for _ in range(5)]
    # The hour may end between two of them.
    assert 429 in statuses and statuses[0] == 200
    answer = server.send(envelope(EVENT))
    if answer.status == 429:
        assert answer.json()["reason"] == "quota"
        seconds = int(answer.headers["retry-after"])
        assert 0 < seconds <= 3600
        assert answer.headers["x-sentry-rate-limits"].startswith(f"{seconds}:error")
    wait_until(lambda: server.outcomes()["not_counted"].get("quota", 0) >= 1)
