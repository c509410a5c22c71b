"""Benchmarks against the SDKs people use today, as ratios within one run. See README.md.

python bench/run.py [--quick] [--write] [--only TEXT]
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import maven
import npm
import report
import sample
import sdks
import starts
import wire

HERE = Path(__file__).parent
REPOSITORY = HERE.parent
WORK = REPOSITORY / ".bench"
PEER_PACKAGES = ("sentry_sdk", "urllib3", "certifi")
# What a run needs of the environment: nothing that makes an SDK talk to somebody.
KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "TMPDIR")
RUN_LIMIT = 300


@dataclass
class Side:
    """One SDK with its options, in one row."""

    sdk: str
    options: dict = field(default_factory=dict)
    label: str = ""


@dataclass
class Row:
    """What all sides of one comparison do; each run is a fresh process."""

    name: str
    language: str
    frames: int
    captures: int
    sides: list[Side]
    gap: float = 0.001
    warm: int = 50
    read: bool = False
    """Node: the application has looked at `error.stack` before, which is when V8 writes it."""


@dataclass
class Measured:
    """All runs of one side of one row."""

    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    """Seconds from the first capture to the end of the process."""
    received: list[wire.Received] = field(default_factory=list)
    version: str = ""

    def cpu_per_event(self, noop: Measured) -> float:
        """Microseconds, less what the same run costs without an SDK; runs are paired by repetition."""
        pairs = zip(self.cpu, noop.cpu, self.received, strict=False)
        return median((cpu - idle) / max(1, got.events) * 1e6 for cpu, idle, got in pairs)


class Sink:
    def __init__(self, binary: Path, port: int = 0) -> None:
        self.process = subprocess.Popen([binary, str(port)], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def take(self) -> wire.Received:
        with urllib.request.urlopen(f"{self.url}/take", timeout=60) as answer:
            return wire.decode(answer.read())

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


class Runner:
    def __init__(self, sink: Sink, drive: Path) -> None:
        self.sink = sink
        self.drive = drive
        self.environment = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
        paths = [WORK / "peers", WORK / "app", REPOSITORY / "sdk-python" / "src"]
        # What the SDKs keep between runs is of this run alone.
        self.environment["XDG_STATE_HOME"] = str(WORK / "state")
        self.environment["PYTHONPATH"] = os.pathsep.join([os.environ.get("PYTHONPATH", ""), *map(str, paths)]).strip(
            ":"
        )

    def run(self, row: Row, side: Side, into: Measured) -> None:
        self.sink.take()
        result, cpu = self.process(self.command(row, side))
        into.version = result["version"]
        into.p50.append(result["p50"])
        into.p99.append(result["p99"])
        into.cpu.append(cpu - result["cpu_before"])
        into.received.append(self.sink.take())

    def command(self, row: Row, side: Side) -> list:
        if row.language == "rust":
            gap = int(row.gap * 1e6)
            return [self.drive, side.sdk, self.sink.url, *map(str, (row.frames, row.captures, gap, row.warm))]
        if row.language == "kotlin":
            gap = int(row.gap * 1e6)
            numbers = (row.frames, row.captures, gap, row.warm)
            return maven.java(
                side.sdk, "Drive", side.sdk, self.sink.url, *numbers, side.options.get("kind", "CAPTURED")
            )
        about = {"frames": row.frames, "captures": row.captures, "gap": row.gap, "warm": row.warm}
        about["options"] = side.options
        if row.language == "node":
            told = json.dumps({**about, "read": row.read})
            return ["node", str(HERE / "node" / "drive.cjs"), side.sdk, self.sink.url, told]
        return starts.python(HERE / "drive.py", side.sdk, self.sink.url, json.dumps(about))

    def process(self, command: list) -> tuple[dict, float]:
        """The last line of stdout, and the CPU seconds of the whole process."""
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=self.environment, cwd=WORK)
        assert child.stdout is not None
        out = child.stdout.read()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"{' '.join(map(str, command))} failed with {child.returncode}")
        return json.loads(out.splitlines()[-1]), used.ru_utime + used.ru_stime


def rows(quick: bool, peers: Peers) -> list[Row]:
    return [
        *python_rows(quick, not peers.no_python),
        *node_rows(quick, peers),
        *rust_rows(quick),
        *kotlin_rows(quick, peers),
    ]


def python_rows(quick: bool, has_peer: bool) -> list[Row]:
    plain = {"storm_folding": False}
    lean = {**plain, **sdks.LEAN}
    out = []
    for frames, captures in ((5, 400 if quick else 1500), (50, 150 if quick else 500)):
        sides = [Side("noop"), Side("faultwire", plain), Side("faultwire", lean, "lean")]
        if has_peer:
            sides += [Side("sentry-sdk"), Side("sentry-sdk", sdks.LEAN, "lean")]
        out.append(Row(f"Python, {frames} frames", "python", frames, captures, sides))
    sampled, folding = [Side("faultwire", {"sample_rate": 0.0})], [Side("faultwire", {"storm_burst": 1})]
    if has_peer:
        sampled.append(Side("sentry-sdk", {"sample_rate": 0.0}))
    out.append(Row("Python, sampled out, 10 frames", "python", 10, 2000, sampled, gap=0))
    out.append(Row("Python, folded, 10 frames", "python", 10, 2000, folding, gap=0))
    return out


def node_rows(quick: bool, peers: Peers) -> list[Row]:
    if peers.no_node:
        return []
    has_peer = not peers.no_npm
    out = []
    for frames, captures in ((5, 400 if quick else 1500), (50, 150 if quick else 500)):
        sides = [Side("noop"), Side("faultwire", {"stormFolding": False})]
        if has_peer:
            sides.append(Side("@sentry/node"))
        for read in (False, True):
            name = f"Node, {frames} frames{', stack read' if read else ''}"
            out.append(Row(name, "node", frames, captures, sides, read=read))
    sampled, folding = [Side("faultwire", {"sampleRate": 0})], [Side("faultwire", {"stormBurst": 1})]
    if has_peer:
        sampled.append(Side("@sentry/node", {"sampleRate": 0}))
    out.append(Row("Node, sampled out, 10 frames", "node", 10, 2000, sampled, gap=0))
    for read in (False, True):
        name = f"Node, folded, 10 frames{', stack read' if read else ''}"
        # A storm: V8 compiles what runs often, and takes some thousand captures to.
        out.append(Row(name, "node", 10, 20_000, folding, gap=0, read=read))
    return out


def rust_rows(quick: bool) -> list[Row]:
    sides = [Side("noop"), Side("faultwire"), Side("sentry")]
    return [Row(f"Rust, {frames} calls deep", "rust", frames, 400 if quick else 1500, sides) for frames in (5, 50)]


def kotlin_rows(quick: bool, peers: Peers) -> list[Row]:
    if peers.no_kotlin:
        return []
    both = lambda kind: [Side("faultwire", {"kind": kind}), Side(maven.PEER, {"kind": kind})]  # noqa: E731
    # The JIT compiles what ran thousands of times.
    warm = 3000 if quick else 10_000
    out = [
        Row(f"Kotlin, {frames} frames", "kotlin", frames, captures, [Side("noop"), *both("CAPTURED")], warm=warm)
        for frames, captures in ((5, 600 if quick else 2000), (50, 400 if quick else 1000))
    ]
    out.append(Row("Kotlin, sampled out, 10 frames", "kotlin", 10, 5000, both("SAMPLED_OUT"), gap=0, warm=20_000))
    out.append(Row("Kotlin, folded, 10 frames", "kotlin", 10, 5000, both("FOLDED")[:1], gap=0, warm=20_000))
    return out


def measure(runner: Runner, plan: list[Row], repetitions: int) -> dict[str, dict[str, Measured]]:
    """Every side of every row, in turns: a machine that slows down slows all of them."""
    measured = {row.name: {key(side): Measured() for side in row.sides} for row in plan}
    for repetition in range(repetitions):
        for row in plan:
            for side in row.sides:
                say(f"run {repetition + 1} of {repetitions}: {row.name}, {key(side)}")
                runner.run(row, side, measured[row.name][key(side)])
    return measured


def key(side: Side) -> str:
    return f"{side.sdk} {side.label}".strip()


@dataclass
class Peers:
    """Why a peer, or a language, is missing; nothing where it is there."""

    no_python: str | None = None
    no_node: str | None = None
    no_npm: str | None = None
    no_kotlin: str | None = None

    def remarks(self) -> list[str]:
        return [reason for reason in (self.no_python, self.no_node, self.no_npm, self.no_kotlin) if reason]


def prepare_peer() -> str | None:
    """Puts the peer, and nothing else of this environment, on a path of its own. Says why it cannot."""
    peers = WORK / "peers"
    shutil.rmtree(peers, ignore_errors=True)
    peers.mkdir(parents=True)
    for name in PEER_PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            return f"sentry-sdk is not compared: {name} is not installed (pip install -r requirements-dev.txt)"
        (peers / name).symlink_to(Path(spec.origin).parent)
    return None


def build(*arguments: str) -> str | None:
    """Builds the Rust side; the reason when that fails, which it does without a registry."""
    manifest = HERE / "rust" / "Cargo.toml"
    target = WORK / "target"
    command = ["cargo", "build", "--release", "--quiet", "--manifest-path", str(manifest), "--target-dir", str(target)]
    done = subprocess.run([*command, *arguments], stderr=subprocess.PIPE, text=True)
    return done.stderr.strip() if done.returncode else None


@contextlib.contextmanager
def sink() -> Iterator[Sink]:
    running = Sink(WORK / "target" / "release" / "sink")
    try:
        yield running
    finally:
        running.close()


def say(line: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Benchmarks, as ratios within one run.")
    parser.add_argument("--quick", action="store_true", help="under two minutes, less steady")
    parser.add_argument("--write", action="store_true", help="write bench/RESULTS.md as well")
    parser.add_argument("--only", default="", help="rows whose name contains this")
    arguments = parser.parse_args()
    sample.write(WORK / "app")
    peers = Peers(prepare_peer(), npm.missing(), npm.prepare_peer(), maven.prepare())
    if problem := build("--bin", "sink"):
        raise SystemExit(f"the sink does not build:\n{problem}")
    remarks = peers.remarks()
    plan = [r for r in rows(arguments.quick, peers) if arguments.only in r.name]
    if any(r.language == "rust" for r in plan) and (no_rust := build("--features", "drive", "--bin", "drive")):
        remarks.append(f"Rust is not compared: bench/rust does not build here ({no_rust.splitlines()[-1]})")
        plan = [r for r in plan if r.language != "rust"]
    with sink() as running:
        runner = Runner(running, WORK / "target" / "release" / "drive")
        measured = measure(runner, plan, 3 if arguments.quick else 5)
        cold = starts.measure(runner.process, 5 if arguments.quick else 15, arguments.only, peers, say)
        is_crossing = arguments.only in "Kotlin, a call across" and not peers.no_kotlin
        crossings = maven.crossings(runner.process) if is_crossing else {}
    sizes = npm.sizes(peers) if arguments.only in "Node, installed" else {}
    say("")
    text = report.table(measured, cold, sizes, crossings, remarks)
    print(text)
    if arguments.write:
        (HERE / "RESULTS.md").write_text(report.document(text))


if __name__ == "__main__":
    main()
