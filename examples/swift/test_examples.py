"""The examples do what they say, and the secret in them is not on the wire. Builds them first."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "conformance"))

from sink import Sink  # noqa: E402

SWIFT = str(ROOT / "scripts" / "swift.sh")
PACKAGE = ROOT / "examples" / "swift" / "shop"
# The exit status that a shell gives for the signal by which Swift ends what cannot go on.
TRAPPED = {-4, -5}


@pytest.fixture(scope="session")
def build() -> Path:
    library = (ROOT / "target" / "release").resolve()
    flags = [f"-Xlinker=-L{library}", f"-Xlinker=-rpath={library}"]
    options = [part for flag in flags for part in flag.split("=", 1)]
    subprocess.run([SWIFT, "swift", "build", "--package-path", str(PACKAGE), *options], check=True, cwd=ROOT)
    return PACKAGE / ".build" / "debug"


@pytest.fixture
def sink():
    with Sink() as sink:
        yield sink


def run(program: Path, sink: Sink, state: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("FAULTWIRE_DSN", "SENTRY_"))}
    environment |= {"FAULTWIRE_DSN": sink.dsn, "XDG_STATE_HOME": str(state), "SWIFT_BACKTRACE": "enable=no"}
    return subprocess.run(
        [SWIFT, str(program), *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )


def raised(event):
    return event["exception"]["values"][-1]


def test_the_orders(build, sink, tmp_path):
    ended = run(build / "orders", sink, tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    order, queue = sink.wait(2)
    assert [value["type"] for value in order["exception"]["values"]] == ["StockError", "OrderFailed"]
    assert raised(order)["value"] == "order 1001 could not be placed"
    assert order["user"] == {"id": "42"}
    assert order["transaction"] == "POST /orders"
    assert order["tags"] == {"service": "shop"}
    assert [crumb["message"] for crumb in order["breadcrumbs"]["values"]] == ["placing order 1001"]
    assert queue["level"] == "warning"
    assert queue["tags"] == {"service": "shop", "queue": "mail"}
    assert b"s3cret-Passw0rd" not in sink.raw()


def test_the_nightly_import(build, sink, tmp_path):
    ended = run(build / "nightly", sink, tmp_path)
    assert ended.returncode in TRAPPED
    assert "Index out of range" in ended.stderr
    events = sink.wait(5 + 100)
    first = events[0]
    assert [value["type"] for value in first["exception"]["values"]] == ["ImportError", "ImportError"]
    assert first["tags"] == {"file": "b.csv"}
    missing = raised(events[1])
    assert missing["mechanism"]["data"]["domain"] == "NSCocoaErrorDomain"
    warned = sorted(e["tags"]["shop"] for e in events if e["level"] == "warning")
    assert warned == ["north", "south"]
    group = next(e for e in events if raised_value(e).startswith("several"))
    assert len(group["exception"]["values"]) == 3
    assert len(events) == 105

    again = run(build / "nightly", sink, tmp_path, "again")
    assert again.returncode == 0
    crash = sink.wait(106)[-1]
    assert crash["level"] == "fatal"
    assert raised(crash)["type"] in {"SIGILL", "SIGTRAP"}
    functions = [frame.get("function", "") for frame in raised(crash)["stacktrace"]["frames"]]
    assert any("total" in function for function in functions), functions


def raised_value(event):
    return raised(event)["value"] if "exception" in event else ""
