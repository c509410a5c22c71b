"""The Python client against the real binary: `python tests/conformance/sink/test_sink_py.py`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import unittest
import urllib.request
import uuid
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sink import Sink, SinkError, SinkMissing, SinkTimeout, find_binary


def send(sink: Sink, message: str) -> int:
    event_id = uuid.uuid4().hex
    payload = json.dumps(
        {
            "event_id": event_id,
            "timestamp": 1.5,
            "platform": "python",
            "message": message,
        }
    ).encode()
    lines = [
        {"event_id": event_id, "sent_at": "2026-01-01T00:00:00Z"},
        {"type": "event", "length": len(payload)},
    ]
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines) + payload + b"\n"
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{sink.url}/api/1/envelope/", data=body, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


class SinkTest(unittest.TestCase):
    def test_a_story_from_the_first_event_to_the_reset(self) -> None:
        with Sink(server_header=True) as sink:
            self.assertRegex(sink.dsn, r"^http://\w+@127\.0\.0\.1:\d+/1$")
            self.assertEqual(send(sink, "one"), 200)
            (event,) = sink.wait(1)
            self.assertEqual((event["message"], event["_envelope"]["problems"]), ("one", []))
            self.assertIn(b"one", sink.raw())
            sink.mode("status", status=503, headers={"Retry-After": "1"}, for_requests=1)
            self.assertEqual([send(sink, "two"), send(sink, "two")], [503, 200])
            self.assertEqual([r["status"] for r in sink.wait_for_requests(3)], [200, 503, 200])
            self.assertIn("two", sink.page())
            sink.reset()
            self.assertEqual((sink.events(), sink.requests(), sink.raw()), ([], [], b""))

    def test_waiting_in_vain_says_what_is_there(self) -> None:
        with Sink() as sink:
            with self.assertRaises(SinkTimeout) as caught:
                sink.wait_for_items("client_report", timeout=0.1)
            self.assertEqual(caught.exception.stats["events"], 0)
            with self.assertRaisesRegex(SinkError, "status"):
                sink.mode("ok", status=200)

    def test_a_refusing_server_refuses(self) -> None:
        with Sink() as sink:
            sink.mode("refuse")
            with self.assertRaisesRegex(OSError, "refused"):
                send(sink, "never")
            sink.mode()
            self.assertEqual(send(sink, "back"), 200)

    def test_it_ends_with_the_block_and_with_a_killed_process(self) -> None:
        with Sink() as sink:
            process = sink._process
        self.assertIsNotNone(process.poll())
        script = "import os; from sink import Sink; print(Sink()._process.pid, flush=True); os._exit(9)"
        path = str(Path(__file__).resolve().parents[1])
        environment = {**os.environ, "PYTHONPATH": path}
        command = [sys.executable, "-c", script]
        dead = subprocess.run(command, check=False, env=environment, stdout=subprocess.PIPE, timeout=30)
        self.assertEqual(dead.returncode, 9)
        self.assertTrue(ended(int(dead.stdout)))

    def test_a_missing_binary_names_the_make_target(self) -> None:
        with mock.patch.dict(os.environ, {"CARGO_TARGET_DIR": "/nonexistent", "FAULTWIRE_SINK": ""}):
            self.assertRaisesRegex(SinkMissing, "make sink", find_binary)
        with mock.patch.dict(os.environ, {"FAULTWIRE_SINK": "/nonexistent/sink"}):
            self.assertRaisesRegex(SinkMissing, "FAULTWIRE_SINK", find_binary)


def ended(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            stat = Path(f"/proc/{pid}/stat")
            # An orphan that nobody reaps has ended too.
            if stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


if __name__ == "__main__":
    unittest.main()
