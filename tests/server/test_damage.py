"""The disk is full, the log's tail is damaged, the clock is set: a clear state, nothing lost, no hands needed."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from clock import wrong_clock
from conftest import fill, spoil, written

from server import Server, ServerError, envelope, find_binary, new_id, wait_until

DAY = 86_400
YEAR = 365 * DAY


def total(server: Server) -> int:
    return sum(issue["raw"] for issue in server.issues())


# The log.


def segments(server: Server) -> list[Path]:
    return sorted((server.data / "log").glob("*.log"))


def in_the_log_only(server: Server, count: int) -> list[str]:
    """Events that are in the log and not yet in the database: as a crash of the whole machine leaves them.

    A batch is in the database's own log until a checkpoint; without that file it never was.
    """
    numbers = [server.event({"message": f"event {n}", "logger": "tail"}) for n in range(count)]
    server.settle()
    server.kill()
    for name in ("faultwire.db-wal", "faultwire.db-shm"):
        (server.data / name).unlink(missing_ok=True)
    return numbers


def checkpointed(server: Server) -> None:
    """Everything so far is in the database itself: a stop brings it there."""
    assert server.stop() == 0, server.said()
    server.start()


def test_what_the_database_lost_is_read_again(server: Server) -> None:
    """A power cut takes what of the database was not brought to disk; the log still has it."""
    server.event({"message": "before"})
    checkpointed(server)
    numbers = in_the_log_only(server, 50)
    server.start()
    server.settle()
    assert all(server.find(number) for number in numbers)
    assert total(server) == 51


@pytest.mark.parametrize("damage", ["truncated", "torn", "flipped", "garbage"])
def test_a_damaged_tail_costs_what_was_damaged(server: Server, damage: str) -> None:
    """The records before it are counted, those that come after the start as well; it is told in metrics and log."""
    server.event({"message": "before"})
    checkpointed(server)
    numbers = in_the_log_only(server, 50)
    last = max(segments(server), key=written)
    assert written(last) > 1000
    spoil(last, damage)
    server.start()
    server.settle()
    after = server.event({"message": "after"})
    server.settle()
    assert server.find(after)
    found = [number for number in numbers if server.find(number)]
    # The last record is the marker of `settle`; at most one event is where the byte was flipped.
    assert len(found) >= len(numbers) - (damage == "flipped"), len(found)
    assert total(server) == len(found) + 2
    if damage == "flipped":
        assert server.metrics()["faultwire_log_damaged_total"] >= 1
        assert "damaged" in server.log.read_text()


def test_a_log_that_is_gone_does_not_hide_what_comes(server: Server) -> None:
    """Somebody made room by deleting the log: what comes afterwards is not taken for what was consumed long ago."""
    server.event({"message": "before"})
    checkpointed(server)
    server.event({"message": "before"})
    assert server.stop() == 0
    for path in segments(server):
        path.unlink()
    server.start()
    after = server.event({"message": "after"})
    wait_until(lambda: server.find(after), what="an event after the log was deleted")
    assert total(server) == 3


# The disk.


def big(number: str) -> bytes:
    """An event that no compression makes small."""
    text = random.randbytes(150_000).hex()
    return envelope(("event", {"event_id": number, "timestamp": time.time(), "message": "big", "extra": {"x": text}}))


def test_a_full_disk_is_said_and_ends_of_itself(small_disk: Path) -> None:
    """Accepted until the log cannot grow, then 503 `disk_full`; with room again all is counted, and more is taken."""
    with Server("--store-first", "2", "--store-one-in", "1000", folder=small_disk) as server:
        first = server.event({"message": "before"})
        server.settle()
        ballast = fill(small_disk)
        taken, refused = [first], []
        for _ in range(400):
            number = new_id()
            answer = server.send(big(number))
            if answer.status == 200:
                taken.append(number)
                continue
            refused.append(number)
            assert (answer.status, answer.json()["reason"]) == (503, "disk_full"), answer
            assert int(answer.headers["retry-after"]) > 0
            break
        assert refused, "the disk was full"
        began = time.monotonic()
        answer = server.send(big(new_id()))
        assert answer.status == 503 and time.monotonic() - began < 10
        assert server.request("GET", "/healthz").status == 200
        assert server.request("GET", "/readyz").status == 503
        health = server.get("/api/v1/health")
        assert health["status"] == "trouble" and health["disk"]["free"] < 1 << 20, health
        assert "disk" in {trouble["cause"] for trouble in health["troubles"]}
        refusals = {name: value for name, value in server.metrics().items() if "ingest_refused" in name}
        assert any("disk_full" in name and value >= 2 for name, value in refusals.items()), refusals

        ballast.unlink()
        after = new_id()
        wait_until(lambda: server.send(big(after)).status == 200, 30, "it to accept again")
        assert server.request("GET", "/readyz").status == 200
        server.settle(60)
        assert all(server.find(number) for number in [*taken, after])
        assert server.find(refused[0]) is None or total(server) == len(taken) + 2
        # The database has not lost count.
        found = sum(server.find(number) is not None for number in [*taken, *refused, after])
        assert total(server) == found


def test_a_start_on_a_full_disk_says_so_or_waits(small_disk: Path) -> None:
    """It is killed and started while the disk is full: it reads, refuses, and goes on when there is room."""
    with Server(folder=small_disk) as server:
        known = server.event({"message": "before"})
        server.settle()
        checkpointed(server)
        server.kill()
        for path in segments(server)[1:]:
            path.unlink()
        ballast = fill(small_disk)
        server.start()
        assert server.find(known)
        answer = server.send(envelope(("event", {"event_id": new_id(), "message": "m", "timestamp": time.time()})))
        assert (answer.status, answer.json()["reason"]) == (503, "disk_full"), answer
        ballast.unlink()
        after = new_id()
        body = envelope(("event", {"event_id": after, "message": "m", "timestamp": time.time()}))
        wait_until(lambda: server.send(body).status == 200, 30, "it to accept again")
        server.settle()
        assert server.find(after)


# The clock.


@pytest.fixture
def clock(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A file that says how wrong the clock is, and the environment in which it counts."""
    return wrong_clock(tmp_path)


@pytest.mark.parametrize("step", [-50 * YEAR, -DAY, DAY])
@pytest.mark.parametrize("restarts", [False, True])
def test_the_clock_is_set(
    serve: Callable[..., Server], clock: tuple[Path, dict[str, str]], step: int, restarts: bool
) -> None:
    """A day back or ahead, or as a machine without a battery has it, in one life or between two: all is counted once,
    and what is sent twice as well."""
    offset, environment = clock
    server = serve(environment=environment)
    numbers = [server.event({"message": f"m{n}", "logger": "clock"}) for n in range(20)]
    server.settle()
    offset.write_text(str(step))
    if restarts:
        server.kill()
        server.start()
    again = time.time()
    for number in numbers[:10]:
        server.event({"event_id": number, "message": "m", "logger": "clock"})
    numbers += [server.event({"message": f"n{n}", "logger": "clock", "timestamp": again}) for n in range(20)]
    server.settle()
    assert all(server.find(number) for number in numbers)
    assert total(server) == 40
    assert server.outcomes()["not_counted"]["duplicate"] == 10
    for issue in server.issues():
        assert issue["first_seen"] <= issue["last_seen"]
    server.stop()
    offset.write_text("0")
    server.start()
    server.event({"event_id": numbers[-1], "message": "m", "logger": "clock"})
    server.settle()
    assert total(server) == 40


def test_a_clock_that_was_years_ahead_takes_nothing_away(
    serve: Callable[..., Server], clock: tuple[Path, dict[str, str]]
) -> None:
    """What retention takes away is gone for good, so a clock that is wrong for a while must not decide it."""
    offset, environment = clock
    server = serve("--auto-resolve-days", "0", environment=environment)
    numbers = [server.event({"message": "m", "logger": "clock"}) for _ in range(20)]
    server.settle()
    server.stop()
    offset.write_text(str(2 * YEAR))
    # Its rounds come with the start, and for who restarts for a fault that it does not understand, again.
    for _ in range(3):
        server.start()
        server.stop()
    offset.write_text("0")
    server.start()
    (issue,) = server.issues()
    assert sum(hour["raw"] for hour in server.issue(issue["id"])["details"]["hours"]) == 20
    found = [server.find(number) for number in numbers]
    assert all(event and event["payload"] for event in found)


# The rest.


def test_a_damaged_payload_is_said(server: Server) -> None:
    """The event is still known and counted, the other payloads are still read."""
    numbers = [server.event({"message": "m", "logger": "damage", "extra": {"n": n}}) for n in range(3)]
    server.settle()
    server.kill()
    (file,) = (server.data / "occurrences").glob("*.occ")
    content = bytearray(file.read_bytes())
    content[-5] ^= 0xFF
    file.write_bytes(content)
    server.start()
    assert all(server.find(number)["payload"] for number in numbers[:2])  # type: ignore[index]
    answer = server.api("GET", f"/api/v1/projects/1/events/{numbers[2]}")
    said = answer.json()
    # Never something else's payload.
    assert (answer.status, said["payload"], said["missing"]) == (200, None, "damaged"), answer
    assert said["issue"] and "damaged" in server.said()
    (issue,) = server.issues()
    assert issue["raw"] == 3
    after = server.event({"message": "m", "logger": "damage"})
    server.settle()
    assert server.find(after)["payload"]  # type: ignore[index]
    assert server.find(after)["missing"] is None  # type: ignore[index]
    server.kill()
    file.unlink()
    server.start()
    answer = server.api("GET", f"/api/v1/projects/1/events/{numbers[0]}")
    said = answer.json()
    assert (answer.status, said["payload"], said["missing"]) == (200, None, "gone"), answer


def test_a_damaged_database_is_said_and_a_backup_is_as_good(server: Server, tmp_path: Path) -> None:
    """It does not start on it, `doctor` says what to do, and what was backed up goes on elsewhere."""
    number = server.event({"message": "m"})
    server.settle()
    binary, copy, back = str(find_binary()), tmp_path / "copy", tmp_path / "back"
    subprocess.run([binary, "backup", str(copy), "--data-dir", str(server.data)], check=True)
    assert server.stop() == 0
    database = server.data / "faultwire.db"
    content = bytearray(database.read_bytes())
    content[:4096] = random.Random(7).randbytes(4096)
    database.write_bytes(content)
    with pytest.raises(ServerError, match=r"faultwire\.db"):
        server.start()
    server.stop()
    doctor = subprocess.run([binary, "doctor", "--data-dir", str(server.data)], capture_output=True, text=True)
    assert doctor.returncode == 1 and "ILL  database" in doctor.stdout, doctor
    subprocess.run([binary, "restore", str(copy), "--data-dir", str(back)], check=True)
    server.data = back
    server.start()
    assert server.find(number)


def test_two_servers_do_not_share_their_data(server: Server) -> None:
    """A second one on the same data ends, says why, and harms nothing."""
    with pytest.raises(Exception, match="another faultwire-server uses it"):
        Server(folder=server.folder)
    number = server.event({"message": "still here"})
    server.settle()
    assert server.find(number)
    assert os.path.exists(server.data)
