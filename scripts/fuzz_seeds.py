"""Writes fuzz/corpus: the texts of the shared vectors, as the first inputs of each fuzz target."""

import hashlib
import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# Longer ones are slow to change and show no more.
MAX_BYTES = 2048

Case = dict[str, Any]
# Texts are written as UTF-8.
Seed = str | bytes


def cases(topic: str) -> Iterator[Case]:
    for path in sorted((ROOT / "tests" / "vectors" / topic).glob("*.json")):
        yield from json.loads(path.read_text(encoding="utf-8"))["cases"]


def texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def sanitize(*kinds: str) -> Iterator[Any]:
    return (case["input"] for case in cases("sanitize") if case["kind"] in kinds)


def answers() -> Iterator[str]:
    for case in cases("rate-limits"):
        lines = ((a.get("rate_limits") or "", a.get("retry_after") or "") for a in case["input"]["answers"])
        yield "\n".join("\t".join(line) for line in lines)


def stacks(platform: str) -> Iterator[str]:
    for case in cases("stack"):
        if case["input"].get("platform") == platform:
            paths = (frame.get("abs_path", "") for frame in case["input"]["frames"])
            yield "\n".join(path for path in paths if path)
        elif platform == "rust":
            yield case["input"].get("symbol", "")


def dumps() -> Iterator[str]:
    """What `faulthandler` writes: whole, with names it cannot read, and cut."""
    line = '  File "/srv/caf\\xe9.py", line 17 in \\u540d\n'
    yield "Stack (most recent call first):\n" + line + '  File "<frozen runpy>", line 88 in _run_code\n'
    yield line + "  File ???, line ??? in f\n  ...\n  <no Python frame>\n" + line[:-9]


def v8_stacks() -> Iterator[str]:
    for case in cases("v8-stack"):
        for stack in case["input"].get("stacks", [case["input"]]):
            yield f"{stack.get('message', '')}\n--\n{stack['stack']}"


def maps() -> Iterator[str]:
    yield compact({"version": 3, "sources": ["a.ts"], "mappings": "AAAA,CAAC;AACD,IAAI;;EAEA"}) + "\na()"
    folder = ROOT / "core" / "tests" / "sourcemaps"
    for path in sorted(folder.rglob("*.map")):
        content = json.loads(path.read_text(encoding="utf-8"))
        content.pop("sourcesContent", None)
        content["mappings"] = content["mappings"][:200]
        generated = path.with_suffix("").read_text(encoding="utf-8")
        yield f"{compact(content)}\n{generated[:400]}"


def secrets() -> Iterator[str]:
    """A secret and a place for each, by two characters, and what may stand before it."""
    for number, text in enumerate(sanitize("text", "code", "url")):
        yield chr(32 + number % 25) + chr(32 + number % 38) + text


def frame(kind: int, payload: bytes) -> bytes:
    """As `core/src/framing.rs` writes it."""
    head = struct.pack("<BI", kind, len(payload))
    return b"\xfffw\xff" + head + struct.pack("<I", zlib.crc32(head + payload)) + payload


def spool() -> Iterator[Seed]:
    """Files of an event, folded counts and an acknowledgement of either; and what may happen to one."""
    event, counts = frame(1, bytes(24) + b"{}"), frame(2, bytes(32) + b"{}")
    for at in (0, len(event)):
        yield event + counts + frame(3, struct.pack("<Q", at))
    yield event[:-1] + event + frame(3, b"") + frame(9, b"later")
    yield "first\nc3 counts\na0\n-5\nlast\n~700"


def seeds() -> dict[str, Sequence[Seed]]:
    prose = [*sanitize("text", "code", "url", "query", "cookies"), *texts(list(sanitize("header", "body", "value")))]
    events = [*map(compact, sanitize("event"))]
    for case in cases("fingerprint"):
        events += map(compact, case["input"].get("events", [case["input"].get("event")]))
    return {
        "dsn": [*texts([case["input"] for case in cases("dsn")])],
        "envelope": [*texts([case["input"] for case in cases("envelope")])],
        "event": events,
        "framing": ["1first\n2second\n~99\n+\n-7\n1last", *spool()],
        "message": [*texts([case["input"] for case in cases("message")])],
        "ratelimit": [*answers()],
        "sanitizer": [*events, *("\n".join(prose[i : i + 10]) for i in range(0, len(prose), 10))],
        "sanitizer_linear": [text for text in prose if len(text) <= 24],
        "sanitizer_text": prose,
        "secrets": [*secrets()],
        "source_map": [*maps()],
        "spool": [*spool()],
        "stack_python": [*stacks("python"), *dumps()],
        "stack_rust": [*stacks("rust")],
        "stack_v8": [*v8_stacks()],
    }


def main() -> None:
    for target, inputs in seeds().items():
        folder = ROOT / "fuzz" / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        known = 0
        for text in inputs:
            content = text.encode() if isinstance(text, str) else text
            if 0 < len(content) <= MAX_BYTES:
                (folder / f"seed-{hashlib.sha256(content).hexdigest()[:16]}").write_bytes(content)
                known += 1
        if not known:
            raise SystemExit(f"no seeds for {target}")


if __name__ == "__main__":
    main()
