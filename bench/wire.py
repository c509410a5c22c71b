"""What the sink got: events per run, their bytes, and what one of them says."""

from __future__ import annotations

import gzip
import json
import struct
from dataclasses import dataclass, field


@dataclass
class Received:
    events: int = 0
    """Events with different ids."""
    body_bytes: float = 0.0
    """Bytes of a body that carries an event, as sent."""
    json_bytes: float = 0.0
    """The same, uncompressed."""
    sample: dict = field(default_factory=dict)
    """The last event."""


def decode(dump: bytes) -> Received:
    """Reads the sink's dump: per request a length, a content encoding of 8 bytes, and the body."""
    out = Received()
    ids: set[str] = set()
    wire = plain = requests = at = 0
    while at < len(dump):
        (length,) = struct.unpack_from("<I", dump, at)
        encoding = dump[at + 4 : at + 12].rstrip(b"\0").decode()
        body = dump[at + 12 : at + 12 + length]
        at += 12 + length
        envelope = gzip.decompress(body) if encoding == "gzip" else body
        events = [payload for kind, payload in items(envelope) if kind == "event"]
        for payload in events:
            out.sample = json.loads(payload)
            ids.add(out.sample["event_id"])
        if events:
            requests += 1
            wire += len(body)
            plain += len(envelope)
    out.events = len(ids)
    out.body_bytes, out.json_bytes = wire / max(1, requests), plain / max(1, requests)
    return out


def items(envelope: bytes):
    """Type and payload of each item."""
    _, _, rest = envelope.partition(b"\n")
    while rest.strip():
        head, _, rest = rest.partition(b"\n")
        header = json.loads(head)
        length = header.get("length")
        if length is None:
            payload, _, rest = rest.partition(b"\n")
        else:
            payload, rest = rest[:length], rest[length:].removeprefix(b"\n")
        yield header.get("type"), payload


def described(event: dict) -> str:
    """Frames, locals and source lines of the raised error."""
    frames = stack(event)
    variables = sum(len(frame.get("vars") or {}) for frame in frames)
    lines = sum(
        len(f.get("pre_context") or []) + len(f.get("post_context") or []) + (f.get("context_line") is not None)
        for f in frames
    )
    return f"{len(frames)} frames, {variables} locals, {lines} source lines"


def stack(event: dict) -> list[dict]:
    values = event.get("exception", {}).get("values") or [{}]
    threads = event.get("threads", {}).get("values") or []
    for holder in [values[-1], *values, *threads]:
        frames = (holder.get("stacktrace") or {}).get("frames")
        if frames:
            return frames
    return []


def secrets(event: dict) -> int:
    """Of the three that the sample application holds: password, card number, e-mail address."""
    text = json.dumps(event)
    return sum(secret in text for secret in ("hunter2-and-more", "4111111111111111", "ada@example.org"))
