"""Plays a scenario in a language: its lives one after another, against a sink of their own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from languages import Language
from sink import Json, Sink

SCENARIOS = Path(__file__).resolve().parent / "scenarios"
#: Seconds for a life; the longest takes ten on a busy machine.
_LIMIT = 90.0
#: Of the environment, what would reach an SDK uninvited.
_OURS = re.compile("FAULTWIRE_(?!SWIFT_)|SENTRY_|NODE_|PYTEST")


class Life(NamedTuple):
    """What a process showed of itself."""

    returned: list[list]  # [op, result] of every step that returns something
    code: int
    stderr: str


class Played(NamedTuple):
    """What a scenario came to in a language."""

    lives: list[Life]
    events: list[Json]
    items: list[Json]
    raw: str


def names() -> list[str]:
    return sorted(path.stem for path in SCENARIOS.glob("*.json"))


def load(name: str) -> Json:
    scenario: Json = json.loads((SCENARIOS / f"{name}.json").read_text())
    return scenario


def play(language: Language, name: str) -> Played:
    scenario, start = load(name), language.start()
    assert isinstance(start, list), start
    with Sink(server_header=scenario.get("server_header", False)) as sink, tempfile.TemporaryDirectory() as state:
        lives = []
        for number, life in enumerate(scenario["lives"]):
            sink.mode(**life.get("sink", {"mode": "ok"}))
            orders = (step for step in _flat(life["steps"]) if step["op"] == "sink")
            command = [*start, str(SCENARIOS / f"{name}.json"), str(number)]
            environment = _environment(Path(state), sink.dsn if scenario.get("dsn", True) else None)
            lives.append(_live(command, environment, sink, orders))
        return Played(lives, sink.events(), sink.items(), sink.raw().decode(errors="replace"))


def _flat(steps: list[Json]) -> Iterator[Json]:
    for step in steps:
        yield step
        yield from _flat(step.get("steps", []))


def _environment(state: Path, dsn: str | None) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not _OURS.match(name)}
    environment["XDG_STATE_HOME"] = str(state)
    if dsn is not None:
        environment["FAULTWIRE_DSN"] = dsn
    return environment


def _live(command: list[str], environment: dict[str, str], sink: Sink, orders: Iterator[Json]) -> Life:
    returned = []
    with (
        tempfile.TemporaryFile() as stderr,
        subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as process,
    ):
        watchdog = threading.Timer(_LIMIT, process.kill)
        watchdog.start()
        try:
            assert process.stdout is not None and process.stdin is not None
            for line in process.stdout:
                said = json.loads(line)
                if said["op"] == "sink":
                    _obey(sink, next(orders))
                    process.stdin.write("\n")
                    process.stdin.flush()
                else:
                    returned.append([said["op"], said["result"]])
            code = process.wait()
        finally:
            watchdog.cancel()
            process.kill()
        stderr.seek(0)
        return Life(returned, code, stderr.read().decode(errors="replace"))


def _obey(sink: Sink, step: Json) -> None:
    order = {key: value for key, value in step.items() if key not in ("op", "after_requests", "after_events")}
    if "after_requests" in step:
        sink.wait_for_requests(step["after_requests"])
    if "after_events" in step:
        sink.wait(step["after_events"])
    if order:
        sink.mode(**order)
