"""The server is killed again and again while clients send: what it answered 200 is counted once, what it did not
answer at most once."""

from __future__ import annotations

import hashlib
import http.client
import random
import threading
import time
from collections.abc import Callable
from typing import Any

from torture import TORTURE

from server import Server, envelope, new_id

ROUNDS = 200 if TORTURE else 15
THREADS = 4
FAULTS = 20
#: Seconds that the server lives between two kills.
LIFE = (0.02, 0.5)
#: Of the envelopes without an answer, so many are never sent again.
GIVEN_UP = 0.3


def fingerprint(fault: int) -> str:
    return hashlib.sha256(f"fault {fault}".encode()).hexdigest()


def event(fault: int) -> dict[str, Any]:
    return {
        "event_id": new_id(),
        "timestamp": time.time(),
        "platform": "python",
        "exception": {"values": [{"type": f"Fault{fault}", "value": f"at {random.random()}"}]},
        "contexts": {"faultwire": {"fingerprint": fingerprint(fault)}},
        "extra": {"fresh": random.random(), "text": "x" * random.randrange(4000)},
    }


def counts(fault: int) -> dict[str, Any]:
    now = time.time()
    return {
        "id": new_id(),
        "fingerprint": fingerprint(fault),
        "count": random.randrange(1, 50),
        "first": now - 1,
        "last": now,
    }


class Sender(threading.Thread):
    """Sends envelopes of an event, or of counts, until told to stop; notes what became of each."""

    def __init__(self, server: Server, is_up: threading.Event, is_over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.server, self.is_up, self.is_over = server, is_up, is_over
        #: id to what it stands for.
        self.acknowledged: dict[str, int] = {}
        self.unknown: dict[str, int] = {}
        self.repeated = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.is_over.is_set():
                fault = random.randrange(FAULTS)
                if random.random() < 0.2:
                    item = counts(fault)
                    self.deliver(item["id"], item["count"], envelope(("faultwire_counts", item)))
                else:
                    item = event(fault)
                    self.deliver(item["event_id"], 1, envelope(("event", item)))
        except BaseException as error:
            self.failure = error

    def deliver(self, number: str, stands_for: int, body: bytes) -> None:
        """Until it is answered, or given up: then nobody knows."""
        while True:
            self.is_up.wait(30)
            try:
                answer = self.server.send(body)
            except ConnectionRefusedError:
                # It did not even begin.
                time.sleep(0.002)
                if self.is_over.is_set():
                    return
                continue
            except (OSError, http.client.HTTPException):
                if random.random() < GIVEN_UP or self.is_over.is_set():
                    self.unknown[number] = stands_for
                    return
                self.repeated += 1
                continue
            assert answer.status == 200, answer
            self.acknowledged[number] = stands_for
            return


def test_what_was_acknowledged_is_counted_once(server: Server, figure: Callable[[str], None]) -> None:
    """Events and counts from four threads, through many kills at moments that nobody chose."""
    seed = time.time_ns()
    random.seed(seed)
    opened = [server.event(event(fault)) for fault in range(FAULTS)]
    is_up, is_over = threading.Event(), threading.Event()
    is_up.set()
    senders = [Sender(server, is_up, is_over) for _ in range(THREADS)]
    for sender in senders:
        sender.start()
    for number in range(ROUNDS):
        time.sleep(random.uniform(*LIFE))
        is_up.clear()
        if number % 5 == 4:
            # Asked to end instead: it answers what it has begun.
            assert server.stop() == 0, (seed, server.said())
        else:
            server.kill()
        server.start()
        is_up.set()
    time.sleep(0.3)
    is_over.set()
    for sender in senders:
        sender.join(60)
        assert sender.failure is None, (seed, sender.failure)
    server.settle(120)

    acknowledged = dict.fromkeys(opened, 1)
    unknown: dict[str, int] = {}
    for sender in senders:
        acknowledged.update(sender.acknowledged)
        unknown.update(sender.unknown)
    lost = [number for number in acknowledged if server.find(number) is None]
    assert not lost, (
        f"seed {seed}: {len(lost)} of {len(acknowledged)} that were answered 200 are not counted: {lost[:5]}"
    )
    arrived = {number: count for number, count in unknown.items() if server.find(number) is not None}
    issues = server.issues()
    assert len(issues) == FAULTS, (seed, [issue["title"] for issue in issues])
    counted = sum(issue["raw"] for issue in issues)
    assert counted == sum(acknowledged.values()) + sum(arrived.values()), seed
    hours = sum(hour["raw"] for issue in issues for hour in server.issue(issue["id"])["details"]["hours"])
    assert hours == counted, (seed, "what each hour has, and the whole")
    for issue in issues:
        listed = server.occurrences(issue["id"])
        # Beside the sample there may be the newest.
        assert len(listed) - issue["stored"] in (0, 1), (seed, issue)
        for occurrence in listed:
            found = server.find(occurrence["event_id"])
            assert found and found["payload"]["event_id"] == occurrence["event_id"], (seed, occurrence)
    assert server.metrics()["faultwire_log_damaged_total"] == 0
    repeated = sum(sender.repeated for sender in senders)
    assert repeated and acknowledged and unknown, (seed, "the kills met requests under way")
    figure(
        f"server ended {ROUNDS} times, most by SIGKILL: {len(acknowledged)} envelopes answered 200, "
        f"{repeated} sent again, "
        f"{len(unknown)} never answered ({len(arrived)} of them counted); {counted} counted, 0 lost, 0 twice"
    )
