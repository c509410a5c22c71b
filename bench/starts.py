"""Import and `init` in a fresh process, less what a bare one takes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from run import Peers

HERE = Path(__file__).parent

#: Milliseconds, and MB of resident and of private memory, each less a bare process; by SDK.
Starts = dict[str, dict[str, float]]

PYTHON = """
import sys, time
before = time.perf_counter()
sys.path.insert(0, {here!r})
{start}
took = (time.perf_counter() - before) * 1e3
import json, os
memory = dict(l.split(":", 1) for l in open("/proc/self/smaps_rollup") if ":" in l) if os.path.exists("/proc/self/smaps_rollup") else {{}}
kilobytes = lambda name: int(memory.get(name, "0 kB").split()[0])
private = kilobytes("Private_Clean") + kilobytes("Private_Dirty")
print(json.dumps({{"ms": took, "rss": kilobytes("Rss") / 1024, "private": private / 1024}}), flush=True)
os._exit(0)
"""


def python(*arguments: object) -> list:
    # Without `site`: only what is measured is on the path, so no SDK finds a framework to hook into.
    return [sys.executable, "-S", *map(str, arguments)]


def python_start(code: str) -> list:
    return python("-c", PYTHON.format(here=str(HERE), start=code))


def node_start(sdk: str) -> list:
    return ["node", str(HERE / "node" / "cold.cjs"), sdk]


def commands(only: str, peers: Peers) -> dict[str, dict[str, list]]:
    """By language and SDK; the bare process is called `bare`."""
    init = "import {0}; {0}.init(dsn='http://key@127.0.0.1:9/1')"
    in_python = {"bare": python_start("pass"), "faultwire": python_start(init.format("faultwire"))}
    if not peers.no_python:
        in_python["sentry-sdk"] = python_start(init.format("sentry_sdk"))
    in_node = {"bare": node_start("noop"), "faultwire": node_start("faultwire")}
    if not peers.no_npm:
        in_node["@sentry/node"] = node_start("@sentry/node")
    out = {"Python": in_python} if only in "Python, cold start" else {}
    return out if peers.no_node or only not in "Node, cold start" else {**out, "Node": in_node}


def measure(
    process: Callable[[list], tuple[dict, float]],
    repetitions: int,
    only: str,
    peers: Peers,
    say: Callable[[str], None],
) -> dict[str, Starts]:
    """Medians, by language: `process` runs a command and gives what it printed."""
    runs: dict[str, dict[str, list[dict]]] = {}
    plan = commands(only, peers)
    for repetition in range(repetitions + 1):
        for language, sides in plan.items():
            for sdk, command in sides.items():
                say(f"cold start {repetition} of {repetitions}: {language}, {sdk}")
                result, _ = process(command)
                # The first one compiles and fills the page cache.
                if repetition:
                    runs.setdefault(language, {}).setdefault(sdk, []).append(result)
    return {language: less_bare(sides) for language, sides in runs.items()}


def less_bare(sides: dict[str, list[dict]]) -> Starts:
    middle = {sdk: {key: median(run[key] for run in runs) for key in runs[0]} for sdk, runs in sides.items()}
    bare = middle.pop("bare")
    return {sdk: {key: value - bare[key] for key, value in values.items()} for sdk, values in middle.items()}
