"""What keeping events on disk costs, and how fast a later start sends what an earlier one left. See README.md.

python bench/delivery.py [--events 10000] [--runs 5]
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from statistics import median

import run
import sample

STATE = run.WORK / "state"
ROW = run.Row("delivery", "python", 5, 1500, [])
LEAN = {"include_local_variables": False, "include_source_context": False, "storm_folding": False}
SIDES = [
    run.Side("noop"),
    run.Side("faultwire", {**LEAN, "spool": False}, "memory"),
    run.Side("faultwire", LEAN, "disk"),
    run.Side("faultwire", {**LEAN, "spool_sync": True}, "disk, confirmed"),
]

#: A life whose server is down; it waits where the queue would overflow.
STORES = """
import sys, time
import faultwire, sdks, sample, importlib
faultwire.init(dsn=sdks.dsn(sys.argv[1]), storm_folding=False, shutdown_timeout=0.1)
module, function = sample.entry(5)
step = getattr(importlib.import_module(module), function)
for n in range(int(sys.argv[2])):
    try:
        step(n, {"id": n})
    except Exception as error:
        faultwire.capture_exception(error)
    while n % 500 == 499 and faultwire.stats()["pending"] > 500:
        time.sleep(0.001)
while faultwire.stats()["pending"] > 0:
    time.sleep(0.001)
print(faultwire.stats()["spooled"])
"""

#: The life after it: seconds until all was delivered, and the memory that took.
REPLAYS = r"""
import json, re, sys, time
import faultwire, sdks
peak = lambda: int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1]) / 1024
before, began = peak(), time.perf_counter()
faultwire.init(dsn=sdks.dsn(sys.argv[1]))
while faultwire.stats()["recovered"]["delivered"] < int(sys.argv[2]):
    time.sleep(0.001)
print(json.dumps({"seconds": time.perf_counter() - began, "mb": peak() - before}))
"""


def costs(runner: run.Runner, runs: int) -> None:
    measured = {run.key(side): run.Measured() for side in SIDES}
    for _ in range(runs):
        for side in SIDES:
            runner.run(ROW, side, measured[run.key(side)])
    noop = measured["noop"]
    print("5 frames without locals and source, one capture a millisecond\n")
    print(f"{'':28}caller p50, us   CPU an event, all threads, us")
    for name, ours in measured.items():
        if name != "noop":
            print(f"{name:28}{min(ours.p50):8.2f}         {ours.cpu_per_event(noop):8.0f}")


def replay(environment: dict[str, str], binary: Path, events: int, runs: int) -> None:
    found = []
    for _ in range(runs):
        shutil.rmtree(STATE, ignore_errors=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        stored = life(STORES, url, events, environment)
        server = run.Sink(binary, port)
        try:
            found.append(json.loads(life(REPLAYS, url, int(stored), environment)))
        finally:
            server.close()
        assert int(stored) == events, f"{stored} of {events} were stored"
    rates = [events / one["seconds"] for one in found]
    print(f"\n{events} events of an earlier process replayed: {median(rates):.0f} a second (best {max(rates):.0f}),")
    print(f"memory at its peak {max(one['mb'] for one in found):.1f} MB above import")


def life(source: str, url: str, events: int, environment: dict[str, str]) -> str:
    command = [
        sys.executable,
        "-S",
        "-c",
        f"import sys; sys.path.insert(0, {str(run.HERE)!r})\n{source}",
        url,
        str(events),
    ]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description="What keeping events on disk costs and gives.")
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    sample.write(run.WORK / "app")
    if problem := run.build("--bin", "sink"):
        raise SystemExit(f"the sink does not build:\n{problem}")
    binary = run.WORK / "target" / "release" / "sink"
    with run.sink() as running:
        runner = run.Runner(running, run.WORK)
        costs(runner, arguments.runs)
    replay(runner.environment, binary, arguments.events, arguments.runs)


if __name__ == "__main__":
    main()
