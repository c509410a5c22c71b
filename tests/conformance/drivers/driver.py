"""Runs one scenario in Python: `driver.py SCENARIO.json LIFE`. The form: ../scenarios/README.md."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import faultwire

Json = dict[str, Any]


class OrderFailed(Exception):
    pass


class StockMissing(Exception):
    pass


class DatabaseDown(Exception):
    pass


class Expected(Exception):
    pass


# Seconds to wait for counters at most.
LIMIT = 20.0

CLASSES = {kind.__name__: kind for kind in (OrderFailed, StockMissing, DatabaseDown, Expected)}


def throw(chain: list[list[str]]) -> None:
    """Raises the first of the chain, caused by the next."""
    (kind, message), *causes = chain
    if not causes:
        raise CLASSES[kind](message)
    try:
        throw(causes)
    except Exception as cause:
        raise CLASSES[kind](message) from cause


def merged(told: Json, more: Json) -> Json:
    """Members of objects side by side; anything else replaced."""
    for key, value in more.items():
        both = isinstance(told.get(key), dict) and isinstance(value, dict)
        told[key] = {**told[key], **value} if both else value
    return told


def hook(order: Json | None) -> Callable[..., Any] | None:
    """`{"merge": {...}}`, `{"drop": true}` or `{"throw": true}`, as a function."""
    if order is None:
        return None

    def run(told: Json, *_hint: Any) -> Json | None:
        if order.get("throw"):
            raise DatabaseDown("within a hook")
        return None if order.get("drop") else merged(told, order["merge"])

    return run


def sampler(drops: list[str] | None) -> Callable[[Json], float] | None:
    """Drops what `drops` names by level and transaction."""
    return drops and (lambda asked: 0.0 if f"{asked['level']} {asked['transaction']}" in drops else 1.0)


class Player:
    def __init__(self) -> None:
        self.scopes: list[Any] = []
        self.turn = 0

    def play(self, steps: list[Json]) -> Iterator[tuple[str, Any]]:
        """Does the steps; what those returned that return something."""
        for step in steps:
            op, rest = step["op"], {key: value for key, value in step.items() if key not in ("op", "on")}
            if op in ("with_scope", "isolation", "repeat", "sink"):
                yield from getattr(self, op)(**rest)
            elif op.startswith(("set_", "remove_", "add_", "clear_")):
                self.say(step.get("on"), op, list(rest.values()))
            else:
                yield op, getattr(self, op)(**rest)

    def say(self, layer: str | None, op: str, values: list[Any]) -> None:
        target = {None: faultwire, "global": faultwire.global_scope()}.get(layer) or self.scopes[-1]
        if op == "add_breadcrumb":
            target.add_breadcrumb(**values[0])
        else:
            getattr(target, op)(*values)

    def with_scope(self, steps: list[Json]) -> Iterator[tuple[str, Any]]:
        with faultwire.new_scope() as scope:
            self.scopes.append(scope)
            yield from self.play(steps)
            self.scopes.pop()

    def isolation(self, steps: list[Json]) -> Iterator[tuple[str, Any]]:
        with faultwire.isolation_scope():
            yield from self.play(steps)

    def repeat(self, times: int, steps: list[Json]) -> Iterator[tuple[str, Any]]:
        for self.turn in range(1, times + 1):
            yield from self.play(steps)

    def sink(self, **_order: Any) -> Iterator[tuple[str, Any]]:
        """Another mode of the server: the other side sets it, then goes on with this one."""
        yield "sink", None
        sys.stdin.readline()

    def init(
        self,
        options: Json,
        before_send: Json | None = None,
        before_breadcrumb: Json | None = None,
        sampler_drops: list[str] | None = None,
    ) -> Any:
        hooks = {"before_send": hook(before_send), "before_breadcrumb": hook(before_breadcrumb)}
        try:
            faultwire.init(**options, **hooks, error_sampler=sampler(sampler_drops))
        except faultwire.FaultwireError as error:
            return {"kind": error.kind, "field": error.field}

    def capture_exception(self, chain: list[list[str]]) -> Any:
        return self.capture_same(chain, 1)[0]

    def capture_same(self, chain: list[list[str]], times: int) -> Any:
        try:
            throw([[kind, message.replace("{n}", str(self.turn))] for kind, message in chain])
        except Exception as error:
            return [faultwire.capture_exception(error) for _ in range(times)]

    def capture_message(self, message: str, level: str | None = None) -> Any:
        return faultwire.capture_message(message, level)

    def capture_event(self, event: Json) -> Any:
        return faultwire.capture_event(event)

    def last_event_id(self) -> Any:
        return faultwire.last_event_id()

    def is_enabled(self) -> Any:
        return faultwire.is_enabled()

    def flush(self, timeout: float) -> Any:
        return faultwire.flush(timeout)

    def close(self, timeout: float) -> Any:
        return faultwire.close(timeout)

    def continue_trace(self, header: str) -> Any:
        return faultwire.continue_trace(header)

    def stats(self, until: Json | None = None) -> Any:
        end = time.monotonic() + LIMIT
        while True:
            stats = faultwire.stats()
            if time.monotonic() > end or all(stats[name] == value for name, value in (until or {}).items()):
                return stats
            time.sleep(0.02)

    def throw(self, chain: list[list[str]]) -> None:
        throw(chain)


def main(path: str, life: str) -> None:
    for op, result in Player().play(json.loads(Path(path).read_text())["lives"][int(life)]["steps"]):
        print(json.dumps({"op": op, "result": result}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
