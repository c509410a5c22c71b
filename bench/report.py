"""The figures as tables: each with its ratio to the peer's and the target it should meet."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from typing import TYPE_CHECKING

import wire

if TYPE_CHECKING:
    from run import Measured
    from starts import Starts

# Caller-side p50: at most this share of the peer's.
CALLER = {("Python, 5 frames", ""): 60, ("Python, 50 frames", ""): 60, ("Python, 5 frames", "lean"): 80}
CALLER |= {("Python, 50 frames", "lean"): 60, ("Rust, 5 calls deep", ""): 8, ("Rust, 50 calls deep", ""): 8}
CALLER |= {(f"Node, {frames} frames{read}", ""): 10 for frames in (5, 50) for read in ("", ", stack read")}
CALLER |= {("Kotlin, 5 frames", ""): 4, ("Kotlin, 50 frames", ""): 4}
# CPU of all threads per delivered event: at most this share.
CPU = {"Python, 5 frames": 8, "Python, 50 frames": 8}
CPU |= {f"Node, {frames} frames{read}": 6 for frames in (5, 50) for read in ("", ", stack read")}
# Microseconds.
ABSOLUTE = {"Python, sampled out, 10 frames": 1.0, "Python, folded, 10 frames": 2.0}
ABSOLUTE |= {"Node, sampled out, 10 frames": 3.0}
ABSOLUTE |= {f"Node, folded, 10 frames{read}": 3.0 for read in ("", ", stack read")}
# By language: milliseconds of import and `init`, MB of memory.
COLD = {"Python": {"ms": 25.0, "rss": 8.0}, "Node": {"ms": 12.0, "rss": 8.0}}
SIZE = {"mb": ("installed, MB", 5.0), "packages": ("packages", 2.0)}
PEERS = ("sentry-sdk", "@sentry/node", "sentry", "io.sentry")


def table(
    measured: Mapping[str, Mapping[str, Measured]],
    cold: Mapping[str, Starts],
    sizes: Mapping[str, Mapping[str, float]],
    crossings: Mapping[str, float],
    remarks: list,
) -> str:
    caller, cpu, captured = [], [], []
    for row, sides in measured.items():
        for label in ("", "lean"):
            ours, peer = sides.get(f"faultwire {label}".strip()), find_peer(sides, label)
            if ours is None:
                continue
            name = f"{row}{', lean' if label else ''}"
            share = CALLER.get((row, label))
            caller.append(
                [name, *times(ours), *times(peer), *verdict(least(ours), least(peer), share, ABSOLUTE.get(row))]
            )
            if "noop" in sides:
                per_event = ours.cpu_per_event(sides["noop"])
                of_peer = peer.cpu_per_event(sides["noop"]) if peer else None
                target = CPU.get(row) if not label else None
                cpu.append([name, f"{per_event:.0f}", number(of_peer), *verdict(per_event, of_peer, target, None)])
        for side, runs in sides.items():
            if runs.received and runs.received[-1].events:
                captured.append([row, f"{side} {runs.version}".strip(), *seen(runs)])
    parts = [
        ("Time of a capture on the caller's thread, µs (p50 and p99 of the least disturbed run)",
         ["", "Faultwire p50", "p99", "sentry p50", "p99", "ratio", "target", ""], caller),
        ("CPU of the whole process per delivered event, all threads, µs",
         ["", "Faultwire", "sentry", "ratio", "target", ""], cpu),
        ("Start and weight", ["", "Faultwire", "sentry", "target", ""], [*start(cold), *weight(sizes)]),
        ("A call from the JVM into the engine, ns", ["", "ns"],
         [[f"Kotlin, {name}", number(took)] for name, took in crossings.items()]),
        ("What each captured and sent, per event",
         ["", "", "events", "raised error", "bytes sent", "bytes of JSON", "secrets of 3 sent"], captured),
    ]  # fmt: skip
    text = [f"{title}\n\n{aligned([head, *body])}" for title, head, body in parts if body]
    return "\n\n".join([*text, *remarks])


def find_peer(sides: Mapping[str, Measured], label: str) -> Measured | None:
    return next((sides[k] for p in PEERS if (k := f"{p} {label}".strip()) in sides), None)


def least(runs: Measured | None) -> float | None:
    return min(runs.p50) if runs else None


def times(runs: Measured | None) -> list[str]:
    return [number(min(runs.p50)), number(min(runs.p99))] if runs else ["-", "-"]


def number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def verdict(ours: float | None, peer: float | None, share: float | None, absolute: float | None) -> list[str]:
    """The ratio, the target, and whether it is met."""
    ratio = f"1/{peer / ours:.0f}" if ours and peer and ours > 0 else "-"
    if absolute is not None and ours is not None:
        return [ratio, f"{absolute:g} µs", met(ours <= absolute)]
    if share is None or ours is None:
        return [ratio, "", ""]
    return [ratio, f"1/{share:g}", met(ours * share <= peer) if peer else "no peer"]


def met(yes: bool) -> str:
    return "met" if yes else "NOT MET"


def start(cold: Mapping[str, Starts]) -> list[list[str]]:
    rows = []
    for language, sides in cold.items():
        ours, peer = sides["faultwire"], next((sides[name] for name in PEERS if name in sides), {})
        names = {"ms": f"{language}, import and init, ms over bare", "rss": f"{language}, memory added by it (RSS), MB"}
        for key, target in COLD[language].items():
            rows.append(against(names[key], ours[key], peer.get(key), target))
        rows.append(against(f"{language}, of it private to the process, MB", ours["private"], peer.get("private")))
    return rows


def weight(sizes: Mapping[str, Mapping[str, float]]) -> list[list[str]]:
    if not sizes:
        return []
    peer = next((sizes[name] for name in PEERS if name in sizes), {})
    return [
        against(f"Node, {name}", sizes["faultwire"][key], peer.get(key), target) for key, (name, target) in SIZE.items()
    ]


def against(name: str, ours: float, peer: float | None, target: float | None = None) -> list[str]:
    goal = [f"{target:g}", met(ours <= target)] if target is not None else ["", ""]
    return [name, f"{ours:.3g}", number(peer), *goal]


def seen(runs: Measured) -> list[str]:
    got = runs.received[-1]
    sent = wire.secrets(got.sample)
    return [str(got.events), wire.described(got.sample), f"{got.body_bytes:.0f}", f"{got.json_bytes:.0f}", str(sent)]


def aligned(rows: list[list[str]]) -> str:
    """A Markdown table that reads as a table in a terminal, too."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def document(text: str) -> str:
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    if node := shutil.which("node"):
        machine += f", Node {subprocess.run([node, '--version'], capture_output=True, text=True).stdout.strip()[1:]}"
    return f"# Benchmark results\n\nWritten by `bench/run.py --write` on {machine}. README.md says how to read it.\n\n{text}\n"
