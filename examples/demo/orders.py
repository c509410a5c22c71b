"""One program, in every language whose toolchain is there: its events are alike, but for the language."""

import os
import subprocess
import sys
from typing import NamedTuple

from alike import filtered
from apps import LIMIT, ROOT, node, target
from layout import columns, shorten
from story import arrived, events, project

from server import Json, Server

EXAMPLES = ROOT / "examples"
#: Of the program in each language; that in Rust panics in a thread beside them, and goes on.
FAULTS = {"order": "An order that cannot be placed", "queue": "A queue that is long"}
PANICS = {"rust": 1}

#: Between two columns of a line.
GAP = "  "
#: The column that says what happened, and how much of it is shown however narrow the terminal is.
SAYS, LEAST = 1, 24


class Orders(NamedTuple):
    """What came of it."""

    #: By fault and language.
    events: dict[str, dict[str, Json]]
    issues: int
    #: Languages that were left out, and why.
    missing: dict[str, str]


def programs() -> dict[str, list[str] | str]:
    """How the program is started in each language, or why it is not."""
    jar = EXAMPLES / "kotlin/orders/target/orders.jar"
    swift = EXAMPLES / "swift/shop/.build/debug/orders"
    path = f"{jar}:{jar.parent / 'lib'}/*"
    return {
        "python": [sys.executable, str(EXAMPLES / "python/orders.py")],
        "node": node("orders.js"),
        "rust": [str(target() / "release" / "faultwire-example")],
        "kotlin": ["java", "-cp", path, "shop.OrdersKt"] if jar.is_file() else "make example-kotlin builds it",
        "swift": [str(ROOT / "scripts/swift.sh"), str(swift)] if swift.is_file() else "make example-swift builds it",
    }


def place(server: Server) -> Orders:
    """Runs the programs, one after the other, and answers what the server has of each."""
    number, dsn = project(server, "Orders")
    known: set[str] = set()
    by_fault: dict[str, dict[str, Json]] = {fault: {} for fault in FAULTS}
    missing = {}
    for language, command in programs().items():
        if isinstance(command, str):
            missing[language] = command
            continue
        _run(language, command, dsn)
        arrived(server, number, len(known) + len(FAULTS) + PANICS.get(language, 0))
        new = events(server, number) - known
        known |= new
        for payload in (server.get(f"/api/v1/projects/{number}/events/{one}")["payload"] for one in new):
            fault = _fault(payload)
            if fault:
                by_fault[fault][language] = payload
    issues = len(list(server.pages(f"/api/v1/projects/{number}/issues")))
    return Orders(by_fault, issues, missing)


def _run(language: str, command: list[str], dsn: str) -> None:
    environment = {**os.environ, "FAULTWIRE_DSN": dsn, "FAULTWIRE_ENVIRONMENT": "demo"}
    ended = subprocess.run(command, env=environment, capture_output=True, timeout=LIMIT, check=False, text=True)
    if ended.returncode != 0:
        raise SystemExit(f"the program in {language} ended with {ended.returncode}: {ended.stderr}")


def _fault(event: Json) -> str | None:
    if event.get("tags", {}).get("queue"):
        return "queue"
    return "order" if event.get("transaction") else None


def show(orders: Orders) -> None:
    """Prints the events of each fault, a line a language. Where there is no room, what it says is shortened."""
    for fault, title in FAULTS.items():
        print(f"── {title}")
        rows = [[language, *_row(event)] for language, event in orders.events[fault].items()]
        told = [column for column in zip(*rows, strict=True) if any(column)]
        widths = [max(map(len, column)) for column in told]
        others = sum(widths) - widths[SAYS] + len(GAP) * (len(widths) - 1)
        widths[SAYS] = min(widths[SAYS], max(columns() - others, LEAST))
        for row in zip(*told, strict=True):
            cells = (shorten(cell, width).ljust(width) for cell, width in zip(row, widths, strict=True))
            print(GAP.join(cells).rstrip())
        print()
    for language, why in orders.missing.items():
        print(f"{language} is left out: {why}")


def _row(event: Json) -> list[str]:
    errors = event.get("exception", {}).get("values", [])
    text = " <- ".join(f"{error['type']}: {error['value']}" for error in reversed(errors))
    frame = errors[-1]["stacktrace"]["frames"][-1] if errors else {}
    return [text or _message(event), str(frame.get("function", "")), event["level"], event.get("transaction", "")]


def _message(event: Json) -> str:
    entry = event["logentry"]
    return str(entry.get("formatted") or entry["message"])


def differences(orders: Orders) -> list[str]:
    """What the languages differ in."""
    found = []
    for fault, by_language in orders.events.items():
        (first, expected), *others = [(language, _shape(event)) for language, event in by_language.items()]
        found += [
            f"{FAULTS[fault]}: {name} is {expected[name]} in {first}, {shape[name]} in {language}"
            for language, shape in others
            for name in expected
            if shape[name] != expected[name]
        ]
    return found


def _shape(event: Json) -> dict[str, object]:
    """All that does not depend on the language."""
    errors = event.get("exception", {}).get("values", [])
    return {
        "errors": [(error["type"], error["value"]) for error in errors],
        "message": "" if errors else _message(event),
        "stack": bool(errors) and bool(errors[-1]["stacktrace"]["frames"]),
        "handled": errors[-1]["mechanism"]["handled"] if errors else None,
        "level": event["level"],
        "tags": event.get("tags"),
        "user": event.get("user"),
        "transaction": event.get("transaction"),
        "breadcrumbs": [crumb["message"] for crumb in event.get("breadcrumbs", {}).get("values", [])],
        "release": event.get("release"),
        "environment": event.get("environment"),
        # Source lines are there where the language has the files.
        "filtered": [path for path in filtered(errors, "exception") if ".stacktrace." not in path],
    }
