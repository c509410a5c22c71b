"""One process, one SDK, one row: captures, and says on the last line of stdout what it took.

python -S drive.py SDK URL '{"frames": 5, "captures": 1000, "gap": 0.001, "warm": 50, "options": {}}'
"""

from __future__ import annotations

import gc
import importlib
import json
import resource
import sys
import time

import sample
import sdks

USER = {"id": 42, "name": "Ada", "email": "ada@example.org"}
TOOK: list[int] = []


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def fail(n: int, step) -> None:
    """The outermost frame of every traceback: its locals are few and stay the same."""
    try:
        step(n, USER)
    except Exception as error:
        timed(error)


def timed(error: BaseException, clock=time.perf_counter_ns) -> None:
    capture = sdk.capture
    before = clock()
    capture(error)
    TOOK.append(clock() - before)


def run(captures: int, gap: float, step) -> None:
    TOOK.clear()
    for n in range(captures):
        fail(n, step)
        if gap:
            time.sleep(gap)


name, url, row = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
sdk = sdks.SDKS[name]()
sdk.start(url, **row["options"])
module, function = sample.entry(row["frames"])
step = getattr(importlib.import_module(module), function)
run(row["warm"], 0.002, step)
sdk.flush(10)
gc.collect()
cpu_before = cpu()
run(row["captures"], row["gap"], step)
times = sorted(TOOK)
sdk.flush(60)
result = {
    "version": sdk.version,
    "p50": times[len(times) // 2] / 1e3,
    "p99": times[int(len(times) * 0.99)] / 1e3,
    "cpu_before": cpu_before,
}
print(json.dumps(result))
