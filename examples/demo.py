"""`make demo`: the example shop fails in several ways; a local sink shows what arrived.

Starts the sink (a real HTTP server on loopback) and the FastAPI example, sends real requests, and
prints every event as it arrived on the wire: stack, request, fingerprint, what was filtered. The same
in the browser under the address it prints; `--serve` keeps it there until Enter is pressed.
`--check` is for tests: it says nothing of each event, and fails when one is missing or leaks.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "conformance"))

from sink import Sink  # noqa: E402

#: (method, path, headers, body, answer): what the shop's customers do.
REQUESTS = [
    ("GET", "/", {}, None, 200),
    (
        "GET",
        "/orders/7?token=tok_live_5ecret",
        {"Authorization": "Bearer s3ss10n-t0ken-abcdef", "X-Customer": "acme"},
        None,
        500,
    ),
    (
        "GET",
        "/orders/8?token=tok_live_5ecret",
        {"Cookie": "sessionid=c00kie-5ecret; theme=dark", "X-Customer": "acme"},
        None,
        500,
    ),
    (
        "POST",
        "/checkout",
        {"Content-Type": "application/json"},
        {"item": "tea", "card": "4111 1111 1111 1111"},
        500,
    ),
    (
        "GET",
        "/stock/tea",
        {"Referer": "https://shop.example/cart?session=r3ferer-5ecret"},
        None,
        500,
    ),
    ("GET", "/quote/0", {}, None, 200),
    ("POST", "/newsletter", {}, {}, 200),
    ("GET", "/category/tea", {}, None, 500),
    ("GET", "/missing", {}, None, 404),
]
#: Texts of those requests, and of the shop's local variables, that must not arrive.
SECRETS = [
    "tok_live_5ecret", "s3ss10n-t0ken", "c00kie-5ecret", "4111 1111", "4111111111111111", "r3ferer-5ecret", "hunter2",
]  # fmt: skip
#: Every failure once: two orders, checkout, stock, quote, newsletter, category.
EVENTS = 7


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def request(base: str, method: str, path: str, headers: dict, body: object) -> int:
    data = None if body is None else json.dumps(body).encode()
    call = urllib.request.Request(base + path, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(call, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as answer:
        answer.close()
        return answer.code


def start_shop(dsn: str, port: int) -> subprocess.Popen:
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "fastapi_app:app",
        "--app-dir",
        str(ROOT / "examples/python"),
    ]
    command += ["--host", "127.0.0.1", "--port", str(port), "--log-level", "critical"]
    shop = subprocess.Popen(
        command,
        env={**os.environ, "FAULTWIRE_DSN": dsn},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and shop.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return shop
        except OSError:
            time.sleep(0.05)
    shop.kill()
    raise SystemExit("the example app did not start; try: make python")


def run(check: bool, serve: bool) -> None:
    with Sink(report=not check) as sink:
        port = free_port()
        shop = start_shop(sink.dsn, port)
        try:
            for method, path, headers, body, expected in REQUESTS:
                status = request(f"http://127.0.0.1:{port}", method, path, headers, body)
                if status != expected:
                    raise SystemExit(f"{method} {path} was answered {status}, not {expected}")
            sink.wait(EVENTS)
        finally:
            shop.terminate()
            shop.wait(10)
        events = sink.events()
        leaked = [secret for secret in SECRETS if secret.encode() in sink.raw()]
        fingerprints = {event["contexts"]["faultwire"]["fingerprint"] for event in events}
        print(f"\n{len(REQUESTS)} requests, {len(events)} events, {len(fingerprints)} different faults.")
        print(f"{len(SECRETS)} secrets were in them; {len(leaked)} arrived.")
        if len(events) != EVENTS or leaked:
            raise SystemExit(f"expected {EVENTS} events and no secret, got {leaked}")
        if serve:
            input(f"The same in a browser: {sink.control_url}\nEnter ends it. ")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="print only the outcome")
    parser.add_argument("--serve", action="store_true", help="keep the page up until Enter is pressed")
    given = parser.parse_args()
    run(given.check, given.serve)
