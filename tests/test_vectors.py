"""The shared vectors of tests/vectors, through the Python bridge: the same meaning in every language."""

import collections
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faultwire import _native

VECTORS = Path(__file__).parent / "vectors"
# Where `scripts/parity.py` finds how many cases were run.
RAN = VECTORS.parents[1] / "target" / "parity" / "python" / "vectors"
TOPICS = sorted(folder.name for folder in VECTORS.iterdir() if folder.is_dir())


def cases() -> Iterator[Any]:
    for topic in TOPICS:
        for file in sorted((VECTORS / topic).glob("*.json")):
            for case in json.loads(file.read_text())["cases"]:
                yield pytest.param(topic, case, id=f"{topic}/{file.stem}/{case['name']}")


def test_every_topic_has_cases() -> None:
    assert set(TOPICS) >= {
        "cut", "dsn", "envelope", "fingerprint", "function-names", "message", "rate-limits", "sanitize", "stack",
        "v8-stack",
    }  # fmt: skip
    for topic in TOPICS:
        assert list((VECTORS / topic).glob("*.json")), f"{topic} has no vectors"


def agrees(expected: Any, found: Any) -> bool:
    """Objects: each listed member; anything else: equal."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return all(key in found and agrees(value, found[key]) for key, value in expected.items())
    return bool(expected == found)


@pytest.fixture(scope="module")
def ran() -> Iterator[collections.Counter[str]]:
    """Cases that passed, by topic; written down where none was left out."""
    counts: collections.Counter[str] = collections.Counter()
    yield counts
    whole = collections.Counter(case.values[0] for case in CASES)
    RAN.mkdir(parents=True, exist_ok=True)
    for topic, count in counts.items():
        if count == whole[topic]:
            (RAN / topic).write_text(f"{count}\n")


CASES = list(cases())


@pytest.mark.parametrize(("topic", "case"), CASES)
def test_vector(topic: str, case: dict[str, Any], ran: collections.Counter[str]) -> None:
    given = case["input"]
    if topic == "sanitize":
        given = {"kind": case["kind"], "input": given, "options": case.get("options")}
    found = _native.vector(topic, given)
    if topic == "sanitize":
        assert agrees(case["expected"], found)
        for secret in case.get("absent", []):
            assert secret not in json.dumps(found, ensure_ascii=False)
    else:
        # A message that a case does not tell is not compared.
        told = case["expected"].get("error") if isinstance(case["expected"], dict) else None
        if told is not None and "message" not in told:
            found["error"].pop("message")
        assert found == case["expected"]
    ran[topic] += 1
