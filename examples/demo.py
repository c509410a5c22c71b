"""`make demo`: the same shop in Python and in Node fails in the same ways; the tracker lists what happened.

Starts faultwire-server on loopback with data of its own, the FastAPI and the Express example, sends both the same real
requests, and prints the issues as the server grouped them: title, where, how often, how many people, what was
filtered, and the path under which its API has all of it; those of the same fault side by side. `--serve` keeps the
server up until Enter is pressed. `--check` is for tests: it says nothing of each issue. Fails when an event is missing,
when a secret is anywhere in what the server keeps, or when the two languages differ in more than their runtimes do.
"""

import argparse
import contextlib
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Container, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "conformance"))

from server import HOST, Json, Server, wait_until  # noqa: E402

#: (method, path, headers, body, answer, fails): what the shop's customers do, and whether it is an event.
REQUESTS = [
    ("GET", "/", {}, None, 200, False),
    (
        "GET",
        "/orders/7?token=tok_live_5ecret",
        {"Authorization": "Bearer s3ss10n-t0ken-abcdef", "X-Customer": "acme"},
        None,
        500,
        True,
    ),
    (
        "GET",
        "/orders/8?token=tok_live_5ecret",
        {"Cookie": "sessionid=c00kie-5ecret; theme=dark", "X-Customer": "acme"},
        None,
        500,
        True,
    ),
    (
        "POST",
        "/checkout",
        {"Content-Type": "application/json"},
        {"item": "tea", "card": "4111 1111 1111 1111"},
        500,
        True,
    ),
    (
        "GET",
        "/stock/tea",
        {"Referer": "https://shop.example/cart?session=r3ferer-5ecret"},
        None,
        500,
        True,
    ),
    ("GET", "/quote/0", {}, None, 200, True),
    ("POST", "/newsletter", {}, {}, 200, True),
    ("GET", "/category/tea", {}, None, 500, True),
    ("GET", "/missing", {}, None, 404, False),
]
#: Texts of those requests, and of the shop's local variables, that must not arrive.
SECRETS = [
    "tok_live_5ecret", "s3ss10n-t0ken", "c00kie-5ecret", "4111 1111", "4111111111111111", "r3ferer-5ecret", "hunter2",
]  # fmt: skip
#: Columns of a terminal from which on two issues have room side by side.
ROOM_FOR_TWO = 120


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


def start_python(dsn: str) -> tuple[subprocess.Popen, str]:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "fastapi_app:app", "--app-dir", str(ROOT / "examples/python")]
    command += ["--host", "127.0.0.1", "--port", str(port), "--log-level", "critical"]
    return start(command, dsn), f"http://127.0.0.1:{port}"


def start_node(dsn: str) -> tuple[subprocess.Popen, str]:
    port = free_port()
    command = [shutil.which("node") or "node", str(ROOT / "examples/node/express_app.js")]
    return start(command, dsn, PORT=str(port)), f"http://127.0.0.1:{port}"


def start(command: list[str], dsn: str, **environment: str) -> subprocess.Popen:
    return subprocess.Popen(
        command,
        env={**os.environ, "FAULTWIRE_DSN": dsn, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_until_up(shop: subprocess.Popen, base: str, language: str) -> None:
    port = int(base.rsplit(":", 1)[1])
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and shop.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"the example app did not start; try: make {language}")


#: What two languages need not agree on, and why.
EXCEPT = {
    "POST /newsletter": {
        "handled": "nothing may fail unhandled after the answer in Node: it would end the process",
        "request": "FastAPI did not read the body, Express did; the connection is closed by then",
        "filtered": "the address is the connection's",
    },
}
#: What starts the shop in each language.
SHOPS: dict[str, Callable[[str], tuple[subprocess.Popen, str]]] = {"python": start_python, "node": start_node}


def shape(event: dict) -> dict[str, object]:
    """What two languages must agree on: what there is, what of it is hidden, and how it came about."""
    errors = event["exception"]["values"]
    return {
        "parts": sorted(event.keys() - {"platform", "extra", "logger"}),
        "errors": len(errors),
        "stack": all(error["stacktrace"]["frames"] for error in errors),
        "source lines": "context_line" in errors[-1]["stacktrace"]["frames"][-1],
        "handled": errors[-1]["mechanism"]["handled"],
        "request": sorted(event["request"]),
        "headers": sorted(name.lower() for name, _ in pairs(event["request"]["headers"])),
        "user": event.get("user"),
        "contexts": sorted(event["contexts"]),
        "filtered": sorted(filtered(event["request"])),
    }


def pairs(members: object) -> list:
    """The members of an object, or of a list of pairs."""
    return list(members.items()) if isinstance(members, dict) else list(members)  # type: ignore[call-overload]


def filtered(value: object, path: str = "request") -> list[str]:
    """The paths of what was filtered."""
    if isinstance(value, str):
        return [path.lower()] if "[Filtered" in value else []
    if isinstance(value, dict):
        return list(itertools.chain.from_iterable(filtered(member, f"{path}.{key}") for key, member in value.items()))
    if isinstance(value, list):
        return list(itertools.chain.from_iterable(filtered(member, f"{path}[{n}]") for n, member in enumerate(value)))
    return []


def differences(events: list[dict], exceptions: Container[str]) -> list[str]:
    """What the events of one fault differ in, beside what their runtimes do."""
    first, *others = (shape(event) for event in events)
    return [
        f"{name}: {first[name]} in {events[0]['platform']}, {other[name]} in {event['platform']}"
        for event, other in zip(events[1:], others, strict=True)
        for name in first
        if first[name] != other[name] and name not in exceptions
    ]


#: How a gzip stream begins.
GZIP = b"\x1f\x8b\x08"


def kept(server: Server, payloads: list[dict]) -> Iterator[bytes]:
    """All that the server keeps of what was sent, readable: payloads as the API has them, each file as it is, and
    what is compressed in its log, which is each request's body as the SDKs sent it."""
    yield json.dumps(payloads, ensure_ascii=False).encode()
    for path in sorted(server.data.rglob("*")):
        if not path.is_file():
            continue
        whole = path.read_bytes()
        yield whole
        at = whole.find(GZIP)
        while at >= 0:
            # No stream begins there if it cannot be read.
            with contextlib.suppress(zlib.error):
                yield zlib.decompressobj(31).decompress(whole[at:])
            at = whole.find(GZIP, at + 1)


def describe(server: Server, issue: Json, event: dict) -> list[str]:
    """An issue, in lines."""
    impact = issue["impact"]["users"]
    people = f"{impact} {'person' if impact == 1 else 'people'}" if impact else "nobody known"
    hidden = len(filtered({key: value for key, value in event.items() if key != "_meta"}))
    return [
        issue["title"],
        f"  in {issue['culprit']}, {event['platform']}",
        f"  {issue['raw']} x {issue['level']}, severity {issue['severity']}, hit {people}, {hidden} values filtered",
        f"  since {issue['introduced_in']}, {issue['status']['status']}",
        f"  {server.url}/api/v1/projects/1/issues/{issue['id']}",
    ]


def show(name: str, issues: list[list[str]], columns: int) -> None:
    """Prints the issues side by side, or below one another where there is no room."""
    print(f"── {name}")
    if columns < ROOM_FOR_TWO:
        print("\n".join(itertools.chain.from_iterable(issues)), end="\n\n")
        return
    width = (columns - 3 * (len(issues) - 1)) // len(issues)
    for line in itertools.zip_longest(*issues, fillvalue=""):
        print(" │ ".join(text[:width].ljust(width) for text in line).rstrip())
    print()


def stored(server: Server) -> dict[str, tuple[int, dict]]:
    """Issue and payload of each event that the server has."""
    out = {}
    for issue in server.issues():
        for occurrence in server.occurrences(issue["id"]):
            found = server.find(occurrence["event_id"])
            out[occurrence["event_id"]] = (issue["id"], found["payload"] if found else {})
    return out


def visit(server: Server) -> list[tuple[str, list[tuple[int, dict]]]]:
    """Starts the shops, sends the requests to each, and ends them: of each fault the issue and event of each shop."""
    shops: dict[str, tuple[subprocess.Popen, str]] = {}
    faults = []
    known: set[str] = set()
    try:
        for language, begin in SHOPS.items():
            shops[language] = begin(server.dsn)
        for language, (shop, base) in shops.items():
            wait_until_up(shop, base, language)
        for method, path, headers, body, expected, fails in REQUESTS:
            of_fault = []
            for language, (_, base) in shops.items():
                status = request(base, method, path, headers, body)
                if status != expected:
                    raise SystemExit(f"{method} {path} was answered {status}, not {expected}")
                if fails:
                    what = f"the event of {method} {path} in {language}"
                    (number,) = wait_until(lambda: stored(server).keys() - known, what=what)
                    known.add(number)
                    of_fault.append(stored(server)[number])
            if fails:
                faults.append((f"{method} {path}", of_fault))
    finally:
        for shop, _ in shops.values():
            shop.terminate()
        for shop, _ in shops.values():
            shop.wait(10)
    server.settle()
    if len(stored(server)) != len(known):
        raise SystemExit(f"{len(stored(server))} events arrived, {len(known)} were expected")
    return faults


def run(check: bool, serve: bool) -> None:
    columns = shutil.get_terminal_size((160, 24)).columns
    with Server() as server:
        faults = visit(server)
        issues = {issue["id"]: issue for issue in server.issues()}
        shown: set[int] = set()
        unlike = []
        for name, of_fault in faults:
            if not check and not shown >= {number for number, _ in of_fault}:
                show(name, [describe(server, issues[number], event) for number, event in of_fault], columns)
            shown |= {number for number, _ in of_fault}
            events = [event for _, event in of_fault]
            unlike += [f"{name}: {difference}" for difference in differences(events, EXCEPT.get(name, {}))]
        pairs_of = list(itertools.chain.from_iterable(of_fault for _, of_fault in faults))
        searched = b"\0".join(kept(server, [event for _, event in pairs_of]))
        unseen = [event["event_id"] for _, event in pairs_of if searched.count(event["event_id"].encode()) < 2]
        leaked = [secret for secret in SECRETS if secret.encode() in searched]
        for language in SHOPS:
            own = [number for number, event in pairs_of if event["platform"] == language]
            print(f"{language}: {len(REQUESTS)} requests, {len(own)} events, {len(set(own))} issues.")
        print(f"{len(SECRETS)} secrets were in them; {len(leaked)} are in what the server keeps.")
        if unseen:
            print(f"{len(unseen)} events were not found in the server's files, where they were looked for.")
        print("The events of both languages are alike." if not unlike else "\n".join(["They differ:", *unlike]))
        if leaked or unlike or unseen:
            raise SystemExit(1)
        if serve:
            print(f"The same in a browser: {server.url}/, as {HOST['email']} with the password: {HOST['password']}")
            input("Enter ends it. ")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="print only the outcome")
    parser.add_argument("--serve", action="store_true", help="keep the server up until Enter is pressed")
    given = parser.parse_args()
    run(given.check, given.serve)
