"""Writes into scenarios what they come to, as Python plays them: `expect.py NAME...`.

To be read before it is committed: this only saves the typing.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from languages import LANGUAGES
from normal import normal
from play import SCENARIOS, load, play
from sink import Json

_WIDTH = 118


def folded(events: list[Json], times: int) -> list[Json]:
    """Events that differ by a number alone, as one: `times` is what a `repeat` of the scenario says."""
    told: list[Json] = []
    for event in events:
        last = told[-1] if told else None
        if last is not None and set(last) == {"times", "event"}:
            turn = last["times"] + 1
            if json.loads(json.dumps(last["event"]).replace("{n}", str(turn))) == event:
                last["times"] = turn
                continue
        text = json.dumps(event)
        numbered = json.loads(text.replace("order 1 failed", "order {n} failed"))
        told.append({"times": 1, "event": numbered} if times and numbered != event else event)
    return told


def text(value: Any, indent: int = 0, taken: int = 0) -> str:
    """JSON in which what fits in a line stands in one."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or indent + taken + len(line) <= _WIDTH:
        return line
    inner, end = "\n" + " " * (indent + 2), "\n" + " " * indent
    if isinstance(value, list):
        return "[" + ",".join(inner + text(each, indent + 2) for each in value) + end + "]"
    members = ((json.dumps(key) + ": ", each) for key, each in value.items())
    return "{" + ",".join(inner + key + text(each, indent + 2, len(key)) for key, each in members) + end + "}"


for name in sys.argv[1:]:
    scenario = load(name)
    found = normal(LANGUAGES[0], scenario, play(LANGUAGES[0], name))
    repeats = any(step["op"] == "repeat" for life in scenario["lives"] for step in life["steps"])
    scenario["expected"] = {**found, "events": folded(found["events"], repeats)}
    (SCENARIOS / f"{name}.json").write_text(text(scenario) + "\n")
