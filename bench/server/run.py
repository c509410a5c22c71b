"""`make bench-server`: what the tracker takes, on this machine, with the load generator on the same cores.

    .venv/bin/python bench/server/run.py                          # some ten minutes
    .venv/bin/python bench/server/run.py --quick                  # half a minute, to see that it works
    .venv/bin/python bench/server/run.py --only stored,sampled    # a part
    .venv/bin/python bench/server/run.py --peer                   # the same load to Bugsink as well

The parts: `stored` and `sampled` send as fast as it answers, with every event stored and with one in ten; `pace` at
1,000 a second and at 2,000 a minute; `lists` fills it, then asks for lists, searches and issues. Each has a server and
data of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "tests" / "conformance"), str(HERE)]

import probe  # noqa: E402
from events import Pool  # noqa: E402
from load import Result, blast  # noqa: E402
from server import Server, find_binary, wait_until  # noqa: E402

FAULTS = 50
#: More issues an hour than any part makes.
ROOMY = ("--hourly-new-issues", "1000000", "--log", "warn")
#: How often each question is asked.
QUESTIONS = 200


@dataclass
class Plan:
    """How much of everything."""

    seconds: float
    pool: int
    events: int
    issues: int
    folder: Path | None


Row = tuple[str, str, str]
rows: list[Row] = []


def row(name: str, value: str, target: str = "") -> None:
    """Notes a line of the table, and shows it at once."""
    rows.append((name, value, target))
    print(f"{name:<58} {value:>22}   {target}", flush=True)


@contextlib.contextmanager
def serving(plan: Plan, *flags: str) -> Iterator[Server]:
    with (
        tempfile.TemporaryDirectory(prefix="faultwire-bench-", dir=plan.folder) as folder,
        Server(*ROOMY, *flags, folder=Path(folder)) as server,
    ):
        yield server


def send(server: Server, take: Callable[[], bytes], **how: float | int | None) -> Result:
    return blast(("127.0.0.1", server.port), "/api/1/envelope/", server.key, take, **how)  # type: ignore[arg-type]


def counted(server: Server) -> float:
    return server.metrics()["faultwire_consume_counted_total"]


def flood(plan: Plan, name: str, pool: Pool, *flags: str, target: str) -> None:
    """As fast as it answers."""
    with serving(plan, *flags) as server:
        # The first events of all faults are not what is measured.
        send(server, pool.take, count=FAULTS * 10)
        server.settle()
        before, start = server.metrics(), counted(server)
        cpu, began = probe.cpu([server.pid]), time.perf_counter()
        result = send(server, pool.take, seconds=plan.seconds)
        wait_until(lambda: counted(server) >= start + result.accepted, 300, "all to be digested")
        digesting = time.perf_counter() - began
        spent = probe.cpu([server.pid]) - cpu
        after = server.metrics()
        events = max(1, result.accepted)
        row(f"{name}: accepted, durable", f"{result.accepted / result.seconds:,.0f}/s", target)
        row(f"{name}: digested", f"{result.accepted / digesting:,.0f}/s", target)
        row(f"{name}: CPU an event", f"{spent / events * 1000:.3f} ms", "<= 0.3 ms")
        row(f"{name}: generator's CPU an event", f"{result.own_cpu / events * 1000:.3f} ms")
        row(f"{name}: answer p50 / p99", f"{result.wait(0.5) * 1000:.1f} / {result.wait(0.99) * 1000:.1f} ms")
        lag = probe.quantile(before, after, "faultwire_consume_lag_seconds", 0.99)
        row(f"{name}: lag p99", f"<= {lag * 1000:.0f} ms")
        row(f"{name}: RSS", f"{probe.rss(server.pid):.0f} MB")
        if result.refused:
            row(f"{name}: refused", ", ".join(f"{count} x {why}" for why, count in result.refused.items()))
        stored = sum(issue["stored"] for issue in server.issues())
        server.stop()
        kept = probe.on_disk(server.data) - probe.on_disk(server.data / "log")
        row(f"{name}: stored", f"{stored:,} of {result.accepted + FAULTS * 10:,}")
        row(f"{name}: disk a stored event", f"{kept / max(1, stored):,.0f} bytes", "<= 2,048 bytes")


def pace(plan: Plan, pool: Pool) -> None:
    """At a rate that it is not driven to."""
    with serving(plan) as server:
        row("idle: RSS", f"{probe.rss(server.pid):.0f} MB", "<= 40 MB")
        for name, rate in [("1,000 a second", 1000.0), ("2,000 a minute", 2000 / 60)]:
            send(server, pool.take, count=FAULTS)
            server.settle()
            before, cpu = server.metrics(), probe.cpu([server.pid])
            result = send(server, pool.take, seconds=plan.seconds, rate=rate)
            spent = probe.cpu([server.pid]) - cpu
            after = server.metrics()
            lag = probe.quantile(before, after, "faultwire_consume_lag_seconds", 0.99)
            row(f"{name}: sent", f"{result.accepted / result.seconds:,.1f}/s")
            row(f"{name}: lag p99", f"<= {lag * 1000:.0f} ms", "<= 50 ms" if rate == 1000 else "")
            row(f"{name}: answer p99", f"{result.wait(0.99) * 1000:.1f} ms")
            row(f"{name}: one core", f"{spent / result.seconds:.1%}", "" if rate == 1000 else "< 2 %")
            row(f"{name}: RSS", f"{probe.rss(server.pid):.0f} MB", "<= 150 MB" if rate == 1000 else "")


def floor(plan: Plan, pool: Pool) -> None:
    """What HTTP and the disk alone take at 2,000 a minute, by the same libraries: below that nobody gets."""
    binary = find_binary().parent / "examples" / "floor"
    if not binary.is_file():
        row("2,000 a minute: HTTP and fdatasync alone, one core", "not built")
        return
    with tempfile.TemporaryDirectory(dir=plan.folder) as folder:
        process = subprocess.Popen([binary, folder], stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout
            address = ("127.0.0.1", int(process.stdout.readline()))
            blast(address, "/api/1/envelope/", "", pool.take, count=FAULTS)
            cpu = probe.cpu([process.pid])
            result = blast(address, "/api/1/envelope/", "", pool.take, seconds=plan.seconds, rate=2000 / 60)
            spent = probe.cpu([process.pid]) - cpu
            row("2,000 a minute: HTTP and fdatasync alone, one core", f"{spent / result.seconds:.1%}")
        finally:
            process.terminate()
            process.wait()


def lists(plan: Plan) -> None:
    """Filled with many events of many issues; then each question, one after the other, and the same under load."""
    pool = Pool(plan.issues, max(plan.issues, plan.pool))
    with serving(plan) as server:
        result = send(server, pool.take, count=plan.events)
        wait_until(lambda: counted(server) >= result.accepted, 600, "all to be digested")
        page = server.get("/api/v1/projects/1/issues", limit=25)["items"]
        some = [issue["id"] for issue in page]
        base = "/api/v1/projects/1/issues"
        questions: dict[str, Callable[[int], str]] = {
            "list": lambda n: f"{base}?limit=25",
            "list, resolved": lambda n: f"{base}?status=resolved",
            "list, by release and environment": lambda n: f"{base}?release=shop%401.4.2&environment=production",
            "search, few hits": lambda n: f"{base}?query=action{n % plan.issues}",
            "search, many hits": lambda n: f"{base}?query=area{n % 9}",
            "search, no hit": lambda n: f"{base}?query=nothing{n}",
            "issue": lambda n: f"{base}/{some[n % len(some)]}",
            "occurrences": lambda n: f"{base}/{some[n % len(some)]}/occurrences",
        }
        row("lists: filled with", f"{result.accepted:,} events")
        row("lists: issues", f"{min(plan.issues, plan.events):,}")
        for name, path in questions.items():
            times = []
            for number in range(QUESTIONS):
                began = time.perf_counter()
                answer = server.api("GET", path(number))
                times.append(time.perf_counter() - began)
                assert answer.status == 200, (name, answer)
            p95 = statistics.quantiles(times, n=20)[-1]
            value = f"{statistics.median(times) * 1000:.1f} / {p95 * 1000:.1f} ms"
            row(f"{name}: p50 / p95 as seen by the client", value, "p95 <= 15 ms")
        send(server, pool.take, seconds=plan.seconds / 4, rate=1000)
        row("lists: RSS, filled and at 1,000 a second", f"{probe.rss(server.pid):.0f} MB", "<= 150 MB")
        server.stop()
        began = time.perf_counter()
        server.start()
        row("ready after", f"{(time.perf_counter() - began) * 1000:.0f} ms", "<= 200 ms")


def peer(plan: Plan, pool: Pool) -> None:
    """The same load to Bugsink."""
    bugsink = importlib.import_module("peer")
    with bugsink.running(ROOT / ".bench" / "bugsink") as other:
        bodies = iter(pool.whole() * 1000)
        dsn = urllib.parse.urlsplit(other.dsn)
        cpu, began = probe.cpu(other.pids()), time.perf_counter()
        result = blast(
            ("127.0.0.1", dsn.port or 80), f"/api{dsn.path}/envelope/", dsn.username or "", lambda: next(bodies),
            count=max(200, int(plan.seconds * 50)),
        )  # fmt: skip
        accepted = result.seconds
        wait_until(lambda: other.digested() >= result.accepted, 1200, "Bugsink to digest")
        seconds = time.perf_counter() - began
        row("Bugsink: accepted", f"{result.accepted / accepted:,.0f}/s")
        row("Bugsink: digested", f"{result.accepted / seconds:,.1f}/s", "ours >= 100 x")
        row("Bugsink: CPU an event", f"{(probe.cpu(other.pids()) - cpu) / result.accepted * 1000:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="length of each load (default 60)")
    parser.add_argument("--events", type=int, default=1_000_000, help="events of the part `lists`")
    parser.add_argument("--issues", type=int, default=20_000, help="issues of the part `lists`")
    parser.add_argument("--only", default="stored,sampled,pace,lists", help="parts, separated by commas")
    parser.add_argument("--peer", action="store_true", help="install Bugsink into .bench and send it the same")
    parser.add_argument("--quick", action="store_true", help="5 seconds, 20,000 events, 500 issues")
    parser.add_argument("--folder", type=Path, help="where the data are (default: the system's temporary folder)")
    given = parser.parse_args()
    plan = Plan(given.seconds, 5000, given.events, given.issues, given.folder)
    if given.quick:
        plan = Plan(5, 1000, 20_000, 500, given.folder)
    parts = given.only.split(",")
    # A debug build would answer as well, ten times slower.
    os.environ.setdefault("FAULTWIRE_SERVER", str(ROOT / "target" / "release" / "faultwire-server"))
    if not find_binary().is_file():
        parser.error(f"{find_binary()} is not there: build it with `make server`")
    pool = Pool(FAULTS, plan.pool)
    with tempfile.TemporaryDirectory(dir=plan.folder) as folder:
        row("fdatasync p50 of the disk", f"{probe.fdatasync(Path(folder)) * 1e3:.2f} ms")
    row("an event, plain / gzip", f"{pool.mean_size:,.0f} / {pool.mean_compressed:,.0f} bytes", "9,700 plain")
    row("binary, stripped", f"{probe.stripped(find_binary()) / 1e6:.1f} MB", "<= 25 MB")
    if "stored" in parts:
        flood(plan, "all stored", pool, "--store-first", "100000000", target=">= 5,000/s")
    if "sampled" in parts:
        flood(plan, "10 % stored", pool, "--store-first", "0", "--store-one-in", "10", target=">= 5,000/s")
    if "pace" in parts:
        pace(plan, pool)
        floor(plan, pool)
    if "lists" in parts:
        lists(plan)
    if given.peer:
        peer(plan, pool)
    print("\n| | | target |\n|---|---|---|")
    print("\n".join(f"| {name} | {value} | {target} |" for name, value, target in rows))


if __name__ == "__main__":
    main()
