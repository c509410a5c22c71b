"""`make demo`: the example apps fail under real requests; the tracker shows what happened, in a browser.

Starts faultwire-server on loopback with data of its own. The same shop in Python (FastAPI) and in Node (Express) gets
the same requests; of each fault the issues of both are printed side by side: title, where, how often, how many people,
what was filtered. Others follow: accounts (Flask, Fastify) and nightly jobs (scripts). One issue is resolved
and comes back, and a webhook hears of it. One small program runs in Python, Node, Rust, and, where their toolchains are
there, Kotlin and Swift: its events are printed line by line. Then the address of the dashboard is printed, and the
server stays up until Enter is pressed. `--check` is for tests: it says nothing of each issue, and ends. Fails when an
event is missing, when a secret is anywhere in what the server keeps, or when languages differ in more than
their runtimes do.
"""

import argparse
import contextlib
import itertools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "conformance"))

from alike import EXCEPT, differences, filtered  # noqa: E402
from apps import SECRETS, SHOPPING, express, fastapi, running  # noqa: E402
from kept import kept  # noqa: E402
from layout import columns, shorten
from orders import differences as different_orders  # noqa: E402
from orders import place, programs
from orders import show as show_orders  # noqa: E402
from story import Pager, tell  # noqa: E402

from server import HOST, Json, Server, wait_until  # noqa: E402

#: Columns of a terminal from which on two issues have room side by side.
ROOM_FOR_TWO = 120
#: The shop in each language.
SHOPS = {"python": fastapi, "node": express}
#: The project that the first start makes.
SHOP = 1


def describe(server: Server, issue: Json, event: dict) -> list[str]:
    """An issue, in lines."""
    impact = issue["impact"]["users"]
    people = f"{impact} {'person' if impact == 1 else 'people'}" if impact else "nobody known"
    hidden = len(filtered({key: value for key, value in event.items() if key != "_meta"}))
    return [
        issue["title"],
        f"  in {issue['culprit']}, {event['platform']}",
        f"  {issue['raw']} x {issue['level']}, hit {people}, {hidden} {'value' if hidden == 1 else 'values'} filtered",
        f"  since {issue['introduced_in']}, {issue['status']['status']}, severity {issue['severity']}",
        f"  {server.url}/projects/{SHOP}/issues/{issue['id']}",
    ]


def show(name: str, issues: list[list[str]]) -> None:
    """Prints the issues side by side, or below one another where there is no room."""
    print(f"── {name}")
    if columns() < ROOM_FOR_TWO:
        print("\n".join(itertools.chain.from_iterable(issues)), end="\n\n")
        return
    width = (columns() - 3 * (len(issues) - 1)) // len(issues)
    for line in itertools.zip_longest(*issues, fillvalue=""):
        print(" │ ".join(shorten(text, width).ljust(width) for text in line).rstrip())
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
    """Sends the requests to both shops: of each fault the issue and event of each."""
    faults = []
    known: set[str] = set()
    with running(*(start(server.dsn) for start in SHOPS.values())) as shops:
        for request in SHOPPING:
            name = f"{request.method} {request.path}"
            of_fault = []
            for language, shop in zip(SHOPS, shops, strict=True):
                shop.ask(request)
                if request.fails:
                    what = f"the event of {name} in {language}"
                    (number,) = wait_until(lambda: stored(server).keys() - known, what=what)
                    known.add(number)
                    of_fault.append(stored(server)[number])
            if request.fails:
                faults.append((name, of_fault))
    server.settle()
    if len(stored(server)) != len(known):
        raise SystemExit(f"{len(stored(server))} events arrived, {len(known)} were expected")
    return faults


def compare(server: Server, faults: list[tuple[str, list[tuple[int, dict]]]], is_quiet: bool) -> list[str]:
    """Prints the issues of each fault, and answers what the languages differ in."""
    issues = {issue["id"]: issue for issue in server.issues()}
    shown: set[int] = set()
    unlike = []
    for name, of_fault in faults:
        if not is_quiet and not shown >= {number for number, _ in of_fault}:
            show(name, [describe(server, issues[number], event) for number, event in of_fault])
        shown |= {number for number, _ in of_fault}
        unlike += [f"{name}: {one}" for one in differences([event for _, event in of_fault], EXCEPT.get(name, {}))]
    return unlike


def run(is_check: bool) -> None:
    with Pager() as pager, Server("--webhook-allow", "127.0.0.1", "--alert-digest-seconds", "1") as server:
        faults = visit(server)
        unlike = compare(server, faults, is_check)
        told = tell(server, pager)
        orders = place(server)
        if not is_check:
            show_orders(orders)
        unlike += different_orders(orders)
        pairs_of = list(itertools.chain.from_iterable(of_fault for _, of_fault in faults))
        ordered = [event for by_language in orders.events.values() for event in by_language.values()]
        searched = b"\0".join(kept(server, [*(event for _, event in pairs_of), *ordered, *told.events]))
        unseen = [event["event_id"] for _, event in pairs_of if searched.count(event["event_id"].encode()) < 2]
        leaked = [secret for secret in SECRETS if secret.encode() in searched]
        for language in SHOPS:
            own = [number for number, event in pairs_of if event["platform"] == language]
            print(f"{language}: {len(SHOPPING)} requests, {len(own)} events, {len(set(own))} issues.")
        languages = [language for language in programs() if language not in orders.missing]
        print(f"The same program in {', '.join(languages)}: {len(ordered)} events, {orders.issues} issues.")
        print(f"The other examples: {len(told.events)} events, {told.issues} issues.")
        print(f"{len(SECRETS)} secrets were in them; {len(leaked)} are in what the server keeps.")
        if unseen:
            print(f"{len(unseen)} events were not found in the server's files, where they were looked for.")
        print("The events of all languages are alike." if not unlike else "\n".join(["They differ:", *unlike]))
        if leaked or unlike or unseen:
            raise SystemExit(1)
        print(
            f"\nDashboard: {server.url}/\nLog in as {HOST['email']} with the password: {HOST['password']}", flush=True
        )
        if not is_check:
            # Without a terminal it ends at once.
            with contextlib.suppress(EOFError, KeyboardInterrupt):
                input("Enter ends it. ")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="print only the outcome, and end")
    run(parser.parse_args().check)
